"""Verdicts read from judges' logs, people's votes and tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from regrade.errors import InputError
from regrade.judging.votes import label_of, read_votes


def lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def comparison(one: str, other: str, g1: str, g2: str, question: int = 81, turn: int = 1) -> dict[str, Any]:
    return {
        "question_id": question,
        "model_1": one,
        "model_2": other,
        "g1_winner": g1,
        "g2_winner": g2,
        "judge": ["gpt-4", "pair-v2"],
        "turn": turn,
    }


def test_a_pair_is_the_same_whichever_model_comes_first_in_the_file(tmp_path: Path) -> None:
    votes = read_votes(
        lines(
            tmp_path / "a.jsonl",
            [comparison("Alpaca", "vicuna", "model_1", "tie"), comparison("vicuna", "alpaca", "model_1", "tie")],
        )
    )
    assert votes.kind == "pairs"
    [(key, [one, other])] = votes.items.items()
    assert key == ("81", "1", "alpaca", "vicuna")
    assert (one.label, other.label) == ("tie", "tie")
    assert one.orders == ("first", "tie")
    # vicuna, shown first, won; shown second, it tied: seen from alpaca, that is (tie, second).
    assert other.orders == ("tie", "second")


def test_errors_and_odd_rows_are_counted(tmp_path: Path) -> None:
    rows = [
        comparison("a", "b", "model_2", "model_2"),
        comparison("a", "b", "error", "model_2", question=82),
        {key: value for key, value in comparison("a", "b", "tie", "tie", 83).items() if key != "model_2"},
        comparison("a", 5, "tie", "tie", 84),  # type: ignore[arg-type]
        "{broken",
    ]
    votes = read_votes(lines(tmp_path / "a.jsonl", rows))
    assert [vote.label for vote in votes] == ["second", None]
    assert votes.unread == 1
    assert [bad.line for bad in votes.malformed] == [3, 4, 5]
    assert "model_2" in votes.malformed[0].reason


def test_ratings_of_minus_one_are_none(tmp_path: Path) -> None:
    row = {"question_id": 81, "model": "A", "judge": ["gpt-4", "single-v1"], "score": 8.5, "turn": 2}
    votes = read_votes(lines(tmp_path / "a.jsonl", [row, {**row, "question_id": 82, "score": -1}]))
    assert votes.kind == "ratings"
    assert {key: [vote.label for vote in found] for key, found in votes.items.items()} == {
        ("81", "2", "a"): [8.5],
        ("82", "2", "a"): [None],
    }


def test_peoples_votes_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "human.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question_id", "model_a", "model_b", "winner", "judge", "turn"])
        for winner in ("model_a", "model_b", "tie", "tie (inconsistent)", "tie (bothbad)", "nonsense"):
            writer.writerow([81, "vicuna", "alpaca", winner, "expert_0", 1])
    votes = read_votes(path)
    assert [vote.label for vote in votes] == ["second", "first", "tie", "tie", "tie", None]
    assert list(votes.items) == [("81", "1", "alpaca", "vicuna")]


def test_tables_with_named_and_with_found_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,verdict,other\n1,Yes,7\n2, no ,8.0\n3,,x\n")
    assert [vote.label for vote in read_votes(path)] == ["yes", "no", None]
    assert [vote.label for vote in read_votes(path, verdict="other")] == [7, 8, "x"]
    assert list(read_votes(path, id="verdict", verdict="id").items) == [("Yes",), (" no ",), ("",)]
    with pytest.raises(InputError, match="no row has the column 'nix'"):
        read_votes(path, verdict="nix")
    path.write_text("name,opinion\nx,yes\n")
    with pytest.raises(InputError, match="which column holds ids cannot be told"):
        read_votes(path)


@pytest.mark.parametrize(
    ("value", "label"),
    [(True, "true"), (3, 3), (3.0, 3), ("3.50", 3.5), (" A ", "a"), ("error", None), (float("nan"), None), ([], None)],
)
def test_labels(value: Any, label: Any) -> None:
    assert label_of(value) == label
