"""Scores of resamples, many at once: what standard errors, intervals and paired comparisons are made of.

:class:`Resampler` calls ``reduce`` for each resample. Its subclasses know a shape of metric and do the same by arrays:
:class:`Means` and :class:`Maxima` of the samples' scores, :class:`Sums` for what depends on sums of vectors of numbers,
and :mod:`.confusion` for what depends on pairs of labels. Aggregations and the metrics of cards share them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.integer[Any]]


UNDEFINED: Final = (ArithmeticError, IndexError, KeyError, TypeError, ValueError)
"""Errors of a ``reduce`` by which it says that these samples have no score."""


class Resampler:
    """The scores ``names`` of resamples of some units.

    Args:
        units: What is drawn: the samples' statistics, or those of groups.
        reduce: From units to scores.
        names: The scores wanted; one that a resample lacks, or cannot have, is nan there.
        undefined: Errors of ``reduce`` that make a resample's scores nan; others are raised.

    Attributes:
        rounds: Whether :meth:`replicates` may differ from ``reduce`` in the last bits, by another order of additions.
            A replicate that is as good as equal to the estimate is then computed anew by ``reduce``, since whether
            the two are equal decides about the interval.
        exact_ends: Whether 0 and 1 are reached without rounding even so, as by rates; not so by correlations.
    """

    rounds: ClassVar[bool] = False
    exact_ends: ClassVar[bool] = True

    def __init__(
        self,
        units: Sequence[Any],
        reduce: Callable[[Sequence[Any]], dict[str, Any]],
        names: Sequence[str],
        undefined: tuple[type[Exception], ...] = UNDEFINED,
    ) -> None:
        self.units = units
        self.names = names
        self.undefined = undefined
        self._reduce = reduce

    def __len__(self) -> int:
        """How many units are drawn from."""
        return len(self.units)

    def scores(self, rows: Sequence[int]) -> list[float]:
        """The scores of the units at ``rows``, to the last bit."""
        try:
            found = self._reduce([self.units[row] for row in rows])
        except self.undefined:
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

    def main_replicates(self, indices: Indices) -> Floats:
        """The first score (b,) of resamples (b, n): what :mod:`regrade.statistics` calls a replicate function."""
        values: Floats = self.replicates(indices)[:, 0]
        return values

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


class _Columns(Resampler):
    """Scores of units, reduced column by column.

    Args:
        values: Per unit its scores ``names``, (n, k); nan for one that it does not have.
        names: The scores.
    """

    def __init__(self, values: Sequence[Sequence[float]] | Floats, names: Sequence[str]) -> None:
        import numpy as np

        table = np.asarray(values, dtype=np.float64).reshape(len(values), len(names))
        super().__init__(range(len(table)), lambda units: {}, names)
        self.columns = np.ascontiguousarray(table.T)

    def equal(self) -> list[bool]:
        import numpy as np

        return [len(set(column[~np.isnan(column)].tolist())) == 1 for column in self.columns]


def _same(means: Floats) -> Floats:
    return means


class Means(_Columns):
    """Means of what is not nan, added up as numpy adds up a list: equal to the last bit.

    Args:
        values: Per unit its scores ``names``, (n, k).
        names: The scores.
        finish: From means to scores, element by element: exp, say.
        skip_missing: Leave nan out; else it makes its resamples nan.
    """

    def __init__(
        self,
        values: Sequence[Sequence[float]] | Floats,
        names: Sequence[str],
        *,
        finish: Callable[[Floats], Floats] = _same,
        skip_missing: bool = True,
    ) -> None:
        import numpy as np

        super().__init__(values, names)
        self.finish = finish
        self.missing, self.filled = None, self.columns
        if skip_missing and (missing := np.isnan(self.columns)).any():
            self.missing, self.filled = missing, np.where(missing, 0.0, self.columns)

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
        return self.finish(means)

    def jackknife(self) -> Floats:
        import numpy as np

        counts: Any = len(self) - 1
        if self.missing is not None:
            counts = (~self.missing).sum(axis=1, keepdims=True) - ~self.missing
        with np.errstate(divide="ignore", invalid="ignore"):
            values: Floats = ((self.filled.sum(axis=1, keepdims=True) - self.filled) / counts).T
        return self.finish(values)


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


class Medians(Resampler):
    """Upper medians of numbers without nan.

    Args:
        values: The numbers, (n,).
        in_order: Of the sorted numbers; else the number of the unit half-way through a resample.
    """

    def __init__(self, values: Floats, *, in_order: bool = True) -> None:
        super().__init__(range(len(values)), lambda units: {}, [""])
        self.values = values
        self.in_order = in_order

    def scores(self, rows: Sequence[int]) -> list[float]:
        values = [float(self.values[row]) for row in rows]
        return [(sorted(values) if self.in_order else values)[len(values) // 2]]

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        middle = indices.shape[1] // 2
        if not self.in_order:
            return self.values.take(indices[:, [middle]])
        medians: Floats = np.partition(self.values.take(indices), middle, axis=1)[:, [middle]]
        return medians

    def jackknife(self) -> Floats:
        import numpy as np

        values = self.values
        order = np.argsort(values, kind="stable") if self.in_order else np.arange(len(values))
        middle = (len(values) - 1) // 2
        medians = np.empty((len(values), 1))
        # Taking out what stands before the middle, or in it, moves the next value there.
        medians[order[: middle + 1]] = values[order[middle + 1]]
        medians[order[middle + 1 :]] = values[order[middle]]
        return medians


class Sums(Resampler):
    """Scores that depend on units only through the sum of their vectors.

    Args:
        units: Per unit a vector of w numbers. Where they are counts, sums are exact in any order.
        reduce: Sums (b, w) to scores (b, k), or (b,) for one score.
        names: The k scores.
    """

    def __init__(
        self, units: Sequence[Sequence[float]] | Floats, reduce: Callable[[Floats], Floats], names: Sequence[str]
    ) -> None:
        import numpy as np

        self.stack = np.asarray(units, dtype=np.float64).reshape(len(units), -1)
        super().__init__(range(len(units)), lambda units: {}, names)
        self._of_sums = reduce

    def _finish(self, sums: Floats) -> Floats:
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self._of_sums(sums), dtype=np.float64).reshape(len(sums), len(self.names))

    def scores(self, rows: Sequence[int]) -> list[float]:
        scores: list[float] = self._finish(self.stack[list(rows)].sum(axis=0)[None, :])[0].tolist()
        return scores

    def replicates(self, indices: Indices) -> Floats:
        replicates: Floats = self._replicate(indices)
        return replicates

    @cached_property
    def _replicate(self) -> Any:
        from regrade.statistics.bootstrap import replicate_of_sums

        return replicate_of_sums(self.stack, self._finish)

    def jackknife(self) -> Floats:
        from regrade.statistics.bootstrap import jackknife_of_sums

        return jackknife_of_sums(self.stack, self._finish)


class RoundedSums(Sums):
    """Scores of sums which ``reduce`` computes in another order: it decides where a replicate is next to the estimate.

    Args:
        units: The samples' statistics.
        table: Per unit its vector of w numbers.
        reduce: From units to scores, to the last bit.
        of_sums: Sums (b, w) to scores (b, k).
        names: The k scores.
    """

    rounds: ClassVar[bool] = True

    def __init__(
        self,
        units: Sequence[Any],
        table: Sequence[Sequence[float]] | Floats,
        reduce: Callable[[Sequence[Any]], dict[str, Any]],
        of_sums: Callable[[Floats], Floats],
        names: Sequence[str],
    ) -> None:
        super().__init__(table, of_sums, names)
        self.units, self._reduce = units, reduce

    def scores(self, rows: Sequence[int]) -> list[float]:
        return Resampler.scores(self, rows)
