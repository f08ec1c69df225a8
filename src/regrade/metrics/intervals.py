"""Intervals of card metrics: BCa, equal to Unitxt's, which are scipy's with ``default_rng(42)``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regrade.metrics.card_metric import CardMetric
from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED = 42
_NEAR = 1e-12
"""Relative difference below which a replicate may be equal to the estimate but for the order of additions."""
_MOST_EXACT = 2000
"""Up to so many samples the scores without one are computed anew, one by one, where all are next to the estimate."""


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
    drawn = metric.resampler(statistics, names)
    if metric.skips_equal:
        wanted = [name for name, equal in zip(names, drawn.equal(), strict=True) if not equal]
        if not wanted:
            return {}
        if len(wanted) < len(names):
            names, drawn = wanted, metric.resampler(statistics, wanted)
    if len(drawn) < 2:
        return {}
    level = metric.confidence_level if level is None else level
    estimate = drawn.estimate()
    replicates = _replicates(drawn, estimate, count, seed)
    jackknife = _jackknife(drawn, estimate, replicates)
    return {
        name: _interval(metric, replicates[:, k], estimate[k], jackknife[:, k], level, seed)
        for k, name in enumerate(names)
    }


def _replicates(drawn: Resampler, estimate: list[float], count: int, seed: int) -> Floats:
    import numpy as np

    from regrade.statistics.bootstrap import resample_indices

    blocks = []
    for indices in resample_indices(len(drawn), count, seed):
        values = drawn.replicates(indices)
        if drawn.rounds:
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
