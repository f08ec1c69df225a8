"""The Brier score, and what the oldest versions of the harness made of it."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.metrics.column import Column
from regrade.registry import lookup

THREE = [(0, [0.5, 0.25, 0.25]), (2, [0.0, 0.0, 1.0])]


def reduce(values: list[Any], compat: tuple[int, ...] = (0, 4, 13)) -> float:
    aggregation = lookup("aggregation", "brier_score")()
    aggregation.compat = compat
    column = Column(aggregation.width)
    for value in values:
        column.append(aggregation.statistics(value))
    return float(aggregation.reduce(column))


def test_brier_score() -> None:
    assert reduce(THREE) == (0.375 + 0) / 2
    assert reduce(THREE, (0, 4, 2)) == (0.375 + 0) / 2


def test_before_0_4_3_classes_come_from_the_gold_labels() -> None:
    with pytest.raises(ValueError, match="2 classes, 3 choices"):
        reduce([(0, [0.5, 0.25, 0.25]), (1, [0.0, 0.0, 1.0])], (0, 4, 2))
    assert reduce([(0, [0.5, 0.5])], (0, 4, 2)) == 0.5
    assert reduce([(0, [0.5, 0.25, 0.25])], (0, 4, 2)) == pytest.approx(0.25 + 2 * 0.5625)


def test_different_numbers_of_choices() -> None:
    with pytest.raises(ValueError, match="same number of choices"):
        reduce([(0, [0.5, 0.5]), (0, [1.0, 0.0, 0.0])])


@pytest.mark.parametrize("value", [(5, [0.5, 0.5]), (-100, [0.5, 0.5]), (0, [[0.5]]), 0.5])
def test_what_does_not_fit(value: Any) -> None:
    with pytest.raises((TypeError, IndexError)):
        reduce([value])
