"""Metrics of sums: each sample adds a few numbers, and the scores of many depend on the totals only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from regrade.addition import add_up
from regrade.metrics.card_metric import GlobalMetric, Scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.resampler import Resampler


class SumMetric(GlobalMetric):
    """A metric whose ``measure`` returns numbers, always as many, and whose scores are a function of their totals.

    Intervals cost one matrix product and one call of :meth:`scores_of_sums` for each resample and each sample.
    """

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        """The scores, ``main_score`` among them.

        Raises:
            ArithmeticError, ValueError: there are none for such totals.
        """
        raise NotImplementedError

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        return self.scores_of_sums([add_up(column) for column in zip(*statistics, strict=True)])

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Resampler:
        from regrade.metrics.resampler import Sums

        def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
            return rowwise(self.scores_of_sums, sums, names)

        return Sums(statistics, scores, names)


def rowwise(scores_of_sums: Any, sums: NDArray[np.float64], names: list[str]) -> NDArray[np.float64]:
    """The scores ``names`` (b, k) of totals (b, w); nan where there are none."""
    import numpy as np

    table = np.full((len(sums), len(names)), math.nan)
    for row, totals in enumerate(sums.tolist()):
        try:
            found = scores_of_sums(totals)
        except (ArithmeticError, ValueError):
            continue
        table[row] = [found[name] for name in names]
    return table
