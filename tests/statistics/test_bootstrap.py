"""Resampling: the harness's draws against Python's own random.choices, ours against numpy's in one go."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics import bootstrap
from regrade.statistics.bootstrap import (
    Floats,
    Indices,
    distribution,
    harness_bootstrap_stderr,
    harness_indices,
    jackknife_of_sums,
    replicate_of_sums,
    resample_indices,
)
from regrade.statistics.harness import sample_stddev


def drawn_by_python(n: int, iterations: int) -> list[list[int]]:
    """What the harness's loop draws, spelled with the standard library."""
    draws = []
    chunk = min(1000, iterations)
    for seed in range(iterations // chunk):
        source = random.Random(seed)
        draws += [source.choices(range(n), k=n) for _ in range(chunk)]
    return draws


def harness_stderr(statistic: Callable[[Sequence[float]], float], values: Sequence[float], iterations: int) -> float:
    return sample_stddev([statistic([values[i] for i in row]) for row in drawn_by_python(len(values), iterations)])


@pytest.mark.parametrize(
    ("n", "iterations", "expected"),
    [(1, 3, 3), (7, 1, 1), (7, 999, 999), (13, 1000, 1000), (13, 2500, 2000), (300, 2000, 2000), (1319, 40, 40)],
)
def test_harness_draws(n: int, iterations: int, expected: int) -> None:
    blocks = np.concatenate(list(harness_indices(n, iterations)))
    assert blocks.shape == (expected, n)
    assert blocks.tolist() == drawn_by_python(n, iterations)


def test_harness_draws_of_many_samples_come_in_small_blocks() -> None:
    n, seen = 100_000, []
    for block in harness_indices(n, 12):
        assert block.nbytes <= 1 << 23
        seen.append(block)
    assert len(seen) > 1
    assert np.array_equal(np.concatenate(seen), drawn_by_python(n, 12))


@pytest.mark.parametrize("block", [1, 64, 1 << 10, 1 << 22])
def test_draws_do_not_depend_on_the_block(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = list(resample_indices(29, 50)), list(harness_indices(29, 50))
    monkeypatch.setattr(bootstrap, "_BLOCK", block)
    monkeypatch.setattr(bootstrap, "_LARGE_BLOCK", block)
    assert np.array_equal(np.concatenate(list(resample_indices(29, 50))), np.concatenate(ours))
    assert np.array_equal(np.concatenate(list(harness_indices(29, 50))), np.concatenate(theirs))


@given(st.integers(1, 3000), st.integers(1, 300), st.integers(0, 2**32))
@settings(max_examples=30)
def test_our_draws_are_numpys(n: int, resamples: int, seed: int) -> None:
    whole = np.random.default_rng(seed).integers(0, n, (resamples, n))
    assert np.array_equal(np.concatenate(list(resample_indices(n, resamples, seed))), whole)


def test_harness_stderr_of_a_median() -> None:
    values = [round(random.Random(5).gauss(0, 1) * i, 3) for i in range(1, 42)]
    rows = np.array(values)

    def median(indices: Indices) -> Floats:
        return np.sort(rows[indices], axis=1)[:, len(values) // 2]

    expected = harness_stderr(lambda xs: sorted(xs)[len(xs) // 2], values, 3000)
    assert harness_bootstrap_stderr(len(values), median, 3000) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("iterations", [10, 1000, 3999])
def test_harness_stderr_of_a_mean_of_counts(iterations: int) -> None:
    values = [float(random.Random(9).randrange(2)) for _ in range(50)] + [1.0, 0.0, 1.0]
    expected = harness_stderr(lambda xs: sum(xs) / len(xs), values, iterations)
    mean = replicate_of_sums(values, lambda sums: sums[:, 0] / len(values))
    assert harness_bootstrap_stderr(len(values), mean, iterations) == pytest.approx(expected, rel=1e-15)


def test_harness_stderr_of_matthews_correlation() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 2, 60)
    guess = np.where(rng.random(60) < 0.7, gold, 1 - gold)

    def correlation(sums: Floats) -> Floats:
        tn, fp, fn, tp = sums.T
        spread = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        return np.where(spread > 0, (tp * tn - fp * fn) / np.where(spread > 0, spread, 1), 0.0)

    expected = sample_stddev(
        [float(metrics.matthews_corrcoef(gold[row], guess[row])) for row in drawn_by_python(60, 200)]
    )
    cells = np.eye(4)[gold * 2 + guess]
    assert harness_bootstrap_stderr(60, replicate_of_sums(cells, correlation), 200) == pytest.approx(
        expected, rel=1e-13
    )


def test_one_replicate_has_no_spread() -> None:
    assert math.isnan(harness_bootstrap_stderr(5, lambda indices: indices.mean(axis=1), 1))


@pytest.mark.parametrize(("n", "count"), [(0, 10), (5, 0), (5, -1)])
def test_nothing_to_draw(n: int, count: int) -> None:
    with pytest.raises(UsageError):
        next(harness_indices(n, count))
    with pytest.raises(UsageError):
        next(resample_indices(n, count))


@given(st.integers(1, 40), st.integers(1, 24), st.integers(0, 2**32))
@settings(max_examples=60)
def test_both_ways_to_sum_are_exact_on_counts(n: int, width: int, seed: int) -> None:
    stack = np.random.default_rng(seed).integers(-1000, 1000, (n, width)).astype(float)
    weights = np.arange(1, width + 1)
    indices = np.random.default_rng(seed).integers(0, n, (17, n))
    expected = stack[indices].sum(axis=1) @ weights
    assert np.array_equal(replicate_of_sums(stack, lambda sums: sums @ weights)(indices), expected)


def test_wide_stacks_are_summed_in_parts() -> None:
    stack = np.random.default_rng(1).integers(0, 9, (5000, 40)).astype(float)
    values = distribution(5000, replicate_of_sums(stack, lambda sums: sums[:, 39]), resamples=60)
    indices = np.concatenate(list(resample_indices(5000, 60)))
    assert np.array_equal(values, stack[:, 39][indices].sum(axis=1))


@given(st.integers(2, 40), st.integers(1, 5), st.integers(0, 2**32))
@settings(max_examples=40)
def test_jackknife_of_sums_is_leaving_one_out(n: int, width: int, seed: int) -> None:
    stack = np.random.default_rng(seed).random((n, width))
    left_out = [np.delete(stack, i, axis=0).sum(axis=0).prod() for i in range(n)]
    assert jackknife_of_sums(stack, lambda sums: sums.prod(axis=1)) == pytest.approx(left_out, rel=1e-9)


def test_shapes_are_checked() -> None:
    with pytest.raises(UsageError, match=r"\(n, width\)"):
        replicate_of_sums(np.zeros((2, 2, 2)), lambda sums: sums[:, 0])


def test_distribution_of_an_undefined_ratio_does_not_warn() -> None:
    stack = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    values = distribution(3, replicate_of_sums(stack, lambda sums: sums[:, 0] / sums[:, 1]), resamples=50)
    assert not np.isfinite(values).all()
