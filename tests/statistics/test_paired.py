"""Paired comparison against scipy, hand computation and identities of the paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats, jackknife_of_sums, replicate_of_sums
from regrade.statistics.clustered import clustered_stderr
from regrade.statistics.harness import mean_stderr
from regrade.statistics.intervals import bca_of_sums
from regrade.statistics.paired import (
    inside_noise,
    paired_bootstrap,
    paired_difference,
)
from regrade.statistics.proportion import Interval

scores = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40)


def test_paired_difference_by_hand() -> None:
    # Differences 1 0 0 1: mean 1/2, variance 1/3, standard error sqrt(1/12).
    found = paired_difference([1, 1, 0, 1], [0, 1, 0, 0])
    assert (found.method, found.n, found.value_a, found.value_b, found.difference) == ("paired", 4, 0.75, 0.25, 0.5)
    assert found.stderr == pytest.approx(math.sqrt(1 / 12), rel=1e-15)
    half = 3.182446305284263 * math.sqrt(1 / 12)  # Student's t with 3 degrees of freedom
    assert found.interval == pytest.approx((0.5 - half, 0.5 + half))
    assert found.p_value == pytest.approx(1 / 2 - 1 / math.pi)  # of t = sqrt(3), by the closed form for 3 degrees
    assert found.inside_noise
    assert inside_noise(found)


@given(scores)
def test_miller_s_identity(samples: list[tuple[float, float]]) -> None:
    # SE_paired^2 = SE_a^2 + SE_b^2 - 2 Cov(a, b) / n
    a, b = np.array(samples).T
    expected = mean_stderr(a.tolist()) ** 2 + mean_stderr(b.tolist()) ** 2 - 2 * np.cov(a, b)[0, 1] / len(a)
    assert paired_difference(a, b).stderr ** 2 == pytest.approx(expected, abs=1e-12)


@given(scores)
def test_swapping_the_systems_mirrors_the_result(samples: list[tuple[float, float]]) -> None:
    a, b = np.array(samples).T
    one, other = paired_difference(a, b), paired_difference(b, a)
    assert (one.difference, one.stderr, one.p_value) == (-other.difference, other.stderr, other.p_value)
    assert one.interval == (-other.interval.high, -other.interval.low)
    assert one.interval.contains(one.difference)
    assert one.inside_noise == other.inside_noise


def test_it_is_the_t_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = np.random.default_rng(0).random((2, 12))
    b += 0.1
    theirs = stats.ttest_rel(a, b)
    ours = paired_difference(a, b)
    assert ours.difference / ours.stderr == pytest.approx(theirs.statistic, rel=1e-10)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-11)
    assert ours.interval == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-11)


def test_clustered_difference() -> None:
    rng = np.random.default_rng(1)
    a, b, labels = rng.random(50), rng.random(50), rng.integers(0, 9, 50).tolist()
    found = paired_difference(a, b, clusters=labels, level=0.9)
    assert (found.method, found.level) == ("clustered", 0.9)
    assert found.stderr == pytest.approx(clustered_stderr(a - b, labels))


def test_too_few_pairs_tell_nothing() -> None:
    for a, b in (([], []), ([1.0], [0.0]), ([1.0, math.nan], [0.0, 1.0])):
        found = paired_difference(a, b)
        assert math.isnan(found.stderr)
        assert math.isnan(found.p_value)
        assert found.inside_noise
    with pytest.raises(UsageError, match="one score per sample"):
        paired_difference([1, 0], [1])


def test_systems_that_never_differ_otherwise() -> None:
    same = paired_difference([0.5, 0.25], [0.5, 0.25])
    assert (same.difference, same.stderr, same.p_value, same.inside_noise) == (0, 0, 1, True)
    always = paired_difference([1, 1, 1], [0, 0, 0])
    assert (always.difference, always.stderr, always.p_value, always.inside_noise) == (1, 0, 0, False)


def ratio(sums: Floats) -> Floats:
    return sums[:, 0] / sums[:, 1]


def test_paired_bootstrap_of_a_ratio() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((2, 200, 2)) + np.array([[[0.6, 1]], [[0.1, 1]]])
    estimates = tuple(float(ratio(stack.sum(axis=0)[None])[0]) for stack in (a, b))
    found = paired_bootstrap(
        replicate_of_sums(a, ratio),
        replicate_of_sums(b, ratio),
        (estimates[0], estimates[1]),
        (jackknife_of_sums(a, ratio), jackknife_of_sums(b, ratio)),
        resamples=500,
    )
    both = bca_of_sums(np.hstack([a, b]), lambda sums: ratio(sums) - ratio(sums[:, 2:]), resamples=500)
    assert found.interval == pytest.approx(both, rel=1e-12)
    assert found.difference == estimates[0] - estimates[1]
    assert found.n == 200
    assert not found.inside_noise
    assert found.p_value == pytest.approx(2 / 501)


def test_paired_bootstrap_of_means_finds_the_paired_error() -> None:
    rng = np.random.default_rng(3)
    difficulty = rng.random(400)
    a, b = ((rng.random(400) < difficulty).astype(float) for _ in range(2))
    found = paired_bootstrap(
        lambda indices: a[indices].mean(axis=1),
        lambda indices: b[indices].mean(axis=1),
        (float(a.mean()), float(b.mean())),
        ((a.sum() - a) / 399, (b.sum() - b) / 399),
        resamples=4000,
    )
    assert found.stderr == pytest.approx(paired_difference(a, b).stderr, rel=0.05)


def test_paired_bootstrap_without_samples_or_values() -> None:
    empty = paired_bootstrap(
        lambda indices: np.zeros(len(indices)), lambda indices: np.zeros(len(indices)), (math.nan,) * 2, ([], [])
    )
    assert empty.n == 0
    assert math.isnan(empty.stderr + empty.p_value + empty.interval.low)
    assert empty.inside_noise
    undefined = paired_bootstrap(
        lambda indices: np.full(len(indices), math.nan),
        lambda indices: np.zeros(len(indices)),
        (0.5, 0.0),
        ([0.1, 0.2], [0.0, 0.0]),
        resamples=20,
    )
    assert math.isnan(undefined.p_value + undefined.interval.low)


def test_identical_systems_by_bootstrap() -> None:
    found = paired_bootstrap(
        lambda indices: indices.mean(axis=1), lambda indices: indices.mean(axis=1), (1.0, 1.0), ([1, 2], [1, 2])
    )
    assert (found.difference, found.stderr, found.interval, found.p_value) == (0, 0, Interval(0, 0), 1)
