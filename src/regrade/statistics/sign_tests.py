"""Tests of two systems on the same samples that look at which of them did better: McNemar's, and sign flips.

They hold for few samples, where the normal distribution behind a paired standard error does not.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats
from regrade.statistics.paired import one_to_one

_ENUMERATED = 16
"""The sign-flip test counts all 2^m sign patterns of up to this many differences."""
_COLUMNS = 1 << 12
"""Bytes of a sign pattern (eight signs each) worked on at a time."""
_BYTES = 1 << 18
"""The same, over all patterns worked on at a time."""


class McNemar(NamedTuple):
    """McNemar's test of two systems' right and wrong answers to the same samples. All p-values are two-sided."""

    both: int
    only_a: int
    only_b: int
    neither: int
    p_exact: float
    """Binomial test of the discordant samples; never rejects too often."""
    p_mid: float
    """The exact p less the probability of the observed split: nearer to the nominal level (Fagerland et al. 2013)."""
    chi2: float
    """``(|only_a - only_b| - 1)^2 / (only_a + only_b)``; 0 where the two are equal."""
    p_chi2: float


def mcnemar(a: ArrayLike, b: ArrayLike) -> McNemar:
    """McNemar's test from right-or-wrong scores (n,) of two systems on the same samples.

    Raises:
        UsageError: different numbers of scores, or a score other than 0 and 1.
    """
    first, second = one_to_one(a, b)
    if not (np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all()):
        raise UsageError("McNemar's test needs scores of 0 or 1", hint="compare other scores with paired_difference")
    both = int((first * second).sum())
    only_a, only_b = int(first.sum()) - both, int(second.sum()) - both
    return mcnemar_from_counts(only_a, only_b, both=both, neither=len(first) - both - only_a - only_b)


def mcnemar_from_counts(only_a: int, only_b: int, *, both: int = 0, neither: int = 0) -> McNemar:
    """McNemar's test from the numbers of samples that only the first system, only the second, both, or neither got
    right.

    Without discordant samples every p is 1.

    Raises:
        UsageError: a count is negative.

    Source: McNemar (1947); mid-p: Fagerland, Lydersen and Laake, BMC Med Res Methodol 13:91 (2013).
    """
    if min(only_a, only_b, both, neither) < 0:
        raise UsageError(f"counts cannot be negative: {only_a}, {only_b}, {both}, {neither}")
    discordant = only_a + only_b
    if discordant == 0:
        return McNemar(both, only_a, only_b, neither, 1.0, 1.0, 0.0, 1.0)
    tail, point = _fair_coin(discordant, min(only_a, only_b))
    chi2 = max(0, abs(only_a - only_b) - 1) ** 2 / discordant
    return McNemar(
        both,
        only_a,
        only_b,
        neither,
        p_exact=min(1.0, 2 * tail),
        p_mid=min(1.0, 2 * tail - point),
        chi2=chi2,
        p_chi2=math.erfc(math.sqrt(chi2 / 2)),
    )


def _fair_coin(tosses: int, heads: int) -> tuple[float, float]:
    """P(X <= heads) and P(X = heads) of ``tosses`` fair coins, for heads <= tosses / 2.

    Probabilities relative to the mode follow from the ratio of neighbours, so no factorial is needed; beyond 20
    sqrt(tosses) from the middle they are too small for a double.
    """
    mode = tosses // 2
    lowest = max(0, mode - math.ceil(20 * math.sqrt(tosses)) - 10)
    if heads < lowest:
        return 0.0, 0.0
    j = np.arange(mode, lowest, -1, dtype=np.float64)
    relative = np.concatenate([[1.0], np.cumprod(j / (tosses - j + 1))])  # of mode, mode - 1, ..., lowest
    total = 2 * float(relative.sum()) - (1.0 if tosses % 2 == 0 else 0.0)
    return float(relative[mode - heads :].sum()) / total, float(relative[mode - heads]) / total


class SignFlip(NamedTuple):
    """The result of :func:`sign_flip_test`."""

    p_value: float
    """Two-sided."""
    exact: bool
    """Whether all sign patterns were counted, not a random part of them."""


def sign_flip_test(differences: ArrayLike, *, resamples: int = 10_000, seed: int = 42) -> SignFlip:
    """Permutation test of paired differences: how often a mean at least as far from 0 arises when each sign is tossed
    up.

    Exact by enumeration where at most 16 differences are not zero, and exact by the binomial
    distribution, for any number, where those are all of one size (right-or-wrong scores: it is McNemar's exact test).
    Otherwise ``resamples`` random patterns are drawn, and p is (hits + 1) / (resamples + 1).

    Args:
        differences: Paired differences (n,).
        resamples: Random sign patterns to draw.
        seed: Their seed.

    Returns:
        The two-sided p; 1 where all differences are zero (or there are none), nan where one is nan.

    Raises:
        UsageError: ``resamples`` is less than 1.

    Source: Fisher, "The Design of Experiments" (1935); Phipson and Smyth (2010) for the + 1.
    """
    if resamples < 1:
        raise UsageError(f"resamples must be at least 1, not {resamples}")
    values = np.asarray(differences, dtype=np.float64)
    if np.isnan(values).any():
        return SignFlip(math.nan, exact=False)
    sizes = np.abs(values[values != 0])
    m = len(sizes)
    if m == 0:
        return SignFlip(1.0, exact=True)
    if np.ptp(sizes) == 0:
        positive = int((values > 0).sum())
        return SignFlip(min(1.0, 2 * _fair_coin(m, min(positive, m - positive))[0]), exact=True)

    if m <= _ENUMERATED:
        patterns = np.arange(1 << m, dtype="<u2").view(np.uint8).reshape(-1, 2)
        sums = _flipped_sums(patterns, sizes)
    else:
        generator = np.random.default_rng(seed)
        sums = np.zeros(resamples)
        for first in range(0, m, 8 * _COLUMNS):
            part = sizes[first : first + 8 * _COLUMNS]
            width = -(-len(part) // 8)
            rows = _BYTES // width
            for start in range(0, resamples, rows):
                shape = (min(rows, resamples - start), width)
                sums[start : start + rows] += _flipped_sums(generator.integers(0, 256, shape, dtype=np.uint8), part)
    threshold = abs(float(values.sum())) - 1e-12 * float(sizes.sum())  # ties count, whatever the order of additions
    hits = int(np.count_nonzero(np.abs(sums) >= threshold))
    if m <= _ENUMERATED:
        return SignFlip(hits / len(sums), exact=True)
    return SignFlip((hits + 1) / (resamples + 1), exact=False)


def _flipped_sums(patterns: NDArray[np.uint8], sizes: Floats) -> Floats:
    """The sums (b,) of ``sizes`` (m,) under sign patterns (b, bytes), one bit for each sign.

    What eight signs make of their eight sizes is looked up in a table of 256, an eighth of the work of adding.
    """
    width = patterns.shape[1]
    padded = np.zeros(8 * width)
    padded[: len(sizes)] = sizes
    signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") - 1.0
    table = padded.reshape(width, 8) @ signs.T
    sums: Floats = table.ravel().take(patterns + np.arange(width) * 256).sum(axis=1)
    return sums
