"""What broken servers reply: the answer is right, or failed and named, or told to fall short; never silently scored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.faults.kills import CARD
from tests.faults.server_faults import FAULTS, RIGHT, SHORT, STALLS, FaultyServer

from regrade.answer_texts import SHORTFALLS
from regrade.cli import main

KINDS = {"bad_request", "connection", "rate_limit", "refused", "reply", "server"}


class Asked(NamedTuple):
    """A run of all faults.

    Attributes:
        code: The command's exit code.
        said: What it printed to standard error.
        answers: The journal, by question.
        results: The scores.
        asked: How often each question came.
    """

    code: int
    said: str
    answers: dict[str, dict[str, Any]]
    results: dict[str, Any]
    asked: dict[str, int]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Every fault in one run, between questions that are answered well."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "card.yaml").write_text(CARD)
    questions = [name for fault in FAULTS for name in (f"well before {fault}", fault)]
    (folder / "questions.csv").write_text(
        "question,answer\n" + "".join(f'"{question}",yes\n' for question in questions)
    )
    with pytest.MonkeyPatch.context() as patch, FaultyServer().running() as server:
        patch.setenv("OPENAI_API_KEY", "none")
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.chdir(folder)
        said = folder / "said.txt"
        with said.open("w") as stream:
            patch.setattr("sys.stderr", stream)
            how = ["--concurrency", "1", "--retries", "0", "--total-timeout", "0.2", "--max-reply", "1"]
            code = main(["run", "card.yaml", "--model", "m", "--base-url", server.url, "--name", "r", *how])
        run = folder / "runs" / "r"
        lines = (run / "answers.jsonl").read_text().splitlines()
        by_place = {answer.get("position", 0): answer for answer in map(json.loads, lines)}
        yield Asked(
            code,
            said.read_text(),
            {question: by_place[place] for place, question in enumerate(questions) if place in by_place},
            json.loads((run / "scores" / "default" / "results.json").read_text()),
            dict(server.asked),
        )


def test_there_are_many() -> None:
    assert len(FAULTS) >= 60
    assert {fault.outcome for fault in FAULTS.values()} <= {RIGHT, SHORT, *KINDS}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_right_or_failed_or_told(asked: Asked, name: str) -> None:
    fault = FAULTS[name]
    answer = asked.answers[name]
    error = answer.get("error")
    assert asked.asked[name] == 1
    if fault.outcome in KINDS:
        assert error is not None, answer
        assert error["kind"] == fault.outcome, error
        assert fault.says in error["message"], error
        assert not answer.get("text")
        return
    assert error is None, error
    if fault.outcome == RIGHT:
        assert answer["text"] == "yes"
    else:
        assert answer.get("text") != "yes"


def test_all_others_are_answered(asked: Asked) -> None:
    assert all(asked.answers[f"well before {name}"]["text"] == "yes" for name in FAULTS)


def test_what_failed_or_falls_short_is_told(asked: Asked) -> None:
    outcomes = [fault.outcome for fault in FAULTS.values()]
    failed = sum(outcome in KINDS for outcome in outcomes)
    assert asked.code == 3
    assert f"{failed} failed" in asked.said
    short = Counter(fault.says for fault in FAULTS.values() if fault.outcome == SHORT)
    for kind, words in SHORTFALLS.items():
        assert f"{short[kind]} of {2 * len(FAULTS) - failed} answers were {words}, the first" in asked.said
    for kind in KINDS:
        assert f"{outcomes.count(kind)} {kind}" in asked.said


def test_only_answers_are_scored(asked: Asked) -> None:
    outcomes = [fault.outcome for fault in FAULTS.values()]
    right = len(FAULTS) + outcomes.count(RIGHT)
    answered = 2 * len(FAULTS) - sum(outcome in KINDS for outcome in outcomes)
    (scores,) = asked.results["results"].values()
    assert scores["accuracy,to_string_stripped"] == pytest.approx(right / answered, abs=1e-12)


def test_what_never_comes_to_its_end_fails_in_time_and_is_told(
    tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    (tmp_path / "card.yaml").write_text(CARD)
    (tmp_path / "questions.csv").write_text("question,answer\n" + "".join(f"{name},yes\n" for name in STALLS))
    with FaultyServer().running() as server:
        how = ["--retries", "0", "--timeout", "0.3", "--concurrency", "8", "--name", "r", "--base-url", server.url]
        done = cli("run", "card.yaml", "--model", "m", *how)
        assert server.asked == dict.fromkeys(STALLS, 1)
    assert done.code == 3
    assert f"0 of {len(STALLS)} answers (0 answered, {len(STALLS)} failed)" in done.err
    assert f"failed: {len(STALLS)} timeout; the first: no reply within 0.3 s" in done.err
    assert done.out == ""
