"""Values of the harness's groups of tasks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

import regrade


@pytest.fixture
def group(logs: Any) -> Callable[..., Any]:
    """A group of two tasks of unequal size."""

    def write(value: float = 0.4, tasks: Any = None, configs: Any = None, **more: Any) -> Any:
        for old in logs.folder.glob("results_*"):
            old.unlink()
        logs.results(
            tasks or {"a": {"exact_match,none": 1.0}, "b": {"exact_match,none": 0.25}},
            groups={"both": {"alias": "both", "exact_match,none": value}},
            configs={"a": logs.config(), "b": logs.config(), **(configs or {})},
            group_subtasks={"both": ["a", "b"]},
            **{"n-samples": {"a": {"effective": 1}, "b": {"effective": 4}}},
            **more,
        )
        logs.write(logs.rows(["1"]), "a")
        logs.write(logs.rows(["1", "0", "0", "0"]), "b")
        return logs.folder

    return write


def values_of(scores: Any, name: str) -> dict[str, Any]:
    """The values of the only group of this name."""
    [group] = [group for group in scores.task_groups if group.name == name]
    values: dict[str, Any] = group.values
    return values


def test_the_mean_is_weighted_by_size(group: Callable[..., Any]) -> None:
    scores = regrade.score(group())
    assert values_of(scores, "both")["exact_match,none"] == pytest.approx(2 / 5)
    assert scores.task_groups[0].samples == 5
    layout = scores.to_dict()
    assert layout["results"]["both"] == layout["groups"]["both"]
    assert layout["groups"]["both"]["sample_len"] == 5
    assert layout["group_subtasks"] == {"both": ["a", "b"]}
    assert "both" in scores.summary()


def test_the_plain_mean_where_that_is_what_was_recorded(group: Callable[..., Any], cli: Callable[..., Any]) -> None:
    folder = group(value=5 / 8)
    assert values_of(regrade.score(folder), "both")["exact_match,none"] == pytest.approx(5 / 8)
    # of a subset, too: of a 1 of 1, of b 1 of 2
    found = values_of(regrade.score(folder, where="doc_id < 2"), "both")
    assert found["exact_match,none"] == pytest.approx((1 + 1 / 2) / 2)
    ran = cli("score", folder, "--check")
    [row] = [line for line in ran.out.splitlines() if line.startswith("both ")]
    assert "equal" in row


def test_weights_that_nothing_tells(group: Callable[..., Any], cli: Callable[..., Any]) -> None:
    folder = group(value=0.5)  # neither 2/5 nor 5/8
    ran = cli("score", folder)
    assert ran.code == 3
    [row] = [line for line in ran.out.splitlines() if line.startswith("both ")]
    assert "weights unknown" in row
    assert "0." not in row
    layout = regrade.score(folder).to_dict()
    assert layout["groups"]["both"]["exact_match,none"] is None
    assert any("weighted is not known" in note for note in layout["notes"])
    ran = cli("score", folder, "--check")
    [row] = [line for line in ran.out.splitlines() if line.startswith("both ")]
    assert "not checked" in row
    assert "different" not in row


def test_the_recorded_definition_of_a_group(group: Callable[..., Any]) -> None:
    """Where both rules give the recorded value, the definition decides."""
    same = {"a": {"exact_match,none": 0.4}, "b": {"exact_match,none": 0.4}}
    where = "doc_id == 0"  # 1 of 1 and 1 of 1: no rule matters
    assert values_of(regrade.score(group(0.4, same), where=where), "both")["exact_match,none"] == 1.0
    assert values_of(regrade.score(group(0.4, same)), "both")["exact_match,none"] is None
    for weighted, value in ((True, 2 / 5), (False, 5 / 8)):
        metrics = [{"metric": "exact_match", "weight_by_size": weighted}]
        folder = group(0.4, same, configs={"both": {"group": "both", "aggregate_metric_list": metrics}})
        assert values_of(regrade.score(folder), "both")["exact_match,none"] == pytest.approx(value)


def test_the_definition_that_the_installed_harness_has(logs: Any) -> None:
    pytest.importorskip("lm_eval")
    from regrade.lm_eval.index import find_group

    assert [metric.weighted for metric in find_group("mela").metrics] == [False]
    logs.results(
        {"a": {"mcc,none": 0.4}, "b": {"mcc,none": 0.4}},
        groups={"mela": {"mcc,none": 0.4}},
        group_subtasks={"mela": ["a", "b"]},
        **{"n-samples": {"a": {"effective": 1}, "b": {"effective": 4}}},
    )
    logs.write([{**row, "mcc": 1.0} for row in logs.rows(["1"], metrics=["mcc"])], "a")
    path = logs.write([{**row, "mcc": 0.0} for row in logs.rows(["0"] * 4, metrics=["mcc"])], "b")
    from regrade.lm_eval.task_groups import _Recorded
    from regrade.rows.discover import discover

    [source] = discover([path], {})
    assert _Recorded(source).rules("mela", "mcc") == [False]


def test_a_group_that_is_not_whole_has_no_value(group: Callable[..., Any]) -> None:
    folder = group()
    next(folder.glob("samples_a_*")).unlink()
    scores = regrade.score(folder)
    assert scores.task_groups == []


def test_a_group_over_a_subset(group: Callable[..., Any]) -> None:
    scores = regrade.score(group(), where="doc_id < 2")
    assert values_of(scores, "both")["exact_match,none"] == pytest.approx((1 * 1.0 + 2 * 0.5) / 3)
    assert scores.task_groups[0].samples == 3


def test_a_group_under_other_pipelines(group: Callable[..., Any]) -> None:
    found = values_of(regrade.score(group(), extract={"mine": "(1)"}, metric="exact_match"), "both")
    assert found["exact_match,mine"] == pytest.approx(2 / 5)


def test_the_harness_prints_its_tables_from_our_results(group: Callable[..., Any], cli: Callable[..., Any]) -> None:
    """``lm_eval.utils.make_table``, which prints the harness's own results."""
    make_table = pytest.importorskip("lm_eval.utils").make_table
    for value in (0.4, 0.5):  # with a value, and without
        layout = json.loads(cli("score", group(value), "--json").out)
        shown = "0.4" if value == 0.4 else ""
        tasks, groups = make_table(layout), make_table(layout, "groups")
        lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in tasks.splitlines()]
        assert [row[0] for row in lines[2:]] == ["both", "- a", "- b"]
        assert [row[6].rstrip("0").rstrip(".") for row in lines[2:]] == [shown, "1", "0.25"]
        assert shown in groups


def test_groups_of_groups_and_published_values(lm_eval_logs: Any) -> None:
    """Every group of a published log is what its tasks' values make of it."""
    folder = lm_eval_logs / "negotiationtom_v0.4.13"
    scores = regrade.score(folder)
    assert scores.task_groups
    for group in scores.task_groups:
        assert group.name.startswith("negotiationtom")
        if math.isfinite(group.values.get("acc,none", math.nan)):
            assert group.values["acc,none"] == pytest.approx(0.525)
            assert group.values["acc_stderr,none"] == pytest.approx(0.080090, abs=5e-7)
