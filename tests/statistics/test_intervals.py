"""BCa intervals against scipy, and where there is nothing to be confident of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats, distribution, jackknife_of_sums, replicate_of_sums
from regrade.statistics.intervals import bca, bca_interval, bca_of_sums
from regrade.statistics.proportion import Interval


def mean(sums: Floats) -> Floats:
    return sums[:, 0] / sums[:, 1]


def with_ones(values: Any) -> Floats:
    column = np.asarray(values, dtype=float)
    return np.column_stack([column, np.ones_like(column)])


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("resamples", [100, 1000])
@pytest.mark.parametrize("n", [2, 50, 700])
@pytest.mark.parametrize("kind", ["right or wrong", "normal", "skewed", "few values"])
def test_bca_of_a_mean_is_that_of_scipy(kind: str, n: int, resamples: int, level: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(n)
    values = {
        "right or wrong": lambda: np.arange(n) % 3 == 0,
        "normal": lambda: rng.normal(3, 2, n),
        "skewed": lambda: rng.exponential(size=n) ** 2,
        "few values": lambda: rng.integers(0, 4, n) / 4 + (np.arange(n) == 0),
    }[kind]()
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=resamples, confidence_level=level, method="BCa", rng=np.random.default_rng(42)
    ).confidence_interval
    ours = bca_of_sums(with_ones(values), mean, resamples=resamples, level=level)
    assert ours == pytest.approx((theirs.low, theirs.high), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_bca_of_few_samples_is_that_of_scipy_without_its_rounding(n: int) -> None:
    # Of 5 samples one resample in 26 holds each once. Its mean is a tie, yet scipy sees another mean where the order of
    # addition rounds it so; told to round means alike, it agrees.
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(n).normal(3, 2, n)
    theirs = stats.bootstrap(
        (values,), lambda x, axis: np.round(x.mean(axis=axis), 13), n_resamples=1000, rng=np.random.default_rng(42)
    ).confidence_interval
    assert bca_of_sums(with_ones(values), mean) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_bca_of_any_statistic_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(0).gamma(2, size=80)
    theirs = stats.bootstrap((values,), np.std, n_resamples=500, rng=np.random.default_rng(7)).confidence_interval
    jackknife = [np.std(np.delete(values, i)) for i in range(80)]
    ours = bca(lambda indices: values[indices].std(axis=1), float(values.std()), jackknife, resamples=500, seed=7)
    assert ours == pytest.approx((theirs.low, theirs.high), rel=1e-12)


def test_replicates_that_differ_by_rounding_are_ties() -> None:
    # Thirds do not add up exactly; whichever way they are added, a resample with the same mean is a tie.
    thirds = np.random.default_rng(2).integers(0, 4, 30) / 3
    exact = bca_of_sums(with_ones(np.rint(thirds * 3)), lambda sums: mean(sums) / 3)
    assert bca_of_sums(with_ones(thirds), mean) == pytest.approx(exact, rel=1e-12)
    shuffled = distribution(30, lambda indices: thirds[indices][:, ::-1].mean(axis=1))
    jackknife = jackknife_of_sums(with_ones(thirds), mean)
    assert bca_interval(shuffled, float(thirds.mean()), jackknife) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (with_ones([0.1] * 7), (0.1, 0.1)),
        (with_ones([1.0] * 7), (1.0, 1.0)),
        (with_ones([0.3]), (0.3, 0.3)),
        (with_ones([math.nan, 1.0, 2.0]), (math.nan, math.nan)),
        (with_ones([math.inf, 1.0, 2.0]), (math.nan, math.nan)),
        (with_ones([]), (math.nan, math.nan)),
        (np.zeros((4, 2)), (math.nan, math.nan)),
    ],
)
def test_degenerate_samples(stack: Floats, expected: tuple[float, float]) -> None:
    assert bca_of_sums(stack, mean, resamples=50) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_undefined_replicates_and_one_sided_ones_give_nan() -> None:
    assert all(map(math.isnan, bca_interval([0.1, math.nan, 0.3], 0.2, [0.1, 0.2, 0.3])))
    assert all(map(math.isnan, bca_interval([1.0, 2.0, 3.0], 4.0, [3.0, 4.0, 4.0])))
    assert all(map(math.isnan, bca_interval([], 4.0, [3.0, 4.0, 4.0])))


def test_a_flat_jackknife_leaves_the_bias_correction() -> None:
    values = np.linspace(-1, 1, 1001)
    assert bca_interval(values, 0.0, [5.0, 5.0, 5.0], level=0.9) == pytest.approx((-0.9, 0.9), abs=1e-12)


def test_arguments_are_checked() -> None:
    for level in (0, 95):
        with pytest.raises(UsageError):
            bca_of_sums(with_ones([]), mean, level=level)
        with pytest.raises(UsageError):
            bca_of_sums(with_ones([1, 2]), mean, level=level)
    with pytest.raises(UsageError):
        bca_of_sums(with_ones([1, 2]), mean, resamples=0)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40), st.integers(1, 20), st.integers(-20, 20))
@settings(max_examples=40)
def test_bca_follows_scale_and_shift(values: list[int], scale: int, shift: int) -> None:
    low, high = bca_of_sums(with_ones(values), mean, resamples=200)
    moved = bca_of_sums(with_ones([scale * value + shift for value in values]), mean, resamples=200)
    assert moved == pytest.approx((scale * low + shift, scale * high + shift), rel=1e-9, abs=1e-9, nan_ok=True)


def test_a_bootstrap_can_be_taken_apart() -> None:
    stack = with_ones(np.random.default_rng(4).random(64))
    replicate = replicate_of_sums(stack, mean)
    estimate = float(stack[:, 0].mean())
    whole = bca_of_sums(stack, mean, resamples=300, seed=3)
    assert whole == bca(replicate, estimate, jackknife_of_sums(stack, mean), resamples=300, seed=3)
    assert whole == bca_interval(distribution(64, replicate, 300, seed=3), estimate, jackknife_of_sums(stack, mean))
    assert isinstance(whole, Interval)
