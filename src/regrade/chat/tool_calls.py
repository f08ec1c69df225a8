"""Calls of tools: from the ways datasets write them to OpenAI's ``tool_calls``, whose ids pair calls and results."""

from __future__ import annotations

import json
from typing import Any, Final

from regrade.chat.message import Message, kind_of
from regrade.chat.row_error import ChatRowError
from regrade.files.json_lines import decode_any

_ARGUMENTS: Final = ("arguments", "parameters", "args", "input")


class CallIds:
    """Pairs calls with results, in the order of the conversation.

    Calls without an id are named ``call_0``, ``call_1``, ...; a result without one answers the first call of the last
    assistant's message that has no result yet. A result that no call asked for gets no id.
    """

    def __init__(self) -> None:
        self._made = 0
        self._open: list[tuple[str, str | None]] = []

    def new(self) -> str:
        """The next id."""
        self._made += 1
        return f"call_{self._made - 1}"

    def remember_calls(self, calls: Any, *, more: bool = False) -> None:
        """Remember the calls of an assistant's message, instead of those before or (``more``) beside them."""
        found: list[tuple[str, str | None]] = [
            (call["id"], (call.get("function") or {}).get("name"))
            for call in calls or ()
            if isinstance(call, dict) and isinstance(call.get("id"), str)
        ]
        self._open = [*self._open, *found] if more else found

    def match_result(self, name: str | None = None, given: str | None = None) -> str | None:
        """The id of the call that a result answers: of the first open one, or of the first by that name."""
        for place, (call_id, called) in enumerate(self._open):
            if call_id == given or (given is None and name in (None, called)):
                del self._open[place]
                return call_id
        return given

    def end_turn(self) -> None:
        """Somebody spoke: what is open stays without a result."""
        self._open = []


def json_text(value: Any) -> str:
    """Write a value as JSON text.

    Raises:
        ChatRowError: it is nested too deeply, or nothing that JSON has.
    """
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise ChatRowError("nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise ChatRowError(f"nothing that JSON can hold: {error}") from None


def call_of(value: Any, ids: CallIds) -> dict[str, Any]:
    """An OpenAI tool call of a dict with a name and arguments, bare or under ``function``.

    Raises:
        ChatRowError: it names no function.
    """
    inner = value.get("function", value) if isinstance(value, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        raise ChatRowError("a call of a tool names no function")
    arguments: Any = next((inner[key] for key in _ARGUMENTS if inner.get(key) is not None), {})
    given = value.get("id")
    return {
        "id": given if isinstance(given, str) else ids.new(),
        "type": "function",
        "function": {
            "name": inner["name"],
            "arguments": arguments if isinstance(arguments, str) else json_text(arguments),
        },
    }


def calls_of(value: Any, ids: CallIds) -> list[dict[str, Any]]:
    """The calls of a ``function_call`` turn: one or a list of them, as JSON text or decoded.

    Raises:
        ChatRowError: the text is no JSON, or there is no call in it.
    """
    if isinstance(value, str):
        try:
            value = decode_any(value.encode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise ChatRowError(f"the call of a tool is {error}", kind="the call of a tool is not valid JSON") from None
    if not isinstance(value, list):
        value = [value]
    if not value:
        raise ChatRowError("the turn calls no tool")
    return [call_of(call, ids) for call in value]


def written_calls(message: Message) -> str:
    """The text of a ``function_call`` turn that `calls_of` reads back to the calls of ``message``.

    Ids are written as they are; arguments as an object where that says the same.
    """
    calls = [_written_call(call) for call in message["tool_calls"]]
    return json_text(calls[0] if len(calls) == 1 else calls)


def _written_call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            value = json.loads(arguments)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and json_text(value) == arguments:
            arguments = value
    written = {"name": function["name"], "arguments": arguments}
    return {"id": call["id"], **written} if call.get("id") else written


def lost_of_calls(message: Message) -> list[str]:
    """What `written_calls` cannot hold of a message's calls."""
    losses = []
    for call in message["tool_calls"]:
        function = call["function"]
        if not isinstance(function.get("arguments"), str):
            losses.append("arguments of tool calls come back as JSON text")
        if call.get("type", "function") != "function" or not call.get("id"):
            losses.append("tool calls without id or of another type than function")
        if call.keys() - {"id", "type", "function"} or function.keys() - {"name", "arguments"}:
            losses.append("other keys of tool calls")
    return losses


def openai_tools(value: Any) -> list[dict[str, Any]]:
    """The tools that a ``tools`` or ``functions`` column declares, as OpenAI's API takes them.

    Args:
        value: A list of tools or bare functions, or JSON text of one; None and empty texts are no tools.

    Raises:
        ChatRowError: it is something else.
    """
    if isinstance(value, str):
        if not value.strip():
            return []
        try:
            value = decode_any(value.encode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise ChatRowError(f"the tools are {error}", kind="the tools are not valid JSON") from None
    if value is None:
        return []
    tools = value if isinstance(value, list) else [value]
    found = []
    for tool in tools:
        if not isinstance(tool, dict):
            raise ChatRowError(f"a tool is {kind_of(tool)}")
        if isinstance(tool.get("function"), dict):
            found.append(tool)
        elif isinstance(tool.get("name"), str):
            schema = {"parameters": tool["input_schema"]} if "input_schema" in tool else {}
            bare = {key: part for key, part in tool.items() if key not in ("type", "input_schema")}
            found.append({"type": "function", "function": {**bare, **schema}})
        else:
            raise ChatRowError("a tool has no name")
    return found
