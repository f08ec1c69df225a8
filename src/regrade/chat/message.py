"""The one schema that every chat dataset is brought to: OpenAI's chat messages.

A conversation is a non-empty list of messages. A message is a dict with ``role`` and ``content``; whatever else a
source says about a message (``name``, ``weight``, ``loss_weight``, ``reasoning_content``, ...) is kept beside them
under its own key. A key whose value is null counts as absent, because tables fill rows up with nulls.

What is open in OpenAI's own format, because data sets of all tools differ in it, is open here too: calls and results of
tools may have ids or not, and a call's arguments may be JSON text (OpenAI) or an object (Hugging Face's templates).
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
"""Who speaks."""

Message: TypeAlias = dict[str, Any]
"""A message; see `MESSAGE_SCHEMA`."""

ROLES: Final = frozenset(("system", "developer", "user", "assistant", "tool"))

SPOKEN_OTHERWISE: Final = ("tool_calls", "refusal", "reasoning_content", "audio")
"""An assistant's message without content must have one of these instead."""

_PART: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"type": "string"}},
    "if": {"properties": {"type": {"const": "text"}}},
    "then": {"required": ["text"], "properties": {"text": {"type": "string"}}},
}
_CALL: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["function"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "type": {"type": ["string", "null"]},
        "function": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "arguments": {
                    "description": "JSON text, or the object itself",
                    "type": ["string", "object", "null"],
                },
            },
        },
    },
}
MESSAGE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["role"],
    "properties": {
        "role": {"enum": ["system", "developer", "user", "assistant", "tool"]},
        "content": {"type": ["string", "array", "null"], "items": _PART},
        "tool_calls": {"type": ["array", "null"], "items": _CALL},
        "tool_call_id": {"type": ["string", "null"]},
        "name": {"type": ["string", "null"]},
        "refusal": {"type": ["string", "null"]},
        "reasoning_content": {"type": ["string", "null"]},
        "weight": {"type": ["number", "null"]},
    },
    "if": {
        "anyOf": [
            {"not": {"required": ["content"]}},
            {"properties": {"content": {"type": "null"}}},
            {"properties": {"content": {"type": "array", "maxItems": 0}}},
        ]
    },
    "then": {
        "properties": {"role": {"const": "assistant"}},
        "anyOf": [
            {
                "required": [key],
                "properties": {key: {"not": {"type": "null"}, "minItems": 1}},
            }
            for key in SPOKEN_OTHERWISE
        ],
    },
}
"""JSON Schema of a message."""

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Regrade chat row",
    "description": "A conversation as OpenAI messages; every other column of the source is kept beside it.",
    "type": "object",
    "required": ["messages"],
    "properties": {
        "messages": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/message"}},
        "rejected_messages": {
            "description": "Of a preference: the conversation that was not chosen.",
            "type": ["array", "null"],
            "minItems": 1,
            "items": {"$ref": "#/$defs/message"},
        },
    },
    "$defs": {"message": MESSAGE_SCHEMA},
}
"""JSON Schema (2020-12) of a converted row; what `validate` accepts."""


def validate(messages: Any) -> str | None:
    """Say in one sentence why ``messages`` is no conversation of the schema, or None if it is one."""
    if type(messages) is not list:
        return "the conversation is null" if messages is None else "the conversation is not a list of messages"
    if not messages:
        return "the conversation is empty"
    for number, message in enumerate(messages, 1):
        try:
            # Nearly all messages are exactly a role and a text.
            if len(message) == 2 and type(message["content"]) is str and message["role"] in ROLES:
                continue
        except (TypeError, KeyError, IndexError):
            pass
        if reason := _wrong(message):
            return f"message {number}: {reason}"
    return None


def _wrong(message: Any) -> str | None:
    """Why one message is not as the schema says."""
    if not isinstance(message, dict):
        return f"expected an object, found {kind_of(message)}"
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        return "it has no role" if role is None else f"its role is {str(role)[:60]!r}"
    content = message.get("content")
    if content is None or content == []:
        if role != "assistant" or not any(message.get(key) not in (None, []) for key in SPOKEN_OTHERWISE):
            return "its content is null" if content is None else "its content is empty"
    elif isinstance(content, list):
        if reason := next(filter(None, map(_wrong_part, content)), None):
            return reason
    elif not isinstance(content, str):
        return f"its content is {kind_of(content)}"
    return None if len(message) == 2 and "content" in message else _wrong_beside(message)


def _wrong_part(part: Any) -> str | None:
    if not isinstance(part, dict):
        return f"a part of its content is {kind_of(part)}"
    kind = part.get("type")
    if not isinstance(kind, str):
        return "a part of its content has no type"
    if kind == "text" and not isinstance(part.get("text"), str):
        return "a part of its content is of type text and has no text"
    return None


_TEXTS: Final = ("name", "tool_call_id", "refusal", "reasoning_content")


def _wrong_beside(message: Message) -> str | None:
    """What is wrong with the keys beside role and content."""
    for key in _TEXTS:
        if key in message and not isinstance(message[key], str | None):
            return f"its {key} is {kind_of(message[key])}"
    weight = message.get("weight")
    if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int | float)):
        return f"its weight is {kind_of(weight)}"
    calls = message.get("tool_calls")
    if calls is None:
        return None
    if not isinstance(calls, list):
        return f"its tool_calls is {kind_of(calls)}"
    return next(filter(None, map(_wrong_call, calls)), None)


def _wrong_call(call: Any) -> str | None:
    if not isinstance(call, dict):
        return f"a tool call is {kind_of(call)}"
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return "a tool call names no function"
    if not isinstance(function.get("arguments"), str | dict | None):
        return f"a tool call's arguments are {kind_of(function['arguments'])}"
    if not isinstance(call.get("id"), str | None):
        return f"a tool call's id is {kind_of(call['id'])}"
    if not isinstance(call.get("type"), str | None):
        return f"a tool call's type is {kind_of(call['type'])}"
    return None


def kind_of(value: Any) -> str:
    """Name a value's type for a message: ``a list``, ``a number``."""
    for kind, name in (
        (type(None), "null"),
        (bool, "true or false"),
        (str, "a text"),
        (int | float, "a number"),
        (dict, "an object"),
        (list, "a list"),
    ):
        if isinstance(value, kind):
            return name
    return f"a {type(value).__name__}"
