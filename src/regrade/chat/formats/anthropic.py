"""Anthropic messages."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, Final

from regrade.chat.format import REJECTED, ChatFormat, Conversation, Written
from regrade.chat.message import Message, kind_of
from regrade.chat.row_error import ChatRowError
from regrade.chat.stored_text import decode_json_text
from regrade.chat.tool_calls import json_text
from regrade.chat.turns import text_of, with_system, without
from regrade.registry import register

_OWN_BLOCKS: Final = frozenset(("tool_use", "tool_result", "thinking", "redacted_thinking"))


@register("chat_format", "anthropic")
class Anthropic(ChatFormat):
    """Messages of user and assistant whose content may be blocks (``tool_use``, ``tool_result``, ``thinking``,
    ``image``), with the system prompt in a column of its own. Calls and results become ``tool_calls`` and messages of
    the tool, thoughts ``reasoning_content``.
    """

    title = "Anthropic messages"
    shape = "system, messages: [{role, content: [{type: tool_use}]}]"
    priority = 40
    writes = True

    def matches(self, row: Dict[str, Any]) -> str | None:
        messages = row.get("messages")
        if not isinstance(messages, list) or not messages:
            return None
        if not all(isinstance(m, dict) and m.get("role") in ("user", "assistant") for m in messages):
            return None
        if any(map(_has_own_blocks, messages)):
            return "`messages` with Anthropic's blocks"
        if row.get("system") and isinstance(row["system"], str | list):
            return "`messages` of user and assistant beside `system`"
        return None

    def could(self, columns: frozenset[str]) -> bool:
        return "messages" in columns

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        turns = row.get("messages")
        if not isinstance(turns, list) or not turns:
            raise ChatRowError("the conversation is " + ("empty" if turns == [] else kind_of(turns)))
        messages: list[Message] = []
        for number, turn in enumerate(turns, 1):
            role = turn.get("role") if isinstance(turn, dict) else None
            if role not in ("user", "assistant"):
                raise ChatRowError(f"turn {number} is of neither user nor assistant")
            beside = {key: value for key, value in turn.items() if key not in ("role", "content")}
            content = turn.get("content")
            if isinstance(content, str):
                messages.append({"role": role, "content": content, **beside})
            elif isinstance(content, list) and content:
                messages += _asked(content, beside) if role == "assistant" else _told(content, beside)
            else:
                raise ChatRowError(f"turn {number}: what is said is {kind_of(content)}", kind="a turn is empty")
        return Conversation(with_system(messages, row.get("system")), without(row, "messages", "system"))

    def from_messages(self, conversation: Conversation) -> Written:
        columns = dict(conversation.columns)
        if columns.pop(REJECTED, None) is not None:
            raise ChatRowError("Anthropic messages hold no preference")
        if columns.get("system") is not None:
            raise ChatRowError("the row has a column `system` of its own")
        losses: list[str] = []
        messages = list(conversation.messages)
        system: Any = None
        if messages[0]["role"] == "system" and len(messages) > 1 and len(messages[0]) == 2 and messages[0]["content"]:
            system = messages.pop(0)["content"]
        turns: list[Message] = []
        for message in messages:
            turn = _turn(message, losses)
            results = message["role"] == "tool"
            if results and turns and turns[-1]["role"] == "user" and _only_results(turns[-1]):
                turns[-1]["content"] += turn["content"]
            else:
                turns.append(turn)
        row = {**columns, **({"system": system} if system is not None else {}), "messages": turns}
        return Written(row, list(dict.fromkeys(losses)))


def _has_own_blocks(message: Message) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(
        isinstance(block, dict)
        and (
            block.get("type") in _OWN_BLOCKS
            or (block.get("type") in ("image", "document") and isinstance(block.get("source"), dict))
        )
        for block in content
    )


def _blocks(content: list[Any]) -> list[dict[str, Any]]:
    for block in content:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise ChatRowError("a block has no type")
    return content


def _said(parts: list[dict[str, Any]]) -> Any:
    """A message's content of its parts: a text where there is one and nothing besides."""
    if not parts:
        return None
    plain = len(parts) == 1 and parts[0]["type"] == "text" and len(parts[0]) == 2
    return parts[0]["text"] if plain else parts


def _asked(content: list[Any], beside: dict[str, Any]) -> list[Message]:
    """The assistant's message of its blocks."""
    calls: list[dict[str, Any]] = []
    thoughts: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for block in _blocks(content):
        if block["type"] == "tool_use":
            if not isinstance(block.get("name"), str):
                raise ChatRowError("a block of tool_use has no name")
            arguments = json_text(block.get("input") or {})
            call = {"id": block.get("id"), "type": "function"}
            calls.append({**call, "function": {"name": block["name"], "arguments": arguments}})
        elif block["type"] in ("thinking", "redacted_thinking"):
            thoughts.append(block)
        else:
            parts.append(_part(block))
    message: Message = {"role": "assistant", "content": _said(parts)}
    if thoughts:
        message["reasoning_content"] = "\n".join(str(block.get("thinking", "")) for block in thoughts)
        if any(block.keys() - {"type", "thinking"} for block in thoughts):
            message["thinking_blocks"] = thoughts  # signatures, and what is encrypted
    if calls:
        message["tool_calls"] = calls
    return [{**message, **beside}]


def _told(content: list[Any], beside: dict[str, Any]) -> list[Message]:
    """The messages of a user's turn: the tools' results, then what the user says."""
    messages: list[Message] = []
    parts: list[dict[str, Any]] = []
    for block in _blocks(content):
        if block["type"] != "tool_result":
            parts.append(_part(block))
            continue
        if parts:
            messages.append({"role": "user", "content": _said(parts)})
            parts = []
        result = block.get("content")
        if isinstance(result, list) and result:
            result = _said([_part(part) for part in _blocks(result)])
        elif not result:
            result = ""
        more = {key: value for key, value in block.items() if key not in ("type", "tool_use_id", "content")}
        call_id = {"tool_call_id": block["tool_use_id"]} if block.get("tool_use_id") else {}
        messages.append({"role": "tool", "content": text_of(result), **call_id, **more})
    if parts:
        messages.append({"role": "user", "content": _said(parts), **beside})
    elif beside:
        messages[-1] |= beside
    return messages


def _part(block: dict[str, Any]) -> dict[str, Any]:
    """A content part of a block; images become links, anything else stays as it is."""
    source = block.get("source")
    if block["type"] != "image" or not isinstance(source, dict):
        return block
    beside = {key: value for key, value in block.items() if key not in ("type", "source")}
    if source.get("type") == "base64":
        link = f"data:{source.get('media_type')};base64,{source.get('data')}"
        return {"type": "image_url", "image_url": {"url": link}, **beside}
    if source.get("type") == "url":
        return {"type": "image_url", "image_url": {"url": source.get("url")}, **beside}
    return block


def _only_results(turn: Message) -> bool:
    return isinstance(turn["content"], list) and all(block.get("type") == "tool_result" for block in turn["content"])


def _turn(message: Message, losses: list[str]) -> Message:
    """A message as Anthropic writes it; what does not come back the same goes to ``losses``."""
    role = message["role"]
    beside = {key: value for key, value in message.items() if key not in ("role", "content")}
    content = message.get("content")
    if role in ("system", "developer"):
        losses.append(f"a message of the {role} beside the system prompt (it becomes the user's)")
        return {"role": "user", "content": content, **beside}
    blocks = _written_parts(content, losses)
    if role == "tool":
        call_id = beside.pop("tool_call_id", None)
        if call_id is None:
            losses.append("results of tools without the id of their call")
        inner: Any = content if isinstance(content, str) else blocks
        return {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call_id, "content": inner, **beside}],
        }
    if role == "user":
        return {"role": "user", "content": content if isinstance(content, str) else blocks, **beside}
    thought = beside.pop("reasoning_content", None)
    signed = beside.pop("thinking_blocks", None)
    calls = beside.pop("tool_calls", None) or []
    thoughts = signed or ([{"type": "thinking", "thinking": thought}] if thought is not None else [])
    if not thoughts and not calls:
        if content is None:
            losses.append("an answer without content")
        return {"role": "assistant", "content": blocks if isinstance(content, list) else content or "", **beside}
    return {"role": "assistant", "content": [*thoughts, *blocks, *(_use(call, losses) for call in calls)], **beside}


def _use(call: dict[str, Any], losses: list[str]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            value = decode_json_text(arguments, "arguments")
        except ChatRowError:
            value = None
        if not isinstance(value, dict):
            raise ChatRowError("Anthropic holds no call whose arguments are no JSON object")
        if json_text(value) != arguments:
            losses.append("the spacing of the arguments of tool calls")
        arguments = value
    else:
        losses.append("arguments of tool calls come back as JSON text")
    return {"type": "tool_use", "id": call.get("id"), "name": function["name"], "input": arguments or {}}


def _written_parts(content: Any, losses: list[str]) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        losses.append("contents of a single part (they come back as text)")
    return [_written_part(part) for part in content or ()]


def _written_part(part: dict[str, Any]) -> dict[str, Any]:
    link = part.get("image_url") if part.get("type") == "image_url" else None
    if not isinstance(link, dict) or link.keys() != {"url"} or not isinstance(link["url"], str):
        return part
    beside = {key: value for key, value in part.items() if key not in ("type", "image_url")}
    kind, comma, data = link["url"].partition(";base64,")
    if comma and kind.startswith("data:"):
        source = {"type": "base64", "media_type": kind.removeprefix("data:"), "data": data}
    else:
        source = {"type": "url", "url": link["url"]}
    return {"type": "image", "source": source, **beside}
