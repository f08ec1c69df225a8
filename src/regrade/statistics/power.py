"""How many samples a comparison needs to show a difference, and which difference a number of samples can show.

A :class:`Design` says what is compared; :func:`power_at`, :func:`needed` and :func:`detectable` answer for every one,
by the normal approximation of a two-sided test: with s0 and s1 the standard deviations that one sample adds to the
difference where there is none and where it is d, ``power = Phi((|d| sqrt(n) - z s0) / s1)``. "Found" means significant
in the right direction.

For the mean of paired differences over n questions, each answered ``repeats`` times by each system, it is::

    n = (z_level + z_power)^2 * (between + within_a / repeats_a + within_b / repeats_b) / effect^2

``between`` is the variance over questions of the true difference (omega^2), ``within_a`` and ``within_b`` the mean
variance of one answer's score about its question's expectation (sigma^2). With one answer per question their sum is
simply the variance of the observed differences: give it as ``between`` and leave the rest at zero.

Source: Miller, "Adding Error Bars to Evals" (arXiv:2411.00640), sec. 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

from regrade.errors import UsageError
from regrade.statistics.proportion import z_value

if TYPE_CHECKING:
    from regrade.statistics.bootstrap import Floats, Indices

_NORMAL = NormalDist()
_MOST_EXACT = 2000
"""Discordant samples up to which the power of McNemar's test is summed exactly; beyond, the normal one is as good."""


def samples_needed(
    effect: float,
    between: float,
    within_a: float = 0.0,
    within_b: float = 0.0,
    *,
    repeats_a: int = 1,
    repeats_b: int = 1,
    level: float = 0.95,
    power: float = 0.8,
) -> int:
    """The number of questions at which a true difference ``effect`` is found significant with probability ``power``.

    Args:
        effect: The smallest difference of interest, in the metric's unit; its sign does not matter.
        between: Variance over questions of the true difference.
        within_a: Mean within-question variance of system a; likewise ``within_b``.
        within_b: See ``within_a``.
        repeats_a: Answers per question from system a; likewise ``repeats_b``.
        repeats_b: See ``repeats_a``.
        level: Confidence level of the two-sided test, in (0, 1).
        power: Probability of finding the effect, in (0, 1).

    Raises:
        UsageError: no effect, a negative variance, no repeats, or ``level`` or ``power`` not between 0 and 1.
    """
    variance = _variance_of_one(between, within_a, within_b, repeats_a, repeats_b)
    return needed_samples(of_variance(variance), effect, level=level, power=power)


def detectable_effect(
    n: int,
    between: float,
    within_a: float = 0.0,
    within_b: float = 0.0,
    *,
    repeats_a: int = 1,
    repeats_b: int = 1,
    level: float = 0.95,
    power: float = 0.8,
) -> float:
    """The smallest true difference, in the metric's unit, that ``n`` questions find with probability ``power``.

    Arguments and errors as for :func:`samples_needed`, whose inverse it is.
    """
    variance = _variance_of_one(between, within_a, within_b, repeats_a, repeats_b)
    return detectable(of_variance(variance), n, level=level, power=power)


def achieved_power(
    n: int,
    effect: float,
    between: float,
    within_a: float = 0.0,
    within_b: float = 0.0,
    *,
    repeats_a: int = 1,
    repeats_b: int = 1,
    level: float = 0.95,
) -> float:
    """The probability that ``n`` questions show a true difference ``effect`` to be significant in its own direction.

    Arguments and errors as for :func:`samples_needed`, whose inverse it is.
    """
    variance = _variance_of_one(between, within_a, within_b, repeats_a, repeats_b)
    return power_at(of_variance(variance), n, effect, level=level)


class Design(NamedTuple):
    """What is compared, as far as its power depends on it; made by :func:`of_variance` and its like.

    Attributes:
        null: Standard deviation that one sample adds to the difference if there is none, by the difference asked for.
        real: The same, if the difference is that.
        largest: The largest difference that can be, by its sign; infinite if there is no bound.
        exact: Share of samples on which two systems differ, where McNemar's exact test is meant; None of others.
    """

    null: Callable[[float], float]
    real: Callable[[float], float]
    largest: float = math.inf
    exact: float | None = None


def of_variance(variance: float) -> Design:
    """A mean whose samples add this variance to it: of the difference of a pair, or the sum of two systems' variances.

    Raises:
        UsageError: it is negative or no number.
    """
    if not 0 <= variance < math.inf:
        raise UsageError(f"a variance is a number from 0, not {variance}")
    return Design(lambda _: math.sqrt(variance), lambda _: math.sqrt(variance))


def of_discordance(discordance: float) -> Design:
    """Right-or-wrong answers of two systems to the same samples, by McNemar's test.

    Args:
        discordance: The share of samples that exactly one of the two gets right.

    Raises:
        UsageError: it is not above 0 and at most 1.

    Source: Connor, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43
    (1987); s0^2 = discordance, s1^2 = discordance - d^2.
    """
    if not 0 < discordance <= 1:
        raise UsageError(
            f"the share of samples on which two systems differ is above 0 and at most 1, not {discordance}"
        )
    root = math.sqrt(discordance)
    return Design(lambda _: root, lambda d: math.sqrt(max(0.0, discordance - d * d)), discordance, discordance)


def of_proportions(baseline: float, sign: float = 1.0) -> Design:
    """Right-or-wrong answers of two systems to different samples, n each.

    Args:
        baseline: The first system's share of right answers.
        sign: Whether the second is better (positive) or worse.

    Raises:
        UsageError: ``baseline`` is not between 0 and 1.

    Source: Fleiss, Levin and Paik, "Statistical methods for rates and proportions" (2003), eq. 4.14: s0^2 =
    2 p (1 - p) with p the mean of both shares, s1^2 the sum of both variances.
    """
    if not 0 <= baseline <= 1:
        raise UsageError(f"a baseline is a share between 0 and 1, not {baseline}")

    def spread(first: float, second: float) -> float:
        return math.sqrt(max(0.0, first * (1 - first)) + max(0.0, second * (1 - second)))

    def second(d: float) -> float:
        return baseline + math.copysign(d, sign)

    def null(d: float) -> float:
        return spread(*[(baseline + second(d)) / 2] * 2)

    return Design(null, lambda d: spread(baseline, second(d)), 1 - baseline if sign > 0 else baseline)


def power_at(design: Design, n: int, effect: float, *, level: float = 0.95) -> float:
    """The probability that ``n`` samples show a true difference ``effect``.

    By McNemar's exact test, as ``regrade compare`` makes it, where up to 2,000 samples are expected to differ.

    Raises:
        UsageError: there are no samples, the effect cannot be, or ``level`` is not between 0 and 1.
    """
    size = _possible(design, effect)
    _at_least_one(n, "samples")
    if design.exact is not None and n * design.exact <= _MOST_EXACT:
        return mcnemar_power(n, size, design.exact, level=level)
    surplus = size * math.sqrt(n) - z_value(level) * design.null(size)
    real = design.real(size)
    if real == 0:
        return 1.0 if surplus > 0 else (1 - level) / 2
    return _NORMAL.cdf(surplus / real)


def needed_samples(design: Design, effect: float, *, level: float = 0.95, power: float = 0.8) -> int:
    """The number of samples that show a true difference ``effect`` with probability ``power``.

    Raises:
        UsageError: the effect is 0 or cannot be, or ``level`` or ``power`` is not between 0 and 1.
    """
    size = _possible(design, effect)
    if size == 0:
        raise UsageError("an effect to detect is a number other than 0, not 0")
    _z_sum(level, power)  # checks both
    root = max(0.0, z_value(level) * design.null(size) + _NORMAL.inv_cdf(power) * design.real(size)) / size
    n = max(1, math.ceil(root * root * (1 - 1e-12)))
    if design.exact is None or n * design.exact > _MOST_EXACT:
        return n
    low, high = max(1, n // 2), n
    while power_at(design, high, size, level=level) < power:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power_at(design, middle, size, level=level) < power else (low, middle)
    return high


def detectable(design: Design, n: int, *, level: float = 0.95, power: float = 0.8) -> float:
    """The smallest true difference that ``n`` samples show with probability ``power``; nan where none is shown.

    Raises:
        UsageError: there are no samples, or ``level`` or ``power`` is not between 0 and 1.
    """
    z_sum = _z_sum(level, power)
    _at_least_one(n, "samples")
    low, high = 0.0, design.largest
    if math.isinf(high):
        return z_sum * design.real(0.0) / math.sqrt(n)
    if power_at(design, n, high, level=level) < power:
        return math.nan
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if power_at(design, n, middle, level=level) < power else (low, middle)
    return high


def mcnemar_power(n: int, effect: float, discordance: float, *, level: float = 0.95) -> float:
    """The probability that McNemar's exact test of ``n`` samples shows a true difference ``effect``.

    Summed over the numbers of discordant samples m, binomial with ``discordance``; of those the better system has
    binomially many, with probability (1 + effect / discordance) / 2.

    Source: Connor (1987), the unconditional power; the test is that of
    :func:`~regrade.statistics.sign_tests.mcnemar`.
    """
    import numpy as np

    share, alpha = min(1.0, (1 + abs(effect) / discordance) / 2), 1 - level
    spread = 9 * math.sqrt(n * discordance * (1 - discordance)) + 9
    few, many = max(0, int(n * discordance - spread)), min(n, int(n * discordance + spread))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])

    def binomial(total: int, k: Indices, p: float) -> Floats:
        if p >= 1 or p <= 0:
            return np.asarray(k == (total if p >= 1 else 0), dtype=np.float64)
        logs = log_factorial[total] - log_factorial[k] - log_factorial[total - k]
        return np.asarray(np.exp(logs + k * math.log(p) + (total - k) * math.log1p(-p)))

    weights = binomial(n, np.arange(few, many + 1), discordance)
    found = 0.0
    for weight, m in zip(weights.tolist(), range(few, many + 1), strict=True):
        losses = np.arange(m // 2 + 1)
        # the better system wins by enough: at most c losses, with 2 P(X <= c) of a fair coin below alpha
        least = 2 * np.cumsum(binomial(m, losses, 0.5))
        significant = losses[least < alpha * (1 - 1e-12)]
        found += weight * float(binomial(m, significant, 1 - share).sum())
    return min(1.0, found)


def _possible(design: Design, effect: float) -> float:
    size = abs(effect)
    if not size < math.inf:
        raise UsageError(f"an effect to detect is a number, not {effect}")
    if size > design.largest * (1 + 1e-12):
        raise UsageError(f"a difference of {size:g} cannot be: {design.largest:g} is the largest here")
    return min(size, design.largest)


def _z_sum(level: float, power: float) -> float:
    if not 0 < power < 1:
        raise UsageError(f"power is a probability between 0 and 1, not {power}", hint="80% is 0.8")
    return z_value(level) + _NORMAL.inv_cdf(power)


def _variance_of_one(between: float, within_a: float, within_b: float, repeats_a: int, repeats_b: int) -> float:
    if not min(between, within_a, within_b) >= 0:
        raise UsageError(f"variances cannot be negative: {between}, {within_a}, {within_b}")
    return between + within_a / _at_least_one(repeats_a, "repeats") + within_b / _at_least_one(repeats_b, "repeats")


def _at_least_one(number: int, what: str) -> int:
    if number < 1:
        raise UsageError(f"the number of {what} must be at least 1, not {number}")
    return number
