"""The schema: what is published says what `validate` does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.chat.message import ROLES, SCHEMA, validate

CALL = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}
VALID: dict[str, list[Any]] = {
    "texts": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    "all roles": [{"role": role, "content": "a"} for role in sorted(ROLES)],
    "an empty text": [{"role": "user", "content": ""}],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]}],
    "calls": [{"role": "assistant", "content": None, "tool_calls": [CALL]}],
    "calls without the key content": [{"role": "assistant", "tool_calls": [CALL]}],
    "a call without id": [{"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f"}}]}],
    "arguments as an object": [
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}
    ],
    "a result": [{"role": "tool", "content": "1", "tool_call_id": "x", "name": "f"}],
    "a refusal": [{"role": "assistant", "content": None, "refusal": "no"}],
    "filled up with nulls": [{"role": "user", "content": "a", "name": None, "tool_calls": None, "weight": None}],
    "other keys": [{"role": "user", "content": "a", "weight": 0, "train": False, "anything": {"a": [1]}}],
    "the assistant first": [{"role": "assistant", "content": "a"}],
    "two turns of one role": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
}
INVALID: dict[str, tuple[Any, str]] = {
    "null": (None, "the conversation is null"),
    "empty": ([], "the conversation is empty"),
    "a text": ("hi", "the conversation is not a list of messages"),
    "an object": ({"role": "user"}, "the conversation is not a list of messages"),
    "a text among messages": (["hi"], "message 1: expected an object, found a text"),
    "no role": ([{"content": "a"}], "message 1: it has no role"),
    "another role": ([{"role": "human", "content": "a"}], "message 1: its role is 'human'"),
    "a list as role": ([{"role": ["user"], "content": "a"}], "message 1: its role is \"['user']\""),
    "no content": ([{"role": "user"}], "message 1: its content is null"),
    "null content": ([{"role": "assistant", "content": None}], "message 1: its content is null"),
    "no parts": ([{"role": "user", "content": []}], "message 1: its content is empty"),
    "no calls": ([{"role": "assistant", "content": None, "tool_calls": []}], "message 1: its content is null"),
    "null content of the user": (
        [{"role": "user", "content": None, "tool_calls": [CALL]}],
        "message 1: its content is null",
    ),
    "a number": (
        [{"role": "user", "content": "a"}, {"role": "user", "content": 1}],
        "message 2: its content is a number",
    ),
    "a part without type": ([{"role": "user", "content": [{}]}], "message 1: a part of its content has no type"),
    "a text part without text": (
        [{"role": "user", "content": [{"type": "text", "value": "a"}]}],
        "message 1: a part of its content is of type text and has no text",
    ),
    "a nameless call": (
        [{"role": "assistant", "content": "", "tool_calls": [{"function": {}}]}],
        "message 1: a tool call names no function",
    ),
    "a name that is a number": ([{"role": "user", "content": "a", "name": 1}], "message 1: its name is a number"),
    "a weight that is a text": ([{"role": "user", "content": "a", "weight": "1"}], "message 1: its weight is a text"),
}


def _published(messages: Any) -> bool:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return bool(validator.is_valid({"messages": messages}))


@pytest.mark.parametrize("messages", VALID.values(), ids=VALID)
def test_conversations(messages: list[Any]) -> None:
    assert validate(messages) is None
    assert _published(messages)


@pytest.mark.parametrize(("messages", "reason"), INVALID.values(), ids=INVALID)
def test_what_is_no_conversation(messages: Any, reason: str) -> None:
    assert validate(messages) == reason
    assert not _published(messages)


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


_SCALAR = st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 1) | st.sampled_from(["", "text", "function"])
_FUNCTION = st.fixed_dictionaries({}, optional={"name": _SCALAR, "arguments": _SCALAR | st.just({}) | st.just([])})
_CALLS = st.lists(
    st.fixed_dictionaries({}, optional={"id": _SCALAR, "type": _SCALAR, "function": _FUNCTION | _SCALAR}) | _SCALAR,
    max_size=2,
)
_PARTS = st.lists(st.fixed_dictionaries({}, optional={"type": _SCALAR, "text": _SCALAR}) | _SCALAR, max_size=2)
_MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from([*sorted(ROLES), "human"]) | _SCALAR,
        "content": _SCALAR | _PARTS,
        "tool_calls": _SCALAR | _CALLS,
        "tool_call_id": _SCALAR,
        "name": _SCALAR,
        "refusal": _SCALAR,
        "reasoning_content": _SCALAR,
        "audio": st.none() | st.just({"id": "a"}),
        "weight": _SCALAR,
    },
)


@settings(max_examples=300)
@given(st.lists(_MESSAGE, max_size=2) | _SCALAR)
def test_the_published_schema_accepts_what_validate_accepts(messages: Any) -> None:
    assert (validate(messages) is None) == _published(messages)
