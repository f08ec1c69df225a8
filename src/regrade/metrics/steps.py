"""Operators that score: they put ``score`` into rows that have ``prediction`` and ``references``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from regrade.artifacts import Artifact, ArtifactError, artifact, build
from regrade.artifacts.operator import RowOperator, StreamOperator
from regrade.artifacts.streams import Row
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.compose import MetricsList
from regrade.metrics.evaluate import evaluate


@artifact("update_stream")
class UpdateStream(RowOperator):
    """Sets fields of each row.

    Args:
        update: Fields and their values.

    >>> UpdateStream(update={"split": "test"}).process_row({"question": "?"})
    {'question': '?', 'split': 'test'}
    """

    update: dict[str, Any]

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return {**row, **self.update}


@artifact("apply_metric")
class ApplyMetric(StreamOperator):
    """Scores a stream by the metrics that its first row names; rows get ``score/instance`` and ``score/global``.

    Args:
        metric_field: The field that holds the metrics: names in the catalog, or artifacts as data.
        calc_confidence_intervals: Whether there are intervals.

    >>> row = {"prediction": "a", "references": ["a"], "metrics": [{"__type__": "accuracy"}]}
    >>> (scored,) = ApplyMetric(metric_field="metrics", calc_confidence_intervals=False).process([row])
    >>> scored["score"]["instance"]
    {'accuracy': 1.0, 'score': 1.0, 'score_name': 'accuracy'}
    """

    metric_field: str
    calc_confidence_intervals: bool

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        rows = list(rows)
        if not rows:
            return
        named = rows[0].get(self.metric_field)
        if not named:
            raise ValueError(f"the field {self.metric_field!r} names no metrics")
        totals, scores = evaluate(
            metrics_of(named),
            [row["prediction"] for row in rows],
            [row["references"] for row in rows],
            [row.get("task_data", {}) for row in rows],
            intervals=self.calc_confidence_intervals,
        )
        for row, own in zip(rows, scores, strict=True):
            yield {**row, "score": {"global": totals, "instance": own}}


def metrics_of(named: Any) -> list[CardMetric]:
    """The metrics that names or data stand for, lists of metrics taken apart.

    Raises:
        ArtifactError: one of them is none.
    """
    from regrade.artifacts.catalogs import default_catalog

    found: list[CardMetric] = []
    for one in [named] if isinstance(named, str | dict) else named:
        metric = build(one, Artifact, catalog=default_catalog())
        if isinstance(metric, MetricsList):
            found += metric.items
        elif isinstance(metric, CardMetric):
            found.append(metric)
        else:
            raise ArtifactError(f"{one!r:.80} is no metric")
    return found
