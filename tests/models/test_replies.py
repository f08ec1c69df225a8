"""What servers reply, beside what they should: the words are kept, and what holds no words is no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regrade.models.openai_replies import FailedGeneration, chat_answer, completion_answer, embedding_answer
from regrade.schema import Usage


def reply(text: Any = "yes", *, message: dict[str, Any] | None = None, choice: Any = None, **top: Any) -> bytes:
    said = {"role": "assistant", "content": text, **(message or {})}
    one = {"index": 0, "message": said, "finish_reason": "stop", **(choice or {})}
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return json.dumps({"model": "m", "choices": [one], "usage": usage, **top}).encode()


GOOD = reply()


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        b": PROCESSING\n\n" + GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b'"model": "m"', b'"model": "m\xff\xfe"'),
        GOOD.replace(b'"usage"', b'"score": NaN, "usage"'),
        GOOD.replace(b'"finish_reason"', b'"logprobs": {"content": [{"logprob": -Infinity}]}, "finish_reason"'),
        GOOD.replace(b'"prompt_tokens": 10', b'"prompt_tokens": 10.5'),
        GOOD.replace(b'"prompt_tokens": 10', b'"prompt_tokens": "10"'),
        GOOD.replace(b'"prompt_tokens": 10', b'"prompt_tokens": {"total": 10}'),
        GOOD.replace(b'"stop"', b"0"),
        reply(message={"reasoning": {"text": "hm"}}),
        reply(message={"reasoning_content": ["hm"]}),
        reply(message={"tool_calls": "none"}),
        reply(message={"annotations": 7, "audio": "x"}),
        reply([{"type": "text", "text": None}, {"type": "text", "text": "yes"}]),
        reply(["yes"]),
        reply({"text": "yes"}),
        reply(usage=None),
        reply(usage=[1]),
        reply(model=7),
        reply(choice={"logprobs": "none"}),
    ],
)
def test_an_answer_is_kept_whatever_stands_beside_it(data: bytes) -> None:
    assert chat_answer(data).text == "yes"


def test_what_can_be_read_beside_an_answer_is() -> None:
    answer = chat_answer(GOOD.replace(b'"prompt_tokens": 10', b'"prompt_tokens": "10"'))
    assert answer.usage == Usage(10, 5)
    assert chat_answer(GOOD.replace(b'"stop"', b"0")).finish_reason == "0"
    assert chat_answer(reply(message={"reasoning": {"text": "hm"}})).thinking == "hm"
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "yes"}]
    assert (chat_answer(reply(parts)).thinking, chat_answer(reply(parts)).text) == ("hm", "yes")
    assert chat_answer(reply(4)).text == "4"


def test_half_of_a_surrogate_pair_can_be_written_down() -> None:
    answer = chat_answer(rb'{"choices": [{"message": {"content": "a\ud83d"}}]}')
    assert answer.text is not None
    assert answer.text.encode("utf-8") == b"a?"


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (reply(None, choice={"error": {"code": 502, "message": "Upstream"}}), 502, "Upstream"),
        (reply("half", choice={"error": {"code": "429", "message": "busy"}}), 429, "busy"),
        (reply("half", choice={"error": "out of memory"}), 502, "out of memory"),
        (reply("half", choice={"finish_reason": "error"}), 502, "ended with an error"),
        (b'{"error": {"message": "no", "code": 400}}', 400, "no"),
        (b'{"error": {"message": "no", "code": "overloaded"}}', 502, "no"),
    ],
)
def test_a_failed_generation_is_no_answer(data: bytes, status: int, message: str) -> None:
    with pytest.raises(FailedGeneration, match=message) as caught:
        chat_answer(data)
    assert caught.value.status == status


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"7", b"{}", b"[]", b'{"choices": []}', b'{"choices": [{"message": 1}]}', b"\xff", b"<p>{}</p>"],
)
def test_what_holds_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        chat_answer(data)


def test_a_stream_is_read_to_its_end() -> None:
    events = [
        {"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "h"}}]},
        {"choices": [{"index": 0, "delta": {"reasoning_content": "m"}}]},
        {"choices": [{"index": 0, "delta": {"content": "ye"}}]},
        {"choices": [{"index": 1, "delta": {"content": "other"}}]},
        {"choices": [{"index": 0, "delta": {"content": "s"}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
    ]
    data = b": hello\n\n" + b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    answer = chat_answer(data + b"data: [DONE]\n\n")
    assert (answer.text, answer.thinking, answer.finish_reason) == ("yes", "hm", "stop")
    assert answer.usage == Usage(3, 2)


def test_the_pieces_of_a_tool_call_are_joined() -> None:
    pieces = [
        {"index": 0, "id": "c1", "function": {"name": "add", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"a": '}},
        {"index": 0, "function": {"arguments": "1}"}},
    ]
    events = [{"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]} for piece in pieces]
    answer = chat_answer(
        b"".join(b"data:" + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]"
    )
    assert answer.tool_calls == [{"type": "function", "id": "c1", "function": {"name": "add", "arguments": '{"a": 1}'}}]


def test_other_endpoints() -> None:
    assert completion_answer(b'{"choices": [{"text": "yes", "finish_reason": 1}]}').text == "yes"
    with pytest.raises(ValueError, match="no text"):
        completion_answer(b'{"choices": [{"text": null}]}')
    assert embedding_answer(b'{"data": [{"embedding": [1, 2.5]}]}').embedding == [1.0, 2.5]
    with pytest.raises(ValueError, match="no vector"):
        embedding_answer(b'{"data": [{"embedding": "AAAA"}]}')
