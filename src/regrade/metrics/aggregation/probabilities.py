"""The Brier score over (gold index, probabilities of the choices) pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.metrics.aggregation.aggregation import Aggregation, pair
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler

    Floats = NDArray[np.float64]


@register("aggregation", "brier_score")
class Brier(Aggregation):
    """The mean squared distance of the probabilities from certainty about the gold choice.

    Before 0.4.3 the harness took the number of choices from the greatest gold index: where that is not the last choice
    it raised, except where every gold index is 0, when each probability was compared with 1.

    Brier, "Verification of forecasts expressed in terms of probability" (1950).
    """

    width = 4
    """The squared distance; that from all ones; the gold index; the number of choices."""

    def statistics(self, value: Any) -> tuple[float, float, float, float]:
        import numpy as np

        gold, probabilities = pair(value)
        given = np.asarray(probabilities, dtype=np.float64)
        if given.ndim != 1:
            raise TypeError("the probabilities must be a list of numbers")
        certain = np.zeros(len(given))
        certain[gold] = 1.0
        return float(((given - certain) ** 2).sum()), float(((given - 1.0) ** 2).sum()), float(gold), float(len(given))

    def _distances(self, column: Column) -> Floats:
        table = column.numpy()
        choices = table[:, 3]
        if (choices != choices[0]).any():
            raise ValueError("brier_score wants the same number of choices in every document")
        if self.compat < (0, 4, 3):
            classes = table[:, 2].max() + 1
            if classes == 1:
                return table[:, 1]
            if classes != choices[0]:
                raise ValueError(
                    f"lm-evaluation-harness before 0.4.3 fails here: {classes:.0f} classes, {choices[0]:.0f} choices"
                )
        return table[:, 0]

    def reduce(self, column: Column) -> float:
        import numpy as np

        return float(np.mean(np.ascontiguousarray(self._distances(column))))

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Means

        if self.compat < (0, 4, 3):
            return super().resampler(column)
        return Means(self._distances(column)[:, None], [""], skip_missing=False)
