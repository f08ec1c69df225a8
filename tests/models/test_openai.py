"""OpenAI-compatible servers: what is sent, what is made of replies, and what happens when they misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from tests.models.asking import HASTY, answers, chat
from tests.models.loopback import Loopback

from regrade.errors import UsageError
from regrade.models import openai_replies
from regrade.models.asking import ModelError
from regrade.models.limits import RequestLimits
from regrade.models.openai import OpenAIModel
from regrade.models.proxies import proxy_of
from regrade.schema import Answer, Request

Start = Callable[..., Loopback]


def model(server: Loopback, name: str = "m", limits: RequestLimits = HASTY, **options: str) -> OpenAIModel:
    return OpenAIModel(name, base_url=server.url, limits=limits, **options)  # type: ignore[arg-type]


def test_each_request_gets_its_own_answer(server: Loopback) -> None:
    got = answers(model(server), chat(*(f"question {number}" for number in range(50))))
    assert [answer.text for answer in got] == [f"echo question {number}" for number in range(50)]
    assert [answer.sample_id for answer in got] == [f"s{number}" for number in range(50)]
    assert all(answer.usage is not None and answer.usage.output_tokens == 5 for answer in got)
    assert all(answer.finish_reason == "stop" and answer.model == "m" and answer.attempts == 1 for answer in got)


def test_completion(server: Loopback) -> None:
    (answer,) = answers(model(server), [Request(sample_id="a", kind="completion", prompt="Once")])
    assert answer.text == "echo Once"


def test_embedding_is_the_vector_that_came(server: Loopback) -> None:
    (answer,) = answers(model(server), [Request(sample_id="a", kind="embedding", prompt="abc")])
    # sha256("abc") begins with ba 78 16 bf
    assert answer.embedding is not None
    assert answer.embedding[:4] == pytest.approx([0xBA / 255, 0x78 / 255, 0x16 / 255, 0xBF / 255])


@pytest.mark.parametrize("way", ["echo", "prompt_logprobs"])
def test_log_likelihoods_are_those_of_the_continuations(server: Loopback, way: str) -> None:
    # The server's tokens are characters with log-probability -(code point % 7) / 10: "F" 70 -> 0, "G" 71 -> -0.1, ...
    request = Request(sample_id="a", kind="loglikelihood", prompt="Q: ?", continuations=["GH", "FF", "M"])
    (answer,) = answers(model(server, loglikelihood=way), [request])
    assert answer.choices is not None
    assert [choice[0] for choice in answer.choices] == pytest.approx([-0.3, 0.0, 0.0])
    assert [choice[1] for choice in answer.choices] == [False, True, True]


def test_thinking_is_kept_beside_the_text(start_server: Start) -> None:
    server = start_server(replies={"q": {"content": "4", "reasoning_content": "two and two"}})
    (answer,) = answers(model(server), chat("q"))
    assert (answer.text, answer.thinking) == ("4", "two and two")


def test_tool_calls_come_through(start_server: Start) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    server = start_server(replies={"q": {"content": None, "tool_calls": [call]}})
    (answer,) = answers(model(server), chat("q"))
    assert answer.tool_calls == [call]
    assert answer.text == ""
    assert answer.error is None


def test_failures_that_pass_are_asked_again(start_server: Start) -> None:
    server = start_server(failures=[500, 503, 429])
    got = answers(model(server), chat("one", "two"))
    assert [answer.text for answer in got] == ["echo one", "echo two"]
    assert sum(answer.attempts for answer in got) == 5


def test_a_sample_that_fails_for_good_costs_itself_only(start_server: Start) -> None:
    server = start_server(fail_texts={"poison": 400, "broken": 500})
    got = answers(model(server), chat("fine", "poison", "broken", "fine too"))
    assert [answer.text for answer in got] == ["echo fine", None, None, "echo fine too"]
    errors = [answer.error for answer in got if answer.error is not None]
    assert [(error.kind, error.status) for error in errors] == [("bad_request", 400), ("server", 500)]
    assert [answer.attempts for answer in got] == [1, 1, 1 + HASTY.retries, 1]


def test_a_wrong_key_ends_it_at_once_and_is_not_told(start_server: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    server = start_server(key="another")
    with pytest.raises(ModelError, match="401") as caught:
        answers(model(server), chat(*map(str, range(1000))))
    assert "sk-very-secret" not in str(caught.value)
    assert "OPENAI_API_KEY" in str(caught.value)
    assert server.counts()["statuses"]["401"] <= 8  # those in flight, not a thousand


def test_a_wrong_model_ends_it_at_once(start_server: Start) -> None:
    server = start_server(model="right")
    with pytest.raises(ModelError, match="404"):
        answers(model(server, "wrong"), chat(*map(str, range(1000))))
    assert server.counts()["statuses"]["404"] <= 8


def test_requests_that_are_all_wrong_end_it_early(start_server: Start) -> None:
    server = start_server(fail_texts={"": 400})
    with pytest.raises(ModelError, match="all refused"):
        answers(model(server), chat(*map(str, range(1000))))
    assert server.counts()["statuses"]["400"] < 40


def test_nobody_there_is_told_after_a_few_attempts() -> None:
    limits = RequestLimits(backoff_s=0.001, longest_backoff_s=0.002, retries=10_000)
    nobody = OpenAIModel("m", base_url="http://127.0.0.1:9/v1", limits=limits)
    with pytest.raises(ModelError, match=r"nothing answers at http://127\.0\.0\.1:9/v1: .*refused"):
        answers(nobody, chat("q"))


def test_a_server_that_was_there_and_is_gone_is_waited_for_as_patience_says(start_server: Start) -> None:
    server = start_server()
    limits = RequestLimits(concurrency=1, backoff_s=0.001, longest_backoff_s=0.002, retries=10_000, patience_s=0.05)

    class Dying(OpenAIModel):
        async def send(self, request: Request) -> Answer:
            answer = await super().send(request)
            server.kill()
            return answer

    with pytest.raises(ModelError, match="nothing but failures"):
        answers(Dying("m", base_url=server.url, limits=limits), chat("a", "b"))


def test_a_request_that_hangs_times_out_and_the_rest_is_answered(start_server: Start) -> None:
    server = start_server(hang_texts=["hang"])
    limits = RequestLimits(timeout_s=0.2, retries=1, backoff_s=0.001)
    got = answers(model(server, limits=limits), chat("hang", "a", "b"))
    assert got[0].error is not None
    assert got[0].error.kind == "timeout"
    assert got[0].attempts == 2
    assert [answer.text for answer in got[1:]] == ["echo a", "echo b"]


def test_too_many_at_once_are_cut_down_and_all_answered(start_server: Start) -> None:
    server = start_server(at_once=5, latency_s=0.002)
    limits = RequestLimits(concurrency=64, retries=0, backoff_s=0.001, longest_backoff_s=0.01)
    busy = model(server, limits=limits)
    got = answers(busy, chat(*(f"q{number}" for number in range(400))))
    assert [answer.text for answer in got] == [f"echo q{number}" for number in range(400)]
    counts = server.counts()
    assert counts["statuses"]["200"] == 400
    assert set(counts["asked"].values()) == {1}


def test_parameters_are_sent_as_given(start_server: Start) -> None:
    posted = {}

    class Recorder(OpenAIModel):
        async def _post(self, path: str, body: dict[str, object]) -> bytes:
            posted.update(body)
            return await super()._post(path, body)

    server = start_server()
    recorder = Recorder("m", base_url=server.url, limits=HASTY)
    answers(recorder, chat("q", temperature=0.5, stop=["\n"], tools=[{"type": "function"}], extra_body={"top_k": 3}))
    assert posted["temperature"] == 0.5
    assert posted["stop"] == ["\n"]
    assert posted["top_k"] == 3
    assert posted["tools"] == [{"type": "function"}]
    assert "extra_body" not in posted


def test_no_secret_in_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", "sk-very-secret")
    named = OpenAIModel("m", base_url="http://localhost:1/v1/", api_key_env="OTHER_KEY")
    assert named.identity == {"type": "openai", "base_url": "http://localhost:1/v1", "model": "m"}
    assert "secret" not in json.dumps(named.identity)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="expected an address"):
        OpenAIModel("m", base_url="localhost:8000")


@pytest.mark.parametrize("reply", [b"", b"null", b"{}", b'{"choices": []}', b'{"choices": [{"message": 1}]}', b"\xff"])
def test_a_reply_that_is_no_answer_is_told(reply: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        openai_replies.chat_answer(reply)


def test_messages_of_errors_in_every_shape() -> None:
    assert openai_replies.error_message(b'{"error": {"message": "a"}}') == "a"
    assert openai_replies.error_message(b'{"error": "b"}') == "b"
    assert openai_replies.error_message(b'{"object": "error", "message": "c"}') == "c"
    assert openai_replies.error_message(b'{"detail": "d"}') == "d"
    assert openai_replies.error_message(b"<h1>Bad\n Gateway</h1>") == "<h1>Bad Gateway</h1>"


def test_an_address_that_replies_with_something_else_ends_it_early() -> None:
    class Page(OpenAIModel):
        async def _post(self, path: str, body: dict[str, object]) -> bytes:
            return b"<html><body>Welcome</body></html>"

    with pytest.raises(ModelError, match=r"replies were no answers: .*a page, and not JSON: is http://localhost:1/v1"):
        answers(Page("m", base_url="http://localhost:1/v1", limits=HASTY), chat(*map(str, range(100))))


def test_a_wait_longer_than_an_answer_may_take_ends_it(start_server: Start) -> None:
    server = start_server(failures=[429] * 100, retry_after="86400")
    with pytest.raises(ModelError, match="again in 86,400 s"):
        answers(OpenAIModel("m", base_url=server.url, limits=HASTY), chat("a", "b"))


def test_what_was_sent_is_answered_though_the_source_of_requests_breaks(start_server: Start) -> None:
    server = start_server(latency_s=0.05)
    model = OpenAIModel("m", base_url=server.url, limits=HASTY)
    came = []

    async def broken() -> AsyncIterator[Request]:
        for request in chat("a", "b"):
            yield request
        raise OSError("the file is gone")

    async def go() -> None:
        async for answer in model.answer(broken()):
            came.append(answer.text)  # noqa: PERF401 - what came before it breaks counts

    with pytest.raises(OSError, match="the file is gone"):
        asyncio.run(go())
    assert sorted(came) == ["echo a", "echo b"]


def test_half_an_emoji_in_a_reply_costs_itself_only() -> None:
    reply = rb'{"choices": [{"message": {"content": "good \ud83d"}}]}'
    assert openai_replies.chat_answer(reply).text == "good ?"


def test_a_proxy_of_the_environment_is_used(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))  # which gets the whole address, and replies itself
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    (answer,) = answers(OpenAIModel("m", base_url="http://model.invalid/v1", limits=HASTY), chat("Hi"))
    assert answer.text == "echo Hi"
    monkeypatch.setenv("NO_PROXY", "model.invalid")
    assert proxy_of("http://model.invalid/v1") is None
    assert proxy_of("http://localhost:8000/v1") is None
    monkeypatch.setenv("HTTPS_PROXY", "socks5://localhost:1080")
    with pytest.raises(UsageError, match="socks5 proxies are not supported"):
        proxy_of("https://other.invalid/v1")


def test_every_call_of_a_log_likelihood_counts() -> None:
    request = Request(sample_id="s", position=0, kind="loglikelihood", prompt="2+2=", continuations=["4", "5", "6"])
    model = OpenAIModel("m", base_url="http://localhost/v1")
    assert model.calls(request) == 3
    assert [model.calls(each) for each in chat("Hi")] == [1]
