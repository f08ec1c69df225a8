"""Turns that follow each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.chat.alternation import merge_same_roles, out_of_turn
from regrade.chat.message import validate

CALL = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def said(role: str, content: Any = "a", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


CALLING = said("assistant", None, tool_calls=[CALL])


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([said("user"), said("user", "b")], [said("user", "a\n\nb")]),
        ([said("user", ""), said("user", "b")], [said("user", "b")]),
        ([said("assistant"), CALLING, CALLING], [said("assistant", "a", tool_calls=[CALL, CALL])]),
        ([said("tool"), said("tool")], [said("tool"), said("tool")]),
        ([said("user", name="x"), said("user", name="y")], [said("user", name="x"), said("user", name="y")]),
        ([said("user", name="x"), said("user", name="x")], [said("user", "a\n\na", name="x")]),
        (
            [said("user"), said("user", [{"type": "image_url"}])],
            [said("user", [{"type": "text", "text": "a"}, {"type": "image_url"}])],
        ),
    ],
)
def test_turns_of_one_role(messages: list[Any], expected: list[Any]) -> None:
    before = repr(messages)
    assert merge_same_roles(messages) == expected
    assert repr(messages) == before


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ("system user assistant user assistant", None),
        ("developer system user assistant user", None),
        ("user", None),
        ("user call tool tool assistant", None),
        ("user call tool call tool assistant user", None),
        ("assistant", "message 1 is of the assistant, where user was expected"),
        ("user user", "message 2 is of the user, where assistant was expected"),
        ("user assistant assistant", "message 3 is of the assistant, where user was expected"),
        ("user assistant tool", "message 3 is of the tool, where user was expected"),
        ("user call user", "message 3 is of the user, where tool was expected"),
        ("user call tool user", "message 4 is of the user, where tool or assistant was expected"),
        ("user system assistant", "message 2 is of the system, in the middle of the conversation"),
    ],
)
def test_whose_turn_it_is(roles: str, reason: str | None) -> None:
    messages = [CALLING if role == "call" else said(role) for role in roles.split()]
    assert out_of_turn(messages) == reason


@given(
    st.lists(st.sampled_from([said("user"), said("assistant", ""), said("system"), said("tool"), CALLING]), min_size=1)
)
def test_merging_once_is_enough(messages: list[Any]) -> None:
    once = merge_same_roles(messages)
    assert validate(once) is None
    assert merge_same_roles(once) is once
    assert "".join(str(message["content"] or "") for message in once).replace("\n", "") == "".join(
        str(message["content"] or "") for message in messages
    )
