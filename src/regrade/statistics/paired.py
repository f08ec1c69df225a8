"""Comparing two systems on the same samples: how large the difference is, how sure, and whether it is inside the noise.

Differences are always a - b. Pairing matters: both systems find the same samples hard, so the error of the mean
difference is usually much smaller than the errors of the two means suggest.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats, Indices, Replicate, distribution
from regrade.statistics.clustered import clustered_stderr
from regrade.statistics.intervals import bca_interval
from regrade.statistics.proportion import Interval
from regrade.statistics.student import student, t_p_value


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known about the difference of two systems on the same samples, in the metric's unit."""

    method: str
    """``paired``, ``clustered`` or ``bootstrap``."""
    n: int
    """Number of pairs."""
    value_a: float
    value_b: float
    difference: float
    """``value_a - value_b``."""
    stderr: float
    interval: Interval
    level: float
    p_value: float
    """Two-sided, of no difference."""

    @property
    def inside_noise(self) -> bool:
        """See :func:`inside_noise`."""
        return inside_noise(self)


def inside_noise(comparison: Comparison) -> bool:
    """Whether the two systems cannot be told apart: the interval of their difference contains 0, or is not known.

    When all differences are alike the standard error is 0 and any difference is outside the noise, even of two
    samples; for right-or-wrong scores on few samples ask :func:`~regrade.statistics.sign_tests.mcnemar`.
    """
    return math.isnan(comparison.interval.low + comparison.interval.high) or comparison.interval.contains(0.0)


def paired_difference(
    a: ArrayLike, b: ArrayLike, *, clusters: Iterable[Hashable] | None = None, level: float = 0.95
) -> Comparison:
    """Compare the means of two systems by the standard error of their paired differences.

    Args:
        a: Scores of the first system (n,), in the order of the samples.
        b: Scores of the second (n,), in the same order.
        clusters: The cluster of each sample, for a clustered standard error.
        level: Confidence level of the interval.

    Returns:
        The comparison: standard error sqrt(Var(a - b) / n), with n - 1 in the variance, or the clustered one;
        interval and p by Student's t with n - 1 degrees of freedom (clusters - 1). Standard error, interval and p are
        nan with fewer than two samples (or clusters), or where a score is nan.

    Raises:
        UsageError: different numbers of scores (or labels), or ``level`` not between 0 and 1.

    Source: Miller, "Adding Error Bars to Evals" (arXiv:2411.00640), sec. 4, with Student's t in place of
    the normal distribution; it is the paired t-test.
    """
    first, second = one_to_one(a, b)
    n = len(first)
    differences = first - second
    if clusters is not None:
        labels = list(clusters)
        stderr, freedom = clustered_stderr(differences, labels), len(set(labels)) - 1
    else:
        freedom = n - 1
        stderr = float(differences.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    value_a, value_b = (float(scores.mean()) if n else math.nan for scores in (first, second))
    difference = float(differences.mean()) if n else math.nan
    if math.isnan(stderr) or math.isnan(difference):
        p_value = math.nan
    elif stderr == 0:
        p_value = 0.0 if difference else 1.0
    else:
        p_value = t_p_value(difference / stderr, freedom)
    return Comparison(
        method="paired" if clusters is None else "clustered",
        n=n,
        value_a=value_a,
        value_b=value_b,
        difference=difference,
        stderr=stderr,
        interval=student(difference, stderr, freedom, level),
        level=level,
        p_value=p_value,
    )


def paired_bootstrap(
    replicate_a: Replicate,
    replicate_b: Replicate,
    estimates: tuple[float, float],
    jackknives: tuple[ArrayLike, ArrayLike],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 42,
) -> Comparison:
    """Compare two systems by any statistic: both are recomputed on the same resampled samples, and the differences
    kept.

    Args:
        replicate_a: Resample indices (b, n) to the first system's values (b,).
        replicate_b: Likewise for the second, over the same samples in the same order.
        estimates: The two values on the samples themselves.
        jackknives: The two systems' values with one sample left out, (n,) each.
        resamples: How many resamples to draw, from ``default_rng(seed)``.
        level: Confidence level of the BCa interval.
        seed: Seed of the resamples.

    Returns:
        The comparison: the standard deviation of the resampled differences (nan from one), their BCa interval, and as
        p twice the smaller share of resamples on either side of 0, never below 2 / (resamples + 1). Nan without
        samples.

    Raises:
        UsageError: jackknife values of different lengths, ``level`` not between 0 and 1, or ``resamples`` less than 1.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 14-16.
    """
    left_out_a, left_out_b = one_to_one(*jackknives)
    n = len(left_out_a)
    difference = estimates[0] - estimates[1]

    def replicate(indices: Indices) -> Floats:
        return replicate_a(indices) - replicate_b(indices)

    values = distribution(n, replicate, resamples, seed) if n else np.empty(0)
    if values.size and not np.isnan(values).any():
        side = min(np.count_nonzero(values <= 0), np.count_nonzero(values >= 0))
        p_value = min(1.0, 2 * (float(side) + 1) / (values.size + 1))
    else:
        p_value = math.nan
    return Comparison(
        method="bootstrap",
        n=n,
        value_a=estimates[0],
        value_b=estimates[1],
        difference=difference,
        stderr=float(values.std(ddof=1)) if values.size > 1 else math.nan,
        interval=bca_interval(values, difference, left_out_a - left_out_b, level=level),
        level=level,
        p_value=p_value,
    )


def one_to_one(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Two systems' scores as arrays (n,), (n,).

    Raises:
        UsageError: they are not one score per sample each.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise UsageError(
            f"a paired comparison needs one score per sample from each system, not {first.shape} and {second.shape}",
            hint="compare only the samples that both answered",
        )
    return first, second
