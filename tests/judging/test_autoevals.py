"""Scorers of the autoevals package: each of their calls is ours, kept, and not made twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.models.loopback import Loopback

from regrade.judging import autoevals_model
from regrade.judging.autoevals import SCORERS, scorer_named, snake_case
from regrade.schema import Request

autoevals = pytest.importorskip("autoevals")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace; whoever went to the package's own gateway would be told off by a dead address."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("REGRADE_WORKSPACE", str(folder))
    monkeypatch.setenv("BRAINTRUST_AI_GATEWAY_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return folder


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    rows = [
        {"id": "a", "question": "Capital of France?", "answer": "Paris", "reference": "It is Paris", "model": "m"},
        {"id": "b", "question": "Capital of Peru?", "answer": "Cusco", "reference": "It is Lima", "model": "m"},
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def call(name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"content": None, "tool_calls": [{"id": "1", "type": "function", "function": function}]}


def statements(**lists: list[str]) -> dict[str, Any]:
    return call("classify_statements", **{"TP": [], "FP": [], "FN": [], **lists})


def asked_for(server: Loopback) -> int:
    return sum(server.counts()["asked"].values())


def rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def judge(cli: Callable[..., Any], server: Loopback, *arguments: Any) -> Any:
    return cli("judge", *arguments, "--judge", "big", "--base-url", server.url, "--json")


def test_every_scorer_is_there() -> None:
    for name in SCORERS:
        assert hasattr(autoevals, name), name
        assert scorer_named(snake_case(name)) == scorer_named(name)


def test_answer_correctness_end_to_end(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    server = start_server(
        said={
            "Your actual task:\n\nquestion: Capital of France?": statements(TP=["Paris"]),
            "Your actual task:\n\nquestion: Capital of Peru?": statements(TP=["x"], FP=["Cusco"], FN=["Lima"]),
        }
    )
    done = judge(cli, server, answers, "--with", "answer_correctness", "--name", "j")
    assert done.code == 0, done.err
    calls = rows(workspace / "j" / "calls.jsonl")
    assert sorted(one["sample_id"] for one in calls) == [f"m/{item}.1#{n}" for item in "ab" for n in (1, 2, 3)]
    assert asked_for(server) == 6
    assert all(one["usage"]["input_tokens"] for one in calls)

    vectors = {one["sample_id"]: one["embedding"] for one in calls if one.get("embedding")}
    expected = 0.0
    for item, factuality in (("a", 1.0), ("b", 1 / (1 + 0.5 * 2))):
        one, other = vectors[f"m/{item}.1#2"], vectors[f"m/{item}.1#3"]
        dot = sum(x * y for x, y in zip(one, other, strict=True))
        cosine = dot / (sum(x * x for x in one) * sum(y * y for y in other)) ** 0.5
        similarity = max((min(cosine, 1) - 0.7) / 0.3, 0)
        expected += (0.75 * factuality + 0.25 * similarity) / 2
    found = json.loads(done.out)
    assert found["results"]["answer_correctness/big"]["answer_correctness,verdict"] == pytest.approx(expected)
    usage = rows(workspace / "j" / "answers.jsonl")[0]["usage"]
    assert usage["input_tokens"] > 6, "a judgement's tokens are those of its calls"

    again = judge(cli, server, answers, "--with", "answer_correctness", "--name", "again")
    assert again.code == 0
    assert asked_for(server) == 6, "the same judgements of the same answers are known from before"


def test_kept_calls_are_replayed(cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path) -> None:
    """The server knows no embeddings: the statements are classified, and that call is not made again."""
    said = {"Your actual task": statements(TP=["x"])}
    server = start_server(said=said, refused=["input"])
    first = judge(cli, server, answers, "--with", "answer_correctness", "--name", "j")
    assert first.code == 3
    assert "refused" not in first.out
    assert [row.get("error", {}).get("kind") for row in rows(workspace / "j" / "answers.jsonl")] == ["bad_request"] * 2
    assert asked_for(server) == 2
    second = start_server(said=said)
    for _ in range(2):
        done = cli("resume", "j", "--base-url", second.url, "--json")
        assert done.code == 0, done.err
    assert set(second.counts()["asked"]) == {"Paris", "It is Paris", "Cusco", "It is Lima"}
    assert asked_for(second) == 4


def test_what_cannot_be_scored_is_unparsed_and_can_be_asked_again(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    """autoevals divides by the number of statements; there are none."""
    server = start_server(
        said={"Capital of Peru?\nanswer": [statements(), statements(TP=["x"])], "Your": statements(TP=["x"])}
    )
    done = judge(cli, server, answers, "--with", "answer_correctness", "--name", "j")
    assert done.code == 3
    total = json.loads(done.out)["judging"]["total"]
    assert (total["asked"], total["failed"], total["unparsed"], total["parsed"]) == (2, 0, 1, 1)
    texts = [json.loads(row["text"]) for row in rows(workspace / "j" / "answers.jsonl")]
    assert any("no statements" in text.get("why", "") for text in texts)

    again = cli("judge", "j", "--again", "unparsed", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["judging"]["total"]["parsed"] == 2


@pytest.mark.parametrize("tools", [True, False])
def test_a_model_without_tools_writes_the_call_down(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path, tools: bool
) -> None:
    server = start_server(
        said={"expert": 'Well:\n```json\n{"reasons": "same", "choice": "C"}\n```'}, refused=[] if tools else ["tools"]
    )
    option = [] if tools else ["--model-option", "tools=false"]
    done = judge(cli, server, answers, "--with", "factuality", *option)
    assert done.code == 0, done.err
    assert json.loads(done.out)["results"]["factuality/big"]["factuality,verdict"] == 1.0


def test_scorers_say_what_they_lack(cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path) -> None:
    server = start_server(said={"criterion": call("select_choice", choice="Y", reasons="")})
    lacking = judge(cli, server, answers, "--with", "closed_qa")
    assert lacking.code == 1
    assert "nothing to ask" in lacking.err
    done = judge(cli, server, answers, "--with", "closed_qa", "--field", "criteria=Is it a city?")
    assert done.code == 0, done.err
    assert json.loads(done.out)["results"]["closed_qa/big"]["closed_qa,verdict"] == 1.0
    assert all("Is it a city?" in text for text in server.counts()["asked"])


def test_a_wrong_model_stops_it_with_a_clear_message(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path
) -> None:
    server = start_server(model="other")
    done = judge(cli, server, answers, "--with", "factuality", "--name", "j")
    assert done.code == 1
    assert "is the model's name right" in done.err


def test_a_scorer_that_asks_when_all_has_ended_is_let_go(
    cli: Callable[..., Any], start_server: Any, workspace: Path, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one asks once the model has failed the first, and the threads are waited for."""
    given_up = threading.Event()
    seen = []

    def give_up(calls: autoevals_model._Calls) -> None:
        real_give_up(calls)
        given_up.set()

    def score(request: Request, client: Any) -> Any:
        seen.append(request.sample_id)
        if len(seen) > 1:
            given_up.wait(60)
        return real_score(request, client)

    real_give_up, real_score = autoevals_model._Calls.give_up, autoevals_model._score
    monkeypatch.setattr(autoevals_model._Calls, "give_up", give_up)
    monkeypatch.setattr(autoevals_model, "_score", score)
    done = judge(cli, start_server(model="other"), answers, "--with", "factuality", "--name", "j")
    assert done.code == 1
    assert len(seen) == 2


def test_a_model_that_answers_in_groups_is_refused(cli: Callable[..., Any], workspace: Path, answers: Path) -> None:
    done = cli("judge", answers, "--with", "factuality", "--judge", "batch:gpt-4o-mini")
    assert done.code == 2
    assert "waits for each answer" in done.err
