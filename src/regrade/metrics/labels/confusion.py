"""Scores that depend on pairs of labels, (reference, prediction), by way of their counts.

F1, precision, recall, their averages and Matthews' correlation are functions of :class:`Counts`, of one set of samples
or of many resamples at once; :class:`CodedPairs` counts them. What differs between tools is which labels are classes:
for scikit-learn, and so for lm-evaluation-harness, all that occur; for Unitxt those that are references.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.integer[Any]]
    Codes = NDArray[np.intp]

_FEW_CELLS = 64
"""Up to so many cells the matrix of pairs is counted whole; beyond, its margins and diagonal are, one by one."""
_BLOCK = 1 << 21
"""Counts held at a time."""


Average = Literal["micro", "macro", "weighted"]


class Counts(NamedTuple):
    """Of b sets of samples, per label (b, k): how many are it and called it, are it, are called it."""

    right: Floats
    gold: Floats
    called: Floats


def ratio(part: Any, whole: Any) -> Floats:
    """``part / whole``, 0 where ``whole`` is 0 (scikit-learn's ``zero_division`` default)."""
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


def matthews(counts: Counts) -> Floats:
    """Matthews' correlation, (b,), of two labels or more; 0 where either side has one label only.

    Source: Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient" (2004), as
    scikit-learn's ``matthews_corrcoef``.
    """
    import numpy as np

    n = counts.gold.sum(axis=1)
    both = counts.right.sum(axis=1) * n - (counts.gold * counts.called).sum(axis=1)
    spread = (n**2 - (counts.gold**2).sum(axis=1)) * (n**2 - (counts.called**2).sum(axis=1))
    return ratio(both, np.sqrt(spread))


def averaged(average: Average, measure: str, counts: Counts, classes: NDArray[np.bool_]) -> Floats:
    """A measure averaged over labels, (b,).

    Args:
        average: ``macro``: the mean over classes; ``micro``: the measure of the counts of all classes together;
            ``weighted``: the mean over labels, weighted by how often each is a reference.
        measure: ``f1``, ``precision`` or ``recall``.
        counts: The counts, (b, k).
        classes: Which labels are classes, (b, k).
    """
    if average == "micro":
        return MEASURES[measure](Counts(*((part * classes).sum(axis=1) for part in counts)))
    values = MEASURES[measure](counts)
    if average == "weighted":
        return ratio((values * counts.gold).sum(axis=1), counts.gold.sum(axis=1))
    return ratio((values * classes).sum(axis=1), classes.sum(axis=1))


def counts_of(pairs: Sequence[tuple[Hashable, Hashable]], labels: Sequence[Hashable]) -> Counts:
    """The counts of some labels, each (1, k), over all pairs; every reference is one of them.

    A prediction that is none of the labels is counted with its reference only.
    """
    import numpy as np

    place = {label: code for code, label in enumerate(labels)}
    counts = np.zeros((3, 1, len(labels)))
    for gold, called in pairs:
        if gold == called:
            counts[0, 0, place[gold]] += 1
        counts[1, 0, place[gold]] += 1
        if called in place:
            counts[2, 0, place[called]] += 1
    return Counts(*counts)


class CodedPairs:
    """Pairs of labels, as the positions of labels among some, whose counts are taken of resamples.

    Args:
        gold: Per sample the code of its reference, (n,).
        called: That of its prediction, (n,).
        size: How many labels there are; codes are less.
    """

    def __init__(self, gold: Codes, called: Codes, size: int) -> None:
        self.gold, self.called, self.size = gold, called, size

    def whole(self) -> Counts:
        """The counts of all samples, (1, size)."""
        import numpy as np

        sides = (self.gold[self.gold == self.called], self.gold, self.called)
        return Counts(*(np.bincount(side, minlength=self.size).astype(np.float64)[None, :] for side in sides))

    def drawn(self, indices: Indices) -> Iterator[Counts]:
        """The counts of resamples, given as rows of positions (b, n), some of them at a time."""
        import numpy as np

        size = self.size
        rows = max(1, _BLOCK // size)
        few = size * size <= _FEW_CELLS
        kinds = self.gold * size + self.called if few else np.where(self.gold == self.called, self.gold, size)
        for block in (indices[start : start + rows] for start in range(0, len(indices), rows)):
            if few:
                cells = histogram(kinds, block, size * size).reshape(-1, size, size)
                yield Counts(np.einsum("bii->bi", cells).copy(), cells.sum(axis=2), cells.sum(axis=1))
            else:
                right = histogram(kinds, block, size + 1)[:, :size]
                yield Counts(right, histogram(self.gold, block, size), histogram(self.called, block, size))

    def left_out(self, score: Callable[[Counts], Floats]) -> Floats:
        """The scores (n, ...) of all samples but one, of scores of counts (b, ...): one for each kind of pair."""
        import numpy as np

        size, whole = self.size, self.whole()
        kinds, kind_of = np.unique(self.gold.astype(np.int64) * size + self.called, return_inverse=True)
        blocks = []
        step = max(1, _BLOCK // (2 * size))
        for start in range(0, len(kinds), step):
            gold, called = np.divmod(kinds[start : start + step], size)
            rows = np.arange(len(gold))
            less = Counts(*(np.tile(part, (len(gold), 1)) for part in whole))
            less.right[rows, gold] -= gold == called
            less.gold[rows, gold] -= 1
            less.called[rows, called] -= 1
            blocks.append(score(less))
        values: Floats = np.concatenate(blocks)[kind_of.ravel()]
        return values


class LabelPairs(Resampler):
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
        other = len(codes)
        gold = np.array([codes.get(gold, other) for gold, _ in pairs], dtype=np.intp)
        called = np.array([codes.get(called, other) for _, called in pairs], dtype=np.intp)
        self.coded = CodedPairs(gold, called, len(codes) + 1)
        self._score = score

    def _scored(self, counts: Counts) -> Floats:
        import numpy as np

        known = Counts(*(part[:, :-1] for part in counts))
        return np.asarray(self._score(known), dtype=np.float64).reshape(len(known.gold), len(self.names))

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        return np.concatenate([self._scored(counts) for counts in self.coded.drawn(indices)])

    def jackknife(self) -> Floats:
        return self.coded.left_out(self._scored)


class CodedLabels(Resampler):
    """One score of resampled pairs of labels that are codes already.

    Args:
        pairs: The pairs.
        score: From counts (b, size) to the score (b,).
    """

    def __init__(self, pairs: CodedPairs, score: Callable[[Counts], Floats]) -> None:
        super().__init__(range(len(pairs.gold)), lambda units: {}, ("",))
        self.coded = pairs
        self._score = score

    def scores(self, rows: Sequence[int]) -> list[float]:
        import numpy as np

        found: list[float] = self.replicates(np.array(rows, dtype=np.intp)[None, :])[0].tolist()
        return found

    def replicates(self, indices: Indices) -> Floats:
        import numpy as np

        return np.concatenate([self._score(counts) for counts in self.coded.drawn(indices)])[:, None]

    def jackknife(self) -> Floats:
        return self.coded.left_out(self._score)[:, None]


def histogram(kinds: NDArray[Any], indices: Indices, count: int) -> Floats:
    """How often each of ``count`` kinds is drawn by each row of ``indices``: (b, count)."""
    import numpy as np

    drawn = kinds.take(indices).astype(np.intp, copy=False)
    drawn += (np.arange(len(indices)) * count)[:, None]
    return np.bincount(drawn.ravel(), minlength=len(indices) * count).reshape(-1, count).astype(np.float64)
