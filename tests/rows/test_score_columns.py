"""Columns that already are scores: read as they stand, averaged with intervals, and never guessed."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import regrade
from regrade.cli import main
from regrade.errors import ExpressionError, InputError, UsageError
from regrade.recorded_values import RIGHT, WRONG, as_score, refusal


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """Eight samples, six right, one of which is graded by a word."""
    rewards = [1, 1.0, True, "1", "pass", 0, False, "Correct "]
    return lines(
        tmp_path / "graded.jsonl",
        [{"id": f"q{n}", "kind": "ab"[n % 2], "reward": reward, "cost": n / 4} for n, reward in enumerate(rewards)],
    )


def test_numbers_truth_values_and_words_are_one_proportion(graded: Path) -> None:
    [result] = regrade.score(graded, score="reward").results
    assert (result.metric, result.value, result.n) == ("reward", 0.75, 8)
    # Wilson's interval of 6 of 8: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964
    assert result.interval == pytest.approx((0.40927, 0.92852), abs=2e-5)


def test_several_columns_groups_and_dependent_samples(graded: Path) -> None:
    scores = regrade.score(graded, score=["reward", "cost"], by="doc.kind", cluster="doc.kind", lower_is_better=True)
    values = {(r.metric, *r.group.values()): r.value for part in scores.parts for r in part.results if r.group}
    assert values == {("reward", "a"): 0.75, ("reward", "b"): 0.75, ("cost", "a"): 0.75, ("cost", "b"): 1.0}
    assert [r.value for r in scores.results if not r.group] == [0.75, 0.875]  # (0 + 1 + ... + 7) / 4 / 8
    assert scores.results[0].higher_is_better is False


def test_a_score_that_is_none_is_a_failed_sample_and_never_zero(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"s": 1},
        {"s": None},
        {"s": "n/a"},
        {"other": 1},
        {"s": "", "n": 1},
        {"s": "nan"},
        {"s": 0.5},
        {"s": {"a": 1}},
    ]
    path = lines(tmp_path / "t.jsonl", rows)
    [result] = regrade.score(path, score="s").results
    assert (result.value, result.failed) == (0.75, 6)
    assert main(["score", str(path), "--score", "s"]) == 3
    out = capsys.readouterr().out
    assert "no score is recorded" in out
    assert "2 of 8" in out
    assert main(["show", str(path), "--score", "s", "--errors", "--json"]) == 0
    reasons = [json.loads(line)["outcomes"][0]["failures"]["s"] for line in capsys.readouterr().out.splitlines()]
    assert [reason.partition(": ")[2] for reason in reasons] == [
        "no score is recorded",
        "the recorded score is 'n/a', which is no number",
        "no score is recorded",
        "no score is recorded",
        "the recorded score is nan",
        "the recorded score is {'a': 1}, which is no number",
    ]


def test_words_that_nobody_explained_are_refused_with_what_was_found(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", [{"v": "A"}, {"v": "B"}, {"v": "true"}])
    with pytest.raises(InputError, match="it holds 'A', 'B', 'true'") as caught:
        regrade.score(path, score="v")
    assert "--correct" in str(caught.value.hint)
    [result] = regrade.score(path, score="v", correct="score == 'A'").results
    assert (result.value, result.n) == (pytest.approx(1 / 3), 3)


def test_what_is_correct_may_depend_on_the_row_and_must_be_true_or_false(tmp_path: Path) -> None:
    rows = [{"v": 3, "of": 3}, {"v": 2, "of": 3}, {"v": 1}, {"v": 5, "of": 5}]
    path = lines(tmp_path / "t.jsonl", rows)
    [result] = regrade.score(path, score="v", correct="score == doc.of").results
    assert (result.value, result.failed) == (pytest.approx(2 / 3), 1)
    [result] = regrade.score(path, score="v", correct="score").results  # 3, 2 and 5 are neither
    assert (result.value, result.failed) == (1.0, 3)
    with pytest.raises(ExpressionError, match="there is no 'verdict'"):
        regrade.score(path, score="v", correct="verdict == 1")


def test_ids_that_come_again_are_trials_and_all_of_them_count(tmp_path: Path, read: Callable[..., Any]) -> None:
    rows = [
        {"task_id": task, "reward": float(task == 0 or trial == 1), "trial": trial}
        for trial in range(3)
        for task in range(120)
    ]
    path = tmp_path / "trials.json"
    path.write_text(json.dumps(rows))
    [result] = regrade.score(path, score="reward", cluster="doc.task_id").results
    assert (result.value, result.n) == (pytest.approx((120 + 2) / 360), 360)
    got = read(path, score="reward")
    assert [record.sample_id for record in got.records][118:122] == [118, 119, "0#2", "1#2"]
    assert any("up to 3 times" in note for note in got.source.notes)


def test_runs_are_compared_by_their_scores(graded: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in graded.read_text().splitlines()]
    other = lines(tmp_path / "other.jsonl", [{**row, "reward": 1} for row in reversed(rows)])
    [row] = regrade.compare(graded, other, score="reward").metrics
    assert (row.a, row.b, row.n) == (0.75, 1.0, 8)


def test_answers_that_stand_beside_the_score_are_shown(tmp_path: Path, read: Callable[..., Any]) -> None:
    rows = [{"question": "2+2?", "response": "4", "reference": "4", "output": "4", "score": "yes"}]
    [record] = read(lines(tmp_path / "t.jsonl", rows), score="score", answer="response", expected="reference").records
    assert (record.answers, record.target, record.recorded) == ([["4"]], "4", {"score": 1.0})
    [record] = read(lines(tmp_path / "t.jsonl", rows), score="score").records  # which is the answer is not known
    assert record.answers == [[""]]


def test_what_contradicts_a_column_of_scores_is_refused(graded: Path) -> None:
    with pytest.raises(UsageError, match="measures nothing"):
        regrade.score(graded, score="reward", metric="exact_match")
    with pytest.raises(UsageError, match="how a column of scores is read"):
        regrade.score(graded, correct="score == 1")
    with pytest.raises(InputError, match="no row has the column 'rewards'"):
        regrade.score(graded, score="rewards")


def test_every_word_has_its_value() -> None:
    assert {as_score(word.upper()) for word in RIGHT} == {1.0}
    assert {as_score(word.title()) for word in WRONG} == {0.0}
    assert [as_score(text) for text in ("-1e-3", " 7 ", "1_0", "50%")] == [-0.001, 7.0, "1_0", "50%"]
    assert refusal(as_score("1_0")) is not None


def test_a_column_of_lists_or_objects_is_refused_with_the_fields_inside(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", [{"outputs": [{"score": 1}, {"score": 0}], "s": {"a": 1, "b": 2}}] * 2)
    for name, hint in (("outputs.score", "--score outputs.0.score"), ("s", "--score s.a, s.b")):
        with pytest.raises(InputError) as caught:
            regrade.score(path, score=name)
        assert hint in str(caught.value.hint)
    assert [r.value for r in regrade.score(path, score=["outputs.0.score", "outputs.1.score"]).results] == [1.0, 0.0]


def test_decimals_are_numbers(tmp_path: Path, cli: Callable[..., Any]) -> None:
    scores = [Decimal("0.25"), Decimal("1.00"), Decimal("0.00"), None]  # as DuckDB, Spark and SQL databases write them
    pq.write_table(pa.table({"score": pa.array(scores, pa.decimal128(5, 2))}), tmp_path / "t.parquet")
    ran = cli("score", tmp_path / "t.parquet", "--score", "score", "--json")
    assert ran.code == 3  # one has no score
    assert json.loads(ran.out)["results"]["t"]["score,none"] == pytest.approx(1.25 / 3, rel=1e-12)
