"""The BCa bootstrap interval of any statistic; intervals in closed form are in :mod:`.proportion`."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from regrade.statistics.bootstrap import (
    Reduce,
    Replicate,
    distribution,
    jackknife_of_sums,
    replicate_of_sums,
)
from regrade.statistics.proportion import NOT_KNOWN, Interval, normal, wilson, z_value

__all__ = ["NOT_KNOWN", "Interval", "bca", "bca_interval", "bca_of_sums", "normal", "wilson", "z_value"]

_NORMAL = NormalDist()
_ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Relative difference below which two values of one statistic are the same value, added up in another order."""


def bca(
    replicate: Replicate,
    estimate: float,
    jackknife: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 42,
) -> Interval:
    """The bias-corrected and accelerated bootstrap interval of any statistic.

    Args:
        replicate: Resample indices (b, n) to the statistic's values (b,).
        estimate: The statistic of the samples themselves.
        jackknife: Its n values with one sample left out, (n,), in any order.
        resamples: How many resamples to draw, from ``default_rng(seed)``.
        level: Confidence level, in (0, 1).
        seed: Seed of the resamples.

    Returns:
        The interval, in the statistic's unit; see :func:`bca_interval` for samples that allow none. Nan without
        samples.

    Raises:
        UsageError: ``level`` is not between 0 and 1, or ``resamples`` less than 1.
    """
    left_out = np.asarray(jackknife, dtype=np.float64)
    if len(left_out) == 0 or not math.isfinite(estimate):
        z_value(level)
        return NOT_KNOWN
    values = distribution(len(left_out), replicate, resamples, seed)
    return bca_interval(values, estimate, left_out, level=level)


def bca_of_sums(
    stack: ArrayLike,
    reduce: Reduce,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 42,
) -> Interval:
    """The BCa interval of a statistic that depends only on the sum of its samples' vectors; see :func:`bca`.

    Args:
        stack: Sufficient statistics (n, width), or (n,) for one column.
        reduce: Sums (b, width) to values (b,).
        resamples: How many resamples to draw.
        level: Confidence level, in (0, 1).
        seed: Seed of the resamples.
    """
    rows = np.asarray(stack, dtype=np.float64)
    if len(rows) == 0:
        return bca(lambda indices: np.empty(len(indices)), math.nan, rows, level=level)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = float(reduce(rows.sum(axis=0).reshape(1, -1))[0])
    return bca(
        replicate_of_sums(rows, reduce),
        estimate,
        # One sample leaves none behind, and its interval is a point whatever the jackknife says.
        jackknife_of_sums(rows, reduce) if len(rows) > 1 else np.array([estimate]),
        resamples=resamples,
        level=level,
        seed=seed,
    )


def bca_interval(
    replicates: ArrayLike, estimate: float, jackknife: ArrayLike, *, level: float = 0.95, literal: bool = False
) -> Interval:
    """The BCa interval from bootstrap replicates (B,), the estimate and the jackknife values (n,).

    It equals ``scipy.stats.bootstrap(method="BCa")`` on the same resamples, with one refinement: replicates that
    differ from the estimate by rounding only count as ties, so the result does not depend on the order of additions.

    Degenerate cases, none of which warns:

    - every replicate equals the estimate (one sample, or all alike): the point (estimate, estimate);
    - a nan or infinity in the estimate, the replicates or the jackknife values: nan;
    - every replicate on one side of the estimate (a maximum, say): nan, since the bias correction is infinite;
    - jackknife values all alike: no acceleration (the BC interval).

    Args:
        replicates: The statistic of resamples.
        estimate: That of the samples themselves.
        jackknife: Its values with one sample left out.
        level: Confidence level, in (0, 1).
        literal: Follow scipy to the letter: ties are exact, and degenerate cases give nan (the interval is a point
            only where the jackknife values differ all the same).

    Raises:
        UsageError: ``level`` is not between 0 and 1.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), eq. 14.9-14.15.
    """
    z = z_value(level)
    values = np.asarray(replicates, dtype=np.float64)
    left_out = np.asarray(jackknife, dtype=np.float64)
    if not (values.size and math.isfinite(estimate) and np.isfinite(values).all() and np.isfinite(left_out).all()):
        return NOT_KNOWN

    tolerance = 0.0 if literal else _ROUNDING * max(abs(estimate), float(np.abs(values).max()))
    ties = np.abs(values - estimate) <= tolerance
    tied = int(ties.sum())
    if tied == values.size and not literal:
        return Interval(estimate, estimate)
    below = (int(((values < estimate) & ~ties).sum()) + tied / 2) / values.size
    if not 0 < below < 1:
        return NOT_KNOWN
    bias = _NORMAL.inv_cdf(below)

    influence = left_out.mean() - left_out
    spread = float((influence**2).sum())
    flat = not literal and float(np.abs(influence).max()) <= _ROUNDING * float(np.abs(left_out).max())
    if literal and spread == 0:
        return NOT_KNOWN
    acceleration = 0.0 if flat or spread == 0 else float((influence**3).sum()) / (6 * spread**1.5)

    def corrected(quantile: float) -> float:
        shifted = bias + quantile
        scale = 1 - acceleration * shifted
        return _NORMAL.cdf(bias + (shifted / scale if scale else math.copysign(math.inf, shifted)))

    low, high = np.quantile(values, [corrected(-z), corrected(z)])
    return Interval(float(low), float(high))
