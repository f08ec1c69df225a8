"""Scores of resamples, many at once: what intervals and paired comparisons are made of.

:class:`Resampled` calls a metric's ``reduce`` for each resample. Its subclasses know a shape of metric and do the same
by arrays: :class:`Means` and :class:`Maxima` of the samples' scores, :class:`Sums` for what depends on sums of vectors
of numbers, and :mod:`.confusion` for what depends on pairs of labels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.integer[Any]]


class Resampled:
    """The scores ``names`` of resamples of some units.

    Args:
        units: What is drawn: the samples' statistics, or those of groups.
        reduce: From units to scores.
        names: The scores wanted; one that a resample lacks, or cannot have, is nan there.

    Attributes:
        rounds: Whether :meth:`replicates` may differ from ``reduce`` in the last bits, by another order of additions.
            A replicate that is as good as equal to the estimate is then computed anew by ``reduce``, since whether
            the two are equal decides about the interval.
        exact_ends: Whether 0 and 1 are reached without rounding even so, as by rates; not so by correlations.
    """

    rounds: ClassVar[bool] = False
    exact_ends: ClassVar[bool] = True

    def __init__(self, units: Sequence[Any], reduce: Callable[[Sequence[Any]], dict[str, Any]], names: list[str]):
        self.units = units
        self.names = names
        self._reduce = reduce

    def __len__(self) -> int:
        """How many units are drawn from."""
        return len(self.units)

    def scores(self, rows: Sequence[int]) -> list[float]:
        """The scores of the units at ``rows``, to the last bit."""
        try:
            found = self._reduce([self.units[row] for row in rows])
        except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
            return [math.nan] * len(self.names)
        return [_number(found.get(name)) for name in self.names]

    def estimate(self) -> list[float]:
        """The scores of all units."""
        return self.scores(range(len(self)))

    def equal(self) -> list[bool]:
        """For each score whether all units have the same; only asked of metrics whose samples have scores."""
        return [False] * len(self.names)

    def replicates(self, indices: Indices) -> Floats:
        """The scores (b, k) of resamples, given as rows of positions (b, n)."""
        import numpy as np

        return np.array([self.scores(row) for row in indices.tolist()], dtype=np.float64).reshape(-1, len(self.names))

    def jackknife(self) -> Floats:
        """The scores (n, k) of all units but one.

        Units that are equal leave equal scores behind, so that ``reduce`` is called once for each kind of unit.
        """
        import numpy as np

        everything = list(range(len(self)))
        known: dict[Any, list[float]] = {}
        values = []
        for place in everything:
            unit = self.units[place]
            try:
                key = hash(unit), unit
            except TypeError:
                key = place, None
            if key not in known:
                known[key] = self.scores(everything[:place] + everything[place + 1 :])
            values.append(known[key])
        return np.array(values, dtype=np.float64).reshape(-1, len(self.names))


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


class _Columns(Resampled):
    """Scores of units, reduced column by column.

    Args:
        values: Per unit its scores ``names``; nan for one that it does not have.
        names: The scores.
    """

    def __init__(self, values: Sequence[Sequence[float]], names: list[str]) -> None:
        import numpy as np

        super().__init__(values, lambda units: {}, names)
        table = np.array(values, dtype=np.float64).reshape(len(values), len(names))
        self.columns = np.ascontiguousarray(table.T)

    def equal(self) -> list[bool]:
        import numpy as np

        return [len(set(column[~np.isnan(column)].tolist())) == 1 for column in self.columns]


class Means(_Columns):
    """Means of what is not nan, added up as numpy adds up a list: equal to the last bit."""

    def __init__(self, values: Sequence[Sequence[float]], names: list[str]) -> None:
        import numpy as np

        super().__init__(values, names)
        missing = np.isnan(self.columns)
        self.missing = missing if missing.any() else None
        self.filled = np.where(missing, 0.0, self.columns)

    def scores(self, rows: Sequence[int]) -> list[float]:
        import numpy as np

        means: list[float] = self.replicates(np.array(rows, dtype=np.intp)[None, :])[0].tolist()
        return means

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        means = np.empty((len(indices), len(self.names)))
        for place, column in enumerate(self.filled):
            sums = column.take(indices).sum(axis=1)
            counts: Any = indices.shape[1]
            if self.missing is not None:
                counts = counts - self.missing[place].take(indices).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                means[:, place] = sums / counts
        return means

    def jackknife(self) -> Floats:
        import numpy as np

        counts: Any = len(self) - 1
        if self.missing is not None:
            counts = (~self.missing).sum(axis=1, keepdims=True) - ~self.missing
        with np.errstate(divide="ignore", invalid="ignore"):
            values: Floats = ((self.filled.sum(axis=1, keepdims=True) - self.filled) / counts).T
        return values


class Maxima(_Columns):
    """The greatest values that are not nan."""

    def scores(self, rows: Sequence[int]) -> list[float]:
        from regrade.metrics.reductions import nan_max

        return [nan_max(column[list(rows)].tolist()) for column in self.columns]

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        return np.stack([np.fmax.reduce(column.take(indices), axis=1) for column in self.columns], axis=1)

    def jackknife(self) -> Floats:
        import numpy as np

        found = []
        for column in self.columns:
            filled = np.where(np.isnan(column), -np.inf, column)
            second, first = np.partition(filled, -2)[-2:]
            alone = (filled == first) & (second < first)
            left = np.where(alone, second, first)
            found.append(np.where(np.isneginf(left), np.nan, left))
        return np.stack(found, axis=1)


class Sums(Resampled):
    """Scores that depend on units only through the sum of their vectors.

    Args:
        units: Per unit a vector of w numbers. Where they are counts, sums are exact in any order.
        reduce: Sums (b, w) to scores (b, k).
        names: The k scores.
    """

    rounds: ClassVar[bool] = False

    def __init__(
        self, units: Sequence[Sequence[float]] | Floats, reduce: Callable[[Floats], Floats], names: list[str]
    ) -> None:
        import numpy as np

        stack = np.asarray(units, dtype=np.float64).reshape(len(units), -1)
        super().__init__(stack, lambda units: {}, names)  # type: ignore[arg-type]
        self.stack = stack
        self._of_sums = reduce

    def _finish(self, sums: Floats) -> Floats:
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self._of_sums(sums), dtype=np.float64).reshape(len(sums), len(self.names))

    def scores(self, rows: Sequence[int]) -> list[float]:
        scores: list[float] = self._finish(self.stack[list(rows)].sum(axis=0)[None, :])[0].tolist()
        return scores

    def replicates(self, indices: Indices) -> Floats:
        from regrade.statistics.bootstrap import replicate_of_sums

        return replicate_of_sums(self.stack, self._finish)(indices)  # type: ignore[arg-type]

    def jackknife(self) -> Floats:
        return self._finish(self.stack.sum(axis=0) - self.stack)
