"""``check_card_metric``: the contract of metrics that cards name."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

from regrade.artifacts import build
from regrade.metrics.card_metric import CardMetric
from regrade.testing.contract import TOLERANCE, ContractError, Words, check_pickles, check_same
from regrade.testing.processes import Observed, check_elsewhere, observe

Sample = tuple[Any, list[Any], dict[str, Any]]
"""A prediction, its references, and the task's fields."""


def check_card_metric(
    metric: str | dict[str, Any], samples: Sequence[Sample], *, scores: dict[str, Any] | None = None
) -> None:
    """Check that a metric of cards keeps to its contract on some samples.

    ``statistics`` is deterministic, leaves its sample alone, gives the same in another process and imports nothing
    there; what it gives pickles; ``reduce`` gives the main score, and every score that is to have an interval.

    Args:
        metric: Its ``__type__``, or the data that a card has of it.
        samples: Predictions with references and task data, as postprocessors leave them.
        scores: The right scores of all samples together, or some of them.

    Raises:
        ContractError: it does not.
    """
    data = {"__type__": metric} if isinstance(metric, str) else metric
    subject = f"metric {data['__type__']!r} of cards"
    made = build(data, CardMetric)
    kept = copy.deepcopy(list(samples))
    here = measure_all(data, list(samples)).values
    check_same(subject, "a sample is not changed", kept, list(samples))
    check_same(subject, "measure is deterministic", here, measure_all(data, kept).values)
    check_pickles(subject, here, "the statistics of a sample")
    check_elsewhere(subject, measure_all, (data, kept), here, "measure")
    failed = next((one for one in here if isinstance(one, Words)), None)
    if failed is not None:
        raise ContractError(subject, "measures the samples of its own test", Words("statistics"), failed)
    made.prepare()
    found = made.reduce(here)
    check_same(subject, "reduce is deterministic", found, made.reduce(list(here)))
    wanted = {made.main_score, *made.interval_names(found)}
    if not wanted <= found.keys():
        raise ContractError(subject, "gives the scores it declares", sorted(wanted), sorted(found))
    alone = made.instance_scores(here[0])
    if made.main_score not in alone:
        raise ContractError(subject, "a sample alone has the main score", made.main_score, sorted(alone))
    if scores is not None:
        check_same(
            subject,
            "scores what its author says",
            scores,
            {name: found.get(name) for name in scores},
            TOLERANCE,
        )


def measure_all(data: dict[str, Any], samples: list[Sample]) -> Observed:
    """What a new metric measures of each sample."""
    metric = build(data, CardMetric)
    return observe(metric.prepare, [partial(metric.statistics, *one) for one in samples])
