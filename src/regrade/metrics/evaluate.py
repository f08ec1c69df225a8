"""From predictions to reported scores: all metrics of a task over all samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regrade.metrics.card_metric import CardMetric, Scores

Sample = tuple[Any, list[Any], dict[str, Any]]
"""Prediction, references, task data."""


def evaluate(
    metrics: Sequence[CardMetric],
    predictions: Sequence[Any],
    references: Sequence[list[Any]],
    task_data: Sequence[dict[str, Any]] | None = None,
    *,
    intervals: bool = True,
) -> tuple[Scores, list[Scores]]:
    """Score predictions by some metrics.

    Args:
        metrics: The first one's main score is ``score``, and ``score_name`` its name.
        predictions: Per sample what was predicted.
        references: Per sample the references.
        task_data: Per sample the task's fields.
        intervals: Whether to compute intervals.

    Returns:
        The scores of all samples, with ``num_of_instances`` and the bounds of intervals as ``*_ci_low`` and
        ``*_ci_high``; and per sample its own scores.

    Raises:
        ValueError, TypeError, KeyError: a sample cannot be measured, or there are none.
    """
    data = [{}] * len(predictions) if task_data is None else task_data
    samples = list(zip(predictions, references, data, strict=True))
    if not samples:
        raise ValueError("there are no predictions to score")
    totals: Scores = {}
    rows: list[Scores] = [{} for _ in samples]
    for metric in reversed(metrics):
        own_totals, own_rows = metric.evaluate(samples, intervals=intervals)
        for stale in {"score_ci_low", "score_ci_high"} - own_totals.keys():
            totals.pop(stale, None)
        totals.update(own_totals)
        for row, own in zip(rows, own_rows, strict=True):
            row.update(own)
    return totals, rows


def evaluate_one(
    metric: CardMetric, samples: Sequence[Sample], *, intervals: bool = True
) -> tuple[Scores, list[Scores]]:
    """The scores of one metric that is not made of others; see :func:`evaluate`."""
    statistics = metric.measure_all(samples)
    rows = [instance_row(metric, sample) for sample in statistics]
    return global_scores(metric, statistics, intervals=intervals), rows


def instance_row(metric: CardMetric, statistics: Any) -> Scores:
    """What is reported of one sample."""
    scores = metric.instance_scores(statistics)
    row: Scores = {metric.instance_name(name): value for name, value in scores.items()}
    row["score"] = scores.get(metric.main_score)
    row["score_name"] = metric.instance_name(metric.main_score)
    return row


def global_scores(metric: CardMetric, statistics: Sequence[Any], *, intervals: bool = True) -> Scores:
    """What is reported of all samples."""
    from regrade.metrics.intervals import intervals as intervals_of
    from regrade.metrics.intervals import unitxt_policy

    scores = metric.reduce(statistics)
    totals: Scores = {"num_of_instances": len(statistics)}
    totals.update({metric.global_name(name): value for name, value in scores.items()})
    totals["score"] = scores.get(metric.main_score)
    totals["score_name"] = metric.global_name(metric.main_score)
    policy = unitxt_policy(metric) if intervals else None
    found = intervals_of(metric, statistics, metric.interval_names(scores), policy)
    for name, (low, high) in found.items():
        totals[f"{metric.global_name(name)}_ci_low"] = low
        totals[f"{metric.global_name(name)}_ci_high"] = high
    headline = metric.headline(list(found))
    if headline is not None:
        totals["score_ci_low"], totals["score_ci_high"] = found[headline]
    return totals
