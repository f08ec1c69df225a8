"""Intervals of card metrics: BCa, equal to Unitxt's, which are scipy's with ``default_rng(42)``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regrade.metrics.card_metric import CardMetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.resampled import Resampled

    Floats = NDArray[np.float64]

SEED = 42
_NEAR = 1e-12
"""Relative difference below which a replicate may be equal to the estimate but for the order of additions."""


def intervals(
    metric: CardMetric,
    statistics: Sequence[Any],
    names: list[str],
    *,
    seed: int = SEED,
    level: float | None = None,
    resamples: int | None = None,
) -> dict[str, tuple[float, float]]:
    """The intervals of a metric's scores.

    Args:
        metric: The metric; it says how many resamples are drawn and what becomes of those without a value.
        statistics: The samples'.
        names: The scores.
        seed: Of the resamples.
        level: Confidence level, instead of the metric's.
        resamples: How many, instead of the metric's.

    Returns:
        By score its interval, nan where the samples allow none. A score is missing where no interval is made at all:
        for less than two samples, or scores of samples that are all the same.
    """
    count = metric.n_resamples if resamples is None else resamples
    if not names or count is None or count < 1 or len(statistics) < 2:
        return {}
    drawn = metric.resampled(statistics, names)
    if metric.skips_equal:
        wanted = [name for name, equal in zip(names, drawn.equal(), strict=True) if not equal]
        if not wanted:
            return {}
        if len(wanted) < len(names):
            names, drawn = wanted, metric.resampled(statistics, wanted)
    if len(drawn) < 2:
        return {}
    level = metric.confidence_level if level is None else level
    estimate = drawn.estimate()
    replicates = _replicates(drawn, estimate, count, seed)
    jackknife = drawn.jackknife()
    return {
        name: _interval(metric, replicates[:, k], estimate[k], jackknife[:, k], level, seed)
        for k, name in enumerate(names)
    }


def _replicates(drawn: Resampled, estimate: list[float], count: int, seed: int) -> Floats:
    import numpy as np

    from regrade.statistics.bootstrap import resample_indices

    blocks = []
    for indices in resample_indices(len(drawn), count, seed):
        values = drawn.replicates(indices)
        if drawn.rounds:
            for row in _unsure(values, np.array(estimate)):
                values[row] = drawn.scores(indices[row].tolist())
        blocks.append(values)
    return np.concatenate(blocks)


def _unsure(values: Floats, estimate: Floats) -> list[int]:
    """The rows in which a value is next to its estimate; 0 and 1 apart, which rates reach without rounding."""
    import numpy as np

    near = np.abs(values - estimate) <= _NEAR * np.abs(estimate)
    near &= ~((values == estimate) & ((estimate == 0) | (estimate == 1)))
    rows: list[int] = np.flatnonzero(near.any(axis=1)).tolist()
    return rows


def _interval(
    metric: CardMetric, replicates: Floats, estimate: float, jackknife: Floats, level: float, seed: int
) -> tuple[float, float]:
    import numpy as np

    from regrade.statistics.intervals import bca_interval

    if metric.fills_missing:
        replicates, jackknife = _filled(replicates, seed), _filled(jackknife, seed)
    low, high = bca_interval(replicates, estimate, jackknife, level=level, literal=True)
    if metric.flat_is_point and math.isnan(low) and math.isnan(high):
        everything = np.concatenate([replicates, [estimate], jackknife])
        everything = everything[~np.isnan(everything)]
        if everything.size and everything.std() == 0:
            low = high = float(everything.mean())
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
