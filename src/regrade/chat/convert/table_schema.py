"""The columns of Parquet and Arrow outputs, and rows put into them with nothing lost.

A table's columns have one type each, and must have it before the first row is written. So they are decided on rows
spread through the inputs, and what does not fit into them later goes into a column ``extra`` of JSON text: a column
that nobody had seen, a text among numbers, an integer beyond 64 bits. Regrade puts all of it back when it reads the
table.

==========================  =================================================================================
values                      column
==========================  =================================================================================
texts, integers, numbers,   that type; integers among numbers become numbers where that changes no value
true and false
lists of one of these       list of that type
conversations               list of struct: role, content, parts, tool_calls, name, tool_call_id, weight, extra
anything else               JSON text, named in the metadata of the schema
==========================  =================================================================================

In a conversation ``content`` holds texts and ``parts`` contents in parts, as JSON text; ``tool_calls`` are structs as
OpenAI has them, arguments as JSON text; whatever else a message holds is JSON text in its ``extra``. So the
conversations of any two outputs have the same type. Absent and null are the same in a table.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from regrade.chat.convert.lines import MESSAGES, json_text
from regrade.chat.message import validate
from regrade.files.json_lines import decode_any

if TYPE_CHECKING:
    import pyarrow as pa

METADATA_KEY: Final = b"regrade"
SCHEMA_VERSION: Final = 1
EXTRA: Final = "extra"

Scalar = Literal["string", "int", "float", "bool"]
_SCALARS: Final[dict[type, Scalar]] = {str: "string", int: "int", float: "float", bool: "bool"}
_OTHER_TYPES: Final = (datetime, date, time, timedelta, Decimal, bytes)
_EXACT: Final = 2**53
_NEARLY_ALL: Final = 0.95
"""A column has the type that this share of its values has; the others go into the column ``extra``."""
_FEW: Final = 0.2
"""Texts of which fewer than this share are different are worth a dictionary."""

_CALL_KEYS: Final = frozenset(("id", "type", "function"))
_FUNCTION_KEYS: Final = frozenset(("name", "arguments"))


class Column(msgspec.Struct, frozen=True):
    """A column of a table.

    Attributes:
        name: Its name.
        kind: ``string``, ``int``, ``float``, ``bool``; ``list`` of such; ``turns``; ``json``; ``other``: an Arrow type.
        of: Of a list, the type of its elements.
        keys: Of turns, the keys of role and content.
        type: Of another type, the Arrow type, pickled with the schema.
        few: Whether its values are few and repeated.
    """

    name: str
    kind: Literal["string", "int", "float", "bool", "list", "turns", "json", "other"]
    of: Scalar | None = None
    keys: tuple[str, str] = ("role", "content")
    type: Any = None
    few: bool = False

    def arrow(self) -> pa.DataType:
        """The column's Arrow type."""
        import pyarrow as pa

        if self.kind == "turns":
            return turns_type(*self.keys)
        if self.kind == "list":
            return pa.list_(_arrow_scalar(self.of or "string"))
        if self.kind == "other":
            return self.type
        return pa.string() if self.kind == "json" else _arrow_scalar(self.kind)


def _arrow_scalar(kind: str) -> pa.DataType:
    import pyarrow as pa

    return {"string": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}[kind]


def turns_type(role: str = "role", content: str = "content") -> pa.DataType:
    """The Arrow type of a conversation."""
    import pyarrow as pa

    text = pa.string()
    function = pa.struct([("name", text), ("arguments", text)])
    call = pa.struct([("id", text), ("type", text), ("function", function)])
    return pa.list_(
        pa.struct(
            [
                (role, text),
                (content, text),
                ("parts", text),
                ("tool_calls", pa.list_(call)),
                ("name", text),
                ("tool_call_id", text),
                ("weight", pa.float64()),
                (EXTRA, text),
            ]
        )
    )


class TableSchema(msgspec.Struct, frozen=True):
    """The columns of a table.

    Attributes:
        columns: Without the last, which is for what fits into none.
        extra: That column's name.
    """

    columns: tuple[Column, ...]
    extra: str = EXTRA

    def arrow(self) -> pa.Schema:
        """The Arrow schema; its metadata says which columns hold JSON text, for `unfold_row` to undo."""
        import pyarrow as pa

        told = {
            "version": SCHEMA_VERSION,
            "extra": self.extra,
            "json": [column.name for column in self.columns if column.kind == "json"],
            "turns": {column.name: list(column.keys) for column in self.columns if column.kind == "turns"},
        }
        fields = [pa.field(column.name, column.arrow()) for column in self.columns]
        return pa.schema([*fields, pa.field(self.extra, pa.string())], {METADATA_KEY: json.dumps(told).encode()})

    def dictionaries(self) -> list[str]:
        """The Parquet paths of columns that are worth a dictionary."""
        paths = []
        for column in self.columns:
            if column.kind == "turns":
                element = f"{column.name}.list.element"
                paths += [f"{element}.{column.keys[0]}", f"{element}.name"]
                paths += [f"{element}.tool_calls.list.element.{end}" for end in ("type", "function.name")]
            elif column.few:
                paths.append(f"{column.name}.list.element" if column.kind == "list" else column.name)
        return paths

    def statistics(self) -> list[str]:
        """The Parquet paths of columns whose smallest and largest value are worth knowing."""
        return [column.name for column in self.columns if column.kind in ("string", "int", "float", "bool")]


def schema_of(rows: Sequence[dict[str, Any]], target: str | None = None) -> TableSchema:
    """Decide the columns of a table by converted rows spread through what it will hold."""
    values: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    if target in (None, MESSAGES):
        values.setdefault(MESSAGES, [])
    columns = tuple(_column(name, [value for value in found if value is not None]) for name, found in values.items())
    extra = EXTRA
    while extra in values:
        extra = f"regrade_{extra}"
    return TableSchema(columns, extra)


def _column(name: str, values: list[Any]) -> Column:
    if name == MESSAGES:
        return Column(name, "turns")
    values = _of_the_usual_type(values)
    kinds = set(map(type, values))
    if len(kinds) == 1 and (scalar := _SCALARS.get(next(iter(kinds)))):
        if scalar == "int":
            values = [value for value in values if -(2**63) <= value < 2**63]
            if not values:
                return Column(name, "json")
        return Column(name, scalar, few=_are_few(values))
    if kinds == {int, float}:
        exact = sum(type(value) is float or abs(value) <= _EXACT for value in values)
        return Column(name, "float" if exact >= _NEARLY_ALL * len(values) else "json")
    if kinds == {list}:
        elements = [element for value in values for element in value if element is not None]
        inner = {_SCALARS.get(type(element)) for element in elements}
        of = next(iter(inner)) if len(inner) == 1 else None
        if of and (of != "int" or all(-(2**63) <= element < 2**63 for element in elements)):
            return Column(name, "list", of, few=_are_few(elements))
        for keys in (("role", "content"), ("from", "value")):
            if elements and all(_are_turns(value, keys) for value in values):
                return Column(name, "turns", keys=keys)
    if values and kinds <= set(_OTHER_TYPES):
        import pyarrow as pa

        try:
            return Column(name, "other", type=pa.infer_type(values))
        except (pa.ArrowException, ValueError):
            pass
    return Column(name, "json")


def _of_the_usual_type(values: list[Any]) -> list[Any]:
    """The values of the type that nearly all have; all of them if there is no such type."""
    kinds = Counter(float if type(value) is int else type(value) for value in values)
    for usual, count in kinds.most_common(1):
        if count >= _NEARLY_ALL * len(values):
            wanted = (int, float) if usual is float else (usual,)
            return [value for value in values if type(value) in wanted]
    return values


def _are_few(values: list[Any]) -> bool:
    return len(values) > 20 and len(set(values)) <= _FEW * len(values)


def _are_turns(value: Any, keys: tuple[str, str]) -> bool:
    role, content = keys
    if keys == ("role", "content"):
        return value == [] or validate(value) is None
    return all(
        isinstance(turn, dict) and isinstance(turn.get(role), str) and isinstance(turn.get(content), str | list | None)
        for turn in value
    )


class Unfit(Exception):
    """A value that its column cannot hold as it is."""


def fit_value(value: Any, column: Column) -> Any:
    """A value as its column takes it; of JSON columns the text, of turns what `fold` makes of each.

    Raises:
        Unfit: it would be changed.
    """
    kind = column.kind
    if kind == "json":
        return json_text(value)
    if kind == "turns":
        if not isinstance(value, list) or not all(isinstance(turn, dict) for turn in value):
            raise Unfit
        return [fold(turn, *column.keys) for turn in value]
    if kind == "list":
        if type(value) is not list:
            raise Unfit
        return [None if element is None else _fitted_scalar(element, column.of or "string") for element in value]
    if kind == "other":
        import pyarrow as pa

        try:
            if pa.scalar(value, column.type).as_py() != value:
                raise Unfit
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            raise Unfit from None
        return value
    return _fitted_scalar(value, kind)


def _fitted_scalar(value: Any, kind: str) -> Any:
    if kind == "string" and type(value) is str and encodable(value):
        return value
    if kind == "int" and type(value) is int and -(2**63) <= value < 2**63:
        return value
    if kind == "float":
        if type(value) is float:
            return value
        if type(value) is int and abs(value) <= _EXACT:
            return float(value)
    if kind == "bool" and type(value) is bool:
        return value
    raise Unfit


def encodable(text: str) -> bool:
    """Whether a text has no lone surrogates, which UTF-8 does not have."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fold(message: dict[str, Any], role: str = "role", content: str = "content") -> dict[str, Any]:
    """A message as a struct of the schema: the fields that are not null.

    Raises:
        Unfit: it has no role that is a text.
    """
    folded: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, value in message.items():
        if value is None:
            continue
        if key == role and isinstance(value, str):
            folded["role"] = value
        elif key == content and isinstance(value, str):
            folded["content"] = _encodable_text(value)
            if folded["content"] is not value:
                extra[key] = value
        elif key == content and isinstance(value, list):
            folded["parts"] = json_text(value)
        elif key in ("name", "tool_call_id") and isinstance(value, str) and encodable(value):
            folded[key] = value
        elif key == "weight" and _is_exact(value):
            folded[key] = float(value)
        elif key == "tool_calls" and isinstance(value, list) and all(isinstance(call, dict) for call in value):
            folded[key], exact = _fold_calls(value)
            extra |= {} if exact else {key: value}
        else:
            extra[key] = value
    if "role" not in folded or not encodable(folded["role"]):
        raise Unfit
    if extra:
        folded[EXTRA] = json_text(extra)
    return folded


def _is_exact(value: Any) -> bool:
    """Whether a value is a number that a float holds exactly."""
    return type(value) in (int, float) and math.isfinite(value) and abs(value) <= _EXACT


def _encodable_text(text: str) -> str:
    """The same text; halves of surrogate pairs, which no file holds, are replaced."""
    return text if encodable(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _fold_calls(calls: list[Any]) -> tuple[list[dict[str, Any]], bool]:
    """Calls as structs, and whether these say all that the calls do."""
    folded = []
    exact = True
    for call in calls:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        arguments = function.get("arguments")
        texts = [call.get("id"), call.get("type"), function.get("name"), arguments]
        exact = exact and call.keys() <= _CALL_KEYS and function.keys() <= _FUNCTION_KEYS
        exact = exact and all(text is None or (isinstance(text, str) and encodable(text)) for text in texts)
        if arguments is not None and not isinstance(arguments, str):
            texts[3] = json_text(arguments)
        safe = [text if isinstance(text, str) and encodable(text) else None for text in texts]
        folded.append({"id": safe[0], "type": safe[1], "function": {"name": safe[2], "arguments": safe[3]}})
    return folded, exact


def read_metadata(metadata: dict[bytes, bytes] | None) -> dict[str, Any] | None:
    """What Regrade said in a table's metadata; None if it is another's table.

    Raises:
        ValueError: the table was written by a version to come.
    """
    if not metadata or METADATA_KEY not in metadata:
        return None
    said = decode_any(metadata[METADATA_KEY])
    if not isinstance(said, dict) or "turns" not in said:
        return None
    if said.get("version", 0) > SCHEMA_VERSION:
        raise ValueError("written by a newer Regrade")
    return said


def unfold_row(row: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """A row of such a table as it was before: nulls are absent, JSON text is what it says.

    Args:
        row: The row, as Arrow gives it.
        said: What `read_metadata` gives.
    """
    result: dict[str, Any] = {}
    texts = said["json"]
    turns = said["turns"]
    for name, value in row.items():
        if value is None or name == said["extra"]:
            continue
        if name in turns:
            result[name] = [unfold(turn, *turns[name]) for turn in value]
        else:
            result[name] = decode_any(value.encode()) if name in texts else value
    if extra := row.get(said["extra"]):
        result.update(decode_any(extra.encode()))
    return result


def unfold(turn: dict[str, Any], role: str = "role", content: str = "content") -> dict[str, Any]:
    """A message of a struct of the schema."""
    message: dict[str, Any] = {role: turn[role], content: turn[content]}
    if turn["parts"] is not None:
        message[content] = decode_any(turn["parts"].encode())
    if turn["tool_calls"] is not None:
        message["tool_calls"] = [_without_nulls(call) for call in turn["tool_calls"]]
    for key in ("name", "tool_call_id", "weight"):
        if turn[key] is not None:
            message[key] = turn[key]
    if turn[EXTRA] is not None:
        message.update(decode_any(turn[EXTRA].encode()))
    return message


def _without_nulls(call: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in call.items() if value is not None}
    if "function" in kept:
        kept["function"] = {key: value for key, value in kept["function"].items() if value is not None}
    return kept


def columns_named(schema: TableSchema) -> Iterable[str]:
    """The names of the columns, the last included."""
    return (*(column.name for column in schema.columns), schema.extra)
