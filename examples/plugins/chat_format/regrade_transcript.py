"""The chat format ``transcript``: a conversation in one text, with a line for each turn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from regrade.plugins import ChatFormat, ChatRowError, Conversation, Message, Written, register

_TURN = re.compile(r"^([A-Za-z]+): ", re.MULTILINE)


@register("chat_format", "transcript")
class Transcript(ChatFormat):
    """A column ``transcript``, in which each turn begins with who speaks."""

    title = "transcript"
    shape = '{"transcript": "User: Hi!\\nAssistant: Hello."}'
    writes = True

    def could(self, columns: frozenset[str]) -> bool:
        return "transcript" in columns

    def matches(self, row: Mapping[str, Any]) -> str | None:
        text = row.get("transcript")
        return "`transcript` begins with who speaks" if isinstance(text, str) and _TURN.match(text) else None

    def to_messages(self, row: Mapping[str, Any]) -> Conversation:
        _, *parts = _TURN.split(row["transcript"])
        messages: list[Message] = [
            {"role": self.roles.role(name), "content": text.removesuffix("\n")}
            for name, text in zip(parts[::2], parts[1::2], strict=True)
        ]
        return Conversation(messages, {name: value for name, value in row.items() if name != "transcript"})

    def from_messages(self, conversation: Conversation) -> Written:
        lines, losses = [], []
        for message in conversation.messages:
            content = message.get("content")
            if not isinstance(content, str):
                raise ChatRowError("a message that is not text cannot be written as a transcript")
            if set(message) - {"role", "content"}:
                losses.append("what a message holds besides its text")
            if _TURN.search(content):
                losses.append("a line that looks like a turn")
            lines.append(f"{str(message['role']).capitalize()}: {content}")
        return Written({**conversation.columns, "transcript": "\n".join(lines)}, sorted(set(losses)))
