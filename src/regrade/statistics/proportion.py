"""Intervals in closed form: Wilson's for a proportion, normal from a standard error.

No numpy: it takes longer to load than these take for any table.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from regrade.errors import UsageError

_Z_95 = 1.9599639845400536
"""``z_value(0.95)``: nearly every table needs it, and the standard library's ``statistics`` takes 10 ms to load."""


class Interval(NamedTuple):
    """A confidence interval, in the unit of the estimate; both ends are nan where none can be given."""

    low: float
    high: float

    def contains(self, value: float) -> bool:
        """Whether ``value`` lies in the interval, ends included; never in one with a nan end."""
        return self.low <= value <= self.high


NOT_KNOWN = Interval(math.nan, math.nan)


def z_value(level: float) -> float:
    """The two-sided normal quantile of a confidence level: 1.96 for 0.95.

    Raises:
        UsageError: ``level`` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UsageError(f"a confidence level lies between 0 and 1, not at {level}", hint="95% is 0.95")
    if level == 0.95:
        return _Z_95
    from statistics import NormalDist

    return -NormalDist().inv_cdf((1 - level) / 2)


def wilson(successes: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion, in [0, 1].

    Unlike the normal interval it never leaves [0, 1] nor shrinks to a point at 0 of n or n of n. With n = 0 nothing
    is known and it is (0, 1). Fractions are allowed, for weighted counts.

    Raises:
        UsageError: ``successes`` is not between 0 and ``n``, or ``level`` not between 0 and 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    z = z_value(level)
    if not 0 <= successes <= n:
        raise UsageError(f"{successes} successes out of {n} is not a proportion")
    if n == 0:
        return Interval(0.0, 1.0)
    share = successes / n
    stretch = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / stretch
    half = z / stretch * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # Exact at the ends, where the formula is 0 or 1 up to rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low, high)


def normal(estimate: float, stderr: float, level: float = 0.95) -> Interval:
    """The normal interval: estimate +- z * stderr. It is not clipped; with a nan it is nan.

    Raises:
        UsageError: ``level`` is not between 0 and 1.
    """
    half = z_value(level) * stderr
    return Interval(estimate - half, estimate + half)
