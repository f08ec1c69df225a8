"""Aggregations of judgements, where a judgement without verdict cannot count as wrong: nobody knows who won."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.metrics.aggregation.averages import Mean
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler


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

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(column.numpy(), lambda sums: sums, [""])
