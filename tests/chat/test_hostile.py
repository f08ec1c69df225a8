"""Rows that are broken or meant to break something cost themselves and nothing else."""

from __future__ import annotations

import copy
import pickle
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.chat.converter import Converter, Options
from regrade.chat.detection import detect
from regrade.chat.message import validate
from regrade.chat.row_error import ChatRowError

GOOD = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}
EXPECTED = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}


def _deep(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


BAD: dict[str, tuple[Any, str]] = {
    "null": (None, "the row is no object"),
    "a list": ([], "the row is no object"),
    "a text": ("conversations", "the row is no object"),
    "empty": ({}, "no format of conversations has these columns: none"),
    "null conversation": ({"conversations": None}, "the conversation is null"),
    "empty conversation": ({"conversations": []}, "the conversation is empty"),
    "empty messages": ({"messages": []}, "the conversation is empty"),
    "both null": ({"conversations": None, "messages": None}, "the conversation is null"),
    "a number": ({"conversations": 5}, "`conversations` is a number"),
    "a text as conversation": ({"conversations": "hello"}, "`conversations` is a text"),
    "broken JSON text": ({"conversations": '[{"from": "human"'}, "`conversations` is text, and not valid JSON"),
    "numbers as turns": ({"conversations": [1, 2]}, "no format of conversations"),
    "an empty turn": ({"conversations": [*GOOD["conversations"], {}]}, "turn 3: it is empty"),
    "a turn that is null": (
        {"conversations": [*GOOD["conversations"], None]},
        "turn 3: expected an object, found null",
    ),
    "a value that is a number": (
        {"conversations": [{"from": "human", "value": 1.5}]},
        "turn 1: what is said is a number",
    ),
    "a value that is a list": ({"conversations": [{"from": "human", "value": [1]}]}, "turn 1: what is said is a list"),
    "a value that is null": ({"conversations": [{"from": "human", "value": None}]}, "turn 1: what is said is null"),
    "a role that is a list": ({"conversations": [{"from": ["x"], "value": "a"}]}, "turn 1: the role is no text"),
    "a role that is a number": ({"conversations": [{"from": 1, "value": "a"}]}, "turn 1: the role is no text"),
    "a role that is long": ({"conversations": [{"from": "x" * 10**6, "value": "a"}]}, "turn 1: unknown role 'xxx"),
    "a call that is no JSON": (
        {"conversations": [{"from": "function_call", "value": "f(x)"}]},
        "turn 1: the call of a tool is not valid JSON",
    ),
    "a call of nothing": ({"conversations": [{"from": "function_call", "value": "{}"}]}, "names no function"),
    "a call that is deep": (
        {"conversations": [{"from": "function_call", "value": '{"name": "f", "arguments": ' + "[" * 10**5}]},
        "turn 1: the call of a tool is not readable JSON",
    ),
    "arguments that are deep": (
        {"conversations": [{"from": "function_call", "value": {"name": "f", "arguments": _deep(10**5)}}]},
        "nested too deeply",
    ),
    "a prompt that is a number": ({"prompt": 1, "completion": "a"}, "`prompt` is a number, not text"),
    "a completion that is a number": ({"prompt": "a", "completion": 1}, "`completion` is a number, not text"),
    "a completion that is null": ({"question": "a", "answer": None}, "no format of conversations"),
    "a system that is a number": ({**GOOD, "system": 1}, "the system prompt is a number"),
    "a history that is a text": (
        {"instruction": "a", "output": "b", "history": "c"},
        "the history is a text",
    ),
    "rejected of the wrong kind": ({"prompt": "a", "chosen": "b", "rejected": 1}, "the `rejected` is a number"),
    "parts without types": ({"contents": [{"role": "user", "parts": [{}]}]}, "a part is empty"),
    "anthropic nonsense": (
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}, 5]}]},
        "a block has no type",
    ),
}


@pytest.mark.parametrize(("row", "reason"), BAD.values(), ids=BAD)
def test_a_bad_row(row: Any, reason: str) -> None:
    converter = Converter(detect([GOOD] * 10))
    assert converter.convert(GOOD) == EXPECTED
    with pytest.raises(ChatRowError) as caught:
        converter.convert(row)
    assert reason in str(caught.value)
    assert caught.value.kind != "cannot be read"
    assert len(str(caught.value)) < 500
    assert converter.convert(GOOD) == EXPECTED
    assert detect([row]).problem is not None


def test_two_turns_of_one_role_and_the_assistant_first_are_conversations() -> None:
    turns = [{"from": who, "value": who} for who in ("gpt", "gpt", "human", "human")]
    roles = [message["role"] for message in Converter().convert({"conversations": turns})["messages"]]
    assert roles == ["assistant", "assistant", "user", "user"]


def test_a_million_turns() -> None:
    row = {"conversations": [{"from": "gpt" if n % 2 else "human", "value": "x"} for n in range(10**6)]}
    start = time.process_time()
    assert len(Converter().convert(row)["messages"]) == 10**6
    assert time.process_time() - start < 20


def test_a_million_calls() -> None:
    turns = [{"from": "function_call", "value": '{"name": "f"}'}, {"from": "observation", "value": "1"}]
    start = time.process_time()
    messages = Converter().convert({"conversations": turns * 50_000})["messages"]
    assert messages[-1]["tool_call_id"] == "call_49999"
    many = {"conversations": [turns[0]] * 20_000 + [turns[1]] * 20_000}
    messages = Converter().convert(many)["messages"]
    assert len(messages[0]["tool_calls"]) == 20_000
    assert messages[-1]["tool_call_id"] == "call_19999"
    assert time.process_time() - start < 20


def test_a_long_text_is_not_copied() -> None:
    text = "x" * (200 * 1024 * 1024)
    converted = Converter().convert({"conversations": [{"from": "human", "value": text}]})
    assert converted["messages"][0]["content"] is text


def test_a_deep_column_is_kept() -> None:
    deep = _deep(10**5)
    assert Converter().convert({**GOOD, "extra": deep})["extra"] is deep


KEYS = st.sampled_from(["from", "value", "role", "content", "type", "text", "parts", "name", "arguments", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        *("messages", "conversations", "turns", "data", "contents", "system", "prompt", "completion", "response"),
        *("instruction", "input", "output", "history", "chosen", "rejected", "chosen_messages", "question", "answer"),
        *("rejected_messages", "tools", "query", "user", "assistant", "expected_answer", "label", "images"),
    ]
)
TURN = st.fixed_dictionaries(
    {},
    optional={
        "from": st.sampled_from(["human", "gpt", "function_call", "observation", "?"]) | JSON,
        "value": st.text(max_size=3) | JSON,
        "role": st.sampled_from(["user", "assistant", "tool", "model"]) | JSON,
        "content": st.text(max_size=3) | JSON,
        "tool_calls": JSON,
        "parts": JSON,
    },
)
ROW = st.dictionaries(NAMES, JSON | st.lists(TURN, max_size=3) | TURN, max_size=5)


@given(st.lists(ROW, min_size=1, max_size=4), st.booleans())
def test_any_row_converts_to_the_schema_or_says_why_not(rows: list[dict[str, Any]], merge: bool) -> None:
    detection = detect(rows)
    assert sum(misfit.rows for misfit in detection.misfits) + detection.fits == len(rows)
    converters = [Converter(), Converter(options=Options(merge_turns=merge))]
    if detection.problem is None and not detection.mapping:
        converters.append(Converter(detection))
    for row in rows * 2:
        before = copy.deepcopy(row)
        outcomes = [_outcome(converter, row) for converter in converters]
        assert repr(row) == repr(before)
        assert merge or len(set(outcomes)) == 1


def _outcome(converter: Converter, row: dict[str, Any]) -> str:
    try:
        converted = converter.convert(row)
    except ChatRowError as error:
        return f"{error.kind}: {error.what}"
    assert validate(converted["messages"]) is None
    assert converted.get("rejected_messages") is None or validate(converted["rejected_messages"]) is None
    return repr(converted)


@given(st.lists(ROW, min_size=2, max_size=6))
def test_neighbours_make_no_difference(rows: list[dict[str, Any]]) -> None:
    alone = [_outcome(Converter(), row) for row in rows]
    assert not any(outcome.startswith("cannot be read") for outcome in alone)
    together = Converter()
    assert [_outcome(together, row) for row in rows] == alone
    assert [_outcome(together, row) for row in reversed(rows)] == alone[::-1]


def test_a_converter_travels() -> None:
    converter = Converter(detect([GOOD]), options=Options(merge_turns=True))
    other = pickle.loads(pickle.dumps(converter))
    assert other.convert(GOOD) == EXPECTED
    assert (other.format, other.options, other.mapping) == (converter.format, converter.options, converter.mapping)
