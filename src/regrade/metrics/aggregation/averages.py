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

    Floats = NDArray[np.float64]
    Indices = NDArray[np.integer[Any]]


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

    def replicates(self, column: Column, indices: Indices) -> Floats:
        means: Floats = column.numpy()[:, 0].take(indices).mean(axis=1)
        return means

    def jackknife(self, column: Column) -> Floats:
        values = column.numpy()[:, 0]
        means: Floats = (values.sum() - values) / (len(values) - 1)
        return means


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
        import numpy as np

        values = column.numpy()[:, 0]
        return math.nan if np.isnan(values).all() else float(np.nanmean(values))

    def replicates(self, column: Column, indices: Indices) -> Floats:
        import numpy as np

        drawn = column.numpy()[:, 0].take(indices)
        present = ~np.isnan(drawn)
        with np.errstate(invalid="ignore"):
            means: Floats = np.where(present, drawn, 0.0).sum(axis=1) / present.sum(axis=1)
        return means

    def jackknife(self, column: Column) -> Floats:
        import numpy as np

        values = column.numpy()[:, 0]
        present = ~np.isnan(values)
        filled = np.where(present, values, 0.0)
        with np.errstate(invalid="ignore"):
            means: Floats = (filled.sum() - filled) / (present.sum() - present)
        return means


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

    def replicates(self, column: Column, indices: Indices) -> Floats:
        import numpy as np

        values = column.numpy()[:, 0]
        middle = indices.shape[1] // 2
        if not self._sorts:
            return values.take(indices[:, middle])
        if np.isnan(values).any():
            return super().replicates(column, indices)
        medians: Floats = np.partition(values.take(indices), middle, axis=1)[:, middle]
        return medians

    def jackknife(self, column: Column) -> Floats:
        import numpy as np

        values = column.numpy()[:, 0]
        if self._sorts and np.isnan(values).any():
            return super().jackknife(column)
        order = np.argsort(values, kind="stable") if self._sorts else np.arange(len(values))
        middle = (len(values) - 1) // 2
        medians = np.empty(len(values))
        # Taking out what stands before the middle, or in it, moves the next value there.
        medians[order[: middle + 1]] = values[order[middle + 1]]
        medians[order[middle + 1 :]] = values[order[middle]]
        return medians


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

    def replicates(self, column: Column, indices: Indices) -> Floats:
        return _exps(-super().replicates(column, indices))

    def jackknife(self, column: Column) -> Floats:
        return _exps(-super().jackknife(column))


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

    def replicates(self, column: Column, indices: Indices) -> Floats:
        values, weights = column.numpy().T
        return self.finish_all(values.take(indices).sum(axis=1) / weights.take(indices).sum(axis=1))

    def jackknife(self, column: Column) -> Floats:
        values, weights = column.numpy().T
        return self.finish_all((values.sum() - values) / (weights.sum() - weights))


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
