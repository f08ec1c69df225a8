"""Closed-form standard errors: the same floats as the harness's formulas in the harness's order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.harness import (
    mean_stderr,
    pooled_sample_stderr,
    sample_stddev,
    unweighted_mean_stderr,
)

scores = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50)


def test_hand_computed() -> None:
    # Mean 5, squared deviations 9 1 1 1 0 0 4 16: 32 / 7.
    values = [2, 4, 4, 4, 5, 5, 7, 9]
    assert sample_stddev(values) == math.sqrt(32 / 7)
    assert mean_stderr(values) == math.sqrt(32 / 7) / math.sqrt(8)
    assert mean_stderr([True, False, True, True]) == math.sqrt(0.75 / 3) / 2


@given(scores)
def test_adds_up_in_the_harness_order(values: list[float]) -> None:
    total = squares = 0.0  # not sum(), which compensates from Python 3.12 on
    for value in values:
        total += value
    mean = total / len(values)
    for value in values:
        squares += (value - mean) ** 2
    assert sample_stddev(values) == math.sqrt(squares / (len(values) - 1))


@given(scores)
def test_agrees_with_the_standard_library(values: list[float]) -> None:
    import statistics

    assert sample_stddev(values) == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("values", [[], [1.0]])
def test_too_few_values_are_nan(values: list[float]) -> None:
    assert math.isnan(sample_stddev(values))
    assert math.isnan(mean_stderr(values))


def test_pooled() -> None:
    # (9 * 0.01 * 10 + 19 * 0.04 * 20) / 28 / 30
    assert pooled_sample_stderr([0.1, 0.2], [10, 20]) == pytest.approx(math.sqrt((0.9 + 15.2) / 28 / 30), rel=1e-15)
    assert pooled_sample_stderr([0.25], [7]) == pytest.approx(0.25, rel=1e-15)
    assert math.isnan(pooled_sample_stderr([0.1, 0.1], [1, 1]))
    assert math.isnan(pooled_sample_stderr([], []))
    with pytest.raises(UsageError, match="2 standard errors but 1 sizes"):
        pooled_sample_stderr([0.1, 0.2], [3])


def test_unweighted() -> None:
    assert unweighted_mean_stderr([0.3, 0.4]) == 0.25
    assert math.isnan(unweighted_mean_stderr([]))


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=20), st.integers(2, 1000))
def test_group_errors_coincide_for_equal_sizes(stderrs: list[float], size: int) -> None:
    assert pooled_sample_stderr(stderrs, [size] * len(stderrs)) == pytest.approx(unweighted_mean_stderr(stderrs))
