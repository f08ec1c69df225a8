"""Student's t distribution: p-values, and the quantile that stands in an interval for the normal one where n is small.

No numpy, and no scipy; the values are scipy's, to 1e-12.
"""

from __future__ import annotations

import math

from regrade.addition import add_up
from regrade.errors import UsageError
from regrade.statistics.proportion import NOT_KNOWN, Interval, z_value


def student(estimate: float, stderr: float, freedom: int, level: float = 0.95) -> Interval:
    """Student's interval: estimate +- t * stderr with ``freedom`` degrees of freedom. Nan without any, or with a nan.

    Raises:
        UsageError: ``level`` is not between 0 and 1.
    """
    if freedom < 1 or math.isnan(stderr):
        z_value(level)
        return NOT_KNOWN
    half = t_value(level, freedom) * stderr
    return Interval(estimate - half, estimate + half)


def t_value(level: float, freedom: int) -> float:
    """The two-sided quantile of a confidence level: 2.26 for 0.95 and 9 degrees of freedom.

    Raises:
        UsageError: ``level`` is not between 0 and 1, or ``freedom`` less than 1.
    """
    value = z_value(level)
    if freedom < 1:
        raise UsageError(f"degrees of freedom must be at least 1, not {freedom}")
    log_scale = math.log(gamma_ratio(freedom / 2)) - math.log(freedom * math.pi) / 2
    # Both tails are convex in t, so Newton's steps from the normal quantile, which is too small, never overshoot.
    for _ in range(200):
        density = math.exp(log_scale - (freedom + 1) / 2 * math.log1p(value * value / freedom))
        step = (t_p_value(value, freedom) - (1 - level)) / (2 * density)
        value += step
        if abs(step) <= 1e-14 * value:
            break
    return value


def t_p_value(t: float, freedom: int) -> float:
    """The two-sided p-value of ``t`` with ``freedom`` degrees of freedom; nan without any, or of a nan."""
    if freedom < 1 or math.isnan(t):
        return math.nan
    if math.isinf(t):
        return 0.0
    ratio = t * t / freedom
    return _both_tails(math.sqrt(ratio / (1 + ratio)), -math.log1p(ratio), freedom)


def student_p_value(correlation: float, freedom: int) -> float:
    """The two-sided p-value of a correlation r by t = r sqrt(f / (1 - r^2)); nan without degrees of freedom f."""
    if freedom < 1 or math.isnan(correlation):
        return math.nan
    size = abs(correlation)
    if size >= 1:
        return 0.0
    log_rest = math.log1p(-size * size) if size < 0.7 else math.log1p(-size) + math.log1p(size)
    return _both_tails(size, log_rest, freedom)


def _both_tails(size: float, log_rest: float, freedom: int) -> float:
    """The regularised incomplete beta function I(f/2, 1/2) at 1 - r^2, of which ``log_rest`` is the logarithm."""
    a = freedom / 2
    # x^a (1 - x)^b / B(a, b), of which both tails are a multiple
    front = math.exp(a * log_rest) * size * gamma_ratio(a) / math.sqrt(math.pi)
    rest = -math.expm1(log_rest)
    if 1 - rest < (a + 1) / (a + 2.5):
        return front * _beta_fraction(1 - rest, a, 0.5) / a
    return 1 - 2 * front * _beta_fraction(rest, 0.5, a)


def gamma_ratio(a: float) -> float:
    """Gamma(a + 1/2) / Gamma(a); the asymptotic series, from 40 on exact to the last digits."""
    if a < 40:
        return math.gamma(a + 0.5) / math.gamma(a)
    terms = (1, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304)
    return math.sqrt(a) * add_up(term * a**-power for power, term in enumerate(terms))


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method.

    Source: Abramowitz and Stegun, "Handbook of mathematical functions", 26.5.8.
    """
    tiny = 1e-300
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / ((1 + step * d) or tiny)
            c = (1 + step / c) or tiny
            value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value
