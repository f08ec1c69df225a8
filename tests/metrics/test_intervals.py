"""Intervals equal scipy's BCa bootstrap with ``default_rng(42)``, which Unitxt calls."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import bootstrap
from tests.metrics.kinds import KINDS

from regrade.artifacts import build
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate
from regrade.metrics.intervals import intervals, unitxt_policy

FAST = ["accuracy", "f1_macro", "f1_micro", "f1_weighted", "f1_binary", "binary_max_accuracy", "roc_auc"]
FAST += ["mean_squared_error", "token_overlap", "group_mean_accuracy", "f1_micro_multi_label", "matthews_correlation"]


def scipys(metric: CardMetric, statistics: list[Any], name: str, resamples: int) -> tuple[float, float]:
    """The interval by ``reduce`` and scipy; resamples without a value take one that others have."""

    def filled(values: Any) -> Any:
        missing = np.isnan(values)
        if metric.fills_missing and 0 < missing.sum() < values.size:
            values[missing] = np.random.default_rng(42).choice(values[~missing], int(missing.sum()), replace=True)
        return values

    def value(rows: Any) -> float:
        try:
            return float(metric.reduce([statistics[int(row)] for row in rows])[name])
        except (ArithmeticError, KeyError, TypeError, ValueError):
            return math.nan

    def statistic(rows: Any, axis: int) -> Any:
        values = np.apply_along_axis(value, axis, rows)
        return filled(values) if values.size > 1 else values

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = bootstrap(
            (np.arange(len(statistics)),),
            statistic,
            n_resamples=resamples,
            rng=np.random.default_rng(42),
            method="BCa",
        ).confidence_interval
    return float(found.low), float(found.high)


@pytest.mark.parametrize("name", FAST)
def test_intervals_are_scipys(name: str) -> None:
    kind = KINDS[name]
    metric = kind.metric

    @settings(max_examples=12, deadline=None)
    @given(kind.statistics(3, 20))
    def check(statistics: list[Any]) -> None:
        main = metric.main_score
        found = intervals(metric, statistics, [main], unitxt_policy(metric, resamples=60)).get(main)
        if found is None:  # all samples alike
            assert len({s[main] if isinstance(s, dict) else s.scores[main] for s in statistics}) == 1
            return
        wanted = scipys(metric, statistics, main, 60)
        assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True) or metric.flat_is_point

    check()


def accuracy_of(data: dict[str, Any], right: list[bool]) -> dict[str, Any]:
    texts = ["a" if one else "b" for one in right]
    return evaluate([build(data, CardMetric)], texts, [["a"]] * len(texts))[0]


@given(st.lists(st.booleans(), min_size=2, max_size=12))
@settings(max_examples=20, deadline=None)
def test_both_families_agree_on_accuracy(right: list[bool]) -> None:
    first, second = (accuracy_of({"__type__": name}, right) for name in ("accuracy", "accuracy_fast"))
    if len(set(right)) == 1:
        assert "score_ci_low" not in first
        assert second["score_ci_low"] == second["score_ci_high"] == float(right[0])
    else:
        assert first == second


def test_samples_alike_have_a_point_or_no_interval() -> None:
    assert "accuracy_ci_low" not in accuracy_of({"__type__": "accuracy"}, [True] * 5)
    assert accuracy_of({"__type__": "accuracy_fast"}, [True] * 5)["accuracy_ci_low"] == 1.0


def test_one_sample_has_no_interval() -> None:
    assert accuracy_of({"__type__": "accuracy"}, [True]) == {
        "accuracy": 1.0,
        "score": 1.0,
        "score_name": "accuracy",
        "num_of_instances": 1,
    }


def test_no_resamples_are_no_intervals() -> None:
    found = accuracy_of({"__type__": "accuracy", "n_resamples": None}, [True, False])
    assert not [name for name in found if "ci" in name]


def test_confidence_level_widens() -> None:
    right = [place % 3 > 0 for place in range(60)]
    narrow, wide = (accuracy_of({"__type__": "accuracy", "confidence_level": level}, right) for level in (0.5, 0.99))
    assert wide["score_ci_low"] < narrow["score_ci_low"] < narrow["score_ci_high"] < wide["score_ci_high"]


def test_a_class_that_resamples_lack_has_an_interval() -> None:
    """Where Unitxt fails: a class with one sample is in no more than two thirds of the resamples."""
    golds = ["a"] * 9 + ["b"]
    metric = build({"__type__": "f1_fast"}, CardMetric)
    found, _ = evaluate([metric], [*golds[:5], "b", *golds[6:]], [[gold] for gold in golds])
    assert found["f1_b"] == pytest.approx(2 / 3)
    assert "f1_b_ci_low" in found


def test_a_correlation_of_1_has_the_interval_of_its_last_bits() -> None:
    """Spearman's of two pairs is 1 - 2**-53, as in scipy; the interval is nan where values differ by that."""
    metric = build({"__type__": "spearmanr"}, CardMetric)
    pairs = [(0.0, 0.1), (0.9, 0.9), (0.7, 0.5), (0.8, 0.6)]
    assert metric.reduce(pairs[:2])["spearmanr"] == stats.spearmanr(*zip(*pairs[:2], strict=True)).statistic != 1
    assert intervals(metric, pairs, ["spearmanr"], unitxt_policy(metric, resamples=60))["spearmanr"] == (1, 1)
    of_three = intervals(metric, pairs[:3], ["spearmanr"], unitxt_policy(metric, resamples=60))["spearmanr"]
    assert [math.isnan(bound) for bound in of_three] == [True, True]


def test_classes_are_added_up_in_the_order_of_unitxts_set() -> None:
    """The ninth label's number, 8, comes second in a set whose table has eight places, behind 0, whose place it has."""
    metric = build({"__type__": "f1_fast"}, CardMetric)
    pairs = [("a", "u"), ("b", "v"), ("c", "w"), ("a", "x"), ("b", "y"), ("z", "z"), ("z", "a"), ("c", "c")]
    scores = metric.reduce(pairs)
    assert [name for name in scores if name.startswith("f1_") and len(name) == 4] == ["f1_a", "f1_z", "f1_b", "f1_c"]
    assert scores["f1_z"] == pytest.approx(2 / 3)
