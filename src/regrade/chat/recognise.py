"""Which format one row is of."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from typing import Any, Final, NamedTuple, TypeAlias

from regrade.chat.format import ChatFormat
from regrade.chat.mapping import Mapping
from regrade.chat.message import kind_of
from regrade.chat.row_error import AmbiguousRowError, ChatRowError
from regrade.chat.turns import COLUMNS
from regrade.registry import iterate_registered

REMEMBERED: Final = 256
"""For so many sets of columns it is remembered which formats come into question."""

Quick: TypeAlias = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Converts a plain row, or gives None."""


class Recognised(NamedTuple):
    """A row's format.

    Attributes:
        name: The format's registered name.
        format: The format, with the user's roles.
        reason: Why it is that.
    """

    name: str
    format: ChatFormat
    reason: str


class Recogniser:
    """Finds the format of single rows, by content.

    Args:
        mapping: The user's; its roles hold for every format, its columns for none here.
    """

    def __init__(self, mapping: Mapping | None = None) -> None:
        roles = Mapping(roles=mapping.roles if mapping else {})
        formats = [(name, cls(roles)) for name, cls in iterate_registered("chat_format")]
        self._formats: list[tuple[str, ChatFormat]] = sorted(formats, key=lambda entry: -entry[1].priority)
        self._by_columns: dict[tuple[str, ...], list[tuple[str, ChatFormat]]] = {}

    def __call__(self, row: Dict[str, Any]) -> Recognised:
        """The format of a row.

        Raises:
            AmbiguousRowError: two formats have the same claim.
            ChatRowError: no format has any.
        """
        found: list[Recognised] = []
        columns = tuple(row)
        formats = self._by_columns.get(columns)
        if formats is None:
            names = frozenset(row)
            formats = [entry for entry in self._formats if entry[1].could(names)]
            if len(self._by_columns) < REMEMBERED:
                self._by_columns[columns] = formats
        for name, chat_format in formats:
            if found and chat_format.priority < found[0].format.priority:
                break
            if reason := chat_format.matches(row):
                found.append(Recognised(name, chat_format, reason))
        if not found:
            raise _unknown(row)
        if len(found) > 1:
            raise AmbiguousRowError(
                f"the row can be read as {' or as '.join(f'{one.name} ({one.reason})' for one in found)}",
                hint="say which columns hold the conversation: --columns prompt=NAME,completion=NAME, or messages=NAME",
                kind=f"ambiguous: {' or '.join(one.name for one in found)}",
            )
        return found[0]

    def quick(self, found: Recognised, columns: frozenset[str]) -> Quick | None:
        """The fast way to convert rows with ``columns``, one of which was found to be of a format.

        None where names do not tell: a row with these columns may be of another format, by what it holds.
        """
        ours = found.format
        if type(ours).quick is ChatFormat.quick:
            return None
        for name, other in self._formats:
            if other.priority < ours.priority:
                break
            if other is not ours and other.could(columns) and ours.plain_is(name, columns):
                return None
        return ours.quick


def _unknown(row: Dict[str, Any]) -> ChatRowError:
    for name in COLUMNS:
        if name not in row:
            continue
        value = row[name]
        if value in ([], {}, ""):
            return ChatRowError("the conversation is empty")
        if not isinstance(value, list | None):
            return ChatRowError(f"`{name}` is {kind_of(value)}")
    shown = ", ".join(str(name)[:40] for name in list(row)[:8]) + (", ..." if len(row) > 8 else "")
    if any(name in row and row[name] is None for name in COLUMNS):
        return ChatRowError("the conversation is null")
    return ChatRowError(
        f"no format of conversations has these columns: {shown or 'none'}",
        kind="of no known format",
        hint="say which columns hold what: --columns prompt=NAME,completion=NAME, or messages=NAME",
    )
