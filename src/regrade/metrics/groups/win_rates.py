"""How well predicted battles of models rank them, against the true ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from regrade.artifacts import artifact
from regrade.metrics.card_metric import GlobalMetric, Scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.resampler import Resampler

    Floats = NDArray[np.float64]

Battle = tuple[str, str, float, int]
"""Two models, the predicted outcome and the true one: won by the first if positive, a tie if 0."""


@artifact("weighted_win_rate_correlation")
class WeightedWinRateCorrelation(GlobalMetric):
    """Correlation, over models, of the win rates that predictions and references give them.

    A sample is a battle of its fields ``model_a`` and ``model_b``. An outcome of s > 0 counts as s battles won by a,
    s < 0 as -s won by b, and 0 as one won by each.

    Scores: ``spearman_corr`` and ``pearson_corr``; nan where all models win equally often.

    >>> metric = WeightedWinRateCorrelation()
    >>> battles = [("x", "y", 2, 1), ("y", "z", 1, 3), ("x", "z", 3, 1)]
    >>> scores = metric.reduce([metric.measure(p, [r], {"model_a": a, "model_b": b}) for a, b, p, r in battles])
    >>> round(scores["spearman_corr"], 6)
    1.0
    """

    main_score: str = "spearman_corr"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Battle:
        return task_data["model_a"], task_data["model_b"], prediction, int(references[0])

    def reduce(self, statistics: Sequence[Battle]) -> Scores:
        if len(statistics) < 2:
            raise ValueError("one battle ranks no models")
        names = ["pearson_corr", "spearman_corr"]
        return dict(zip(names, self.resampler(statistics, names).estimate(), strict=True))

    def resampler(self, statistics: Sequence[Battle], names: list[str]) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(_tallies(statistics), lambda sums: _correlations(sums, names), names)


def _tallies(battles: Sequence[Battle]) -> list[list[float]]:
    """For each battle four numbers for each model: battles won and fought as predicted, and in truth."""
    models = sorted({model for model_a, model_b, *_ in battles for model in (model_a, model_b)})
    places = {model: place for place, model in enumerate(models)}
    table = []
    for model_a, model_b, *outcomes in battles:
        row = [0.0] * (4 * len(models))
        for part, outcome in enumerate(outcomes):
            for model, score in ((model_a, outcome), (model_b, -outcome)):
                place = 2 * part * len(models) + places[model]
                row[place] += max(score, 0) if outcome else 1
                row[place + len(models)] += abs(score) if outcome else 2
        table.append(row)
    return table


def _correlations(sums: Floats, names: list[str]) -> Floats:
    """The correlations (b, k) of sums (b, 4 * models) of tallies."""
    import numpy as np

    from regrade.statistics.correlation import average_ranks

    won, fought, truly_won, truly_fought = np.moveaxis(sums.reshape(len(sums), 4, -1), 1, 0)
    rates = np.stack([won / fought, truly_won / truly_fought], axis=1)
    values = np.full((len(sums), len(names)), math.nan)
    missing = np.isnan(rates).any(axis=(1, 2))
    groups: list[list[int]] = [[row] for row in np.flatnonzero(missing).tolist()]
    if not missing.all():
        groups.append(np.flatnonzero(~missing).tolist())
    for rows in groups:
        present = rates[rows][:, :, ~np.isnan(rates[rows[0], 0])]  # a resample may lack a model
        for place, name in enumerate(names):
            both = average_ranks(present) if name == "spearman_corr" else present
            values[rows, place] = _pearson(both)
    return values


def _pearson(both: Floats) -> Floats:
    """Pearson's correlation of the two rows of each table (b, 2, n); nan where a row is constant or n is 1."""
    import numpy as np

    centred = both - both.mean(axis=2, keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=2))
    constant = (both == both[:, :, :1]).all(axis=2).any(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.clip((centred[:, 0] * centred[:, 1]).sum(axis=1) / norms.prod(axis=1), -1, 1)
    return np.where(constant, math.nan, found)
