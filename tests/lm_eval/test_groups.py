from __future__ import annotations

import json
import math

import pytest

from regrade.errors import RecipeError
from regrade.lm_eval.groups import (
    Group,
    GroupMetric,
    Member,
    aggregate_group,
    group_metrics,
    leaf_tasks,
    recorded_groups,
)

VALUES = {
    "a": {"acc,none": 0.5, "acc_stderr,none": 0.05, "em,x": 1.0, "em_stderr,x": "N/A", "alias": "a"},
    "b": {"acc,none": 0.25, "acc_stderr,none": 0.02, "em,y": 0.5, "em_stderr,y": 0.1},
}
SIZES = {"a": 100, "b": 300}


def test_weighted():
    found = aggregate_group([GroupMetric("acc")], VALUES, SIZES)
    assert found["acc,none"] == (0.5 * 100 + 0.25 * 300) / 400
    pooled = (99 * 0.05**2 * 100 + 299 * 0.02**2 * 300) / 398
    assert found["acc_stderr,none"] == math.sqrt(pooled / 400)


def test_unweighted():
    metrics = [GroupMetric("acc", weighted=False)]
    found = aggregate_group(metrics, VALUES, SIZES)
    assert found["acc,none"] == 0.375
    assert found["acc_stderr,none"] == math.sqrt(0.05**2 + 0.02**2) / 2
    before = aggregate_group(metrics, VALUES, SIZES, (0, 4, 12))
    weighted = aggregate_group([GroupMetric("acc")], VALUES, SIZES)
    assert before == {"acc,none": 0.375, "acc_stderr,none": weighted["acc_stderr,none"]}


def test_filters_and_missing_values():
    assert aggregate_group([GroupMetric("em")], VALUES, SIZES) == {
        "em,x": 1.0,
        "em_stderr,x": "N/A",
        "em,y": 0.5,
        "em_stderr,y": pytest.approx(0.1, rel=1e-12),
    }
    assert set(aggregate_group([GroupMetric("em", ["y"])], VALUES, SIZES)) == {"em,y", "em_stderr,y"}
    assert aggregate_group([GroupMetric("em")], VALUES, SIZES, (0, 4, 11)) == {}  # then the default was "none"
    assert aggregate_group([GroupMetric("f1")], VALUES, SIZES) == {}


def test_group_metrics_shapes():
    assert group_metrics(None) == []
    assert group_metrics({"metric": "acc"}) == [GroupMetric("acc")]
    with pytest.raises(RecipeError):
        group_metrics([{"weight_by_size": True}])


def test_leaves():
    groups = {
        "all": Group(name="all", members=[Member("g"), Member("t3"), Member("t1")]),
        "g": Group(name="g", members=[Member("t1"), Group(name="g::h", members=[Member("t2")])]),
    }
    assert leaf_tasks("all", groups) == ["t1", "t2", "t3"]
    assert leaf_tasks("t9", groups) == ["t9"]
    with pytest.raises(RecipeError, match="contains itself"):
        leaf_tasks("x", {"x": Group(name="x", members=[Member("x")])})


def test_recorded_groups():
    results = {
        "group_subtasks": {"g": ["a", "b"], "a": [], "b": []},
        "groups": {"g": {"alias": "G", "acc,none": 0.3, "acc_stderr,none": 0.1, "acc,strict": 0.2, "sample_len": 3}},
    }
    (group,) = recorded_groups(results).values()
    assert (group.name, group.alias, group.known) == ("g", "G", False)
    assert group.members == [Member("a"), Member("b")]
    assert group.metrics == [GroupMetric("acc", ["none", "strict"])]
    assert recorded_groups({}) == {}


def test_real_groups(lm_eval_logs):
    """Group values made from the recorded values of the tasks equal the recorded ones, to the last digit."""
    compared = 0
    for path in sorted(lm_eval_logs.rglob("results_*.json")):
        results = json.loads(path.read_bytes())
        groups = recorded_groups(results)
        for name, group in groups.items():
            tasks = leaf_tasks(name, groups)
            values = {task: results["results"][task] for task in tasks}
            sizes = {task: results["n-samples"][task]["effective"] for task in tasks}
            for key, value in aggregate_group(group.metrics, values, sizes).items():
                assert value == results["groups"][name][key], (path, name, key)
                compared += 1
    assert compared >= 16


def test_mmlu_pro_plus(lm_eval_logs):
    path = lm_eval_logs / "truncated_pyfade_v0.4.9.1" / "eval_mmlu_pro_plus" / "results_2025-10-14T14-44-39.372006.json"
    results = json.loads(path.read_bytes())
    group = recorded_groups(results)["mmlu_pro_plus"]
    tasks = leaf_tasks("mmlu_pro_plus", {"mmlu_pro_plus": group})
    sizes = {task: results["n-samples"][task]["effective"] for task in tasks}
    found = aggregate_group(group.metrics, {task: results["results"][task] for task in tasks}, sizes, (0, 4, 9, 1))
    assert len(tasks) == 14
    assert found["exact_match,custom-extract"] == pytest.approx(0.365714, abs=5e-7)
    assert found["exact_match_stderr,custom-extract"] == pytest.approx(0.012443, abs=5e-7)


@pytest.mark.slow
def test_equals_the_harness(harness):
    api = pytest.importorskip("lm_eval.api.group")
    for weighted in (True, False):
        config = {"metric": "acc", "weight_by_size": weighted}
        group = api.Group.from_config({"group": "g", "aggregate_metric_list": [config]})
        group.get_all_tasks = lambda recursive=True: [type("T", (), {"task_name": name}) for name in VALUES]
        theirs = group.aggregate({name: {**VALUES[name], "sample_len": SIZES[name]} for name in VALUES})
        ours = aggregate_group([GroupMetric("acc", weighted=weighted)], VALUES, SIZES)
        assert ours == {key: theirs[key] for key in ours}
