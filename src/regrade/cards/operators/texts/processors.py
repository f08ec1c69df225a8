"""Postprocessors: from what a model said to the prediction that metrics see, and the same for references.

A template names them, in order. Each is an operator on rows with ``prediction`` and ``references``; mostly
``post_process`` with a field operator. As filters of answers they are run by :func:`postprocess`, which also says
whether an answer could be read at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any, Final, NamedTuple

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact, type_name
from regrade.artifacts.build import Catalog, build
from regrade.artifacts.operator import FieldOperator, Operator, RowOperator
from regrade.artifacts.paths import MISSING
from regrade.artifacts.streams import Row
from regrade.cards.operators.texts.extraction import Extraction
from regrade.registry import is_registered

INFERENCE_STREAM: Final = "__INFERENCE_STREAM__"
"""The stream of rows without references: those that a model is asked for nothing but its answer."""

UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError, RecursionError)
"""What postprocessors raise at an answer that they cannot read."""


@artifact("post_process")
class PostProcess(RowOperator):
    """Applies a field operator to ``prediction``, and to each of ``references``.

    >>> from regrade.cards.operators.texts.normal_forms import Lower
    >>> PostProcess(operator=Lower()).process_row({"prediction": "YES", "references": ["Yes", "Sure"]})
    {'prediction': 'yes', 'references': ['yes', 'sure']}

    Args:
        operator: The field operator; it names no field.
        process_prediction: Whether the prediction is processed.
        process_references: Whether the references are.
    """

    operator: FieldOperator
    process_prediction: bool = True
    process_references: bool = True

    @cached_property
    def prediction_operator(self) -> FieldOperator:
        """The operator, of the prediction."""
        return msgspec.structs.replace(self.operator, field="prediction", to_field=None, field_to_field=None)

    @cached_property
    def references_operator(self) -> FieldOperator:
        """The operator, of each reference."""
        return msgspec.structs.replace(
            self.operator, field="references", to_field=None, field_to_field=None, process_every_value=True
        )

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        if self.process_prediction:
            row = self.prediction_operator.process_row(row, stream)
        if self.process_references and stream != INFERENCE_STREAM:
            row = self.references_operator.process_row(row, stream)
        return row


class Postprocessed(NamedTuple):
    """What postprocessors made of an answer and its references.

    Attributes:
        prediction: What was extracted; a fallback, or the answer as far as it was read, where it could not be parsed.
        references: The references, each processed as the answer was.
        unparsed: Why there is nothing in the answer to count; None if there is.
    """

    prediction: Any
    references: list[Any]
    unparsed: str | None = None


OWN: Final = "__postprocessors__"
"""The field of a sample's task data that says which postprocessors are its own, where samples of several templates have
several: the names as JSON."""


@artifact("postprocessors_by_template")
class PostprocessorsByTemplate(RowOperator):
    """The postprocessors of the template that a sample was made with, where a card draws from several templates.

    Args:
        of: The postprocessors by what :data:`OWN` of a sample says.

    >>> from regrade.artifacts import build
    >>> lower = build({"__type__": "lower_case"}, Operator)
    >>> own = own_key(["processors.lower_case"])
    >>> row = {"prediction": "Yes", "references": ["Yes"], "task_data": {OWN: own}}
    >>> PostprocessorsByTemplate(of={own: [lower]}).process_row(row)["prediction"]
    'yes'
    """

    of: dict[str, list[Operator]]

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        for step in self.of[row["task_data"][OWN]]:
            row = _applied(step).process_row(row, stream)
        return row


def own_key(postprocessors: Any) -> str:
    """What :data:`OWN` says of a sample with these postprocessors.

    >>> own_key(["processors.lower_case"])
    '["processors.lower_case"]'
    """
    return msgspec.json.encode(postprocessors).decode()


def _applied(operator: Any) -> Any:
    """A field operator that names no field is applied to the prediction and to each reference."""
    if isinstance(operator, FieldOperator) and operator.field is None and operator.field_to_field is None:
        return PostProcess(operator=operator)
    return operator


class Postprocessors:
    """A list of postprocessors, ready to run.

    Args:
        operators: The postprocessors, in order; a sequence of them counts as its steps.
        as_unitxt: A verdict counts that is beyond its scale or was thought, as in Unitxt.

    Raises:
        ArtifactError: one of them makes more or fewer rows of one.
    """

    def __init__(self, operators: Iterable[Operator], *, as_unitxt: bool = False) -> None:
        self._as_unitxt = as_unitxt
        self._steps = [step for operator in operators for step in _flat(operator)]
        self._own = {
            key: Postprocessors(map(_applied, own), as_unitxt=as_unitxt)
            for step in self._steps
            if isinstance(step, PostprocessorsByTemplate)
            for key, own in step.of.items()
        }
        for step in self._steps:
            if not isinstance(step, RowOperator) and not hasattr(step, "process_row"):
                raise ArtifactError(f"{type(step).__name__} cannot be applied to an answer")

    def _found(self, step: Extraction, prediction: Any) -> tuple[Any, str]:
        return (step.find(prediction), "found nothing") if self._as_unitxt else step.find_in_answer(prediction)

    def prepare(self) -> None:
        """Do once what would take its time at the first answer."""
        for step in self._steps:
            step.prepare()
        for own in self._own.values():
            own.prepare()

    @property
    def of_both_sides(self) -> Postprocessors:
        """Those that prepare references as they prepare predictions; the others only read what a model said."""
        if self._own and all(own.of_both_sides.is_empty for own in self._own.values()):
            return Postprocessors([])
        return Postprocessors([step for step in self._steps if _is_of_both(step)], as_unitxt=self._as_unitxt)

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self._steps

    @property
    def of_prediction_alone(self) -> bool:
        """Whether nothing but the prediction decides what they make of it."""
        steps = [step.prediction_operator if isinstance(step, PostProcess) else step for step in self._steps]
        return all(
            isinstance(step, FieldOperator)
            and step.field == "prediction"
            and step.to_field in (None, "prediction")
            and type(step).process_value_of is FieldOperator.process_value_of
            and type(step).process_row in (FieldOperator.process_row, Extraction.process_row)
            for step in steps
        )

    def __call__(
        self,
        prediction: Any,
        references: Sequence[Any] = (),
        row: Mapping[str, Any] | None = None,
        *,
        lenient: bool = False,
    ) -> Postprocessed:
        """What they make of an answer and its references.

        Args:
            prediction: What the model said.
            references: The references.
            row: More fields that postprocessors may look at, such as ``task_data``.
            lenient: Leave a prediction as it is where one of them finds nothing in it, or cannot read it: it has been
                read already.

        Raises:
            ValueError, TypeError, KeyError: a reference cannot be processed.
        """
        if self._own:
            return self._own[(row or {})["task_data"][OWN]](prediction, references, row, lenient=lenient)
        current: Row = {**(row or {}), "prediction": prediction, "references": list(references)}
        unparsed = "there is no answer" if prediction is None else None
        for each in self._steps:
            step = each
            if isinstance(step, PostProcess):
                if step.process_references:
                    current = step.references_operator.process_row(current)
                if not step.process_prediction:
                    continue
                step = step.prediction_operator
            if unparsed is not None and not isinstance(current["prediction"], str | list | int | float):
                continue
            try:
                if _takes_prediction(step):
                    found, why = self._found(step, current["prediction"])
                    if found is MISSING and lenient:
                        continue
                    if found is MISSING:
                        unparsed = unparsed or f"{_name(step.__class__)} {why}"
                        found = step.not_found()
                    current = {**current, "prediction": found}
                else:
                    current = step.process_row(current)
            except UNREADABLE as error:
                if lenient:
                    continue
                unparsed = unparsed or f"{type(error).__name__}: {error}"
        return Postprocessed(current["prediction"], current["references"], unparsed)


def postprocessor(data: Any, catalog: Catalog | None = None) -> Operator:
    """The postprocessor that data describes or names.

    >>> postprocessor({"__type__": "lower"}).process_row({"prediction": "A", "references": []})["prediction"]
    'a'

    Args:
        data: An artifact's data, the name of one in the catalog (its folder ``processors`` may be left out), or the
            type of a field operator that needs no arguments. A field operator without a field is applied to the
            prediction and to each reference.
        catalog: Where names lead.

    Raises:
        ArtifactError: there is none of that name, or it is no operator on rows.
    """
    if isinstance(data, str) and not data.startswith("processors."):
        try:
            return postprocessor(f"processors.{data}", catalog)
        except ArtifactError:
            data = {"__type__": data} if is_registered("artifact", data) else data
    operator: Operator = _applied(build(data, Operator, catalog=catalog))
    Postprocessors([operator])
    return operator


def postprocess(
    operators: Iterable[Operator],
    prediction: Any,
    references: Sequence[Any] = (),
    row: Mapping[str, Any] | None = None,
) -> Postprocessed:
    """What postprocessors make of one answer and its references.

    >>> from regrade.cards.operators.dialogs.judgments import ExtractMtBenchRatingJudgment
    >>> judge = [PostProcess(operator=ExtractMtBenchRatingJudgment())]
    >>> postprocess(judge, "Rating: [[7]]", ["[[9]]"])
    Postprocessed(prediction=0.7, references=[0.9], unparsed=None)
    >>> postprocess(judge, "I cannot say.").unparsed
    'extract_mt_bench_rating_judgment found nothing'

    Args:
        operators: The postprocessors, in order.
        prediction: What the model said.
        references: The references.
        row: More fields that postprocessors may look at, such as ``task_data``.

    Raises:
        ValueError, TypeError, KeyError: a reference cannot be processed.
    """
    return Postprocessors(operators)(prediction, references, row)


def _flat(operator: Operator) -> Iterator[Any]:
    """The steps of a sequence of operators, or the operator itself."""
    steps = getattr(operator, "steps", None)
    if isinstance(steps, list):
        for step in steps:
            yield from _flat(step)
    else:
        yield operator


@cache
def _name(kind: type[Operator]) -> str:
    return type_name(kind)


def _is_of_both(step: Any) -> bool:
    """Whether a step prepares the references, and the prediction likewise."""
    if isinstance(step, PostProcess):
        return step.process_prediction and step.process_references
    return not (isinstance(step, FieldOperator) and step.field in ("prediction", "references"))


def _takes_prediction(step: Any) -> bool:
    """Whether a step extracts something from the prediction, and puts it in its place."""
    return (
        isinstance(step, Extraction)
        and step.field == "prediction"
        and step.to_field is None
        and not step.process_every_value
    )
