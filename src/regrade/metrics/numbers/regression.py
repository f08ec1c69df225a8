"""Metrics of predicted numbers: squared errors and correlations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from regrade.artifacts import artifact
from regrade.metrics.card_metric import GlobalMetric, MapReduceMetric, Scores
from regrade.metrics.numbers.correlations import Kendall, Numbers, Pearson, Spearman
from regrade.metrics.reductions import nan_mean
from regrade.metrics.resampler import Means, Resampler

if TYPE_CHECKING:
    from regrade.statistics.correlation import Correlation


@artifact("mean_squared_error")
class MeanSquaredError(MapReduceMetric):
    """The mean of the squared differences.

    >>> metric = MeanSquaredError()
    >>> metric.reduce([metric.measure(1.0, [3.0], {}), metric.measure(1.0, [1.0], {})])
    {'mean_squared_error': 2.0}
    """

    main_score: str = "mean_squared_error"
    prediction_type: str = "float"
    single_reference_per_prediction: bool = True

    higher_is_better: ClassVar[bool] = False

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> float:
        difference: float = references[0] - prediction
        return float(difference**2)

    def reduce(self, statistics: Sequence[float]) -> Scores:
        return {self.main_score: nan_mean(statistics)}

    def resampler(self, statistics: Sequence[float], names: list[str]) -> Resampler:
        return Means([[value] for value in statistics], names)


@artifact("root_mean_squared_error")
class RootMeanSquaredError(MeanSquaredError):
    """The square root of the mean of the squared differences."""

    main_score: str = "root_mean_squared_error"

    def reduce(self, statistics: Sequence[float]) -> Scores:
        return {self.main_score: nan_mean(statistics) ** 0.5}

    def resampler(self, statistics: Sequence[float], names: list[str]) -> Resampler:
        import numpy as np

        return Means([[value] for value in statistics], names, finish=np.sqrt)


class CorrelationMetric(MapReduceMetric):
    """A correlation of predictions with references; a sample alone has none (nan)."""

    prediction_type: str = "float"

    many: ClassVar[type[Pearson | Spearman]]
    """What computes it for many resamples."""

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Numbers:
        return float(prediction), float(references[0])

    def instance_scores(self, statistics: Numbers) -> Scores:
        return {self.main_score: math.nan}

    def interval_names(self, scores: Scores) -> list[str]:
        names = super().interval_names(scores)
        return names if self.ci_score_names is not None else [name for name in names if name == self.main_score]

    def resampler(self, statistics: Sequence[Numbers], names: list[str]) -> Resampler:
        if names != [self.main_score]:
            return super().resampler(statistics, names)
        return self.many(statistics, self.reduce, names)

    def correlate(self, predictions: list[float], references: list[float]) -> Correlation:
        """The correlation and its p-value."""
        raise NotImplementedError

    def reduce(self, statistics: Sequence[Numbers]) -> Scores:
        predictions, references = ([pair[side] for pair in statistics] for side in (0, 1))
        value, p_value = self.correlate(predictions, references)
        return {self.main_score: value, f"{self.main_score}_p_value": p_value}


@artifact("spearmanr")
class Spearmanr(CorrelationMetric):
    """Spearman's correlation of ranks, and its p-value; nan where either side is all alike.

    >>> Spearmanr().reduce([(1.0, 2.0), (2.0, 4.0), (3.0, 9.0)])["spearmanr"]
    1.0
    """

    main_score: str = "spearmanr"

    many: ClassVar[type[Pearson | Spearman]] = Spearman

    def correlate(self, predictions: list[float], references: list[float]) -> Correlation:
        from regrade.statistics.correlation import spearman

        return spearman(predictions, references)


@artifact("pearsonr")
class Pearsonr(CorrelationMetric):
    """Pearson's correlation, and its p-value; nan where either side is all alike.

    >>> round(Pearsonr().reduce([(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)])["pearsonr"], 12)
    1.0
    """

    main_score: str = "pearsonr"

    many: ClassVar[type[Pearson | Spearman]] = Pearson

    def correlate(self, predictions: list[float], references: list[float]) -> Correlation:
        from regrade.statistics.correlation import pearson

        return pearson(predictions, references)


@artifact("kendall_tau_metric")
class KendallTauMetric(GlobalMetric):
    """Kendall's tau: how much more often pairs of samples agree in order than not; and its p-value.

    Args:
        variant: ``b`` (ties shorten the scale) or ``c``.

    >>> KendallTauMetric().reduce([(1.0, -1.0), (2.0, 1.0), (1.0, 0.0)])["kendalltau_b"]
    0.816496580927726
    """

    main_score: str = "kendalltau_b"
    prediction_type: str = "float"
    process_single_instances: bool = False
    variant: Literal["b", "c"] = "b"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Numbers:
        return float(prediction), float(references[0])

    def reduce(self, statistics: Sequence[Numbers]) -> Scores:
        from regrade.statistics.correlation import kendall

        predictions, references = ([pair[side] for pair in statistics] for side in (0, 1))
        value, p_value = kendall(references, predictions, self.variant)
        return {self.main_score: value, f"{self.main_score}_p_val": p_value}

    def resampler(self, statistics: Sequence[Numbers], names: list[str]) -> Resampler:
        if names != [self.main_score] or self.variant != "b":
            return super().resampler(statistics, names)
        return Kendall(statistics, self.reduce, names)
