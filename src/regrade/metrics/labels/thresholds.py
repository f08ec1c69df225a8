"""Samples of two classes at every threshold: what the best threshold and the area under ROC are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from regrade.metrics.labels.confusion import histogram
from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Indices = NDArray[np.integer[Any]]

Scored = tuple[int, float]
"""A reference, 0 or 1, and a predicted number."""

_BLOCK = 1 << 19
"""Counts held at a time."""

Score = Callable[["Floats", "Flags"], "Floats"]
"""From cells (b, t, 4) and which thresholds are there (b, t) to scores (b, k)."""


class Thresholds:
    """The numbers that were predicted, as thresholds: a number at or above one says 1.

    Args:
        scored: The samples.
        digits: Round thresholds to so many digits.

    Attributes:
        values: The thresholds, ascending, (t,).
    """

    def __init__(self, scored: Sequence[Scored], digits: int | None = None) -> None:
        import numpy as np

        self.gold = np.array([reference for reference, _ in scored], dtype=np.intp)
        numbers = np.array([number for _, number in scored], dtype=np.float64)
        rounded = numbers if digits is None else np.array([round(float(number), digits) for number in numbers])
        self.values, self.own = np.unique(rounded, return_inverse=True)
        # How many thresholds a number reaches; with rounding its own may be above it.
        self.reached = np.searchsorted(self.values, numbers, side="right")
        self.kind = self.reached * 2 + self.gold

    def cells(self, drawn: Floats) -> Floats:
        """Counts (b, t, 4) of 0 called 0, 0 called 1, 1 called 0, 1 called 1 at each threshold.

        Args:
            drawn: How often each (thresholds reached, reference) occurs, (b, 2 (t + 1)).
        """
        import numpy as np

        by_class = drawn.reshape(len(drawn), -1, 2)
        below = by_class.cumsum(axis=1)[:, :-1]
        total = by_class.sum(axis=1)[:, None]
        return np.stack([below[..., 0], (total - below)[..., 0], below[..., 1], (total - below)[..., 1]], axis=2)

    def whole(self) -> Floats:
        """The cells (t, 4) of all samples."""
        import numpy as np

        cells: Floats = self.cells(np.bincount(self.kind, minlength=2 * len(self.values) + 2)[None].astype(float))[0]
        return cells


class AtThresholds(Resampler):
    """Scores of resamples that depend on counts at thresholds.

    Args:
        scored: The samples.
        reduce: From samples to scores, to the last bit.
        score: From counts at thresholds to scores, and which of them are numbers of the resample.
        names: The scores.
        digits: Thresholds are rounded to so many digits.
        rounds: Whether ``score`` may differ from ``reduce`` in the last bits.
        left_out: The jackknife in closed form, (n, k), where there is one.
    """

    def __init__(
        self,
        scored: Sequence[Scored],
        reduce: Callable[[Sequence[Any]], dict[str, Any]],
        score: Score,
        names: list[str],
        *,
        digits: int | None = None,
        rounds: bool = False,
        left_out: Callable[[Thresholds], Floats] | None = None,
    ) -> None:
        super().__init__(scored, reduce, names)
        self.at = Thresholds(scored, digits)
        self.rounds = rounds  # type: ignore[misc]
        self._score = score
        self._left_out = left_out

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        count = len(self.at.values)
        step = max(1, _BLOCK // (count + 1))
        blocks = []
        for start in range(0, len(indices), step):
            block = indices[start : start + step]
            drawn = histogram(self.at.kind, block, 2 * count + 2)
            own = histogram(self.at.own, block, count)
            blocks.append(self._score(self.at.cells(drawn), own > 0))
        return np.concatenate(blocks)

    def jackknife(self) -> Floats:
        import numpy as np

        if self._left_out is not None:
            return self._left_out(self.at)
        count = len(self.at.values)
        width = 2 * count + 2
        kinds, kind_of = np.unique(self.at.own * width + self.at.kind, return_inverse=True)
        drawn = np.bincount(self.at.kind, minlength=width).astype(np.float64)
        own = np.bincount(self.at.own, minlength=count).astype(np.float64)
        values = np.empty((len(kinds), len(self.names)))
        step = max(1, _BLOCK // (count + 1))
        for start in range(0, len(kinds), step):
            owns, kind = np.divmod(kinds[start : start + step], width)
            rows = np.arange(len(owns))
            less, own_less = np.tile(drawn, (len(rows), 1)), np.tile(own, (len(rows), 1))
            less[rows, kind] -= 1
            own_less[rows, owns] -= 1
            values[start : start + step] = self._score(self.at.cells(less), own_less > 0)
        return values[kind_of.ravel()]
