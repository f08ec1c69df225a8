"""Rows made up of the types that a task declares: to try a card without its data."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

from regrade.artifacts.streams import Row
from regrade.artifacts.type_strings.names import JsonSchema, Table, Tool, ToolCall
from regrade.cards.prompting.task import Task
from regrade.cards.prompting.template import Template

_TEXTS: Final = ("yes", "1", "word", '{"name": "f", "arguments": {}}', "[1]", "entailment")
"""What the texts of a row are; a task may want them to be numbers, or JSON."""

_PLAIN: Final = (bool, int, float)
_SHAPES: Final[dict[Any, Any]] = {
    JsonSchema: {"type": "object", "properties": {}},
    Tool: {"name": "f", "description": "f", "parameters": {"type": "object", "properties": {}}},
    ToolCall: {"name": "f", "arguments": {}},
    Table: {"header": ["a", "b"], "rows": [["1", "2"], ["3", "4"]]},
}


def fabricate_rows(task: Task, template: Template) -> Iterator[Row]:
    """Rows that the task takes, and that a template of choices, pairs or spans can put into words.

    Args:
        task: The task.
        template: The template.
    """
    kinds = {**task.input_types, **task.reference_types}
    for text in _TEXTS:
        row = {name: fabricate(kind, "german" if "language" in name else text) for name, kind in kinds.items()}
        yield _fitting(task.with_defaults(row), kinds, template)


def fabricate(kind: Any, text: str = "yes") -> Any:
    """A value of a type.

    >>> fabricate(list[dict[str, float]], "a")
    [{'a': 1.0}, {'a': 1.0}]

    Args:
        kind: The type.
        text: What texts are.
    """
    if hasattr(kind, "__supertype__"):
        return fabricate(kind.__supertype__, text)
    if kind in _SHAPES or kind in _PLAIN:
        return _SHAPES[kind] if kind in _SHAPES else kind(1)
    if typing.is_typeddict(kind):
        return {name: fabricate(inner, text) for name, inner in typing.get_type_hints(kind).items()}
    origin, inner = get_origin(kind), get_args(kind)
    if origin is not None or kind in (list, tuple, dict):
        return _gathered(origin or kind, inner, text)
    return None if kind in (None, type(None)) else text


def _gathered(origin: Any, inner: tuple[Any, ...], text: str) -> Any:
    """A value of a type with parts."""
    if origin is Literal:
        return inner[0]
    if origin is list:
        return [fabricate(inner[0] if inner else str, text) for _ in range(2)]
    if origin is tuple:
        # Two texts are a turn of a dialog more often than not.
        return ("user", text) if inner == (str, str) else tuple(fabricate(one, text) for one in inner or (str,))
    if origin is dict:
        return {text: fabricate(inner[1], text)} if inner else {text: text}
    return fabricate(inner[0], text)  # of a union the first


def _fitting(row: Row, kinds: dict[str, Any], template: Template) -> Row:
    """The row, with fields that belong together agreeing: a label among its choices, spans within their text."""

    def named(argument: str) -> str | None:
        name = getattr(template, argument, None)
        return name if isinstance(name, str) and name in row else None

    choices, target = named("choices_field"), named("target_field")
    if choices is not None and target is not None:
        row[choices] = ["yes", "no"]
        label: Any = 0 if kinds.get(target) is int else "yes"
        row[target] = [label] if isinstance(row[target], list) else label
    if (answer := named("answer_field")) is not None:
        row[answer] = 1 if kinds[answer] is int else "choice_a"
    texts, labels = named("text_field"), named("labels_field")
    starts, ends = named("spans_starts_field"), named("spans_ends_field")
    if texts is not None and starts is not None and ends is not None:
        row[starts], row[ends] = [0], [2]
        if labels is not None:
            row[labels] = ["yes"]
    return row
