"""Converting one row: the complete way, which every row can go.

What the conversion does not touch stays the bytes that it is in the file: numbers of any size and precision, escapes,
the order of keys. A row that is messages already stays its line.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from regrade.chat.converter import Converter, write
from regrade.chat.format import REJECTED
from regrade.chat.row_error import ChatRowError
from regrade.files.json_lines import decode_any, kind_of

MESSAGES = "messages"

_fast = msgspec.json.Decoder().decode
_raw_columns = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder(enc_hook=str).encode
_ABSENT: Any = object()


class BadRow(Exception):
    """A row that cannot be converted.

    Attributes:
        kind: The reason without what differs from row to row.
        reason: The reason.
        hint: What to do about it.
    """

    def __init__(self, kind: str, reason: str, hint: str | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.hint = hint


class Converted(NamedTuple):
    """A row, converted.

    Attributes:
        row: Its columns.
        source: The columns that the row had before.
        raw: The same as bytes, where it came as JSON that can be cut up.
        line: The row's own line, if nothing had to be changed.
        turns: Its messages.
        tool_calls: The calls of tools in them.
        losses: What of the conversation the target cannot hold.
    """

    row: dict[str, Any]
    source: dict[str, Any]
    raw: dict[str, Raw] | None
    line: bytes | None
    turns: int
    tool_calls: int
    losses: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The row as a line of JSON, without newline."""
        return self.line if self.line is not None else encode_row(self)


class LineConverter:
    """The complete way, for the rows of one source.

    Args:
        converter: From the source's format to messages; None leaves rows as they are.
        target: Name of the format to write, if that is not messages.
        raw: Whether the bytes of columns are wanted even of rows that stay as they are.
    """

    def __init__(self, converter: Converter | None, target: str | None = None, *, raw: bool = False) -> None:
        self.converter = converter
        self.target = None if target == MESSAGES else target
        self.raw = raw

    def line(self, line: bytes) -> Converted:
        """Convert a line of JSON.

        Raises:
            BadRow: it is no row, or none that can be converted.
        """
        try:
            value = decode_any(line)
        except ValueError as error:
            reason = str(error)
            kind = reason.partition(":")[0].partition(" (")[0]
            raise BadRow(f"malformed: {kind}", reason) from None
        if not isinstance(value, dict):
            raise BadRow("malformed: no object", f"expected a JSON object, found {kind_of(value)}")
        return self.row(value, line)

    def row(self, value: dict[str, Any], line: bytes | None = None) -> Converted:
        """Convert a row.

        Args:
            value: Its columns.
            line: The JSON that they came from, if they did.

        Raises:
            BadRow: it cannot be converted.
        """
        try:
            row = self.converter.convert(value) if self.converter is not None else value
            messages = row.get(MESSAGES, ())
            turns = len(messages)
            calls = sum(len(message.get("tool_calls") or ()) for message in messages)
            losses: tuple[str, ...] = ()
            if self.target is not None:
                row, lost = write(row, self.target)
                losses = tuple(lost)
        except ChatRowError as error:
            raise BadRow(error.kind, error.what, error.hint) from None
        except RecursionError:
            raise BadRow("nested too deeply", "nested too deeply") from None
        if row is value and not self.raw:
            return Converted(row, value, None, line, turns, calls, losses)
        raw = None
        if line is not None:
            try:
                raw = _raw_columns(line)
            except (msgspec.MsgspecError, RecursionError):  # NaN and the like
                raw = None
        return Converted(place_columns(row, value), value, raw, line if row is value else None, turns, calls, losses)


def place_columns(row: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """The row with its new columns in the place of the first that they stand for."""
    new = [name for name in row if name not in source]
    if not new:
        return row
    result: dict[str, Any] = {}
    for name in source:
        if name in row:
            result[name] = row[name]
        elif new:
            result.update((one, row[one]) for one in new)
            new = []
    result.update((one, row[one]) for one in new)
    return result


def unchanged_bytes(converted: Converted, name: str) -> Raw | None:
    """The bytes of a column that is as it was; None if it was changed, or its bytes are not known."""
    if converted.raw is None or converted.row[name] is not converted.source.get(name, _ABSENT):
        return None
    return converted.raw.get(name)


def encode_row(converted: Converted) -> bytes:
    """A row as JSON, with the bytes of all that was not touched.

    Infinity and NaN, which JSON does not have, are written as Python writes and reads them; lone surrogates are
    escaped.
    """
    columns: dict[str, Any] = {}
    strict = True
    for name, value in converted.row.items():
        raw = unchanged_bytes(converted, name)
        if raw is None and strict and not finite(value):
            strict = False
        columns[name] = value if raw is None else raw
    if strict:
        try:
            return _encode(columns)
        except (UnicodeEncodeError, RecursionError, TypeError, ValueError):
            pass
    parts = (
        json.dumps(name).encode() + b":" + (bytes(value) if isinstance(value, Raw) else json_text(value).encode())
        for name, value in columns.items()
    )
    return b"{" + b",".join(parts) + b"}"


def json_text(value: Any) -> str:
    """A value as JSON text, whatever it holds: NaN, lone surrogates, numbers of any size, dates, bytes."""
    if finite(value):
        try:
            return _encode(value).decode()
        except (UnicodeEncodeError, RecursionError, TypeError, ValueError):
            pass
    return json.dumps(value, default=_plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=str)


def finite(value: Any) -> bool:
    """Whether a value holds no NaN and no infinity, which the fast encoder would make null of."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return True
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return all(map(finite, value))
    if kind is dict:
        return all(map(finite, value.values()))
    return True


__all__ = ["MESSAGES", "REJECTED", "BadRow", "Converted", "LineConverter", "encode_row", "finite", "json_text"]
