"""Lists of texts, user and assistant in turn."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, Final

from regrade.chat.format import ChatFormat, Conversation
from regrade.chat.message import Message
from regrade.chat.row_error import ChatRowError
from regrade.chat.turns import COLUMNS, with_system, without
from regrade.registry import register

_COLUMNS: Final = (*COLUMNS, "data")


@register("chat_format", "plain-turns")
class PlainTurns(ChatFormat):
    """A list of texts: the user says the first, the assistant the second, and so on. ``turns`` beside ``question_id``
    is none, because in MT-Bench's questions the user says them all.
    """

    title = "texts in turn"
    shape = "conversation: [text, text]"
    priority = 15

    def matches(self, row: Dict[str, Any]) -> str | None:
        name = self._column(row)
        return f"`{name}` of texts in turn" if name else None

    def could(self, columns: frozenset[str]) -> bool:
        return not columns.isdisjoint(_COLUMNS)

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        name = self._column(row)
        if name is None:
            raise ChatRowError("no column holds texts in turn")
        messages: list[Message] = []
        for number, text in enumerate(row[name]):
            if not isinstance(text, str):
                raise ChatRowError(f"turn {number + 1} is no text", kind="a turn is no text")
            messages.append({"role": "assistant" if number % 2 else "user", "content": text})
        spoken = with_system(messages, row.get("system"))
        return Conversation(spoken, without(row, name, "system"))

    def _column(self, row: Dict[str, Any]) -> str | None:
        for name in _COLUMNS:
            value = row.get(name)
            if isinstance(value, list) and value and isinstance(value[0], str):
                return None if name == "turns" and "question_id" in row else name
        return None
