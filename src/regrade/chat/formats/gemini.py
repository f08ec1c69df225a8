"""Gemini contents and parts."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, Final

from regrade.chat.format import ChatFormat, Conversation
from regrade.chat.message import Message, kind_of
from regrade.chat.row_error import ChatRowError
from regrade.chat.tool_calls import CallIds, call_of, json_text
from regrade.chat.turns import with_system, without
from regrade.registry import register

_SYSTEMS: Final = ("systemInstruction", "system_instruction")


@register("chat_format", "gemini")
class Gemini(ChatFormat):
    """``contents`` of role (``user``, ``model``) and ``parts``, with ``systemInstruction`` beside. Function calls and
    responses become ``tool_calls`` and messages of the tool, thoughts ``reasoning_content``.
    """

    title = "Gemini contents"
    shape = "contents: [{role, parts: [{text}]}]"
    priority = 30

    def matches(self, row: Dict[str, Any]) -> str | None:
        contents = row.get("contents")
        if isinstance(contents, list) and contents and isinstance(contents[0], dict) and "parts" in contents[0]:
            return "`contents` of role and parts"
        return None

    def could(self, columns: frozenset[str]) -> bool:
        return "contents" in columns

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        contents = row.get("contents")
        if not isinstance(contents, list) or not contents:
            raise ChatRowError("the conversation is " + ("empty" if contents == [] else kind_of(contents)))
        ids = CallIds()
        messages: list[Message] = []
        for number, turn in enumerate(contents, 1):
            if not isinstance(turn, dict):
                raise ChatRowError(f"turn {number}: expected an object, found {kind_of(turn)}")
            role = self.roles.role(turn.get("role") or "user", f"turn {number}")
            beside = {key: value for key, value in turn.items() if key not in ("role", "parts")}
            read = _read(_parts(turn.get("parts"), number), role, ids)
            if not read:
                raise ChatRowError(f"turn {number} has no parts", kind="a turn has no parts")
            messages += [*read[:-1], {**read[-1], **beside}]
        name = next((name for name in _SYSTEMS if row.get(name)), None)
        system = _system(row[name]) if name else None
        return Conversation(with_system(messages, system), without(row, "contents", *_SYSTEMS))


def _parts(parts: Any, number: int) -> list[dict[str, Any]]:
    if isinstance(parts, str | dict):
        parts = [parts]
    if not isinstance(parts, list):
        raise ChatRowError(f"turn {number}: its parts are {kind_of(parts)}", kind="parts that are no list")
    found = [{"text": part} if isinstance(part, str) else part for part in parts]
    for part in found:
        if not isinstance(part, dict):
            raise ChatRowError(f"turn {number}: a part is {kind_of(part)}", kind="a part is no object")
    return found


def _read(parts: list[dict[str, Any]], role: str, ids: CallIds) -> list[Message]:
    """The messages of one turn: results of functions, then what is said and called."""
    results: list[Message] = []
    said: list[dict[str, Any]] = []
    thoughts: list[str] = []
    calls: list[dict[str, Any]] = []
    for part in parts:
        call = part.get("functionCall") or part.get("function_call")
        response = part.get("functionResponse") or part.get("function_response")
        if isinstance(call, dict):
            calls.append(call_of(call, ids))
        elif isinstance(response, dict):
            results.append(_result(response, ids))
        elif part.get("thought") is True and isinstance(part.get("text"), str):
            thoughts.append(part["text"])
        else:
            said.append(_part(part))
    if not (said or calls or thoughts):
        return results
    ids.end_turn()
    ids.remember_calls(calls)
    plain = len(said) == 1 and said[0]["type"] == "text" and len(said[0]) == 2
    message: Message = {"role": role, "content": said[0]["text"] if plain else said or None}
    if thoughts:
        message["reasoning_content"] = "\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    return [*results, message]


def _result(response: dict[str, Any], ids: CallIds) -> Message:
    name = response.get("name")
    given = response.get("id")
    call_id = ids.match_result(name if isinstance(name, str) else None, given if isinstance(given, str) else None)
    value = response.get("response")
    message: Message = {"role": "tool", "content": value if isinstance(value, str) else json_text(value)}
    if call_id:
        message["tool_call_id"] = call_id
    return {**message, "name": name} if isinstance(name, str) else message


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """A content part of Gemini's part: texts and links to media; what is neither is kept under its own name."""
    if isinstance(part.get("text"), str):
        return {"type": "text", **part}
    data = part.get("inlineData") or part.get("inline_data")
    if isinstance(data, dict):
        kind = str(data.get("mimeType") or data.get("mime_type"))
        return _media(kind, f"data:{kind};base64,{data.get('data')}")
    file = part.get("fileData") or part.get("file_data")
    if isinstance(file, dict):
        return _media(
            str(file.get("mimeType") or file.get("mime_type") or "file"), file.get("fileUri") or file.get("file_uri")
        )
    name = next(iter(part), None)
    if name is None:
        raise ChatRowError("a part is empty")
    return {"type": name, **part}


def _media(kind: str, link: Any) -> dict[str, Any]:
    medium = kind.partition("/")[0]
    name = f"{medium}_url" if medium in ("image", "video", "audio") else "file_url"
    return {"type": name, name: {"url": link}}


def _system(value: Any) -> Any:
    if isinstance(value, dict) and "parts" in value:
        texts = [_part(part) for part in _parts(value["parts"], 0)]
        plain = len(texts) == 1 and texts[0]["type"] == "text" and len(texts[0]) == 2
        return texts[0]["text"] if plain else texts
    return value
