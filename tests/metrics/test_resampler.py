"""Scores of many resamples at once are those that ``reduce`` gives one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics.kinds import KINDS

from regrade.metrics.card_metric import CardMetric
from regrade.metrics.resampler import Resampler

BY_SAMPLES = [name for name in KINDS if not name.startswith("fixed_")]


def one_by_one(metric: CardMetric, statistics: list[Any], names: list[str]) -> Resampler:
    """The same, by ``reduce``."""
    return Resampler(statistics, metric.reduce, names)


def close(found: Any, wanted: Any) -> bool:
    return bool(np.allclose(found, wanted, rtol=1e-9, atol=1e-9, equal_nan=True))


@pytest.mark.parametrize("name", BY_SAMPLES)
def test_replicates_are_reductions(name: str) -> None:
    kind = KINDS[name]
    metric = kind.metric

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        statistics = data.draw(kind.statistics())
        names = metric.interval_names(metric.reduce(statistics))
        n = len(statistics)
        rows = data.draw(st.lists(st.lists(st.integers(0, n - 1), min_size=n, max_size=n), min_size=1, max_size=4))
        found = metric.resampler(statistics, names).replicates(np.array(rows))
        assert close(found, one_by_one(metric, statistics, names).replicates(np.array(rows)))

    check()


@pytest.mark.parametrize("name", BY_SAMPLES)
def test_jackknife_leaves_one_out(name: str) -> None:
    kind = KINDS[name]
    metric = kind.metric

    @settings(max_examples=40, deadline=None)
    @given(kind.statistics(3))
    def check(statistics: list[Any]) -> None:
        names = metric.interval_names(metric.reduce(statistics))
        found = metric.resampler(statistics, names).jackknife()
        wanted = [
            [math.nan if scores.get(name) is None else scores[name] for name in names]
            for place in range(len(statistics))
            for scores in [metric.reduce(statistics[:place] + statistics[place + 1 :])]
        ]
        assert close(found, wanted)

    check()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_estimate_is_the_reduction_to_the_last_bit(name: str) -> None:
    kind = KINDS[name]
    metric = kind.metric

    @settings(max_examples=25, deadline=None)
    @given(kind.statistics())
    def check(statistics: list[Any]) -> None:
        scores = metric.reduce(statistics)
        names = metric.interval_names(scores)
        estimate = metric.resampler(statistics, names).estimate()
        wanted = [scores[name] for name in names]
        assert np.array_equal(estimate, wanted, equal_nan=True)

    check()


def test_fixed_groups_are_drawn_whole() -> None:
    kind = KINDS["fixed_group_mean_accuracy"]
    metric = kind.metric
    statistics = [
        metric.statistics("a", [text], {"group_id": group}) for group, text in ((1, "a"), (1, "b"), (2, "b"), (3, "a"))
    ]
    drawn = metric.resampler(statistics, ["accuracy"])
    assert len(drawn) == 3
    assert drawn.replicates(np.array([[0, 0, 2], [1, 1, 1]])).tolist() == [[pytest.approx(2 / 3)], [0.0]]


def test_missing_scores_do_not_count_in_means() -> None:
    from regrade.metrics.resampler import Means

    drawn = Means([[1.0], [math.nan], [0.0]], ["f1"])
    assert drawn.estimate() == [0.5]
    assert np.array_equal(drawn.replicates(np.array([[0, 1, 1], [1, 1, 1]])), [[1.0], [math.nan]], equal_nan=True)
    assert drawn.jackknife().tolist() == [[0.0], [0.5], [1.0]]


def test_sums_in_rows_are_numpys_of_lists() -> None:
    """Ties decide about intervals, so that means of resamples must be those of lists to the last bit."""
    from regrade.metrics.reductions import nan_mean
    from regrade.metrics.resampler import Means

    generator = np.random.default_rng(7)
    values = generator.random(1001)
    indices = generator.integers(0, 1001, (20, 1001))
    found = Means(values[:, None].tolist(), ["x"]).replicates(indices)[:, 0]
    assert found.tolist() == [nan_mean([float(values[i]) for i in row]) for row in indices]
