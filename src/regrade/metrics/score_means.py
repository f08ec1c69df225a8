"""Metrics whose samples have scores and whose value is their means, with an interval for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from regrade.metrics.card_metric import MapReduceMetric, Scores
from regrade.metrics.reductions import MeanReduction
from regrade.metrics.resampler import Means, Resampler


class ScoreMeans(MapReduceMetric):
    """``measure`` returns a dict of numbers; a score that a sample lacks is left out of the mean."""

    score_names: ClassVar[tuple[str, ...]] = ()
    """All scores of a sample, where there are more than the main one."""

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Scores | None:
        return None if self.worst is None else dict.fromkeys(self.score_names or (self.main_score,), self.worst)

    def instance_scores(self, statistics: Any) -> Scores:
        return dict(statistics)

    def averaged(self, statistics: Sequence[Scores], score: str) -> list[float] | None:
        values = [scores.get(score) for scores in statistics]
        return [value for value in values if value is not None]

    def reduce(self, statistics: Sequence[Scores]) -> Scores:
        return MeanReduction().reduce(statistics)

    def resampler(self, statistics: Sequence[Scores], names: list[str]) -> Resampler:
        return Means([[scores.get(name, math.nan) for name in names] for scores in statistics], names)
