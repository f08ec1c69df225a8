"""What samples count as whose scoring failed: one rule for every metric, along every path.

A failed sample counts as the worst value of its metric, where there is one: what the metric's class declares
(:meth:`.Metric.unanswered`), or what the values tell where a task's own function made them
(:meth:`.Aggregation.worst`).
Otherwise it is left out of the value, and counted. Where no sample was scored there is no value at all.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regrade.metrics.aggregation import Aggregation
    from regrade.scoring.block import Block, MetricBlock
    from regrade.scoring.plan import MetricPlan, Plan


def settle_failures(block: Block, plan: Plan) -> None:
    """Put the failed samples of a source among those that were scored, where they count as something."""
    for out in block.pipelines.values():
        if out.stopped is not None:
            continue
        for name, metric in out.metrics.items():
            if metric.failures and len(metric.column):
                _settle(metric, plan.metric_named(name, metric.origin), plan)


def _settle(metric: MetricBlock, planned: MetricPlan, plan: Plan) -> None:
    from regrade.scoring.summarise import aggregation_of

    aggregation = aggregation_of(planned, plan)
    fallback = None
    if not _is_declared(planned, plan):
        fallback = aggregation.worst(metric.column, planned.higher_is_better)
    added: dict[int, tuple[Any, Any]] = {}
    for failure in metric.failures:
        worst = fallback if failure.worst is None else failure.worst
        if failure.lacks or worst is None or (_is_zero(worst) and not planned.higher_is_better):
            continue
        try:
            added[failure.row] = aggregation.statistics(worst), worst
        except (TypeError, ValueError, KeyError, IndexError):
            continue  # a value of another kind than the aggregation takes: it is none
    if added:
        _merge(metric, added, aggregation)


def _merge(metric: MetricBlock, added: dict[int, tuple[Any, Any]], aggregation: Aggregation) -> None:
    """Add samples by row, in the order of the rows."""
    column = metric.column.take(range(len(metric.column)))
    rows = [*metric.rows, *added]
    for statistics, _ in added.values():
        column.append(statistics)
    order = sorted(range(len(rows)), key=rows.__getitem__)
    metric.column = column.take(order)
    metric.rows = array("q", [rows[place] for place in order])
    if metric.values is not None:
        values = [*metric.values, *(aggregation.shown(value) for _, value in added.values())]
        metric.values = [values[place] for place in order]
    metric.settled.update(added)


def _is_declared(planned: MetricPlan, plan: Plan) -> bool:
    """Whether a registered metric made the values, which says itself what is worst."""
    return (
        planned.method == "recomputed"
        and plan.recipe.process_results is None
        and planned.spec is not None
        and isinstance(planned.spec.metric, str)
    )


def _is_zero(worst: Any) -> bool:
    return isinstance(worst, int | float) and worst == 0
