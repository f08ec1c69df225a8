"""Columns of a table being filled, and the decoder made to measure that fills them."""

from __future__ import annotations

from itertools import accumulate, chain
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from regrade.chat.convert.lines import MESSAGES, Converted, json_text, unchanged_bytes
from regrade.chat.convert.regular import Shape, _turn_classes
from regrade.chat.convert.table_schema import EXTRA, Column, TableSchema, Unfit, fit_value

if TYPE_CHECKING:
    import pyarrow as pa

_INT = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_FLOAT = Annotated[float, Meta(ge=-(2.0**53), le=2.0**53)]
"""An integer that JSON gives for a number changes nothing up to here."""

_TYPES: dict[str, Any] = {"string": str, "int": _INT, "float": _FLOAT, "bool": bool}
_role = attrgetter("role")
_content = attrgetter("content")
_BESIDE = ("parts", "tool_calls", "name", "tool_call_id", "weight", EXTRA)


class Turns:
    """A column of conversations."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.sizes: list[int | None] = []
        self.roles: list[str] = []
        self.contents: list[str | None] = []
        self.beside: dict[int, dict[str, Any]] = {}

    def append(self, folded: Any) -> None:
        """Add a conversation as `fit_value` gives it."""
        if folded is None:
            self.sizes.append(None)
            return
        self.sizes.append(len(folded))
        for turn in folded:
            if len(turn) > 2 or "content" not in turn:
                self.beside[len(self.roles)] = turn
            self.roles.append(turn["role"])
            self.contents.append(turn.get("content"))

    def array(self) -> pa.Array:
        """All of them as an Arrow array."""
        import pyarrow as pa

        struct = self.column.arrow().value_type
        arrays = [pa.array(self.roles, pa.string()), pa.array(self.contents, pa.string())]
        count = len(self.roles)
        for number, name in enumerate(_BESIDE, 2):
            kind = struct.field(number).type
            if any(name in turn for turn in self.beside.values()):
                values: list[Any] = [None] * count
                for place, turn in self.beside.items():
                    values[place] = turn.get(name)
                arrays.append(pa.array(values, kind))
            else:
                arrays.append(pa.nulls(count, kind))
        inner = pa.StructArray.from_arrays(arrays, fields=[struct.field(n) for n in range(struct.num_fields)])
        offsets: list[int | None]
        if None in self.sizes:
            offsets = list(accumulate((size or 0 for size in self.sizes), initial=0))
            for place, size in enumerate(self.sizes):
                if size is None:
                    offsets[place] = None
        else:
            offsets = list(accumulate(self.sizes, initial=0))
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), inner, type=self.column.arrow())


class Filling:
    """The columns of a batch."""

    def __init__(self, schema: TableSchema) -> None:
        self.schema = schema
        self._arrow = schema.arrow()
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.rows = 0
        self.turns = {column.name: Turns(column) for column in self.schema.columns if column.kind == "turns"}
        self.values: dict[str, list[Any]] = {
            column.name: [] for column in self.schema.columns if column.kind != "turns"
        }
        self.extra: list[str | None] = []

    def append(self, converted: Converted) -> int:
        """Add a row that went the complete way; returns how many of its values went to the last column."""
        row = converted.row
        overflow: dict[str, str] = {}
        known = 0
        for column in self.schema.columns:
            name = column.name
            value = row.get(name)
            known += name in row
            stored = None
            if value is not None:
                raw = unchanged_bytes(converted, name)
                try:
                    if column.kind == "json" and raw is not None:
                        stored = bytes(raw).decode()
                    elif column.kind == "float" and raw is not None and value in (float("inf"), float("-inf")):
                        raise Unfit  # a number such as 1e400: the bytes say more than the value
                    else:
                        stored = fit_value(value, column)
                except (Unfit, UnicodeDecodeError):
                    overflow[name] = _text(value, raw)
            if column.kind == "turns":
                self.turns[name].append(stored)
            else:
                self.values[name].append(stored)
        if known < len(row):
            for name, value in row.items():
                if name not in self.values and name not in self.turns:
                    overflow[name] = _text(value, unchanged_bytes(converted, name))
        text = None
        if overflow:
            text = "{" + ",".join(f"{json_text(name)}:{value}" for name, value in overflow.items()) + "}"
        self.extra.append(text)
        self.rows += 1
        return len(overflow)

    def batch(self) -> pa.RecordBatch:
        """What was added, as a record batch; begins anew."""
        import pyarrow as pa

        arrays = []
        for column in self.schema.columns:
            if column.kind == "turns":
                arrays.append(self.turns[column.name].array())
            else:
                arrays.append(pa.array(self.values[column.name], column.arrow()))
        arrays.append(pa.array(self.extra, pa.string()) if any(self.extra) else pa.nulls(len(self.extra), pa.string()))
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._arrow)
        self.clear()
        return batch


def _text(value: Any, raw: Raw | None) -> str:
    """A value as JSON text, as it was written where that is known and can be read."""
    if raw is not None:
        try:
            return bytes(raw).decode()
        except UnicodeDecodeError:
            pass
    return json_text(value)


class RegularColumns:
    """From JSON lines of one shape to columns: whole blocks, in one call each.

    Attributes:
        rows: How many rows the last call gave.
        turns: How many messages they have.
    """

    def __init__(self, shape: Shape, schema: TableSchema) -> None:
        self.rows = 0
        self.turns = 0
        turn, _ = _turn_classes(shape, str)
        by_name = {column.name: column for column in schema.columns}
        self._texts: list[tuple[str, attrgetter[Any]]] = []
        self._plain: list[tuple[str, attrgetter[Any]]] = []
        fields: list[tuple[str, Any, Any]] = []
        names: dict[str, str] = {}
        for number, name in enumerate(shape.columns):
            key = f"c{number}"
            column = by_name.get(name)
            if name == shape.column:
                self._turns = attrgetter(key)
                fields.append((key, list[turn], None))  # type: ignore[valid-type]
            elif name == "system" and not shape.untouched:
                fields.append((key, Literal[""] | UnsetType | None, None))
            elif column is None or column.kind in ("turns", "other"):
                continue  # what is not known here goes the complete way
            elif column.kind == "json":
                fields.append((key, Raw, UNSET))
                self._texts.append((name, attrgetter(key)))
            elif column.kind == "list":
                element = _TYPES[column.of or "string"]
                fields.append((key, list[element | None] | None, None))  # type: ignore[valid-type]
                self._plain.append((name, attrgetter(key)))
            else:
                fields.append((key, _TYPES[column.kind] | None, None))
                self._plain.append((name, attrgetter(key)))
            names[key] = name
        used = {name for name, _ in (*self._texts, *self._plain)} | {MESSAGES}
        self._absent = [column.name for column in schema.columns if column.name not in used]
        row = msgspec.defstruct("Row", fields, rename=names, gc=False, forbid_unknown_fields=True)
        self._decode = msgspec.json.Decoder(row).decode_lines

    def __call__(self, block: bytes | bytearray, filling: Filling) -> bool:
        """Add a block of lines; False, and nothing added, if any of them is not regular."""
        try:
            rows = self._decode(block)
            if len(rows) != block.count(b"\n"):
                return False
            conversations = list(map(self._turns, rows))
            if not all(conversations):
                return False
            texts = {name: list(map(_raw_text, map(value, rows))) for name, value in self._texts}
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        count = len(rows)
        flat = list(chain.from_iterable(conversations))
        turns = filling.turns[MESSAGES]
        turns.sizes += map(len, conversations)
        turns.roles += map(_role, flat)
        turns.contents += map(_content, flat)
        for name, value in self._plain:
            filling.values[name] += map(value, rows)
        for name, found in texts.items():
            filling.values[name] += found
        for name in self._absent:
            if name in filling.values:
                filling.values[name] += [None] * count
            else:
                filling.turns[name].sizes += [None] * count
        filling.extra += [None] * count
        filling.rows += count
        self.rows = count
        self.turns = len(flat)
        return True


def _raw_text(raw: Any) -> str | None:
    if raw is UNSET:
        return None
    text = bytes(raw).decode()
    return None if text == "null" else text
