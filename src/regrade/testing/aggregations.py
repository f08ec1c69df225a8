"""``check_aggregation``: the contract of aggregations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from regrade.metrics.aggregation import Aggregation
from regrade.metrics.column import Column
from regrade.testing.contract import (
    TOLERANCE,
    ContractError,
    Words,
    check_pickles,
    check_same,
    find_class,
    outcome,
    splits,
)


def check_aggregation(
    aggregation: str | type[Aggregation],
    values: Sequence[Any],
    *,
    arguments: dict[str, Any] | None = None,
    score: Any = None,
) -> None:
    """Check that an aggregation keeps to its contract on the values of some samples.

    ``statistics`` gives each sample ``width`` finite numbers (or labels, or with width 0 anything that pickles);
    columns of parts, put together, reduce to what the whole does; ``replicates`` and ``jackknife`` give what
    ``reduce`` gives for the samples that are drawn and left.

    Args:
        aggregation: Its registered name, or its class.
        values: What a metric measured, of three samples at least.
        arguments: Of the metric that it is made for.
        score: The right value of all of them.

    Raises:
        ContractError: it does not.
    """
    subject, cls = find_class("aggregation", aggregation, Aggregation)
    check_pickles(subject, cls, "its class")
    made = cls.of(arguments or {})
    statistics = [made.statistics(value) for value in values]
    for one in statistics:
        _check_width(subject, made, one)
    check_pickles(subject, statistics, "the statistics of a sample")
    whole = column_of(made, statistics)
    value = made.reduce(whole)
    check_same(subject, "reduce is deterministic and leaves its column alone", value, made.reduce(whole))
    check_same(subject, "reduce gives the same each time it is made", value, cls.of(arguments or {}).reduce(whole))
    for place in splits(statistics):
        parts = column_of(made, statistics[:place])
        parts.extend(check_pickles(subject, column_of(made, statistics[place:]), "a column"))
        rule = f"parts put together are the whole ({place} and {len(statistics) - place} samples)"
        check_same(subject, rule, value, made.reduce(parts))
    _check_resampling(subject, made, whole)
    if score is not None:
        check_same(subject, "reduces to what its author says", score, value, TOLERANCE)


def column_of(aggregation: Aggregation, statistics: Sequence[Any]) -> Column:
    """A column of the statistics of samples."""
    column = Column(aggregation.width, labelled=aggregation.labelled)
    for one in statistics:
        column.append(one)
    return column


def _check_width(subject: str, aggregation: Aggregation, statistics: Any) -> None:
    if aggregation.width == 0:
        return
    rule = f"a sample has {aggregation.width} {'labels' if aggregation.labelled else 'numbers'} (width)"
    if not isinstance(statistics, tuple) or len(statistics) != aggregation.width:
        raise ContractError(subject, rule, Words(f"a tuple of {aggregation.width}"), statistics)
    if not aggregation.labelled and not all(isinstance(one, int | float) for one in statistics):
        raise ContractError(subject, rule, Words("numbers"), statistics)


def _check_resampling(subject: str, made: Aggregation, whole: Column) -> None:
    import numpy as np

    if not made.has_interval(whole) or type(made).resampler is Aggregation.resampler:
        return
    count = len(whole)
    generator = np.random.default_rng(1)
    indices = np.vstack([np.arange(count), generator.integers(0, count, size=(3, count))])
    resampler = made.resampler(whole)
    drawn = outcome(lambda: resampler.main_replicates(indices).tolist())
    wanted = outcome(lambda: [float(made.reduce(whole.take(row))) for row in indices.tolist()])
    check_same(subject, "its resampler gives what reduce gives for the samples drawn", wanted, drawn, TOLERANCE)
    if count < 3:
        return
    left = outcome(lambda: [row[0] for row in resampler.jackknife().tolist()])
    rest = [[*range(place), *range(place + 1, count)] for place in range(count)]
    wanted = outcome(lambda: [float(made.reduce(whole.take(row))) for row in rest])
    if isinstance(wanted, list) and not all(math.isfinite(one) for one in wanted):
        return  # with a sample left out there is no value
    check_same(
        subject, "its resampler's jackknife gives what reduce gives without one sample each", wanted, left, TOLERANCE
    )
