"""The difference of two proportions of the same samples: Tango's interval, in agreement with McNemar's exact test."""

from __future__ import annotations

import math
from dataclasses import replace

from numpy.typing import ArrayLike

from regrade.errors import UsageError
from regrade.statistics.paired import Comparison, paired_difference
from regrade.statistics.proportion import Interval, z_value
from regrade.statistics.sign_tests import mcnemar

_HALVINGS = 60
"""Bisections of an interval of length 1 or 2: to beyond the precision of a double."""


def compare_proportions(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> Comparison:
    """Compare two systems by their right-or-wrong scores (n,) on the same samples.

    Returns:
        The comparison: Miller's paired standard error, McNemar's exact p, and the interval of
        :func:`agreeing_interval`. Without samples the interval is (-1, 1).

    Raises:
        UsageError: different numbers of scores, a score other than 0 and 1, or ``level`` not between 0 and 1.
    """
    found, counts = paired_difference(a, b, level=level), mcnemar(a, b)
    interval = agreeing_interval(counts.only_a, counts.only_b, found.n, counts.p_exact, level)
    return replace(found, method="paired proportions", interval=interval, p_value=counts.p_exact)


def agreeing_interval(only_a: float, only_b: float, n: float, p_value: float, level: float = 0.95) -> Interval:
    """Tango's interval, which also holds 0 where a test with ``p_value`` does not reject that the two are equal.

    It is the smallest interval of all differences that are not rejected: 0 by the test that is shown, the others by
    Tango's. McNemar's exact test rejects 0 only where Tango's does, at the levels in use, so this only widens.

    Raises:
        UsageError: as of :func:`tango`.
    """
    low, high = tango(only_a, only_b, n, level)
    if p_value >= 1 - level:
        return Interval(min(low, 0.0), max(high, 0.0))
    return Interval(low, high)


def tango(only_a: float, only_b: float, n: float, level: float = 0.95) -> Interval:
    """Tango's score interval for a difference of paired proportions, ``(only_a - only_b) / n``, within [-1, 1].

    It holds the differences that a score test does not reject. Unlike that of the paired t-test it never shrinks to a
    point. Fractions are allowed, for weighted counts.

    Args:
        only_a: Samples that only the first system got right.
        only_b: Samples that only the second got right.
        n: All samples.
        level: Confidence level.

    Raises:
        UsageError: the counts are negative or more than ``n``, or ``level`` is not between 0 and 1.

    Source: Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design", Statistics in Medicine 17 (1998), 891-908; recommended by Fagerland, Lydersen and Laake, Statistics in
    Medicine 33 (2014), 2850-2875.
    """
    z = z_value(level)
    if min(only_a, only_b) < 0 or only_a + only_b > n * (1 + 1e-12):
        raise UsageError(f"{only_a} and {only_b} discordant samples of {n} are no proportions")
    if n == 0:
        return Interval(-1.0, 1.0)
    return Interval(-_upper(only_b, only_a, n, z), _upper(only_a, only_b, n, z))


def _upper(only_a: float, only_b: float, n: float, z: float) -> float:
    """The largest difference that is not rejected, by bisection: the score falls as the difference grows."""
    low, high = (only_a - only_b) / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _score(middle, only_a, only_b, n) > -z:
            low = middle
        else:
            high = middle
    return high


def _score(difference: float, only_a: float, only_b: float, n: float) -> float:
    """Tango's statistic of a supposed difference of at least the observed one: about standard normal if it is true."""
    wins = only_a - only_b
    linear = (2 * n - wins) * difference - only_a - only_b
    root = math.sqrt(max(0.0, linear * linear + 8 * n * only_b * difference * (1 - difference)))
    # The most likely share of samples that only the second gets right, if the difference is true.
    share = (root - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    excess = wins - n * difference
    if variance <= 0:
        return 0.0 if excess == 0 else -math.inf
    return excess / math.sqrt(variance)
