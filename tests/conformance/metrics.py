"""Metric cases: predictions and references in, scores with intervals out."""

from __future__ import annotations

from typing import Any

from tests.conformance.encoding import decode

from regrade.artifacts import Catalog, build
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate as evaluate_metrics


def evaluate(case: dict[str, Any], known: Catalog) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Our scores for a recorded case: of all samples, and of each."""
    metric = build(case["operator"], CardMetric, catalog=known)
    inputs = (decode(case[name], known) for name in ("predictions", "references", "task_data"))
    return evaluate_metrics([metric], *inputs)
