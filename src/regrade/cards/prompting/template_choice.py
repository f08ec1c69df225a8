"""Several templates, and which of them a row gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from regrade.artifacts.artifact import Artifact, artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.streams import Row
from regrade.cards.prompting.template import Template
from regrade.seeds import random_of


class ApplyTemplate(RowOperator):
    """Applies a template to a row and its demonstrations, and notes it as ``recipe_metadata/template``.

    Args:
        demos_field: The field with the demonstrations, if there are any.
    """

    demos_field: str | None = None

    def get_template(self, instance: Row) -> Template:
        """The template for a row."""
        raise NotImplementedError

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        template = self.get_template(row)
        row = {**row, "recipe_metadata": {**row.get("recipe_metadata", {}), "template": template}}
        if self.demos_field is not None:
            if self.demos_field not in row:
                raise ValueError(f"the row has no demonstrations in {self.demos_field!r}")
            row[self.demos_field] = [template.process_row(demo) for demo in row[self.demos_field]]
        return template.process_row(row, stream)


@artifact("apply_single_template")
class ApplySingleTemplate(ApplyTemplate):
    """Applies the same template to all rows.

    Args:
        template: The template.

    >>> from regrade.cards.prompting.text_templates import InputOutputTemplate
    >>> apply = ApplySingleTemplate(template=InputOutputTemplate(input_format="{a}+1=", output_format="{b}"))
    >>> apply.process_row({"input_fields": {"a": 1}, "reference_fields": {"b": 2}})["source"]
    '1+1='
    """

    template: Template

    def get_template(self, instance: Row) -> Template:
        return self.template


@artifact("apply_random_template")
class ApplyRandomTemplate(ApplyTemplate):
    """Applies one of several templates to each row; the row's fields decide which.

    Args:
        templates: The templates.

    >>> from regrade.cards.prompting.text_templates import InputOutputTemplate
    >>> both = [InputOutputTemplate(input_format=text, output_format="") for text in ("{a}?", "Is it {a}?")]
    >>> row = {"input_fields": {"a": "so"}, "reference_fields": {}}
    >>> ApplyRandomTemplate(templates=both).process_row(row)["source"]
    'so?'
    """

    templates: list[Template]

    def get_template(self, instance: Row) -> Template:
        return drawn_template(self.templates, instance)


def drawn_template(templates: Sequence[Template], row: Row) -> Template:
    """The one of several templates that a row's fields draw."""
    return random_of({**row["input_fields"], **row.get("reference_fields", {})}).choice(templates)


@artifact("templates_list")
class TemplatesList(Artifact):
    """Templates to choose from by number.

    Args:
        items: The templates.

    >>> len(TemplatesList())
    0
    """

    kind: ClassVar[str] = "templates"
    items: list[Template] = msgspec.field(default_factory=list)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, key: int) -> Template:
        return self.items[key]

    def keys(self) -> list[int]:
        """The numbers of the templates."""
        return list(range(len(self.items)))


@artifact("templates_dict")
class TemplatesDict(Artifact):
    """Templates to choose from by name.

    Args:
        items: The templates by name.

    >>> TemplatesDict().keys()
    []
    """

    kind: ClassVar[str] = "templates"
    items: dict[str, Template] = msgspec.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __getitem__(self, key: str) -> Template:
        return self.items[key]

    def keys(self) -> list[str]:
        """The names of the templates."""
        return list(self.items)
