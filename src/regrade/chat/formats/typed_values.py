"""Messages whose parts are type and value: LLaMA-Factory's second version."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, Final

from regrade.chat.format import REJECTED, ChatFormat, Conversation
from regrade.chat.message import Message, kind_of
from regrade.chat.row_error import ChatRowError
from regrade.chat.tool_calls import CallIds, calls_of
from regrade.registry import register

_COLUMNS: Final = ("messages", "chosen_messages", "rejected_messages")
_LINKED: Final = ("image_url", "video_url", "audio_url")


@register("chat_format", "typed-values")
class TypedValues(ChatFormat):
    """Messages with parts such as ``{type: text, value}``, ``image_url``, ``reasoning``, ``tool_call`` and ``tools``;
    a preference has ``chosen_messages`` and ``rejected_messages``. Reasoning becomes ``reasoning_content``, tools
    declared in a message the column ``tools``.
    """

    title = "parts of type and value (LLaMA-Factory v1)"
    shape = "messages: [{role, content: [{type, value}]}]"
    priority = 60

    def matches(self, row: Dict[str, Any]) -> str | None:
        for name in _COLUMNS:
            value = row.get(name)
            if isinstance(value, list) and any(map(_has_values, value[:3])):
                return f"`{name}` with parts of type and value"
        return None

    def could(self, columns: frozenset[str]) -> bool:
        return not columns.isdisjoint(_COLUMNS)

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        columns = dict(row)
        tools: list[Any] = []
        if row.get("messages") is not None:
            return Conversation(self._read(columns.pop("messages"), tools), self._with_tools(columns, tools))
        columns.pop("messages", None)
        messages = self._read(columns.pop("chosen_messages", None), tools)
        rejected = self._read(columns.pop("rejected_messages", None), [])
        return Conversation(messages, {**self._with_tools(columns, tools), REJECTED: rejected})

    def _with_tools(self, columns: dict[str, Any], tools: list[Any]) -> dict[str, Any]:
        if not tools:
            return columns
        if len(tools) > 1 or columns.get("tools") not in (None, "", tools[0]):
            raise ChatRowError("tools are declared more than once")
        return {**columns, "tools": tools[0]}

    def _read(self, turns: Any, tools: list[Any]) -> list[Message]:
        if not isinstance(turns, list) or not turns:
            raise ChatRowError("the conversation is " + ("empty" if turns == [] else kind_of(turns)))
        ids = CallIds()
        messages: list[Message] = []
        for number, turn in enumerate(turns, 1):
            if not isinstance(turn, dict):
                raise ChatRowError(f"turn {number}: expected an object, found {kind_of(turn)}")
            message: Message = {"role": self.roles.role(turn.get("role"), f"turn {number}"), "content": None}
            beside = {key: value for key, value in turn.items() if key not in ("role", "content")}
            message |= _opened(turn.get("content"), ids, tools)
            if message["role"] == "tool":
                call_id = ids.match_result(beside.get("name"), beside.pop("tool_call_id", None))
                message |= {"tool_call_id": call_id} if call_id else {}
            else:
                ids.end_turn()
                ids.remember_calls(message.get("tool_calls"))
            messages.append({**message, **beside})
        return messages


def _has_values(turn: Any) -> bool:
    content = turn.get("content") if isinstance(turn, dict) else None
    return (
        isinstance(content, list)
        and bool(content)
        and isinstance(content[0], dict)
        and content[0].get("value") is not None
        and isinstance(content[0].get("type"), str)
    )


def _opened(content: Any, ids: CallIds, tools: list[Any]) -> Message:
    """A message's content, reasoning and calls of its parts; tools that it declares go to ``tools``."""
    if isinstance(content, str):
        return {"content": content}
    if not isinstance(content, list):
        raise ChatRowError(f"what is said is {kind_of(content)}")
    parts: list[dict[str, Any]] = []
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str):
            raise ChatRowError("a part of what is said has no type")
        value = part.get("value")
        if kind in ("tool_call", "tool_calls"):
            calls += calls_of(value, ids)
        elif kind == "tools":
            tools.append(value)
        elif value is None:
            parts.append(part)
        elif kind == "text":
            parts.append({"type": "text", "text": _text(value, kind), **_beside(part)})
        elif kind == "reasoning":
            thoughts.append(_text(value, kind))
        elif kind in _LINKED:
            link = value if isinstance(value, dict) else {"url": value}
            parts.append({"type": kind, kind: link, **_beside(part)})
        else:
            parts.append(part)
    return _message(parts, thoughts, calls)


def _message(parts: list[dict[str, Any]], thoughts: list[str], calls: list[dict[str, Any]]) -> Message:
    plain = len(parts) == 1 and parts[0]["type"] == "text" and len(parts[0]) == 2
    said: Any = parts[0]["text"] if plain else parts or None
    message: Message = {"content": said}
    if thoughts:
        message["reasoning_content"] = "\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    return message


def _text(value: Any, kind: str) -> str:
    if not isinstance(value, str):
        raise ChatRowError(f"a part of type {kind} is {kind_of(value)}")
    return value


def _beside(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in ("type", "value")}
