"""Precision, recall and F1 of counts: what is right, of how much was given, and of how much was wanted.

F1 has two forms, equal but for rounding in the last digit: :func:`f1_of_rates` goes through precision and recall, as
the evaluation script of SQuAD, rouge-score and seqeval do, :func:`f1_of_counts` straight from the counts. A metric has
the form of what it is compared with. For arrays of counts see :mod:`regrade.metrics.labels.confusion`.
"""

from __future__ import annotations

from typing import NamedTuple


class Rates(NamedTuple):
    """Precision, recall and F1, 0 to 1."""

    precision: float
    recall: float
    f1: float


def rates(right: float, given: float, wanted: float, *, empty: float = 0.0) -> Rates:
    """Precision, recall and F1 of counts.

    Args:
        right: How many are right.
        given: How many were given (predicted).
        wanted: How many there are (in the reference).
        empty: Precision where none were given, and recall where none are wanted.

    >>> rates(1, 2, 1)
    Rates(precision=0.5, recall=1.0, f1=0.6666666666666666)
    """
    precision = right / given if given else empty
    recall = right / wanted if wanted else empty
    return Rates(precision, recall, f1_of_rates(precision, recall))


def f1_of_rates(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall; 0 where both are 0.

    Source: van Rijsbergen, "Information Retrieval" (1979), chapter 7.
    """
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def f1_of_counts(right: float, given: float, wanted: float) -> float:
    """F1 as twice what is right, by what was given and what was wanted together; 0 where nothing is right.

    >>> f1_of_counts(1, 2, 1)
    0.6666666666666666
    """
    return 2 * right / (given + wanted) if right else 0.0
