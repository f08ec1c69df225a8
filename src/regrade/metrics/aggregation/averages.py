"""Aggregations that average numbers, in plain Python where the harness uses plain Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation, Stderr, number, pair
from regrade.recorded_values import LARGEST
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler

    Floats = NDArray[np.float64]


@register("aggregation", "mean")
class Mean(Aggregation):
    """The arithmetic mean, added up in the samples' order.

    The values tell what is worst where no metric does: 0 where none is negative and higher is better; 1 where all lie
    between 0 and 1 and lower is better.
    """

    stderr: ClassVar[Stderr] = "closed"
    proportion = True

    def reduce(self, column: Column) -> float:
        return add_up(column.data) / len(column.data)

    def worst(self, column: Column, higher_is_better: bool) -> float | None:
        if not self.proportion or not len(column):
            return None
        if higher_is_better:
            return 0.0 if min(column.data) >= 0 else None
        return 1.0 if min(column.data) >= 0 and max(column.data) <= 1 else None

    def read(self, value: Any) -> Any:
        """The value; one that is no finite number, or above `LARGEST` in size, would take the mean with it."""
        found = super().read(value)
        if type(found) is float and not -LARGEST <= found <= LARGEST:
            raise ValueError(f"the recorded value is {found}")
        return found

    def closed_stderr(self, column: Column) -> float:
        from regrade.statistics.harness import mean_stderr

        return mean_stderr(column.data)

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Means

        return Means(column.numpy(), [""], skip_missing=False)


@register("aggregation", "recorded_mean")
class RecordedMean(Mean):
    """The mean of scores that a file holds. A sample without a number is failed and left out: it counts as nothing."""

    def read(self, value: Any) -> float:
        from regrade.recorded_values import as_score, refusal

        score = as_score(value)
        if (reason := refusal(score)) is not None:
            raise ValueError(reason)
        return float(score)

    def worst(self, column: Column, higher_is_better: bool) -> None:
        return None


@register("aggregation", "nanmean")
class NanMean(Aggregation):
    """The mean of the values that are numbers; nan where none is."""

    stderr: ClassVar[Stderr] = "bootstrap"

    def reduce(self, column: Column) -> float:
        from regrade.metrics.reductions import nan_mean

        return nan_mean(column.data)

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Means

        return Means(column.numpy(), [""])


@register("aggregation", "median")
class Median(Aggregation):
    """The upper median. Before 0.4.12 the harness forgot to sort: the value of the sample half-way through the log."""

    stderr: ClassVar[Stderr] = "bootstrap"

    @property
    def _sorts(self) -> bool:
        return self.compat >= (0, 4, 12)

    def reduce(self, column: Column) -> float:
        values = sorted(column.data) if self._sorts else column.data
        return values[len(values) // 2]

    def resampler(self, column: Column) -> Resampler:
        import numpy as np

        from regrade.metrics.resampler import Medians

        values = column.numpy()[:, 0]
        if self._sorts and np.isnan(values).any():
            return super().resampler(column)
        return Medians(values, in_order=self._sorts)


@register("aggregation", "perplexity")
class Perplexity(Mean):
    """exp of the negative mean log-likelihood (nats)."""

    stderr: ClassVar[Stderr] = "bootstrap"
    proportion = False

    def read(self, value: Any) -> Any:
        """The value; the log-likelihood of what cannot be is minus infinity."""
        found = Aggregation.read(self, value)
        return found if found == -math.inf else super().read(found)

    def reduce(self, column: Column) -> float:
        return _exp(-super().reduce(column))

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Means

        return Means(column.numpy(), [""], finish=lambda means: _exps(-means), skip_missing=False)


class WeightedMean(Aggregation):
    """The sum of values over the sum of their weights; a value is a pair (value, weight)."""

    width = 2

    def read(self, value: Any) -> Any:
        """The pair; nan in it would take the mean with it."""
        found = super().read(value)
        if isinstance(found, list | tuple) and any(type(item) is float and math.isnan(item) for item in found):
            raise ValueError(f"the recorded value is {found}")
        return found

    def statistics(self, value: Any) -> tuple[float, float]:
        first, second = pair(value)
        return number(first), number(second)

    def finish(self, mean: float) -> float:
        """What is made of the mean."""
        raise NotImplementedError

    def finish_all(self, means: Floats) -> Floats:
        """The same for an array."""
        raise NotImplementedError

    def reduce(self, column: Column) -> float:
        return self.finish(add_up(column.data[::2]) / add_up(column.data[1::2]))

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(column.numpy(), lambda sums: self.finish_all(sums[:, 0] / sums[:, 1]), [""])


@register("aggregation", "weighted_perplexity")
class WeightedPerplexity(WeightedMean):
    """exp of the negative log-likelihood (nats) per word or byte."""

    def finish(self, mean: float) -> float:
        return _exp(-mean)

    def finish_all(self, means: Floats) -> Floats:
        return _exps(-means)


@register("aggregation", "bits_per_byte")
class BitsPerByte(WeightedMean):
    """The negative log-likelihood per byte, in bits."""

    def finish(self, mean: float) -> float:
        return -mean / math.log(2)

    def finish_all(self, means: Floats) -> Floats:
        return -means / math.log(2)


@register("aggregation", "bypass")
class Bypass(Aggregation):
    """999, the harness's value for answers that it only collected (``--predict_only``)."""

    def statistics(self, value: Any) -> tuple[float]:
        return (0.0,)

    def reduce(self, column: Column) -> int:
        return 999


def _exp(power: float) -> float:
    try:
        return math.exp(power)
    except OverflowError:
        return math.inf


def _exps(powers: Floats) -> Floats:
    import numpy as np

    with np.errstate(over="ignore"):
        return np.exp(powers)
