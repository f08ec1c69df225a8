"""What judges judge by, and operators that make it of a row's field."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from regrade.artifacts import Artifact, artifact, build
from regrade.artifacts.catalogs import default_catalog
from regrade.artifacts.operator import FieldOperator


@artifact("criteria_option")
class CriteriaOption(Artifact):
    """One of the answers that a judge may choose.

    Args:
        name: The answer.
        description: When it is the right one.
    """

    kind: ClassVar[str] = "criteria option"

    name: str
    description: str


@artifact("criteria")
class Criteria(Artifact):
    """What two or more answers are compared by.

    Args:
        name: Its name, which scores carry.
        description: What makes an answer good.
        prediction_field: What the answer is called in the prompt.
        context_fields: Fields of the task that the judge is shown: names, or names in the prompt to names of fields.
    """

    kind: ClassVar[str] = "criteria"

    name: str
    description: str
    prediction_field: str | None = None
    context_fields: str | list[str] | dict[str, str] | None = None


@artifact("criteria_with_options")
class CriteriaWithOptions(Criteria):
    """What an answer is judged by, with the verdicts there are and what they are worth.

    Args:
        name: Its name, which scores carry.
        description: What is asked.
        prediction_field: What the answer is called in the prompt.
        context_fields: Fields of the task that the judge is shown.
        options: The verdicts.
        option_map: The worth of each.
    """

    options: list[CriteriaOption]
    option_map: dict[str, float] | None = None


_WORTH = {"Yes": 1.0, "Partially": 0.5, "No": 0.0}


def _with_verdicts(question: str, *verdicts: str) -> CriteriaWithOptions:
    return CriteriaWithOptions(
        name="",
        description=question,
        options=[CriteriaOption(name=verdict, description="") for verdict in verdicts],
        option_map={verdict: _WORTH[verdict] for verdict in verdicts},
    )


def _built(data: dict[str, Any], kind: str) -> Criteria:
    options = [{"__type__": "criteria_option", **option} for option in data.get("options", ())]
    return build({"__type__": kind, **data, **({"options": options} if options else {})}, Criteria)


@artifact("load_criteria", "load_criteria_with_options")
class LoadCriteria(FieldOperator):
    """The criteria of the catalogue that a field names."""

    def process_value(self, value: Any) -> Criteria:
        return build(value, Criteria, catalog=default_catalog())


@artifact("create_criteria_from_dict")
class CreateCriteriaFromDict(FieldOperator):
    """Criteria of a field that holds their arguments.

    >>> CreateCriteriaFromDict(field="c").process_value({"name": "wit", "description": "Is it witty?"}).name
    'wit'
    """

    def process_value(self, value: Any) -> Criteria:
        return _built(value, "criteria")


@artifact("create_criteria_from_json")
class CreateCriteriaFromJson(FieldOperator):
    """Criteria of a field that holds their arguments as JSON.

    >>> CreateCriteriaFromJson(field="c").process_value('{"name": "wit", "description": "Is it witty?"}').name
    'wit'
    """

    def process_value(self, value: Any) -> Criteria:
        return _built(json.loads(value), "criteria")


@artifact("create_criteria_from_string")
class CreateCriteriaFromString(FieldOperator):
    """Criteria of a field that holds their description.

    >>> CreateCriteriaFromString(field="c").process_value("Is it witty?").description
    'Is it witty?'
    """

    def process_value(self, value: Any) -> Criteria:
        return Criteria(name="", description=value)


@artifact("create_criteria_with_options_from_dict")
class CreateCriteriaWithOptionsFromDict(FieldOperator):
    """Criteria with verdicts, of a field that holds their arguments.

    >>> made = CreateCriteriaWithOptionsFromDict(field="c").process_value(
    ...     {"name": "wit", "description": "Is it witty?", "options": [{"name": "Yes", "description": "it is"}]}
    ... )
    >>> made.options[0].name
    'Yes'
    """

    def process_value(self, value: Any) -> Criteria:
        return _built(value, "criteria_with_options")


@artifact("create_criteria_with_options_from_json")
class CreateCriteriaWithOptionsFromJson(FieldOperator):
    """Criteria with verdicts, of a field that holds their arguments as JSON.

    >>> made = CreateCriteriaWithOptionsFromJson(field="c").process_value(
    ...     '{"name": "wit", "description": "Is it witty?", "options": [{"name": "Yes", "description": "it is"}]}'
    ... )
    >>> made.options[0].name
    'Yes'
    """

    def process_value(self, value: Any) -> Criteria:
        return _built(json.loads(value), "criteria_with_options")


@artifact("create_yes_no_criteria_from_string")
class CreateYesNoCriteriaFromString(FieldOperator):
    """Criteria of a field that holds a question, with the verdicts Yes and No.

    >>> CreateYesNoCriteriaFromString(field="c").process_value("Is it witty?").option_map
    {'Yes': 1.0, 'No': 0.0}
    """

    def process_value(self, value: Any) -> Criteria:
        return _with_verdicts(value, "Yes", "No")


@artifact("create_yes_no_partially_criteria_from_string")
class CreateYesNoPartiallyCriteriaFromString(FieldOperator):
    """Criteria of a field that holds a question, with the verdicts Yes, Partially and No.

    >>> CreateYesNoPartiallyCriteriaFromString(field="c").process_value("Is it witty?").option_map
    {'Yes': 1.0, 'Partially': 0.5, 'No': 0.0}
    """

    def process_value(self, value: Any) -> Criteria:
        return _with_verdicts(value, "Yes", "Partially", "No")
