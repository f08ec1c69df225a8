"""Serializers: from a value of a row to the text that a template puts into a prompt."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.streams import Row
from regrade.artifacts.type_strings import checker
from regrade.artifacts.type_strings.names import Number


class Serializer(FieldOperator):
    """Makes a text of a value.

    As a step of a card it does so with fields, and the new row has what a text cannot hold beside them, under
    ``media`` and ``__tools__``.
    """

    kind: ClassVar[str] = "serializer"

    def serialize(self, value: Any, instance: Row) -> str:
        """The text of a value.

        Args:
            value: The value.
            instance: The row that is being made: what a text cannot hold (images, tools) is stored in it, as new
                lists and dicts.
        """
        raise NotImplementedError

    def serialize_fields(self, data: Row, instance: Row) -> dict[str, str]:
        """The texts of several values, by name."""
        serialize = self.serialize
        return {name: serialize(value, instance) for name, value in data.items()}

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return super().process_row(dict(row), stream)  # a row of its own: what goes beside the texts is stored in it

    def process_value_of(self, value: Any, row: Row) -> Any:
        return self.serialize(value, row)


@artifact("default_serializer")
class DefaultSerializer(Serializer):
    """Writes a value as Python prints it.

    >>> DefaultSerializer().serialize({"key": "value"}, {})
    "{'key': 'value'}"
    """

    def serialize(self, value: Any, instance: Row) -> str:
        return str(value)


@artifact("default_list_serializer")
class DefaultListSerializer(Serializer):
    """Writes the items of a list with commas between them, and anything else as Python prints it.

    >>> DefaultListSerializer().serialize(["a", 1], {})
    'a, 1'
    """

    def serialize(self, value: Any, instance: Row) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


class SingleTypeSerializer(Serializer):
    """A serializer of values of one type.

    Attributes:
        serialized_type: The type, checked to the letter.
        python_type: The class of all values of that type.
    """

    serialized_type: ClassVar[Any] = Any
    python_type: ClassVar[type | tuple[type, ...]] = object

    @cached_property
    def accepts(self) -> Callable[[Any], bool]:
        """Whether a value is of the type."""
        return checker(self.serialized_type, lenient=False)

    def process_value_of(self, value: Any, row: Row) -> Any:
        if not self.accepts(value):
            raise ValueError(f"{type(self).__name__} cannot serialize the {type(value).__name__} {str(value)[:80]!r}")
        return super().process_value_of(value, row)


@artifact("list_serializer")
class ListSerializer(SingleTypeSerializer):
    """Writes the items of a list with commas between them.

    >>> ListSerializer().serialize(["a", 1], {})
    'a, 1'
    """

    serialized_type: ClassVar[Any] = list
    python_type: ClassVar[type | tuple[type, ...]] = list

    def serialize(self, value: Any, instance: Row) -> str:
        return ", ".join(map(str, value))


@artifact("dict_as_json_serializer")
class DictAsJsonSerializer(SingleTypeSerializer):
    """Writes a dict as JSON.

    >>> DictAsJsonSerializer().serialize({"key": None}, {})
    '{"key": null}'
    """

    serialized_type: ClassVar[Any] = dict
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        return json.dumps(value)


@artifact("number_serializer")
class NumberSerializer(SingleTypeSerializer):
    """Writes an integer as it is, and another number with one decimal.

    >>> NumberSerializer().serialize(2, {}), NumberSerializer().serialize(3.14159, {})
    ('2', '3.1')
    """

    serialized_type: ClassVar[Any] = Number
    python_type: ClassVar[type | tuple[type, ...]] = (int, float)

    def serialize(self, value: Any, instance: Row) -> str:
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float):
            return f"{value:.1f}"
        raise ValueError(f"{value!r} is no number")


@artifact("number_quantizing_serializer")
class NumberQuantizingSerializer(NumberSerializer):
    """Writes a number rounded to a multiple of a quantum.

    Args:
        quantum: The quantum. Where it is an integer, so is what is written.

    >>> NumberQuantizingSerializer(quantum=0.5).serialize(3.3, {})
    '3.5'
    """

    quantum: float | int = 0.1

    def serialize(self, value: Any, instance: Row) -> str:
        if not isinstance(value, int | float):
            raise ValueError(f"{value!r} is no number")
        if not math.isfinite(value):
            raise ValueError(f"{value} has no nearest multiple of {self.quantum}")
        rounded = round(value / self.quantum) / (1 / self.quantum)  # not times: the digits depend on it
        return str(int(rounded) if isinstance(self.quantum, int) else rounded)
