"""OpenAI messages."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any

from regrade.chat.format import ChatFormat, Conversation, Written
from regrade.chat.message import ROLES, validate
from regrade.chat.row_error import ChatRowError
from regrade.registry import register


@register("chat_format", "messages")
class OpenAIMessages(ChatFormat):
    """A column ``messages`` of role and content, with tool calls, parts and all else that OpenAI knows. Rows pass
    through untouched.
    """

    title = "OpenAI messages"
    shape = "messages: [{role, content}]"
    priority = 30
    writes = True

    def matches(self, row: Dict[str, Any]) -> str | None:
        if not self.roles.plain or validate(row.get("messages")):
            return None
        return "`messages` of role and content"

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        messages = row.get("messages")
        if reason := validate(messages):
            raise ChatRowError(reason, kind=reason.partition(": ")[2] or reason)
        columns = dict(row)
        return Conversation(columns.pop("messages"), columns)

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        if reason := validate(row.get("messages")):
            raise ChatRowError(reason, kind=reason.partition(": ")[2] or reason)
        return row

    def could(self, columns: frozenset[str]) -> bool:
        return "messages" in columns

    def quick(self, row: dict[str, Any]) -> dict[str, Any] | None:
        messages = row["messages"]
        try:
            for message in messages:
                if len(message) != 2 or type(message["content"]) is not str or message["role"] not in ROLES:
                    break
            else:
                return row if messages and type(messages) is list else None
            if validate(messages) is None and not any(isinstance(message.get("content"), list) for message in messages):
                return row
        except (TypeError, KeyError, IndexError):
            pass
        return None

    def plain_is(self, other: str, columns: frozenset[str]) -> bool:
        # Both have lists for contents, but for Anthropic's plain messages beside a system prompt.
        return other != "typed-values" and (other != "anthropic" or "system" in columns)

    def from_messages(self, conversation: Conversation) -> Written:
        return Written({**conversation.columns, "messages": conversation.messages}, [])
