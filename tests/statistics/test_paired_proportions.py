"""Tango's interval against published values, closed forms, and McNemar's test."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.paired_proportions import compare_proportions, tango
from regrade.statistics.sign_tests import mcnemar_from_counts

Z = NormalDist().inv_cdf(0.975)


def scores(both: int, only_a: int, only_b: int, neither: int) -> tuple[list[int], list[int]]:
    """Right-or-wrong scores of two systems with these counts."""
    counts = ((1, 1, both), (1, 0, only_a), (0, 1, only_b), (0, 0, neither))
    a, b = ([values[which] for values in counts for _ in range(values[2])] for which in (0, 1))
    return a, b


def test_published_values() -> None:
    # Fagerland, Lydersen and Laake 2014: airway hyper-responsiveness (Bentur 2009), Tango's interval.
    assert tango(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize("n", [1, 5, 20, 200])
def test_closed_forms(n: int) -> None:
    # Without discordant samples the score of a difference d is -n d / sqrt(n d (1 - d)).
    edge = Z**2 / (n + Z**2)
    assert tango(0, 0, n) == pytest.approx((-edge, edge), rel=1e-9)
    low, high = tango(n, 0, n)
    assert high == 1
    # Where one wins all, as many lose as can, q = (1 - d) / 2: the variance is n (1 - d)(1 + d), and
    # the ends have (1 - d) / (1 + d) = z^2 / n.
    assert low == pytest.approx((n - Z**2) / (n + Z**2), rel=1e-9)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_interval_and_test_agree(only_a: int, only_b: int, same: int, level: float) -> None:
    n = only_a + only_b + same
    if n == 0:
        return
    found = compare_proportions(*scores(same, only_a, only_b, 0), level=level)
    assert found.p_value == mcnemar_from_counts(only_a, only_b).p_exact
    assert found.interval.contains(0) == (found.p_value >= 1 - level)
    assert -1 <= found.interval.low <= found.difference <= found.interval.high <= 1
    back = compare_proportions(*scores(same, only_b, only_a, 0), level=level)
    assert back.interval == (-found.interval.high, -found.interval.low)


def test_at_zero_it_is_mcnemar_s_score() -> None:
    # 40 to 20: chi-square 20^2 / 60 without correction, so at the level of its p an end is 0.
    level = 1 - math.erfc(math.sqrt(400 / 60 / 2))
    assert tango(40, 20, 160, level).low == pytest.approx(0, abs=1e-9)


def test_edges() -> None:
    empty = compare_proportions([], [])
    assert empty.interval == (-1, 1)
    assert empty.p_value == 1
    with pytest.raises(UsageError, match="discordant"):
        tango(3, 2, 4)
    with pytest.raises(UsageError, match="discordant"):
        tango(-1, 2, 4)
    with pytest.raises(UsageError, match="level"):
        tango(1, 2, 4, 95)
