"""Aggregations of judgements, where a judgement without verdict cannot count as wrong: nobody knows who won."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.metrics.aggregation.averages import Mean
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column


@register("aggregation", "mean_of_judged")
class MeanOfJudged(Mean):
    """The mean over the samples that have a verdict, as FastChat's; the others are counted as failed."""

    def worst(self, column: Column, higher_is_better: bool) -> None:
        return None


@register("aggregation", "count")
class Count(Aggregation):
    """The sum of the values: of zeros and ones, how many ones there are."""

    def reduce(self, column: Column) -> float:
        return add_up(column.data)

    def replicates(self, column: Column, indices: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = column.numpy()[:, 0].take(indices).sum(axis=1)
        return sums

    def jackknife(self, column: Column) -> NDArray[np.float64]:
        values = column.numpy()[:, 0]
        sums: NDArray[np.float64] = values.sum() - values
        return sums
