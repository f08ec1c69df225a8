"""Operators that make one value of another: mapped, cast, added to, divided."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Literal

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.places import Read, Write, is_plain, reader, writer
from regrade.artifacts.streams import Batch, Row

_UNDEFINED = "__UNDEFINED__"
"""Unitxt's word for no default at all, as None may be one."""


@artifact("map_instance_values")
class MapInstanceValues(RowOperator, kw_only=True):
    """Replaces values by what mappings say, after their ``str()``.

    None stays None, whatever the mapping says.

    Args:
        mappers: By path, the new values by the text of the old.
        strict: A value that the mapping does not name is an error; otherwise it stays.
        process_every_value: The values are lists, and each of their items is mapped.

    >>> MapInstanceValues(mappers={"winner": {"1": "choice_a"}}).process_row({"winner": 1, "turn": 1})
    {'winner': 'choice_a', 'turn': 1}
    """

    mappers: dict[str, dict[str, Any]]
    strict: bool = True
    process_every_value: bool = False

    @cached_property
    def _ways(self) -> list[tuple[str, Read, Write, dict[str, Any]]]:
        return [(path, reader(path), writer(path), mapper) for path, mapper in self.mappers.items()]

    @property
    def by_column(self) -> bool:
        return not self.process_every_value and all(map(is_plain, self.mappers))

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        columns = {}
        for field, mapper in self.mappers.items():
            columns[field] = [
                mapper[value]
                if type(value) is str and value in mapper
                else None
                if value is None
                else self._mapped(field, mapper, value)
                for value in batch.columns[field]
            ]
        return batch.with_columns(columns)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = row.copy()
        for path, read, write, mapper in self._ways:
            value = read(result)
            if value is None:
                continue
            if self.process_every_value:
                if not isinstance(value, list):
                    raise ValueError(f"{path!r} is to be a list, as every value of it is mapped, but is {value!r}")
                mapped: Any = [self._mapped(path, mapper, item) for item in value]
            else:
                mapped = self._mapped(path, mapper, value)
            result = write(result, mapped)
        return result

    def _mapped(self, path: str, mapper: dict[str, Any], value: Any) -> Any:
        text = value if type(value) is str else str(value)
        if text in mapper:
            return mapper[text]
        if self.strict:
            known = ", ".join(map(repr, mapper))
            raise ValueError(f"{path!r} is {text!r}, which is not mapped; mapped are {known[:500]}")
        return value


@artifact("map_values")
class MapValues(FieldOperator, kw_only=True):
    """Replaces a value by what a mapping says of its ``str()``; one that it does not name is an error.

    Args:
        mapping: The new values by the text of the old.

    >>> MapValues(field="label", mapping={"0": "no", "1": "yes"}).process_row({"label": 1})
    {'label': 'yes'}
    """

    mapping: dict[str, Any]

    def process_value(self, value: Any) -> Any:
        try:
            return self.mapping[str(value)]
        except KeyError:
            known = ", ".join(map(repr, self.mapping))
            raise ValueError(f"{str(value)!r} is not mapped; mapped are {known[:500]}") from None


@artifact("recursive_replace")
class RecursiveReplace(RowOperator, kw_only=True):
    """Replaces the values of one key, wherever in the row it occurs.

    Args:
        key: The key.
        map_values: The new values by the old; what is not named stays.
        remove_values: Values that go, with the key; in a list of values, they alone.

    >>> replace = RecursiveReplace(key="type", map_values={"int": "integer"}, remove_values=["any"])
    >>> replace.process_row({"a": [{"type": "int"}, {"type": "any", "n": 1}]})
    {'a': [{'type': 'integer'}, {'n': 1}]}
    """

    key: str
    map_values: dict[Any, Any]
    remove_values: list[Any] | None = None

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return self._replaced(row)  # type: ignore[no-any-return]

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._replaced(item) for item in value]
        if not isinstance(value, dict):
            return value
        unwanted = self.remove_values or ()
        result = {}
        for key, item in value.items():
            if key != self.key or isinstance(item, dict):
                result[key] = self._replaced(item)
            elif isinstance(item, list):
                kept = (each for each in item if not isinstance(each, dict) and each not in unwanted)
                result[key] = [self._mapped(each) for each in kept]
            elif item not in unwanted:
                result[key] = self._mapped(item)
        return result

    def _mapped(self, value: Any) -> Any:
        try:
            return self.map_values.get(value, value)
        except TypeError:  # a list is no key
            return value


@artifact("add_constant")
class AddConstant(FieldOperator, kw_only=True):
    """Adds a constant to a number, or puts a text before a text, a list before a list.

    Args:
        add: The constant.

    >>> AddConstant(field="label", add=-1).process_row({"label": 3})
    {'label': 2}
    """

    add: Any

    def process_value(self, value: Any) -> Any:
        return self.add + value


@artifact("bytes_to_string")
class BytesToString(FieldOperator, kw_only=True):
    """Makes a text of a value, as ``str()`` does.

    >>> BytesToString(field="a").process_row({"a": 1})
    {'a': '1'}
    """

    def process_value(self, value: Any) -> Any:
        return str(value)


@artifact("join_str")
class JoinStr(FieldOperator, kw_only=True):
    """Joins the ``str()`` of a list's items.

    Args:
        separator: Put between them.

    >>> JoinStr(field="a", separator=" / ").process_row({"a": ["x", 1]})
    {'a': 'x / 1'}
    """

    separator: str = ","

    def process_value(self, value: Any) -> Any:
        return self.separator.join(map(str, value))


@artifact("get_item_by_index")
class GetItemByIndex(FieldOperator, kw_only=True):
    """Takes the item of a fixed list whose position the field holds.

    Args:
        items_list: The list.

    >>> GetItemByIndex(items_list=["dog", "cat"], field="animal").process_row({"animal": 1})
    {'animal': 'cat'}
    """

    items_list: list[Any]

    def process_value(self, value: Any) -> Any:
        try:
            return self.items_list[value]
        except IndexError:
            raise ValueError(f"there is no item {value} among {len(self.items_list)}") from None


@artifact("cast")
class Cast(FieldOperator, kw_only=True):
    """Makes a value of another type, as Python's ``int()``, ``float()``, ``str()``, ``bool()`` and ``tuple()`` do.

    Args:
        to: The type. Any text but the empty one is true to ``bool``.
        failure_default: Stands in for a value that cannot be cast; otherwise that is an error.

    >>> Cast(field="score", to="float", failure_default=None).process_row({"score": "n/a"})
    {'score': None}
    """

    types: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "int": int,
        "float": float,
        "str": str,
        "bool": bool,
        "tuple": tuple,
    }
    to: Literal["int", "float", "str", "bool", "tuple"]
    failure_default: Any = _UNDEFINED

    @cached_property
    def _type(self) -> Callable[[Any], Any]:
        return self.types[self.to]

    def process_value(self, value: Any) -> Any:
        try:
            return self._type(value)
        except (ValueError, OverflowError):
            if self.failure_default == _UNDEFINED:
                raise ValueError(f"{value!r} is no {self.to}, and there is no 'failure_default'") from None
            return self.failure_default


@artifact("cast_fields")
class CastFields(RowOperator, kw_only=True):
    """Makes values of several fields of other types.

    Args:
        fields: The types (``int``, ``float``, ``str``, ``bool``) by path.
        failure_defaults: By path, what stands in for a value that cannot be cast; otherwise that is an error.
        process_every_value: The values are lists, and each of their items is cast.
        use_nested_query: Accepted for Unitxt's sake.

    >>> CastFields(fields={"a/b": "int", "c": "str"}).process_row({"a": {"b": "2"}, "c": 1})
    {'a': {'b': 2}, 'c': '1'}
    """

    fields: dict[str, Literal["int", "float", "str", "bool"]] = msgspec.field(default_factory=dict)
    failure_defaults: dict[str, Any] = msgspec.field(default_factory=dict)
    use_nested_query: bool | None = None
    process_every_value: bool = False

    @cached_property
    def _ways(self) -> list[tuple[str, Read, Write, str]]:
        return [(path, reader(path), writer(path), kind) for path, kind in self.fields.items()]

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = row.copy()
        for path, read, write, kind in self._ways:
            value = read(result)
            if self.process_every_value:
                if not isinstance(value, list):
                    raise ValueError(f"{path!r} is to be a list, as every value of it is cast, but is {value!r}")
                cast: Any = [self._cast(path, kind, item) for item in value]
            else:
                cast = self._cast(path, kind, value)
            result = write(result, cast)
        return result

    def _cast(self, path: str, kind: str, value: Any) -> Any:
        try:
            return Cast.types[kind](value)
        except (ValueError, TypeError, OverflowError):
            if path in self.failure_defaults:
                return self.failure_defaults[path]
            raise ValueError(f"{path!r} is {value!r}, which is no {kind}, and has no default") from None


@artifact("divide_all_fields_by")
class DivideAllFieldsBy(RowOperator, kw_only=True):
    """Divides all floats of a row, however deep in lists and dicts they are.

    Args:
        divisor: By what.
        strict: Anything else than floats in the row is an error; otherwise it stays.

    >>> DivideAllFieldsBy(divisor=2.0).process_row({"a": 10.0, "b": [2.0, "x"], "c": 5})
    {'a': 5.0, 'b': [1.0, 'x'], 'c': 5}
    """

    divisor: float = 1.0
    strict: bool = False

    def verify(self) -> None:
        if self.divisor == 0:
            raise ArtifactError("nothing can be divided by 0", path=("divisor",))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return self._divided(row)  # type: ignore[no-any-return]

    def _divided(self, value: Any) -> Any:
        if isinstance(value, float):
            return value / self.divisor
        if isinstance(value, dict):
            return {key: self._divided(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._divided(item) for item in value]
        if self.strict:
            raise ValueError(f"{value!r} is no float that could be divided")
        return value


@artifact("fillna")
class Fillna(FieldOperator, kw_only=True):
    """Puts a value in the place of NaN; None and all else stays.

    Args:
        value: The value.

    >>> Fillna(field="a", value=0).process_row({"a": float("nan")})
    {'a': 0}
    """

    value: Any

    def process_value(self, value: Any) -> Any:
        return self.value if isinstance(value, float) and math.isnan(value) else value
