"""BCa intervals of scores from their resamples, by a policy: Regrade's rules, or Unitxt's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.card_metric import CardMetric

    Floats = NDArray[np.float64]

SEED = 42
_NEAR = 1e-12
"""Relative difference below which a replicate may be equal to the estimate but for the order of additions."""
_MOST_EXACT = 2000
"""Up to so many samples the scores without one are computed anew, one by one, where all are next to the estimate."""


@dataclass(frozen=True)
class IntervalPolicy:
    """How intervals are made of resamples.

    Attributes:
        resamples: How many are drawn.
        level: Confidence level.
        seed: Of the resamples.
        literal: Follow scipy to the letter, as Unitxt does: whether a replicate equals the estimate is decided by its
            last bit, and degenerate cases are nan. Else what differs by rounding is equal.
        fills_missing: Whether resamples without a value (nan) take one that others have; else the interval is nan.
        flat_is_point: Whether the interval of a value that no resample changes is that value; else it is nan.
        skips_equal: Whether there is no interval at all where all units have the same score.
    """

    resamples: int = 1000
    level: float = 0.95
    seed: int = SEED
    literal: bool = False
    fills_missing: bool = False
    flat_is_point: bool = False
    skips_equal: bool = False


def unitxt_policy(
    metric: CardMetric, *, resamples: int | None = None, level: float | None = None, seed: int = SEED
) -> IntervalPolicy | None:
    """Unitxt's rules for a metric; None for a metric without intervals.

    Args:
        metric: The metric; it says how many resamples are drawn and what becomes of those without a value.
        resamples: How many, instead of the metric's.
        level: Confidence level, instead of the metric's.
        seed: Of the resamples.
    """
    count = metric.n_resamples if resamples is None else resamples
    if count is None or count < 1:
        return None
    return IntervalPolicy(
        count,
        metric.confidence_level if level is None else level,
        seed,
        literal=True,
        fills_missing=metric.fills_missing,
        flat_is_point=metric.flat_is_point,
        skips_equal=metric.skips_equal,
    )


def intervals(
    metric: CardMetric, statistics: Sequence[Any], names: list[str], policy: IntervalPolicy | None
) -> dict[str, tuple[float, float]]:
    """The intervals of some scores of a card's metric.

    Returns:
        By score its interval, nan where the samples allow none. A score is missing where no interval is made at all:
        for less than two samples, or scores of samples that are all the same.
    """
    if not names or policy is None or len(statistics) < 2:
        return {}
    resampler = metric.resampler(statistics, names)
    if policy.skips_equal:
        wanted = [name for name, equal in zip(names, resampler.equal(), strict=True) if not equal]
        if not wanted:
            return {}
        if len(wanted) < len(names):
            names, resampler = wanted, metric.resampler(statistics, wanted)
    if len(resampler) < 2:
        return {}
    return dict(zip(names, bca_intervals(resampler, policy), strict=True))


def bca_intervals(
    resampler: Resampler, policy: IntervalPolicy, estimate: Sequence[float] | None = None
) -> list[tuple[float, float]]:
    """The BCa interval of each score, nan where the units allow none.

    Args:
        resampler: Computes the scores of resamples.
        policy: The rules.
        estimate: The scores of all units, where they are known.
    """
    import numpy as np

    values = resampler.estimate() if estimate is None else list(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = _replicates(resampler, values, policy)
        jackknife = _jackknife(resampler, values, replicates) if policy.literal else resampler.jackknife()
    return [_interval(policy, replicates[:, place], value, jackknife[:, place]) for place, value in enumerate(values)]


def _replicates(drawn: Resampler, estimate: list[float], policy: IntervalPolicy) -> Floats:
    import numpy as np

    from regrade.statistics.bootstrap import resample_indices

    blocks = []
    for indices in resample_indices(len(drawn), policy.resamples, policy.seed):
        values = drawn.replicates(indices)
        if policy.literal and drawn.rounds:
            for row in _unsure(values, np.array(estimate), exact_ends=drawn.exact_ends):
                values[row] = drawn.scores(indices[row].tolist())
        blocks.append(values)
    return np.concatenate(blocks)


def _unsure(values: Floats, estimate: Floats, *, exact_ends: bool) -> list[int]:
    """The rows in which a value is next to its estimate; 0 and 1 apart where these are reached without rounding."""
    import numpy as np

    near = _near(values, estimate)
    if exact_ends:
        near &= ~((values == estimate) & ((estimate == 0) | (estimate == 1)))
    rows: list[int] = np.flatnonzero(near.any(axis=1)).tolist()
    return rows


def _near(values: Floats, estimate: Floats) -> NDArray[np.bool_]:
    import numpy as np

    return np.abs(values - estimate) <= _NEAR * np.abs(estimate)


def _jackknife(drawn: Resampler, estimate: list[float], replicates: Floats) -> Floats:
    """The scores without one sample; to the last bit where all values are next to the estimate, since whether they
    are equal decides whether there is an interval.
    """
    import numpy as np

    values = drawn.jackknife()
    if not drawn.rounds or len(drawn) > _MOST_EXACT:
        return values
    everything = np.concatenate([replicates, values])
    flat = (_near(everything, np.array(estimate)) | np.isnan(everything)).all(axis=0)
    return Resampler.jackknife(drawn) if flat.any() else values


def _interval(policy: IntervalPolicy, replicates: Floats, estimate: float, jackknife: Floats) -> tuple[float, float]:
    import numpy as np

    from regrade.statistics.intervals import bca_interval

    if policy.fills_missing:
        replicates, jackknife = _filled(replicates, policy.seed), _filled(jackknife, policy.seed)
    low, high = bca_interval(replicates, estimate, jackknife, level=policy.level, literal=policy.literal)
    if policy.flat_is_point and math.isnan(low) and math.isnan(high):
        everything = np.concatenate([replicates, [estimate], jackknife])
        if not np.isnan(everything).all() and np.nanstd(everything) == 0:
            low = high = float(np.nanmean(everything))
    return low, high


def _filled(values: Floats, seed: int) -> Floats:
    """``values`` with draws from the others in the place of nan: a few resamples without a value leave an interval."""
    import numpy as np

    missing = np.isnan(values)
    count = int(missing.sum())
    if not 0 < count < values.size:
        return values
    values = values.copy()
    values[missing] = np.random.default_rng(seed).choice(values[~missing], count, replace=True)
    return values
