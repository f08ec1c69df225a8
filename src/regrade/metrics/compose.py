"""Metrics made of metrics: with steps before and after, several as one, several weighed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from regrade.addition import add_up
from regrade.artifacts import Artifact, ArtifactError, artifact
from regrade.artifacts.operator import StreamOperator
from regrade.artifacts.paths import MISSING, get_path
from regrade.metrics.card_metric import CardMetric, InstanceMetric, Scores

if TYPE_CHECKING:
    from regrade.metrics.resampler import Resampler

Sample = tuple[Any, list[Any], dict[str, Any]]


@artifact("metrics_list")
class MetricsList(Artifact):
    """Several metrics under one name.

    Args:
        items: The metrics; the first one's score is the list's.
    """

    kind: ClassVar[str] = "metrics_list"

    items: list[CardMetric]


def prefixed(metric: CardMetric, prefix: str) -> CardMetric:
    """The same metric, with other names for its scores."""
    return msgspec.structs.replace(metric, score_prefix=prefix)


@artifact("metric_pipeline")
class MetricPipeline(CardMetric):
    """A metric with steps before it, which prepare what it compares, and after it, which name its scores.

    Steps see rows with ``prediction``, ``references`` and ``task_data``; those after the metric also
    ``score/instance`` and ``score/global``.

    Args:
        main_score: Which of the metric's scores stands for it, or one that the steps after it make.
        metric: The metric.
        preprocess_steps: Steps before it.
        postprocess_steps: Steps after it.
        postpreprocess_steps: The old name of these.
    """

    needs_references: ClassVar[bool] = False

    metric: CardMetric
    preprocess_steps: list[StreamOperator] = msgspec.field(default_factory=list)
    postprocess_steps: list[StreamOperator] = msgspec.field(default_factory=list)
    postpreprocess_steps: list[StreamOperator] | None = None

    def verify(self) -> None:
        super().verify()
        if not self.main_score:
            raise ArtifactError("the argument 'main_score' is needed", path=("main_score",))
        if self.postprocess_steps and self.postpreprocess_steps:
            raise ArtifactError("postpreprocess_steps is the old name of postprocess_steps: give one of them")

    @cached_property
    def inner(self) -> CardMetric:
        """The metric, with the pipeline's prefix."""
        return prefixed(self.metric, self.score_prefix) if self.score_prefix else self.metric

    @cached_property
    def after(self) -> list[StreamOperator]:
        """The steps after the metric."""
        return self.postprocess_steps or self.postpreprocess_steps or []

    def prepared(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples as the metric sees them.

        Raises:
            ValueError: a step dropped or added samples; or what steps raise.
        """
        rows = [
            {"prediction": prediction, "references": references, "task_data": task_data}
            for prediction, references, task_data in samples
        ]
        rows = _through(self.preprocess_steps, rows)
        if len(rows) != len(samples):
            raise ValueError(f"the steps before the metric made {len(rows)} samples of {len(samples)}")
        return [(row["prediction"], row["references"], row["task_data"]) for row in rows]

    def statistics(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        (sample,) = self.prepared([(prediction, references, task_data)])
        return self.inner.statistics(*sample)

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Any:
        (sample,) = self.prepared([("", references, task_data)])
        return self.inner.unanswered(*sample[1:])

    def instance_scores(self, statistics: Any) -> Scores:
        return self._named("instance", self.inner.instance_scores(statistics), self.inner.instance_name)

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        return self._named("global", self.inner.reduce(statistics), self.inner.global_name)

    def _named(self, part: str, scores: Scores, name: Callable[[str], str]) -> Scores:
        """The metric's scores, by the names that steps after it give them."""
        reported = {name(score): value for score, value in scores.items()}
        if self.after:
            # Steps may treat the scores of one sample, of all, or of both.
            both = {"instance": dict(reported), "global": dict(reported)}
            reported = dict(_through(self.after, [{"score": both, "task_data": {}}])[0]["score"][part])
        main = reported.get(self.inner.global_name(self.main_score), reported.get(self.main_score))
        return {**reported, self.main_score: main}

    def instance_name(self, score: str) -> str:
        return self.inner.instance_name(score) if score == self.main_score else score

    def global_name(self, score: str) -> str:
        return self.inner.global_name(score) if score == self.main_score else score

    def interval_names(self, scores: Scores) -> list[str]:
        inner = {self.inner.global_name(name) for name in self.inner.interval_names(scores)}
        return [name for name in scores if name in inner or name == self.main_score]

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Resampler:
        if (not self.after and names == [self.main_score]) or self._are_inner(statistics, names):
            return self.inner.resampler(statistics, names)
        return super().resampler(statistics, names)

    def _are_inner(self, statistics: Sequence[Any], names: list[str]) -> bool:
        """Whether these are scores of the metric itself, which no step after it changes."""
        inner, reported = self.inner.reduce(statistics), self.reduce(statistics)
        return all(name in inner and inner[name] == reported.get(name) for name in names)

    def evaluate(self, samples: Sequence[Sample], *, intervals: bool = True) -> tuple[Scores, list[Scores]]:
        prepared = self.prepared(samples)
        totals, rows = self.inner.evaluate(prepared, intervals=intervals)
        reported = [
            {
                "prediction": prediction,
                "references": references,
                "task_data": task_data,
                "score": {"global": totals, "instance": row},
            }
            for (prediction, references, task_data), row in zip(prepared, rows, strict=True)
        ]
        found = [row["score"] for row in _through(self.after, reported)]
        name = self.inner.global_name(self.main_score)
        totals = self._headed(found[0]["global"], name)
        for bound in ("ci_low", "ci_high"):
            if f"{name}_{bound}" in totals:
                totals[f"score_{bound}"] = totals[f"{name}_{bound}"]
        return totals, [self._headed(row["instance"], name) for row in found]

    def _headed(self, scores: Scores, name: str) -> Scores:
        value = get_path(scores, name, default=MISSING, not_exist_ok=True)
        if value is MISSING:
            raise KeyError(f"the metric has no score {name!r}; it has {', '.join(scores)}")
        return {**scores, "score": value, "score_name": name}


def _through(steps: Sequence[StreamOperator], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for step in steps:
        rows = list(step.process(rows, None))
    return rows


@artifact("metrics_ensemble")
class MetricsEnsemble(InstanceMetric):
    """The weighted sum of several metrics' scores of a sample, and its mean.

    Scores of the metrics are reported too, as ``ensemble_0_...``, ``ensemble_1_...``.

    Args:
        metrics: The metrics.
        weights: One for each of them; alike where not given.
    """

    main_score: str = "ensemble_score"
    metrics: list[CardMetric]
    weights: list[float] | None = None

    def verify(self) -> None:
        super().verify()
        if self.weights is not None and len(self.weights) != len(self.metrics):
            raise ArtifactError(f"{len(self.weights)} weights for {len(self.metrics)} metrics", path=("weights",))

    @cached_property
    def members(self) -> list[CardMetric]:
        """The metrics, each with a prefix of its own."""
        return [prefixed(metric, f"ensemble_{place}_") for place, metric in enumerate(self.metrics)]

    def statistics(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        found = [metric.statistics(prediction, references, task_data) for metric in self.members]
        scores = [metric.instance_scores(one) for metric, one in zip(self.members, found, strict=True)]
        return {
            self.main_score: self._weighed([own[m.main_score] for own, m in zip(scores, self.members, strict=True)])
        }

    def _weighed(self, values: list[Any]) -> float:
        weights = self.weights or [1 / len(self.metrics)] * len(self.metrics)
        return float(add_up(value * weight for value, weight in zip(values, weights, strict=True)))

    def evaluate(self, samples: Sequence[Sample], *, intervals: bool = True) -> tuple[Scores, list[Scores]]:
        from regrade.metrics.evaluate import global_scores, instance_row

        totals: Scores = {}
        rows: list[Scores] = [{} for _ in samples]
        values: list[list[Any]] = [[] for _ in samples]
        for metric in self.members:
            own_totals, own_rows = metric.evaluate(samples, intervals=intervals)
            totals.update(own_totals)
            for row, own, value in zip(rows, own_rows, values, strict=True):
                row.update(own)
                value.append(own["score"])
        for bound in ("score_ci_low", "score_ci_high"):
            totals.pop(bound, None)
        statistics = [{self.main_score: self._weighed(value)} for value in values]
        totals.update(global_scores(self, statistics, intervals=intervals))
        for row, one in zip(rows, statistics, strict=True):
            row.update(instance_row(self, one))
        return totals, rows
