"""Tasks: a row's fields by their roles, each of its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.streams import Batch, Row, for_each
from regrade.artifacts.type_strings import TypeStringError, checker, misfit, parse_type_string, to_type_string
from regrade.cards.prompting.template import INFERENCE_STREAM, Template

_Field: TypeAlias = tuple[str, Any, Callable[[Any], bool]]
"""Name, type, check."""

_ABOUT: Final[dict[str, type]] = {"data_classification_policy": list, "media": dict, "recipe_metadata": dict}
"""What rows may say of themselves, and what of them that do not."""

_KEPT: Final = ("demos", "instruction", "system_prompt")
"""What a row may bring along for the steps after its task."""


@artifact("task", "form_task")
class Task(RowOperator):
    """Sorts a row's fields into inputs and references, and checks that each is of its type.

    A type will do where an integer stands for a number and a list for a tuple (JSON knows no difference), so a column
    of scores that happen to be whole is a column of floats: in a field of the type ``float``, 7 becomes 7.0, and is
    written like that, whatever the other rows hold. The new row has ``input_fields``, ``reference_fields``,
    ``metrics``, ``data_classification_policy``, ``media`` and ``recipe_metadata``; everything else stays behind, and
    whoever runs a card keeps it beside.

    Args:
        input_fields: Types of the fields that prompts are made of, by name; a list of names takes anything.
        reference_fields: The same for what answers are compared to.
        inputs: The old name of ``input_fields``.
        outputs: The old name of ``reference_fields``.
        metrics: Names of the metrics.
        prediction_type: The type of a prediction that metrics want.
        augmentable_inputs: Input fields whose words may be perturbed.
        defaults: Values for fields that a row lacks.
        default_template: The template that is used if a card names none.
        requirements: Packages that Unitxt needs for it; accepted for its sake.

    >>> task = Task(input_fields={"question": "str"}, reference_fields={"score": "float"}, metrics=["metrics.spearman"])
    >>> row = task.process_row({"question": "Why?", "score": 7, "id": 1})
    >>> row["input_fields"], row["reference_fields"]
    ({'question': 'Why?'}, {'score': 7.0})
    """

    kind: ClassVar[str] = "task"
    named: ClassVar[Mapping[str, str]] = {"metrics": "metric"}

    input_fields: dict[str, Any] | list[str] | None = None
    reference_fields: dict[str, Any] | list[str] | None = None
    inputs: dict[str, Any] | list[str] | None = None
    outputs: dict[str, Any] | list[str] | None = None
    metrics: list[Any] | str
    prediction_type: Any = None
    augmentable_inputs: list[str] = msgspec.field(default_factory=list)
    defaults: dict[str, Any] | None = None
    default_template: Template | None = None
    requirements: list[str] | None = None

    def verify(self) -> None:
        if isinstance(self.metrics, str):
            self.metrics = [self.metrics]
        inputs, references = self.input_types, self.reference_types
        for name in self.augmentable_inputs:
            if name not in inputs:
                there_are = ", ".join(inputs)
                raise ArtifactError(f"{name!r} is no input field; there are {there_are}", path=("augmentable_inputs",))
        for name, value in (self.defaults or {}).items():
            if name not in inputs and name not in references:
                raise ArtifactError(f"{name!r} is neither an input nor a reference field", path=("defaults", name))
            wrong = misfit(value, inputs[name] if name in inputs else references[name])
            if wrong:
                raise ArtifactError(f"the default of {name!r} does not fit: {wrong}", path=("defaults", name))
        self.type_of_predictions  # noqa: B018  # parsed once, and at once

    @cached_property
    def input_types(self) -> dict[str, Any]:
        """Types of input fields by name."""
        return _types(self.input_fields, self.inputs, "input_fields", "inputs")

    @cached_property
    def reference_types(self) -> dict[str, Any]:
        """Types of reference fields by name."""
        return _types(self.reference_fields, self.outputs, "reference_fields", "outputs")

    @cached_property
    def type_of_predictions(self) -> Any:
        """The type of predictions; ``Any`` if not given."""
        return Any if self.prediction_type is None else _type(self.prediction_type, ("prediction_type",))

    @cached_property
    def _inputs(self) -> list[_Field]:
        return [(name, kind, checker(kind)) for name, kind in self.input_types.items()]

    @cached_property
    def _references(self) -> list[_Field]:
        return [(name, kind, checker(kind)) for name, kind in self.reference_types.items()]

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """What :meth:`process_row` makes of each row of a batch.

        Raises:
            Exception: a row lacks a field, or a value is not of its type.
        """
        columns = batch.columns
        if self.defaults:
            columns = {**{name: [value] * batch.size for name, value in self.defaults.items()}, **columns}
        result: dict[str, list[Any]] = {
            "input_fields": _all_taken(columns, self._inputs, batch.size),
            "metrics": [self.metrics] * batch.size,
            **{name: columns.get(name) or [kind() for _ in range(batch.size)] for name, kind in _ABOUT.items()},
        }
        result |= {name: columns[name] for name in _KEPT if name in columns}
        if stream != INFERENCE_STREAM:
            result["reference_fields"] = _all_taken(columns, self._references, batch.size)
        return Batch(result, batch.size)

    def with_defaults(self, row: Row) -> Row:
        """A row with the default of each field that it lacks."""
        return {**self.defaults, **row} if self.defaults else row

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        row = self.with_defaults(row)
        result: Row = {
            "input_fields": _taken(row, self._inputs, "input"),
            "metrics": self.metrics,
            **{name: row[name] if name in row else kind() for name, kind in _ABOUT.items()},
        }
        for name in _KEPT:
            if name in row:
                result[name] = row[name]
        if stream != INFERENCE_STREAM:
            result["reference_fields"] = _taken(row, self._references, "reference")
        return result


def _taken(row: Row, fields: list[_Field], role: str) -> Row:
    taken = {}
    for name, kind, check in fields:
        try:
            value = row[name]
        except KeyError:
            there_are = ", ".join(map(str, row))
            raise ValueError(f"the {role} field {name!r} ({_told(kind)}) is missing; the row has {there_are}") from None
        if not check(value):
            mend = f"; {{__type__: cast, field: {name}, to: str}} makes it one" if _is_simple(value, kind) else ""
            raise ValueError(f"the {role} field {name!r} must be {_told(kind)}: {misfit(value, kind)}{mend}")
        taken[name] = float(value) if kind is float and type(value) is int else value
    return taken


def _is_simple(value: Any, kind: Any) -> bool:
    """Whether a text is wanted, and a number or truth value is there."""
    return kind is str and isinstance(value, int | float)


def _all_taken(columns: Mapping[str, list[Any]], fields: list[_Field], size: int) -> list[Row]:
    taken = {}
    for name, kind, check in fields:
        values = columns[name]
        if not all(for_each(check, values)):
            raise ValueError(name)
        if kind is float:
            values = [float(value) if type(value) is int else value for value in values]
        taken[name] = values
    return Batch(taken, size).rows()


def _told(kind: Any) -> str:
    try:
        return to_type_string(kind)
    except TypeStringError:
        return str(kind)


def _types(fields: Any, old: Any, name: str, old_name: str) -> dict[str, Any]:
    """Types by name, of an argument or its old name."""
    if fields is not None and old is not None:
        raise ArtifactError(f"{old_name!r} is the old name of {name!r}: give one of them", path=(old_name,))
    if fields is None:
        fields, name = old, old_name if old is not None else name
    if fields is None:
        raise ArtifactError(f"the task has no {name!r}", path=(name,))
    if isinstance(fields, list):
        return dict.fromkeys(fields, Any)
    return {field: _type(kind, (name, field)) for field, kind in fields.items()}


def _type(kind: Any, path: tuple[str, ...]) -> Any:
    """The type that a text names, a type itself, or for a mapping of such ``Dict``."""
    if isinstance(kind, dict):
        return dict
    try:
        parsed = parse_type_string(kind) if isinstance(kind, str) else kind
        checker(parsed)
    except TypeStringError as error:
        raise ArtifactError(str(error), path=path) from None
    return parsed
