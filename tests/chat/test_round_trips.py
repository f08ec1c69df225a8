"""To another format and back: the same messages, or a word about what is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.chat.converter import Converter, targets, write
from regrade.chat.message import validate
from regrade.chat.row_error import ChatRowError

TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
ARGUMENTS = st.dictionaries(TEXT, JSON, max_size=2).flatmap(
    lambda value: st.sampled_from(
        [json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(value, indent=1)]
    )
) | st.sampled_from(["", "not JSON", "[1]", '"text"'])
CALL = st.builds(
    lambda name, arguments, call_id: {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    TEXT,
    ARGUMENTS,
    st.sampled_from(["call_0", "call_1", "call_abc", "x"]),
)
LINK = st.sampled_from(["https://example.org/a.png", "data:image/png;base64,AAAA", "a.png"])
PART = st.builds(lambda text: {"type": "text", "text": text}, TEXT) | st.builds(
    lambda link: {"type": "image_url", "image_url": {"url": link}}, LINK
)
CONTENT = TEXT | st.lists(PART, min_size=1, max_size=2)
EXTRA = st.fixed_dictionaries(
    {}, optional={"name": TEXT, "weight": st.sampled_from([0, 1, 0.5]), "loss": st.booleans(), "text": TEXT}
)


def _message(role: str, content: Any = CONTENT, **more: Any) -> Any:
    return st.builds(
        lambda said, rest, extra: {"role": role, "content": said, **rest, **extra},
        content,
        st.fixed_dictionaries(more),
        EXTRA,
    )


MESSAGE = st.one_of(
    _message("user"),
    _message("assistant"),
    _message("user", TEXT),
    _message("assistant", TEXT),
    _message("system", TEXT),
    _message("developer", TEXT),
    _message("tool", tool_call_id=st.sampled_from(["call_0", "call_1", "x"])),
    _message("tool", TEXT),
    _message("assistant", st.none(), tool_calls=st.lists(CALL, min_size=1, max_size=2)),
    _message("assistant", CONTENT, tool_calls=st.lists(CALL, min_size=1, max_size=2)),
    _message("assistant", st.none(), refusal=TEXT),
    _message("assistant", TEXT, reasoning_content=TEXT),
)
MESSAGES = st.lists(MESSAGE, min_size=1, max_size=5)


def _plain(turns: list[str], system: str | None) -> list[dict[str, Any]]:
    messages = [{"role": "assistant" if n % 2 else "user", "content": text} for n, text in enumerate(turns)]
    return messages if system is None else [{"role": "system", "content": system}, *messages]


PLAIN = st.builds(_plain, st.lists(TEXT, min_size=2, max_size=6).filter(lambda x: len(x) % 2 == 0), st.none() | TEXT)
WRITERS = ["alpaca", "anthropic", "messages", "preference", "prompt-completion", "sharegpt"]


def test_every_format_that_can_be_written_is_tested_here() -> None:
    assert targets() == WRITERS


@pytest.mark.parametrize("target", [name for name in WRITERS if name != "preference"])
@pytest.mark.parametrize("reader", ["forced", "detected"])
@given(messages=MESSAGES | PLAIN)
def test_there_and_back(target: str, reader: str, messages: list[dict[str, Any]]) -> None:
    assert validate(messages) is None
    before = repr(messages)
    row = {"id": 7, "messages": messages}
    try:
        written = write(row, target)
    except ChatRowError:
        assert target in ("alpaca", "anthropic")
        return
    finally:
        assert repr(messages) == before
    back = Converter(target if reader == "forced" else None).convert(json.loads(json.dumps(written.row)))
    assert back["id"] == 7
    assert back.keys() == {"id", "messages"}
    if not written.losses:
        assert back["messages"] == messages


@pytest.mark.parametrize("target", ["sharegpt", "prompt-completion", "alpaca", "messages"])
@given(messages=PLAIN)
def test_plain_conversations_lose_nothing(target: str, messages: list[dict[str, Any]]) -> None:
    written = write({"messages": messages}, target)
    lost = [loss for loss in written.losses if loss not in ("an empty prompt", "an empty system prompt")]
    assert not lost
    if not written.losses:
        assert Converter(target).convert(written.row) == {"messages": messages}


@pytest.mark.parametrize("target", ["sharegpt", "prompt-completion", "preference"])
@given(prompt=st.lists(MESSAGE, max_size=3), chosen=TEXT, rejected=TEXT)
def test_preferences(target: str, prompt: list[dict[str, Any]], chosen: str, rejected: str) -> None:
    prompt = [*prompt, {"role": "user", "content": "And?"}]
    row = {
        "messages": [*prompt, {"role": "assistant", "content": chosen}],
        "rejected_messages": [*prompt, {"role": "assistant", "content": rejected}],
        "score": 1,
    }
    written = write(row, target)
    back = Converter().convert(written.row)
    assert back["score"] == 1
    if not written.losses:
        assert back == row


def test_what_cannot_be_held_is_said() -> None:
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": {}}}
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "tool_calls": [call]},
        {"role": "tool", "content": "c"},
    ]
    losses = write({"messages": messages}, "sharegpt").losses
    assert losses == [
        "text beside tool calls (it becomes a turn of its own)",
        "arguments of tool calls come back as JSON text",
        "results of tools without the id of their call",
    ]
    with pytest.raises(ChatRowError, match="no calls of tools"):
        write({"messages": messages}, "alpaca")
    with pytest.raises(ChatRowError, match="a column `conversations` of its own"):
        write({"messages": messages, "conversations": 1}, "sharegpt")
