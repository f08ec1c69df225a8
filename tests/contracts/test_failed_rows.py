"""One rule for answers that are empty, unreadable or cannot be scored, and for rows without reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.artifacts import build
from regrade.metrics.card_metric import CardMetric
from regrade.registry import iterate_registered


def write(folder: Path, rows: list[dict[str, Any]], name: str = "t.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def scored(path: Path, metric: str, **options: Any) -> dict[str, Any]:
    scores = regrade.score(path, metric=metric, answer="said", expected="gold", **options)
    return {result.metric: result for result in scores.results} | {"scores": scores}


ROWS = [
    {"id": 1, "said": "1", "gold": "1"},
    {"id": 2, "said": "0", "gold": "0"},
    {"id": 3, "said": "maybe", "gold": "1"},
    {"id": 4, "said": "1", "gold": "1"},
]


def test_an_unreadable_answer_is_wrong(tmp_path: Path) -> None:
    found = scored(write(tmp_path, ROWS), "accuracy")
    assert (found["accuracy"].value, found["accuracy"].n, found["accuracy"].scored) == (0.75, 4, 3)
    assert (found["accuracy"].failed, found["accuracy"].left_out) == (1, 0)
    assert found["scores"].exit_code == 3


def test_compare_counts_it_too(tmp_path: Path) -> None:
    first = write(tmp_path, ROWS, "a.jsonl")
    second = write(tmp_path, [{**row, "said": row["gold"]} for row in ROWS], "b.jsonl")
    compared = regrade.compare(first, second, metric="accuracy", answer="said", expected="gold", id="id")
    [row] = compared.metrics
    assert (row.n, row.a, row.b) == (4, 0.75, 1.0)


def test_none_scored_has_no_value(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = write(tmp_path, [{"id": n, "said": "maybe", "gold": "1"} for n in range(3)])
    found = scored(path, "accuracy")
    assert found["accuracy"].value is None
    assert "none of 3 samples could be scored" in found["accuracy"].reason
    ran = cli("score", path, "--answer", "said", "--expected", "gold", "--metric", "accuracy")
    assert ran.code == 3
    assert "0.0000" not in ran.out


def test_where_there_is_no_worst_value_the_result_says_what_it_lacks(logs: Any, cli: Callable[..., Any]) -> None:
    rows = []
    for number, value in enumerate(["-2.0", "-4.0", "-3.0"]):
        row = logs.row(number, "", doc={"text": "one two"}, target="one two", metrics=["word_perplexity"])
        row |= {"resps": [[value]], "filtered_resps": [value], "arguments": {}, "exact_match": None}
        rows.append(row)
    rows[2]["doc"] = "three"  # no field of that name, so no number of words
    logs.write(rows, "pages")
    config = logs.config(
        "pages",
        output_type="loglikelihood_rolling",
        doc_to_text="",
        doc_to_target="{{text}}",
        metric_list=[{"metric": "word_perplexity"}],
    )
    logs.results({"pages": {}}, configs={"pages": config})
    ran = cli("score", logs.folder, "--json")
    found = json.loads(ran.out)
    assert ran.code == 3
    counts = found["counts"]["pages"]["by_metric"]["word_perplexity,none"]
    assert found["results"]["pages"]["word_perplexity,none"] == pytest.approx(2.718281828459045**1.5, rel=1e-12)
    assert (counts["n"], counts["scored"], counts["failed"]) == (3, 2, 1)
    assert "the value of word_perplexity is over 2 of 3" in cli("score", logs.folder).out


def test_labels_that_cannot_be_read_are_no_class(logs: Any) -> None:
    """Gold 1 1 0 0, read 1 nothing 0 1: F1 of 1 is 2·1 / (2·1 + 1 + 1) = 0.5; of 0 2·1 / (2·1 + 0 + 1) = 2/3."""
    from regrade.metrics.column import Column
    from regrade.registry import lookup

    values = {"f1": 0.5, "macro_f1": (0.5 + 2 / 3) / 2, "micro_f1": 4 / 7, "weighted_f1": (0.5 + 2 / 3) / 2}
    for name, wanted in values.items():
        aggregation = lookup("aggregation", name)()
        column = Column(2, labelled=True)
        for pair in [(1, 1), (1, None), (0, 0), (0, 1)]:
            column.append(aggregation.statistics(pair))
        assert aggregation.reduce(column) == pytest.approx(wanted, rel=1e-12), name
        assert aggregation.resampler(column).jackknife().shape == (4, 1)


def test_unread_answers_of_binary_metrics() -> None:
    """Five ones called 1 1 0 1 and nothing, two zeros called 0 1: precision 3/4, recall 3/5, F1 6/9."""
    metric = build({"__type__": "f1_binary"}, CardMetric)
    statistics = [
        metric.measure(called, [gold], {}) for gold, called in [(1, 1), (1, 1), (1, 0), (1, 1), (0, 0), (0, 1)]
    ]
    scores = metric.reduce([*statistics, metric.unanswered([1], {})])
    assert scores["f1_binary"] == pytest.approx(6 / 9, rel=1e-12)
    assert scores["recall_binary"] == pytest.approx(3 / 5, rel=1e-12)
    assert scores["precision_binary"] == pytest.approx(3 / 4, rel=1e-12)
    # A zero that cannot be read was not called 0 either: recall of zeros 1/3, not 2/3.
    scores = metric.reduce([*statistics, metric.unanswered([0], {})])
    assert scores["recall_binary_neg"] == pytest.approx(1 / 3, rel=1e-12)


def test_every_metric_declares_its_worst_value() -> None:
    """Where lower is better, 0 would be the best value."""
    for name, metric in iterate_registered("metric"):
        assert hasattr(metric, "worst"), name
        if not metric.higher_is_better and metric.unanswered is registered_base().unanswered:
            assert metric.worst is None or metric.worst > 0, name


def registered_base() -> Any:
    from regrade.metrics.metric import Metric

    return Metric


def test_blank_rows_and_missing_references(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,expected,answer\n1,,\n2,4,4\n3,5,6\n4,,7\n5,8,\n")
    ran = cli("score", path, "--metric", "exact_match")
    assert ran.code == 3
    assert "1 row is blank and was left out, first line 2" in ran.out
    assert f"{path}:5 (exact_match, none): no reference" in ran.out
    [result] = regrade.score(path, metric="exact_match").results
    # Of the rows 2 to 5 one has no reference; of the other three one is right, and an empty answer is wrong.
    assert (result.n, result.scored, result.failed, result.left_out) == (4, 3, 1, 1)
    assert result.value == pytest.approx(1 / 3, rel=1e-12)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "csv"])
def test_null_answers_are_empty_answers(tmp_path: Path, suffix: str) -> None:
    rows = [
        {"id": 1, "said": "a", "gold": "a"},
        {"id": 2, "said": None, "gold": "b"},
        {"id": 3, "said": None, "gold": None},
    ]
    path = tmp_path / f"t.{suffix}"
    if suffix == "jsonl":
        write(tmp_path, rows)
    elif suffix == "csv":
        path.write_text("id,said,gold\n1,a,a\n2,,b\n3,,\n")
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    found = scored(path, "exact_match", id="id")
    assert (found["exact_match"].value, found["exact_match"].n, found["exact_match"].failed) == (0.5, 2, 0)
    assert any("blank" in note for part in found["scores"].parts for note in part.notes)
    assert found["scores"].exit_code == 0


def test_null_repeats_stay_in_the_denominator(tmp_path: Path) -> None:
    rows = [{"id": 1, "said": ["a", None, None, None], "gold": "a"}]
    found = scored(write(tmp_path, rows), "mean@4", id="id")
    assert found["mean@4"].value == 0.25
