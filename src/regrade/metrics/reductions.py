"""From the scores of samples to one: means and maxima that leave nan out, win rates; and reductions as artifacts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from regrade.addition import add_up
from regrade.artifacts import Artifact, artifact


def nan_mean(values: Sequence[float]) -> float:
    """The mean of what is not nan; nan where all is.

    Added up as numpy does, pairwise, so that it equals Unitxt's to the last bit.
    """
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    missing = np.isnan(array)
    count = array.size - int(missing.sum())
    if not count:
        return math.nan
    return float(np.where(missing, 0.0, array).sum() / count)


def nan_max(values: Sequence[float]) -> float:
    """The greatest value that is not nan; nan where all is."""
    return max((float(value) for value in values if not math.isnan(value)), default=math.nan)


def weighted_win_rate(values: Sequence[float]) -> float:
    """The share of battles won: a score of s > 0 is s battles won, s < 0 as many lost, 0 one of each."""
    won = add_up(value if value > 0 else 1 if value == 0 else 0 for value in values)
    fought = add_up(abs(value) if value else 2 for value in values)
    return won / fought


REDUCTIONS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "mean": nan_mean,
    "max": nan_max,
    "weighted_win_rate": weighted_win_rate,
}


class DictReduction(Artifact):
    """Reduces samples' scores name by name."""

    kind = "reduction"

    def reduce_list(self, values: list[float]) -> float:
        """One score of many."""
        raise NotImplementedError

    def reduce(self, scores: Sequence[dict[str, float]]) -> dict[str, float]:
        """Scores of many samples to scores of all; a sample may lack some."""
        lists: dict[str, list[float]] = {}
        for sample in scores:
            for name, value in sample.items():
                lists.setdefault(name, []).append(value)
        return {name: self.reduce_list(values) for name, values in lists.items()}


@artifact("mean_reduction")
class MeanReduction(DictReduction):
    """The mean of what is not nan.

    >>> MeanReduction().reduce([{"f1": 1.0}, {"f1": 0.5}])
    {'f1': 0.75}
    """

    def reduce_list(self, values: list[float]) -> float:
        return nan_mean(values)


@artifact("root_mean_reduction")
class RootMeanReduction(DictReduction):
    """The square root of the mean."""

    def reduce_list(self, values: list[float]) -> float:
        return math.sqrt(nan_mean(values))


@artifact("max_reduction")
class MaxReduction(DictReduction):
    """The greatest value."""

    def reduce_list(self, values: list[float]) -> float:
        return nan_max(values)


class GroupReduction(Artifact):
    """Reduces the scores of the items of a group, each with its id."""

    kind = "reduction"

    def reduce_list(self, values: list[tuple[str, float]]) -> float:
        """One score of many (id, score)."""
        raise NotImplementedError

    def reduce(self, scores: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, float]:
        """Scores of items to scores of their group."""
        lists: dict[str, list[tuple[str, float]]] = {}
        for item, values in scores:
            for name, value in values.items():
                lists.setdefault(name, []).append((item, value))
        return {name: self.reduce_list(values) for name, values in lists.items()}


@artifact("group_mean")
class GroupMean(GroupReduction):
    """The mean over the items of a group."""

    def reduce_list(self, values: list[tuple[str, float]]) -> float:
        return nan_mean([value for _, value in values])


@artifact("sequential_success")
class SequentialSuccess(GroupReduction):
    """The share of items, in the order of their ids, before the first that is not above a threshold.

    Args:
        threshold: What a score must exceed to count as success.

    >>> SequentialSuccess().reduce([("turn 1", {"em": 1.0}), ("turn 2", {"em": 0.0}), ("turn 3", {"em": 1.0})])
    {'em': 0.3333333333333333}
    """

    threshold: float = 0.5

    def reduce_list(self, values: list[tuple[str, float]]) -> float:
        succeeded = 0
        for _, value in sorted(values, key=lambda item: item[0]):
            if not value > self.threshold:
                break
            succeeded += 1
        return succeeded / len(values)
