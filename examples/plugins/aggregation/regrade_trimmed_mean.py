"""``aggregation: trimmed_mean`` of a task's metric, and ``trimmed_length`` that uses it."""

from __future__ import annotations

from typing import Any

from regrade.plugins import Aggregation, Case, Column, Metric, register


@register("aggregation", "trimmed_mean")
class TrimmedMean(Aggregation):
    """The mean of what is left when the smallest and the largest tenth of the values are put aside.

    One statistic a sample, its value, is all that ``reduce`` needs: intervals, groups and comparisons follow from it.
    """

    share = 0.1

    def reduce(self, column: Column) -> float:
        values = sorted(column.data)
        cut = int(len(values) * self.share)
        left = values[cut : len(values) - cut]
        return sum(left) / len(left)


@register("metric", "trimmed_length")
class TrimmedLength(Metric):
    """How many words answers have, without the longest and shortest tenth of them."""

    aggregation = "trimmed_mean"
    higher_is_better = False
    worst = None

    def measure(self, case: Case) -> Any:
        return float(len(str(case.extracted[0]).split()))
