"""Correlations of paired numbers: Pearson's, Spearman's and Kendall's, each with a two-sided p-value.

Values and p-values are those of ``scipy.stats`` (pearsonr, spearmanr, kendalltau with its usual options), to 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regrade.statistics.student import student_p_value

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

_MOST_EXACT = 33
"""Up to so many pairs without ties Kendall's p-value is exact, as in scipy."""
_LARGEST_FACTORIAL = 170
"""The factorial of more is no float."""


class Correlation(NamedTuple):
    """A correlation, -1 to 1, and the two-sided p-value of none; nan where they are undefined."""

    value: float
    p_value: float


_UNDEFINED = Correlation(math.nan, math.nan)


def average_ranks(values: ArrayLike) -> Floats:
    """The ranks from 1 of values along the last axis; equal ones share the middle of their ranks."""
    given = np.asarray(values, dtype=np.float64)
    order = given.argsort(axis=-1, kind="stable")
    ordered = np.take_along_axis(given, order, axis=-1)
    n = given.shape[-1]
    place = np.broadcast_to(np.arange(n), given.shape)
    edge = np.ones((*given.shape[:-1], 1), dtype=bool)
    differs = ordered[..., 1:] != ordered[..., :-1]
    first = np.maximum.accumulate(np.where(np.concatenate([edge, differs], axis=-1), place, 0), axis=-1)
    backwards = np.where(np.concatenate([differs, edge], axis=-1), place, n - 1)[..., ::-1]
    last = np.minimum.accumulate(backwards, axis=-1)[..., ::-1]
    ranks = np.empty(given.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=-1)
    return ranks


def pearson(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Pearson's correlation of pairs; undefined for one pair, and where either side is all alike or has a nan.

    The p-value is of Student's t with n - 2 degrees of freedom; two pairs say nothing, and theirs is 1.
    """
    if len(x) < 2 or _all_alike(x) or _all_alike(y):
        return _UNDEFINED
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(x) == 2:
        return Correlation(float(np.sign((first[1] - first[0]) * (second[1] - second[0]))), 1.0)
    with np.errstate(invalid="ignore"):
        value = float(np.clip(_unit(first) @ _unit(second), -1.0, 1.0))
    return Correlation(value, student_p_value(value, len(x) - 2))


def spearman(x: Sequence[float], y: Sequence[float]) -> Correlation:
    """Spearman's correlation of pairs: Pearson's of the ranks; undefined where Pearson's is.

    The p-value is of Student's t with n - 2 degrees of freedom; two pairs have none.
    """
    if len(x) < 2 or _all_alike(x) or _all_alike(y) or np.isnan(x).any() or np.isnan(y).any():
        return _UNDEFINED
    value = float(np.corrcoef(average_ranks([x, y]))[1, 0])
    return Correlation(value, student_p_value(value, len(x) - 2))


def kendall(x: Sequence[float], y: Sequence[float], variant: Literal["b", "c"] = "b") -> Correlation:
    """Kendall's tau of pairs; undefined where either side is all alike or has a nan.

    The p-value is exact for up to 33 pairs without ties (and at either end of the scale), else that of the normal
    approximation.

    Args:
        x: One side.
        y: The other.
        variant: ``b`` (ties shorten the scale) or ``c`` (Stuart's, for tables that are not square).

    Source: Kendall, "Rank correlation methods" (1970); Knight, JASA 61 (1966).
    """
    n = len(x)
    if n < 2 or np.isnan(x).any() or np.isnan(y).any():
        return _UNDEFINED
    first = np.unique(np.asarray(x, dtype=np.float64), return_inverse=True)[1].ravel()
    second = np.unique(np.asarray(y, dtype=np.float64), return_inverse=True)[1].ravel()
    pairs = n * (n - 1) // 2
    ties = [_sizes(codes) for codes in (first, second, first * n + second)]
    tied_x, tied_y, tied_both = (_sum(sizes * (sizes - 1)) // 2 for sizes in ties)
    if pairs in (tied_x, tied_y):
        return _UNDEFINED
    discordant = _discordant(first, second)
    surplus = pairs - tied_x - tied_y + tied_both - 2 * discordant
    if variant == "b":
        value = surplus / math.sqrt(pairs - tied_x) / math.sqrt(pairs - tied_y)
    else:
        classes = min(len(ties[0]), len(ties[1]))
        value = 2 * surplus / (n**2 * (classes - 1) / classes)
    rarer = min(discordant, pairs - discordant)
    if not tied_x and not tied_y and (n <= _MOST_EXACT or rarer <= 1):
        p_value = _exact_p_value(n, rarer)
    else:
        p_value = _normal_p_value(n, surplus, ties[0], ties[1])
    return Correlation(min(1.0, max(-1.0, value)), p_value)


def _all_alike(values: Sequence[float]) -> bool:
    return all(value == values[0] for value in values)


def _unit(values: Floats) -> Floats:
    """The values less their mean, of length 1; with an axis, norm adds up as scipy does, else as a dot product."""
    centred = values - values.mean()
    largest = np.abs(centred).max()
    unit: Floats = centred / (largest * np.linalg.norm(centred / largest, axis=-1))
    return unit


def _sizes(codes: Codes) -> Codes:
    return np.unique(codes, return_counts=True)[1]


def _sum(whole: NDArray[Any]) -> int:
    return int(whole.sum())


def _discordant(first: Codes, second: Codes) -> int:
    """How many pairs the two sides order differently: inversions of ``second`` in the order of ``first``.

    Two numbers are out of order where they differ first in a bit that the earlier one has: counted bit by bit.
    """
    codes = second[np.lexsort((second, first))]
    found = 0
    for bit in range(int(codes.max()).bit_length()):
        prefix = codes >> (bit + 1)
        order = prefix.argsort(kind="stable")
        prefix, ones = prefix[order], (codes[order] >> bit) & 1
        seen = ones.cumsum() - ones
        start = np.searchsorted(prefix, prefix)  # where the numbers with the same higher bits begin
        found += _sum((seen - seen[start])[ones == 0])
    return found


def _exact_p_value(n: int, rarer: int) -> float:
    """Twice the share of the orders of n numbers that have at most ``rarer`` inversions, 1 at most."""
    if 4 * rarer == n * (n - 1):
        return 1.0
    if n > _LARGEST_FACTORIAL:
        return 0.0
    if rarer <= 1:
        return 2 * (n if rarer else 1) / math.factorial(n)
    counts = [1] + [0] * rarer  # of orders by inversions
    for size in range(2, n + 1):
        sums = list(accumulate(counts))
        counts = [total - (sums[place - size] if place >= size else 0) for place, total in enumerate(sums)]
    return min(1.0, 2 * sum(counts) / math.factorial(n))


def _normal_p_value(n: int, surplus: int, ties_x: Codes, ties_y: Codes) -> float:
    m = n * (n - 1)
    (pairs_x, triples_x, spread_x), (pairs_y, triples_y, spread_y) = (
        (_sum(t * (t - 1)), _sum(t * (t - 1) * (t - 2)), _sum(t * (t - 1) * (2 * t + 5))) for t in (ties_x, ties_y)
    )
    variance = (m * (2 * n + 5) - spread_x - spread_y) / 18 + pairs_x * pairs_y / (2 * m)
    if n > 2:
        variance += triples_x * triples_y / (9 * m * (n - 2))
    return math.erfc(abs(surplus) / math.sqrt(2 * variance))
