"""Turns that follow each other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from regrade.chat.message import Message

BETWEEN: Final = "\n\n"
"""What stands between the texts of turns that are merged."""

_MERGED_ROLES: Final = ("system", "developer", "user", "assistant")
_MERGED_KEYS: Final = frozenset(("role", "content", "tool_calls"))


def merge_same_roles(messages: list[Message]) -> list[Message]:
    """One message for messages of the same role in a row; the list itself where there are none.

    Texts are joined by a blank line, parts and calls of tools are put together. Results of tools stay as they are, and
    so do messages that differ in anything else (a name, a weight).
    """
    if not any(first["role"] == second["role"] != "tool" for first, second in pairwise(messages)):
        return messages
    result: list[Message] = []
    for message in messages:
        if result and _may_merge(result[-1], message):
            result[-1] = _merge(result[-1], message)
        else:
            result.append(message)
    return result


def _may_merge(first: Message, second: Message) -> bool:
    if first["role"] != second["role"] or first["role"] not in _MERGED_ROLES:
        return False
    beside = (first.keys() | second.keys()) - _MERGED_KEYS
    return all(first.get(key) == second.get(key) for key in beside)


def _merge(first: Message, second: Message) -> Message:
    contents: list[Any] = [
        message.get("content") for message in (first, second) if message.get("content") not in (None, "")
    ]
    content: Any
    if any(isinstance(one, list) for one in contents):
        content = [
            part for one in contents for part in ([{"type": "text", "text": one}] if isinstance(one, str) else one)
        ]
    elif contents:
        content = BETWEEN.join(contents)
    else:
        content = first.get("content") if first.get("content") is not None else second.get("content")
    calls = [*(first.get("tool_calls") or ()), *(second.get("tool_calls") or ())]
    return {**first, **second, "content": content, **({"tool_calls": calls} if calls else {})}


def out_of_turn(messages: list[Message]) -> str | None:
    """Say where user and assistant do not take turns, or None if they do.

    After the system's messages the user speaks, then the assistant; results of tools stand between two messages of the
    assistant.
    """
    expected: tuple[str, ...] = ("user",)
    for number, message in enumerate(messages, 1):
        role = message["role"]
        if role in ("system", "developer"):
            if number > 1 and messages[number - 2]["role"] not in ("system", "developer"):
                return f"message {number} is of the {role}, in the middle of the conversation"
            continue
        if role not in expected:
            return f"message {number} is of the {role}, where {' or '.join(expected)} was expected"
        if role == "user":
            expected = ("assistant",)
        elif role == "tool":
            expected = ("tool", "assistant")
        else:
            expected = ("tool",) if message.get("tool_calls") else ("user",)
    return None
