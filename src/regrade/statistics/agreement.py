"""How far raters agree: two judges, a judge and people, or many of them with gaps."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats

Label = Hashable
Scale = Literal["nominal", "ordinal", "interval"]


class Confusion(NamedTuple):
    """How often each label of the first rater met each of the second."""

    labels: tuple[Label, ...]
    counts: NDArray[np.int64]
    """(labels, labels): rows are the first rater's, columns the second's."""


def confusion_matrix(a: Iterable[Label], b: Iterable[Label], labels: Sequence[Label] | None = None) -> Confusion:
    """Count the pairs of labels that two raters gave to the same items.

    Args:
        a: The first rater's (or the true) labels, (n,).
        b: The second's, in the same order.
        labels: All labels in their order; by default those that occur, sorted (by type and text where they cannot be
            compared).

    Raises:
        UsageError: the raters gave different numbers of labels, or one that is not among ``labels``.
    """
    first, second = _rated(a, b)
    order = _sorted({*first, *second}) if labels is None else tuple(labels)
    position = _positions(order)
    size = len(order)
    codes = np.array(
        [_find(position, x) * size + _find(position, y) for x, y in zip(first, second, strict=True)], dtype=int
    )
    return Confusion(order, np.bincount(codes, minlength=size * size).reshape(size, size))


def _rated(a: Iterable[Label], b: Iterable[Label]) -> tuple[list[Label], list[Label]]:
    first, second = list(a), list(b)
    if len(first) != len(second):
        raise UsageError(f"one rater gave {len(first)} labels, the other {len(second)}")
    return first, second


def raw_agreement(a: Iterable[Label], b: Iterable[Label]) -> float:
    """The share of items to which two raters gave the same label; nan for no items.

    Raises:
        UsageError: the raters gave different numbers of labels.
    """
    first, second = _rated(a, b)
    return sum(x == y for x, y in zip(first, second, strict=True)) / len(first) if first else math.nan


def cohen_kappa(
    a: Iterable[Label],
    b: Iterable[Label],
    *,
    weights: Literal["linear", "quadratic"] | None = None,
    labels: Sequence[Label] | None = None,
) -> float:
    """Cohen's kappa: agreement of two raters beyond what their label frequencies give by chance, at most 1.

    Args:
        a: The first rater's labels, (n,).
        b: The second's, in the same order.
        weights: How much a disagreement costs: the same for all (None), the distance in the order of labels, or its
            square.
        labels: All labels in their order, for ``weights``; by default those that occur, sorted.

    Returns:
        Kappa; nan where chance agreement is complete (both raters only ever use one and the same label) or there are
        no items.

    Raises:
        UsageError: the raters gave different numbers of labels, or one that is not among ``labels``; unknown weights.

    Source: Cohen, "A coefficient of agreement for nominal scales" (1960); weighted: Cohen (1968).
    """
    if weights not in (None, "linear", "quadratic"):
        raise UsageError(f"no weights are named {weights!r}", hint="weights: linear, quadratic, or None")
    counts = confusion_matrix(a, b, labels).counts.astype(np.float64)
    steps = np.abs(np.subtract.outer(np.arange(len(counts)), np.arange(len(counts)))).astype(np.float64)
    cost = {None: np.sign(steps), "linear": steps, "quadratic": steps**2}[weights]
    observed = float((cost * counts).sum()) * float(counts.sum())
    expected = float((cost * np.outer(counts.sum(axis=1), counts.sum(axis=0))).sum())
    return 1 - observed / expected if expected else math.nan


def krippendorff_alpha(
    ratings: Iterable[Iterable[Any]], scale: Scale = "nominal", order: Sequence[Label] | None = None
) -> float:
    """Krippendorff's alpha: agreement of any number of raters, each of whom may have skipped any unit; at most 1.

    Disagreement is summed over the pairs of values of each unit, weighted 1 / (values of the unit - 1), and compared
    with that over all pairs of values. For an ordinal scale the difference of two values is that of their mid-ranks,
    so both scales of order come down to sums of squares and no coincidence matrix is needed: time is linear in the
    ratings.

    Args:
        ratings: One row per rater, one value per unit, (raters, units); None or nan where there is none.
        scale: ``nominal``: values are the same or not; ``ordinal``: only their order counts; ``interval``: their
            distance counts.
        order: All labels from lowest to highest, for an ordinal scale whose labels do not sort so by themselves.

    Returns:
        Alpha; nan where no unit has two values, or all values are alike (agreement beyond chance is then undefined).

    Raises:
        UsageError: rows of different lengths, an unknown scale, a value not in ``order``, or not a number on an
            interval scale.

    Source: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).
    """
    if scale not in ("nominal", "ordinal", "interval"):
        raise UsageError(f"no scale is named {scale!r}", hint="scales: nominal, ordinal, interval")
    units, values = _paired_ratings(ratings)
    if not values:
        return math.nan
    sizes = np.bincount(units)
    n = len(values)

    if scale == "interval":
        try:
            numbers = np.array(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise UsageError("an interval scale needs numbers", hint="use scale 'ordinal' with order=...") from None
        return _alpha_of_numbers(units, numbers, sizes)
    position = _positions(_sorted(set(values)) if order is None else order)
    codes = np.array([_find(position, value) for value in values])
    totals = np.bincount(codes, minlength=len(position))
    if scale == "ordinal":
        ranks = np.cumsum(totals) - totals / 2
        return _alpha_of_numbers(units, ranks[codes], sizes)
    cells, times = np.unique(units * len(position) + codes, return_counts=True)
    alike = np.bincount(cells // len(position), weights=times.astype(np.float64) ** 2)
    observed = float(((sizes**2 - alike) / (sizes - 1)).sum())
    expected = (n * n - float((totals.astype(np.float64) ** 2).sum())) / (n - 1)
    return 1 - observed / expected if expected else math.nan


def _paired_ratings(ratings: Iterable[Iterable[Any]]) -> tuple[NDArray[np.intp], list[Any]]:
    """The units (n,), numbered from 0, and values of all ratings of units that have at least two."""
    rows = [list(row) for row in ratings]
    if len({len(row) for row in rows}) > 1:
        raise UsageError("each rater's row has one value per unit, None where there is none; the rows differ in length")
    columns = [[value for value in column if not _missing(value)] for column in zip(*rows, strict=True)]
    columns = [column for column in columns if len(column) > 1]
    units = np.repeat(np.arange(len(columns)), [len(column) for column in columns])
    return units, [value for column in columns for value in column]


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _alpha_of_numbers(units: NDArray[np.intp], values: Floats, sizes: NDArray[np.intp]) -> float:
    means = np.bincount(units, weights=values) / sizes
    squares = np.bincount(units, weights=(values - means[units]) ** 2)
    observed = float((sizes * squares / (sizes - 1)).sum())
    n = len(values)
    expected = n * float(((values - values.mean()) ** 2).sum()) / (n - 1) if np.ptp(values) else 0.0
    return 1 - observed / expected if expected else math.nan


def _sorted(labels: Iterable[Any]) -> tuple[Label, ...]:
    found = list(labels)
    try:
        return tuple(sorted(found))
    except TypeError:
        return tuple(sorted(found, key=lambda label: (type(label).__name__, repr(label))))


def _positions(labels: Sequence[Label]) -> dict[Label, int]:
    return {label: i for i, label in enumerate(labels)}


def _find(position: dict[Label, int], label: Label) -> int:
    try:
        return position[label]
    except KeyError:
        known = ", ".join(map(repr, position))
        raise UsageError(f"label {label!r} is not among the labels given", hint=f"labels: {known}") from None
