"""From rows of any chat format to messages, and from messages to other formats."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import msgspec

from regrade.chat.alternation import merge_same_roles, out_of_turn
from regrade.chat.detection import Detection
from regrade.chat.format import REJECTED, ChatFormat, Conversation, Written
from regrade.chat.mapping import Mapping
from regrade.chat.recognise import REMEMBERED, Quick, Recogniser
from regrade.chat.row_error import ChatRowError, unreadable
from regrade.errors import InputError, UsageError
from regrade.registry import iterate_registered, lookup

MESSAGES: Final = "messages"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How strict a conversion is.

    Attributes:
        merge_turns: Make one message of messages of the same role that follow each other.
        require_alternation: Refuse conversations in which user and assistant do not take turns, the user first.
    """

    merge_turns: bool = False
    require_alternation: bool = False


class Converter:
    """Converts the rows of one source. Picklable, and cheap to make in each process.

    What becomes of a row depends on that row, the mapping and the options, and on nothing else: rows of several formats
    may stand in one source in any order.

    Args:
        source: What `detect` found, or the registered name of a format that rows are taken for wherever they match, or
            None: each row is recognised by itself.
        mapping: What the user said; by default the detection's.
        options: How strict to be.

    Attributes:
        format: Registered name of the source's format.
        counts: How many rows were converted, by the name of their format.

    Raises:
        InputError: the detection found a problem.
        RecipeError: no format has that name.
    """

    def __init__(
        self, source: Detection | str | None = None, mapping: Mapping | None = None, options: Options | None = None
    ) -> None:
        if isinstance(source, Detection):
            self.mapping = mapping or source.require_convertible().mapping
            self.format = self.mapping.chat_format or source.format
        else:
            self.mapping = mapping or Mapping()
            if source is not None:
                self.mapping = msgspec.structs.replace(self.mapping, format=source)
            self.format = self.mapping.chat_format
        self.options = options or Options()
        self.counts: Counter[str] = Counter()
        asked = self.mapping.chat_format
        self._given: ChatFormat | None = lookup("chat_format", asked)(self.mapping) if asked else None
        self._recogniser = Recogniser(self.mapping)
        self._quick: dict[tuple[str, ...], tuple[str, Quick]] = {}
        self._plain = not (self.options.merge_turns or self.options.require_alternation)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_converter, (self.format, self.mapping, self.options))

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row as messages, every other column kept; ``row`` itself if it holds messages already.

        The row that is given is never changed; what is returned may share values with it.

        Raises:
            ChatRowError: the row cannot be converted.
        """
        try:
            known = self._quick.get(tuple(row))
            converted = None
            if known is not None:
                name, quick = known
                converted = quick(row)
            if converted is None:
                name, converted = self._look(row)
        except Exception as error:  # whatever a row holds, it costs that row only
            if not isinstance(row, dict):
                raise ChatRowError("the row is no object") from None
            raise unreadable(error) from None
        if not self._plain:
            converted = self._in_turn(converted)
        self.counts[name] += 1
        return converted

    def to(self, target: str, row: dict[str, Any]) -> Written:
        """Convert a row and write it in another format.

        Args:
            target: Registered name of a format that can be written (`targets`).
            row: A row of the source.

        Returns:
            The row in that format, and what of the conversation it cannot hold.

        Raises:
            ChatRowError: the row cannot be converted, or the format can hold nothing of it.
            UsageError: the format is unknown or read only.
        """
        return write(self.convert(row), target)

    def _look(self, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Find a row's format and convert it."""
        if not isinstance(row, dict):
            raise ChatRowError("the row is no object")
        columns = tuple(row)
        if self._given is not None and self.format is not None and self._given.matches(row):
            if len(self._quick) < REMEMBERED:
                self._quick[columns] = self.format, self._given.quick
            return self.format, self._given.convert(row)
        try:
            found = self._recogniser(row)
        except ChatRowError as error:
            if self._given is None or error.hint is None:
                raise
            self._given.convert(row)  # says what is wrong with the columns that the user named
            raise
        if columns not in self._quick and len(self._quick) < REMEMBERED and self._given is None:
            quick = self._recogniser.quick(found, frozenset(row))
            if quick is not None:
                self._quick[columns] = found.name, quick
        return found.name, found.format.convert(row)

    def _in_turn(self, converted: dict[str, Any]) -> dict[str, Any]:
        for name in (MESSAGES, REJECTED):
            messages = converted.get(name)
            if messages is None:
                continue
            if self.options.merge_turns and (shorter := merge_same_roles(messages)) is not messages:
                messages = shorter
                converted = {**converted, name: messages}
            if self.options.require_alternation and (reason := out_of_turn(messages)):
                raise ChatRowError(reason, kind="user and assistant do not take turns", hint="--merge-turns may help")
        return converted


def _converter(chat_format: str | None, mapping: Mapping, options: Options) -> Converter:
    converter = Converter(None, mapping, options)
    converter.format = chat_format
    return converter


def targets() -> list[str]:
    """The names of the formats that can be written."""
    return [name for name, cls in iterate_registered("chat_format") if cls.writes]


def write(converted: dict[str, Any], target: str) -> Written:
    """Write a converted row in another format.

    Raises:
        ChatRowError: that format can hold nothing of it.
        UsageError: the format is unknown or read only.
    """
    writer = _writers.get(target)
    if writer is None:
        if target not in targets():
            raise UsageError(
                f"no format {target!r} can be written", where="--to", hint=f"one of {', '.join(targets())}"
            )
        writer = _writers[target] = lookup("chat_format", target)()
    if target == MESSAGES:
        return Written(converted, [])
    columns = {name: value for name, value in converted.items() if name != MESSAGES}
    return writer.from_messages(Conversation(converted[MESSAGES], columns))


_writers: dict[str, ChatFormat] = {}

__all__ = ["ChatRowError", "Converter", "InputError", "Options", "targets", "write"]
