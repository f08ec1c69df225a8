"""Scores that depend on pairs of labels, (reference, prediction), by way of their counts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from regrade.metrics.resampled import Resampled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.integer[Any]]

_FEW_CELLS = 64
"""Up to so many cells the matrix of pairs is counted whole; beyond, its margins and diagonal are, one by one."""


class Counts(NamedTuple):
    """Of b sets of samples, per label (b, k): how many are it and called it, are it, are called it."""

    right: Floats
    gold: Floats
    called: Floats


def ratio(part: Any, whole: Any) -> Floats:
    """``part / whole``, 0 where ``whole`` is 0."""
    import numpy as np

    whole = np.asarray(whole, dtype=np.float64)
    found: Floats = np.divide(part, whole, out=np.zeros(whole.shape), where=whole != 0)
    return found


def f1(counts: Counts) -> Floats:
    """F1 of each label: 2 TP / (2 TP + FP + FN)."""
    return ratio(2 * counts.right, counts.gold + counts.called)


def precision(counts: Counts) -> Floats:
    """Precision of each label: TP / (TP + FP)."""
    return ratio(counts.right, counts.called)


def recall(counts: Counts) -> Floats:
    """Recall of each label: TP / (TP + FN)."""
    return ratio(counts.right, counts.gold)


MEASURES: dict[str, Callable[[Counts], Floats]] = {"f1": f1, "precision": precision, "recall": recall}


def macro(values: Floats, counts: Counts) -> Floats:
    """The mean over the labels that are references."""
    occurs = counts.gold > 0
    return ratio((values * occurs).sum(axis=1), occurs.sum(axis=1))


def weighted(values: Floats, counts: Counts) -> Floats:
    """The mean over labels, weighted by how often each is a reference."""
    return ratio((values * counts.gold).sum(axis=1), counts.gold.sum(axis=1))


def micro(measure: str, counts: Counts) -> Floats:
    """The measure of the counts of all labels that are references, taken together."""
    occurs = counts.gold > 0
    return MEASURES[measure](Counts(*((part * occurs).sum(axis=1) for part in counts)))


class LabelPairs(Resampled):
    """Scores of resampled pairs of labels.

    Args:
        pairs: Per sample (reference, prediction).
        reduce: From pairs to scores, to the last bit.
        score: From counts (b, k) of the labels, in the order of ``labels``, to the scores (b, len(names)).
        labels: The labels counted; those that are none of them count as one more that nothing is asked about.
        names: The scores.
    """

    rounds: ClassVar[bool] = True

    def __init__(
        self,
        pairs: Sequence[tuple[Hashable, Hashable]],
        reduce: Callable[[Sequence[Any]], dict[str, Any]],
        score: Callable[[Counts], Floats],
        labels: Sequence[Hashable],
        names: list[str],
    ) -> None:
        import numpy as np

        super().__init__(pairs, reduce, names)
        codes = {label: code for code, label in enumerate(labels)}
        self.size = len(codes) + 1
        other = len(codes)
        self.gold = np.array([codes.get(gold, other) for gold, _ in pairs], dtype=np.int32)
        self.called = np.array([codes.get(called, other) for _, called in pairs], dtype=np.int32)
        self._score = score

    def _scored(self, counts: Counts) -> Floats:
        import numpy as np

        known = Counts(*(part[:, :-1] for part in counts))
        return np.asarray(self._score(known), dtype=np.float64).reshape(len(known.gold), len(self.names))

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        size = self.size
        if size * size <= _FEW_CELLS:
            cells = histogram(self.gold * size + self.called, indices, size * size).reshape(-1, size, size)
            return self._scored(Counts(np.einsum("bii->bi", cells).copy(), cells.sum(axis=2), cells.sum(axis=1)))
        right = np.where(self.gold == self.called, self.gold, size - 1)
        return self._scored(Counts(*(histogram(kinds, indices, size) for kinds in (right, self.gold, self.called))))

    def jackknife(self) -> Floats:
        import numpy as np

        size = self.size
        kinds, kind_of = np.unique(self.gold.astype(np.int64) * size + self.called, return_inverse=True)
        whole = [
            np.bincount(part, minlength=size) for part in (self.gold[self.gold == self.called], self.gold, self.called)
        ]
        values = np.empty((len(kinds), len(self.names)))
        step = max(1, (1 << 20) // size)
        for start in range(0, len(kinds), step):
            gold, called = np.divmod(kinds[start : start + step], size)
            rows = np.arange(len(gold))
            less = [np.tile(part.astype(np.float64), (len(gold), 1)) for part in whole]
            less[0][rows, gold] -= gold == called
            less[1][rows, gold] -= 1
            less[2][rows, called] -= 1
            values[start : start + step] = self._scored(Counts(*less))
        left_out: Floats = values[kind_of.ravel()]
        return left_out


def histogram(kinds: NDArray[Any], indices: Indices, count: int) -> Floats:
    """How often each of ``count`` kinds is drawn by each row of ``indices``: (b, count)."""
    import numpy as np

    drawn = kinds.take(indices).astype(np.intp)
    drawn += (np.arange(len(indices)) * count)[:, None]
    return np.bincount(drawn.ravel(), minlength=len(indices) * count).reshape(-1, count).astype(np.float64)
