"""Alpaca: instruction, input, output."""

from __future__ import annotations

from typing import Any

from regrade.chat.format import REJECTED, Conversation, Written
from regrade.chat.formats.pairs import Pairs
from regrade.chat.message import Message
from regrade.chat.row_error import ChatRowError
from regrade.registry import register

_OWN = ("instruction", "input", "output", "history", "system")


@register("chat_format", "alpaca")
class Alpaca(Pairs):
    """``instruction`` with ``input`` (or Dolly's ``context``) on the next line, answered by ``output`` (or
    ``response``); ``history`` holds earlier pairs.
    """

    title = "Alpaca"
    shape = "instruction, input, output, [history], [system]"
    writes = True
    prompts = ("instruction",)
    inputs = ("input", "context")
    completions = ("output", "response")
    histories = ("history",)

    def from_messages(self, conversation: Conversation) -> Written:
        columns = dict(conversation.columns)
        messages = list(conversation.messages)
        losses: list[str] = []
        rejected = columns.pop(REJECTED, None)
        for name in _OWN:
            if columns.get(name) is not None:
                raise ChatRowError(f"the row has a column `{name}` of its own")
        row: dict[str, Any] = dict(columns)
        system = ""
        if messages[0]["role"] in ("system", "developer"):
            if messages[0]["role"] == "developer":
                losses.append("the role developer (it becomes system)")
            system = _text(messages.pop(0), losses)
            if not system:
                losses.append("an empty system prompt")
        pairs = _pairs(messages, losses)
        if pairs[-1][0] == "":
            losses.append("an empty prompt")
        row |= {"instruction": pairs[-1][0], "input": "", "output": pairs[-1][1]}
        if rejected is not None:
            if rejected[:-1] != conversation.messages[:-1]:
                raise ChatRowError("Alpaca holds a preference between single answers only")
            row |= {"chosen": row.pop("output"), "rejected": _text(rejected[-1], losses)}
        row |= {"history": pairs[:-1], "system": system}
        return Written(row, list(dict.fromkeys(losses)))


def _pairs(messages: list[Message], losses: list[str]) -> list[list[str]]:
    """The turns, each a prompt and its answer."""
    pairs: list[list[str]] = []
    for message in messages:
        text = _text(message, losses)
        if message["role"] == "user" and (not pairs or len(pairs[-1]) == 2):
            pairs.append([text])
        elif message["role"] == "assistant" and pairs and len(pairs[-1]) == 1:
            pairs[-1].append(text)
        else:
            raise ChatRowError(
                "Alpaca holds turns of user and assistant, one after the other, and nothing else",
                kind="turns that Alpaca cannot hold",
            )
    if not pairs or len(pairs[-1]) == 1:
        raise ChatRowError("Alpaca holds no conversation without an answer at its end")
    return pairs


def _text(message: dict[str, Any], losses: list[str]) -> str:
    if beside := [key for key, value in message.items() if key not in ("role", "content") and value is not None]:
        if message.get("tool_calls"):
            raise ChatRowError("Alpaca holds no calls of tools")
        losses.append(f"keys of messages ({', '.join(sorted(beside))})")
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(part.get("type") == "text" for part in content):
        losses.append("contents in parts (they become one text)")
        return "".join(part["text"] for part in content)
    raise ChatRowError("Alpaca holds texts only")
