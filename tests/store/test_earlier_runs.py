"""Runs that an earlier version made: ``earlier/`` holds some of the last one with two definitions of their files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.models.loopback import serving

import regrade

EARLIER = Path(__file__).parent / "earlier"
RUNS = ("card", "judge", "task")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REGRADE_WORKSPACE", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    shutil.copytree(EARLIER, tmp_path / "runs")
    return tmp_path / "runs"


@pytest.mark.parametrize("name", RUNS)
def test_it_is_worth_what_it_was(name: str, workspace: Path) -> None:
    recorded = json.loads((workspace / name / "scores" / "default" / "results.json").read_text(encoding="utf-8"))
    scores = regrade.score(name)
    assert scores.to_dict()["results"] == recorded["results"]
    assert scores.to_dict()["intervals"] == recorded["intervals"]
    assert [(one.task, one.metric, one.value) for one in regrade.load_scores(name)] == [
        (task, key.partition(",")[0], value)
        for task, values in recorded["results"].items()
        for key, value in values.items()
        if "," in key and "_stderr" not in key
    ]


@pytest.mark.parametrize("name", RUNS)
def test_nothing_of_it_is_asked_again(name: str, workspace: Path) -> None:
    with serving() as server:
        result = regrade.resume(name, base_url=server.url)
        assert server.counts()["statuses"] == {}
    assert len(result) == result.outcome.tally.wanted == {"card": 8, "judge": 8, "task": 4}[name]


def test_what_it_lacks_is_asked(workspace: Path) -> None:
    journal = workspace / "card" / "answers.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    with serving() as server:
        result = regrade.resume("card", base_url=server.url)
        assert sum(server.counts()["asked"].values()) == 1
    assert (len(result), result.exit_code) == (8, 0)


def test_they_are_listed_with_their_scores(workspace: Path) -> None:
    assert [(row.name, row.status, row.answered, row.score) for row in regrade.runs()] == [
        ("card", "complete", 8, "accuracy 0.25"),
        ("judge", "complete", 8, "judge_rating 5"),
        ("task", "complete", 4, "acc 0"),
    ]
