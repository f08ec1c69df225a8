"""One row of each format, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regrade.chat.converter import Converter
from regrade.chat.detection import detect
from regrade.registry import iterate_registered

USER = {"role": "user", "content": "Hi"}
ASSISTANT = {"role": "assistant", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be kind."}
DEVELOPER = {"role": "developer", "content": "Be brief."}
REFUSAL = {"role": "assistant", "content": None, "refusal": "no"}
TWO = [USER, ASSISTANT]
THREE = [SYSTEM, *TWO]


def call(name: str = "f", arguments: str = '{"x": 1}', call_id: str = "call_0") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls: dict[str, Any], content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more, "tool_calls": list(calls)}


def result(content: str, call_id: str = "call_0", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "content": content, "tool_call_id": call_id, **more}


def turns(role: str, content: str, *said: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{role: who, content: what} for who, what in said]


BOTH = (("human", "Hi"), ("gpt", "Hello"))
SHAREGPT = turns("from", "value", *BOTH)

#: What it is: the row, its format, its messages, and the other columns.
CASES: dict[str, tuple[dict[str, Any], str, list[Any], dict[str, Any]]] = {
    "messages": ({"messages": TWO, "id": 1}, "messages", TWO, {"id": 1}),
    "messages with tools": (
        {"messages": [USER, calling(call()), result("1")], "tools": [{"type": "function"}]},
        "messages",
        [USER, calling(call()), result("1")],
        {"tools": [{"type": "function"}]},
    ),
    "messages with more keys": (
        {"messages": [{**USER, "name": "ann", "weight": 0}, {**ASSISTANT, "train": True, "logprobs": [0.5]}]},
        "messages",
        [{**USER, "name": "ann", "weight": 0}, {**ASSISTANT, "train": True, "logprobs": [0.5]}],
        {},
    ),
    "developer and refusal": (
        {
            "messages": [
                {"role": "developer", "content": "x"},
                USER,
                {"role": "assistant", "content": None, "refusal": "no"},
            ]
        },
        "messages",
        [{"role": "developer", "content": "x"}, USER, {"role": "assistant", "content": None, "refusal": "no"}],
        {},
    ),
    "functions, before there were tools": (
        {
            "messages": [
                USER,
                {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"x": 1}'}},
                {"role": "function", "name": "f", "content": "1"},
            ],
            "functions": [{"name": "f"}],
        },
        "sharegpt",
        [USER, calling(call()), result("1", name="f")],
        {"functions": [{"name": "f"}]},
    ),
    "sharegpt": ({"conversations": SHAREGPT, "id": "a"}, "sharegpt", TWO, {"id": "a"}),
    "a system column": ({"conversations": SHAREGPT, "system": "Be kind."}, "sharegpt", THREE, {}),
    "an empty system column": ({"conversations": SHAREGPT, "system": ""}, "sharegpt", TWO, {}),
    "a system column beside a system turn": (
        {"conversations": [{"from": "system", "value": "Be kind."}, *SHAREGPT], "system": "Be rude."},
        "sharegpt",
        THREE,
        {"system": "Be rude."},
    ),
    "weights": (
        {"conversations": [SHAREGPT[0], {**SHAREGPT[1], "weight": 0.5, "train": False}]},
        "sharegpt",
        [USER, {**ASSISTANT, "weight": 0.5, "train": False}],
        {},
    ),
    "sharegpt calls": (
        {
            "conversations": [
                *SHAREGPT[:1],
                {"from": "function_call", "value": '{"name": "f", "arguments": {"x": 1}}'},
                {"from": "observation", "value": "1"},
                {"from": "gpt", "value": "Hello"},
            ],
            "tools": "[]",
        },
        "sharegpt",
        [USER, calling(call()), result("1"), ASSISTANT],
        {"tools": "[]"},
    ),
    "two calls at once": (
        {
            "conversations": [
                *SHAREGPT[:1],
                {"from": "function_call", "value": '[{"name": "f", "arguments": {"x": 1}}, {"name": "g"}]'},
                {"from": "observation", "value": {"x": 1}},
                {"from": "observation", "value": "2"},
                {"from": "observation", "value": "3"},
            ]
        },
        "sharegpt",
        [
            USER,
            calling(call(), call("g", "{}", "call_1")),
            result('{"x": 1}'),
            result("2", "call_1"),
            {"role": "tool", "content": "3"},
        ],
        {},
    ),
    "calls in turns of their own": (
        {
            "messages": turns(
                "role",
                "content",
                ("user", "Hi"),
                ("tool_call", '{"name": "f", "arguments": {"x": 1}}'),
                ("tool_call", {"name": "g", "arguments": "{}"}),
                ("tool_response", "1"),
                ("tool_response", "2"),
            )
        },
        "sharegpt",
        [USER, calling(call(), call("g", "{}", "call_1")), result("1"), result("2", "call_1")],
        {},
    ),
    "a single pair": ({"conversation": SHAREGPT}, "sharegpt", TWO, {}),
    "dialog": ({"dialog": turns("role", "content", ("USER", "Hi"), ("Bot", "Hello"))}, "sharegpt", TWO, {}),
    "items": ({"items": turns("from", "value", ("human", "Hi"), ("chatgpt", "Hello"))}, "sharegpt", TWO, {}),
    "utterances": (
        {"utterances": turns("author", "utterance", ("prompter", "Hi"), ("bard", "Hello"))},
        "sharegpt",
        TWO,
        {},
    ),
    "turns": ({"turns": turns("speaker", "text", ("User", "Hi"), ("AI", "Hello"))}, "sharegpt", TWO, {}),
    "chat": ({"chat": turns("sender", "message", ("user", "Hi"), ("bing", "Hello"))}, "sharegpt", TWO, {}),
    "trajectory": ({"trajectory": turns("role", "value", ("user", "Hi"), ("model", "Hello"))}, "sharegpt", TWO, {}),
    "from and value under messages": ({"messages": SHAREGPT}, "sharegpt", TWO, {}),
    "turns of two kinds": ({"conversations": [SHAREGPT[0], ASSISTANT]}, "sharegpt", TWO, {}),
    "turns filled up with nulls": (
        {"conversations": [{**SHAREGPT[0], "role": None, "content": None}, {"from": None, "value": None, **ASSISTANT}]},
        "sharegpt",
        TWO,
        {},
    ),
    "images": (
        {"conversations": [{"from": "human", "value": "<image>Hi"}, SHAREGPT[1]], "images": ["a.png"]},
        "sharegpt",
        [{"role": "user", "content": "<image>Hi"}, ASSISTANT],
        {"images": ["a.png"]},
    ),
    "alpaca": ({"instruction": "Hi", "input": "", "output": "Hello"}, "alpaca", TWO, {}),
    "alpaca with all": (
        {
            "instruction": "Add.",
            "input": "1 2",
            "output": "3",
            "system": "Be kind.",
            "history": [["Hi", "Hello"]],
            "text": "...",
        },
        "alpaca",
        [*THREE, {"role": "user", "content": "Add.\n1 2"}, {"role": "assistant", "content": "3"}],
        {"text": "..."},
    ),
    "dolly": (
        {"instruction": "Hi", "context": None, "response": "Hello", "category": "x"},
        "alpaca",
        TWO,
        {"category": "x"},
    ),
    "prompt and completion": ({"prompt": "Hi", "completion": "Hello"}, "prompt-completion", TWO, {}),
    "with system": (
        {"prompt": "Hi", "completion": "Hello", "system": "Be kind."},
        "prompt-completion",
        THREE,
        {},
    ),
    "lists": ({"prompt": [SYSTEM, USER], "completion": [ASSISTANT]}, "prompt-completion", THREE, {}),
    "lists of from and value": (
        {"prompt": SHAREGPT[:1], "completion": SHAREGPT[1:]},
        "prompt-completion",
        TWO,
        {},
    ),
    "kto": (
        {"prompt": "Hi", "completion": "Hello", "label": False},
        "prompt-completion",
        TWO,
        {"label": False},
    ),
    "prompt alone": ({"prompt": [USER]}, "prompt-only", [USER], {}),
    "query and response": (
        {"query": "Hi", "response": "Hello", "history": [["a", "b"]]},
        "query-response",
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, *TWO],
        {},
    ),
    "question and answer": ({"question": "Hi", "answer": "Hello"}, "question-answer", TWO, {}),
    "OpenOrca": (
        {"system_prompt": "Be kind.", "question": "Hi", "response": "Hello"},
        "question-answer",
        THREE,
        {},
    ),
    "expected answer": ({"question": "Hi", "expected_answer": "Hello"}, "expected-answer", TWO, {}),
    "generated answer": (
        {"input_query": "Hi", "generated_answer": "Hello", "expected_answer": "Hallo"},
        "expected-answer",
        TWO,
        {"expected_answer": "Hallo"},
    ),
    "chat completion input": (
        {"chat_completion_input": json.dumps([SYSTEM, USER]), "expected_answer": "Hello"},
        "expected-answer",
        THREE,
        {},
    ),
    "user and assistant": ({"user": "Hi", "assistant": "Hello"}, "user-assistant", TWO, {}),
    "texts in turn": ({"data": ["Hi", "Hello"], "id": 1}, "plain-turns", TWO, {"id": 1}),
    "JSON text": ({"messages": json.dumps(TWO), "id": 1}, "json-text", TWO, {"id": 1}),
    "JSON text of sharegpt": ({"conversations": json.dumps(SHAREGPT)}, "json-text", TWO, {}),
    "typed values": (
        {
            "messages": [
                {
                    "role": "system",
                    "content": [{"type": "text", "value": "Be kind."}, {"type": "tools", "value": "[]"}],
                },
                {
                    "role": "user",
                    "content": [{"type": "image_url", "value": "a.png"}, {"type": "text", "value": "Hi"}],
                    "loss_weight": 0.0,
                },
                {
                    "role": "assistant",
                    "content": [
                        {"type": "reasoning", "value": "Hm."},
                        {"type": "tool_call", "value": '{"name": "f", "arguments": {"x": 1}}'},
                    ],
                },
                {"role": "tool", "content": [{"type": "text", "value": "1"}]},
            ]
        },
        "typed-values",
        [
            SYSTEM,
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": "a.png"}}, {"type": "text", "text": "Hi"}],
                "loss_weight": 0.0,
            },
            calling(call(), reasoning_content="Hm."),
            result("1"),
        ],
        {"tools": "[]"},
    ),
    "anthropic": (
        {
            "system": "Be kind.",
            "messages": [
                {"role": "user", "content": "Hi"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                        {"type": "text", "text": "Wait."},
                        {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t1", "content": "1", "is_error": False},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
                    ],
                },
                {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
            ],
            "max_tokens": 9,
        },
        "anthropic",
        [
            SYSTEM,
            USER,
            calling(
                call(call_id="t1"),
                content="Wait.",
                reasoning_content="Hm.",
                thinking_blocks=[{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
            ),
            result("1", "t1", is_error=False),
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
            ASSISTANT,
        ],
        {"max_tokens": 9},
    ),
    "anthropic without blocks": ({"system": "Be kind.", "messages": TWO}, "anthropic", THREE, {}),
    "gemini": (
        {
            "systemInstruction": {"parts": [{"text": "Be kind."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"x": 1}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"y": 2}}}]},
                {"role": "model", "parts": ["Hello"]},
                {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA"}}, {"text": "And?"}]},
            ],
        },
        "gemini",
        [
            SYSTEM,
            USER,
            calling(call()),
            result('{"y": 2}', name="f"),
            ASSISTANT,
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                    {"type": "text", "text": "And?"},
                ],
            },
        ],
        {},
    ),
}

OTHER = [USER, {"role": "assistant", "content": "Go away"}]
PREFERENCES: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "texts": ({"prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}, TWO, OTHER),
    "texts and system": (
        {"system": "Be kind.", "question": "Hi", "chosen": "Hello", "rejected": "Go away"},
        THREE,
        [SYSTEM, *OTHER],
    ),
    "alpaca": ({"instruction": "Hi", "input": "", "chosen": "Hello", "rejected": "Go away"}, TWO, OTHER),
    "messages": ({"prompt": [USER], "chosen": [ASSISTANT], "rejected": OTHER[1:]}, TWO, OTHER),
    "whole conversations": ({"chosen": TWO, "rejected": OTHER}, TWO, OTHER),
    "whole conversations beside the prompt": ({"prompt": "Hi", "chosen": TWO, "rejected": OTHER}, TWO, OTHER),
    "single turns": (
        {
            "conversations": SHAREGPT[:1],
            "chosen": {"from": "gpt", "value": "Hello"},
            "rejected": {"from": "gpt", "value": "Go away"},
        },
        TWO,
        OTHER,
    ),
    "a conversation that goes on": (
        {"messages": [*TWO, USER], "chosen": ASSISTANT, "rejected": OTHER[1]},
        [*TWO, *TWO],
        [*TWO, *OTHER],
    ),
    "transcripts": (
        {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant: Go away"},
        TWO,
        OTHER,
    ),
    "texts with a common beginning": (
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
        [{"role": "user", "content": "The sky is"}, {"role": "assistant", "content": " blue."}],
        [{"role": "user", "content": "The sky is"}, {"role": "assistant", "content": " green."}],
    ),
    "second version of LLaMA-Factory": (
        {
            "chosen_messages": [
                {"role": "user", "content": [{"type": "text", "value": "Hi"}]},
                {"role": "assistant", "content": [{"type": "text", "value": "Hello"}]},
            ],
            "rejected_messages": [
                {"role": "user", "content": [{"type": "text", "value": "Hi"}]},
                {"role": "assistant", "content": [{"type": "text", "value": "Go away"}]},
            ],
        },
        TWO,
        OTHER,
    ),
    "chosen_messages": ({"chosen_messages": TWO, "rejected_messages": OTHER}, TWO, OTHER),
}


@pytest.mark.parametrize(("row", "name", "messages", "columns"), CASES.values(), ids=CASES)
def test_a_row(row: dict[str, Any], name: str, messages: list[Any], columns: dict[str, Any]) -> None:
    before = repr(row)
    detection = detect([row])
    assert (detection.format, detection.problem, detection.fits) == (name, None, 1)
    converter = Converter(detection)
    for _ in range(3):  # the second time by the fast way, where there is one
        assert converter.convert(row) == {**columns, "messages": messages}
    assert repr(row) == before
    assert Converter(name).convert(row) == {**columns, "messages": messages}


@pytest.mark.parametrize(("row", "chosen", "rejected"), PREFERENCES.values(), ids=PREFERENCES)
def test_a_preference(row: dict[str, Any], chosen: list[Any], rejected: list[Any]) -> None:
    row = {**row, "score": 1}
    converted = Converter(detect([row])).convert(row)
    assert converted == {"messages": chosen, "rejected_messages": rejected, "score": 1}


def test_messages_that_end_with_the_chosen_answer_are_left_alone() -> None:
    row = {"prompt": "Hi", "messages": TWO, "chosen": TWO, "rejected": OTHER}
    assert Converter(detect([row])).convert(row) is row


def test_every_format_is_shown() -> None:
    shown = {name for _, name, _, _ in CASES.values()} | {"preference"}
    assert shown == {name for name, _ in iterate_registered("chat_format")}


@pytest.mark.parametrize(("name", "cls"), list(iterate_registered("chat_format")))
def test_every_format_is_described(name: str, cls: Any) -> None:
    assert cls.title
    assert cls.shape
    assert cls.__doc__
    assert cls.writes == (cls.from_messages is not cls.__mro__[-2].from_messages)


@pytest.mark.parametrize(("row", "name", "messages", "columns"), CASES.values(), ids=CASES)
def test_neighbours_make_no_difference(row: dict[str, Any], name: str, messages: list[Any], columns: Any) -> None:
    every = [case[0] for case in CASES.values()]
    converter = Converter(detect(every))
    for other in every:
        converter.convert(other)
    assert converter.convert(row) == {**columns, "messages": messages}
