"""Decoders made to measure for the rows that most rows of a file are like.

In nearly every file nearly every row has the same columns and a conversation of turns of two keys. For these a typed
decoder is made from rows spread through the file: it takes a block of lines in one call, finds the turns, checks their
roles, and leaves every text and every other column the bytes that they are in the file. A line that is in any way
unlike fails and goes the complete way (`regrade.chat.convert.lines`); which way a line takes depends on the line alone.

Renaming costs nothing: a turn is decoded as one class, whose keys and role are the file's, and becomes one of another
class with the same memory layout, whose keys and role are those of messages.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from regrade.chat.converter import Converter
from regrade.chat.recognise import Recogniser
from regrade.chat.roles import RoleTable
from regrade.chat.row_error import ChatRowError
from regrade.files.json_lines import decode_any

MOST_COLUMNS: Final = 200
_QUOTE: Final = ord('"')
_PIECE: Final = 8192
_SIMPLE_ROLES: Final = ("system", "developer", "user", "assistant")
_PAIRS: Final = (
    ("role", "content"),
    ("from", "value"),
    ("role", "value"),
    ("speaker", "text"),
    ("author", "utterance"),
)
_MESSAGES: Final = "messages"
_SYSTEM: Final = "system"

_encode_lines = msgspec.json.Encoder().encode_lines
_utf8 = codecs.getincrementaldecoder("utf-8")


def check_utf8(data: bytes | bytearray) -> None:
    """Raise UnicodeDecodeError for what is not UTF-8; in pieces, because larger texts do not fit the cache."""
    if data.isascii():
        return
    decode = _utf8().decode
    for place in range(0, len(data), _PIECE):
        decode(data[place : place + _PIECE])
    decode(b"", True)


class Shape(NamedTuple):
    """What regular rows look like.

    Attributes:
        column: The column of the turns.
        role: The key of a turn that says who speaks.
        content: The key that holds what is said.
        columns: All columns, in the order of their first appearance; ``column`` is among them.
        roles: From a role's name in the file to a role of messages.
    """

    column: str
    role: str
    content: str
    columns: tuple[str, ...]
    roles: dict[str, str]

    @property
    def untouched(self) -> bool:
        """Whether such rows are messages already."""
        return (self.column, self.role, self.content) == (_MESSAGES, "role", "content") and all(
            name == role for name, role in self.roles.items()
        )


def shape_of(rows: Sequence[Any], converter: Converter) -> Shape | None:
    """The shape that most of these decoded rows have; None if no decoder can be made for them."""
    if converter.options.merge_turns or converter.options.require_alternation:
        return None
    if converter.format not in ("sharegpt", "messages"):
        return None
    columns = {name: None for row in rows if isinstance(row, dict) for name in row}
    found = _count_turns(rows)
    wanted = _MESSAGES if converter.format == _MESSAGES else converter.mapping.columns.get(_MESSAGES)
    likely = [key for key in found if wanted is None or key[0] == wanted]
    if not likely or len(columns) > MOST_COLUMNS or not all(map(_nameable, columns)):
        return None
    column, role, content = max(likely, key=lambda key: found[key])
    if column != _MESSAGES:
        columns.pop(_MESSAGES, None)  # beside another column of turns: not regular
    spoken = RoleTable(converter.mapping.roles).spoken
    roles = {name: meant for name, meant in spoken.items() if meant in _SIMPLE_ROLES and _nameable(name)}
    if converter.format == _MESSAGES:
        roles = {name: name for name in _SIMPLE_ROLES}
    if not converter.mapping.chat_format and not _claimed_by_no_other(converter, rows, frozenset(columns)):
        return None
    return Shape(column, role, content, tuple(columns), roles) if roles else None


def _count_turns(rows: Sequence[Any]) -> dict[tuple[str, str, str], int]:
    """How many rows have turns of two fields, by column and the names of role and content."""
    found: dict[tuple[str, str, str], int] = {}
    for row in rows:
        for column, value in row.items() if isinstance(row, dict) else ():
            if isinstance(value, list) and value and isinstance(value[0], dict) and len(value[0]) == 2:
                for role, content in _PAIRS:
                    if role in value[0] and content in value[0]:
                        found[column, role, content] = found.get((column, role, content), 0) + 1
    return found


def _claimed_by_no_other(converter: Converter, rows: Sequence[Any], columns: frozenset[str]) -> bool:
    """Whether rows with these columns, or some of them, are of the converter's format whatever they hold."""
    recogniser = Recogniser(converter.mapping)
    for row in rows:
        try:
            found = recogniser(row)
        except (ChatRowError, TypeError, RecursionError):
            continue
        if found.name == converter.format:
            return recogniser.quick(found, columns) is not None
    return False


def _nameable(name: str) -> bool:
    """Whether a typed decoder can have this key."""
    return not any(c in '"\\' or ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in name)


class RegularLines:
    """From JSON lines to JSON lines.

    Attributes:
        rows: How many rows the last call gave.
        turns: How many messages they have.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rows = 0
        self.turns = 0
        turn, self._decoded_turn = _turn_classes(shape, Raw)
        names = {f"c{number}": name for number, name in enumerate(shape.columns)}
        place = next(key for key, name in names.items() if name == shape.column)
        drops = next((key for key, name in names.items() if name == _SYSTEM), None) if not shape.untouched else None
        kinds: dict[str, Any] = dict.fromkeys(names, Raw | UnsetType)
        kinds = dict.fromkeys(names, Raw)
        kinds[place] = list[turn]  # type: ignore[valid-type]
        if drops:
            kinds[drops] = Literal[""] | UnsetType | None  # an empty system column goes, as the complete way has it
        fields = [(key, kinds[key], UNSET) for key in names]
        options: dict[str, Any] = {"gc": False, "forbid_unknown_fields": True}
        self._row = msgspec.defstruct("Row", fields, rename=names, **options)
        self._out = msgspec.defstruct("Out", fields, rename={**names, place: _MESSAGES}, **options)
        self._place = place
        self._drops = drops
        self._decode = msgspec.json.Decoder(self._row).decode_lines

    def __call__(self, block: bytes | bytearray) -> bytes | bytearray | None:
        """Convert a block of lines; None if any of them is not regular."""
        lines = block.count(b"\n")
        try:
            check_utf8(block)
            rows = self._decode(block)
            if len(rows) != lines:
                return None
            turns = self._count(rows) if self.shape.untouched else self._rename(rows)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError):
            return None
        if turns is None:
            return None
        self.rows = lines
        self.turns = turns
        return block if self.shape.untouched else _encode_lines(rows)

    def _count(self, rows: Sequence[Any]) -> int | None:
        """The turns of rows that stay as they are; None if one is not regular."""
        place, turns = self._place, 0
        for row in rows:
            messages = getattr(row, place)
            if not messages:
                return None
            turns += len(messages)
            for message in messages:
                if memoryview(message.content)[0] != _QUOTE:
                    return None
        return turns

    def _rename(self, rows: Sequence[Any]) -> int | None:
        """Have rows and turns written under other names; the number of turns, None if one is not regular."""
        place, out, drops, turns = self._place, self._out, self._drops, 0
        for row in rows:
            messages = getattr(row, place)
            if not messages:
                return None
            turns += len(messages)
            row.__class__ = out
            if drops is not None:
                setattr(row, drops, UNSET)
            for message in messages:
                if memoryview(message.content)[0] != _QUOTE:
                    return None
                message.__class__ = message.__class__.meant
        return turns


def _turn_classes(shape: Shape, content: Any) -> tuple[Any, list[type]]:
    """A union of one class per role as the file has it, each with the class of the message that it means."""
    classes: list[Any] = []
    options: dict[str, Any] = {"gc": False}
    by_role: dict[str, Any] = {}
    for number, (name, role) in enumerate(shape.roles.items()):
        if role not in by_role:
            by_role[role] = msgspec.defstruct(
                f"Message{len(by_role)}", [("content", content)], tag_field="role", tag=role, **options
            )
        classes.append(
            msgspec.defstruct(
                f"Turn{number}",
                [("content", content)],
                tag_field=shape.role,
                tag=name,
                rename={"content": shape.content},
                forbid_unknown_fields=True,
                namespace={"meant": by_role[role], "role": role},
                **options,
            )
        )
    union = classes[0]
    for one in classes[1:]:
        union = union | one
    return union, classes


def regular_lines(raw: Sequence[bytes], rows: Sequence[Any], converter: Converter) -> RegularLines | None:
    """A decoder for the lines of a file of which these are some, if one can be made that does what the converter does.

    Args:
        raw: Lines spread through the file, without their newlines.
        rows: The same, decoded.
        converter: The complete way. The decoder is tried on every line against it.
    """
    shape = shape_of(rows, converter)
    if shape is None:
        return None
    try:
        made = RegularLines(shape)
    except (TypeError, ValueError):
        return None
    hits = 0
    for line, row in zip(raw, rows, strict=True):
        ours = made(line + b"\n")
        if ours is None:
            continue
        hits += 1
        try:
            if decode_any(bytes(ours)) != converter.convert(row):
                return None
        except (ChatRowError, ValueError):
            return None
    return made if hits * 2 > len(raw) else None
