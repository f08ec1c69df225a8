"""Lists of turns stored as JSON text."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from functools import cached_property
from typing import TYPE_CHECKING, Any

from regrade.chat.format import ChatFormat, Conversation
from regrade.chat.message import validate
from regrade.chat.row_error import ChatRowError
from regrade.chat.stored_text import decode_json_text
from regrade.chat.turns import COLUMNS
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.chat.recognise import Recogniser


@register("chat_format", "json-text")
class JsonText(ChatFormat):
    """A conversation of any other format whose list of turns is stored as JSON text, as CSV files and databases do."""

    title = "turns as JSON text"
    shape = 'messages: "[{\\"role\\": ...}]"'
    priority = 20

    def matches(self, row: Dict[str, Any]) -> str | None:
        name = self._column(row)
        return f"`{name}` holds JSON text" if name else None

    def could(self, columns: frozenset[str]) -> bool:
        return not columns.isdisjoint(COLUMNS)

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        name = self._column(row)
        if name is None:
            raise ChatRowError("no column holds JSON text")
        value = decode_json_text(row[name], name)
        if isinstance(value, dict):
            value = next((value[key] for key in COLUMNS if isinstance(value.get(key), list)), value)
        if not isinstance(value, list):
            raise ChatRowError(f"`{name}` is JSON text, but of no list")
        if not value:
            raise ChatRowError("the conversation is empty")
        opened = {**row, name: value}
        if name == "messages" and validate(value) is None and not row.get("system"):
            del opened[name]
            return Conversation(value, opened)
        return self._recogniser(opened).format.to_messages(opened)

    @cached_property
    def _recogniser(self) -> Recogniser:
        from regrade.chat.recognise import Recogniser

        return Recogniser(self.mapping)

    def _column(self, row: Dict[str, Any]) -> str | None:
        for name in COLUMNS:
            value = row.get(name)
            if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
                return name
        return None
