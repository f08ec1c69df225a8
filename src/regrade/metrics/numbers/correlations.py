"""Correlations of resampled pairs of numbers, many resamples at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.metrics.labels.confusion import histogram
from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Numbers = tuple[float, float]
"""A prediction and a reference."""
Reduce = Callable[[Sequence[Any]], dict[str, Any]]

_LARGEST_TABLE = 1500
"""Up to so many different pairs the agreement of each with each is held, 18 MB."""


class _Pairs(Resampler):
    rounds: ClassVar[bool] = True
    exact_ends: ClassVar[bool] = False

    def __init__(self, pairs: Sequence[Numbers], reduce: Reduce, names: list[str]) -> None:
        import numpy as np

        super().__init__(pairs, reduce, names)
        self.x, self.y = np.array(pairs, dtype=np.float64).T


class _Kinds(_Pairs):
    """Pairs that are counted by kind.

    Attributes:
        kinds: The different pairs, (m, 2).
        kind_of: For each sample the position of its own, (n,).
        counts: How often each occurs, (m,).
        codes: For each side the position of a kind's number among the different ones in ascending order, (m,).
    """

    def __init__(self, pairs: Sequence[Numbers], reduce: Reduce, names: list[str]) -> None:
        import numpy as np

        super().__init__(pairs, reduce, names)
        self.kinds, kind_of, counts = np.unique(
            np.stack([self.x, self.y], axis=1), axis=0, return_inverse=True, return_counts=True
        )
        self.kind_of, self.counts = kind_of.ravel(), counts.astype(np.float64)
        self.codes = [np.unique(side, return_inverse=True)[1].ravel() for side in self.kinds.T]

    def agreements(self) -> Iterator[Floats]:
        """For each kind (in blocks) and each other 1 where they agree in order, -1 where they disagree, 0 for ties."""
        import numpy as np

        x, y = self.kinds.T
        for start in range(0, len(x), 256):
            part = slice(start, start + 256)
            yield np.sign(x[part, None] - x) * np.sign(y[part, None] - y)

    def surpluses(self) -> Floats:
        """For each kind how many more samples agree with it in order than disagree, (m,)."""
        import numpy as np

        return np.concatenate([block @ self.counts for block in self.agreements()])


class Pearson(_Pairs):
    """Pearson's correlation; nan where either side is all alike."""

    def replicates(self, indices: NDArray[Any]) -> Floats:
        return _pearson(self.x.take(indices), self.y.take(indices))[:, None]

    def jackknife(self) -> Floats:
        import numpy as np

        n = len(self)
        x, y = self.x - self.x.mean(), self.y - self.y.mean()
        # Of centred numbers the sums less one: the sum of squares about the mean of the rest is Q - n/(n-1) x^2.
        share = n / (n - 1)
        across = (x * y).sum() - share * x * y
        squares = [(side**2).sum() - share * side**2 for side in (x, y)]
        # Where one sample makes nearly all of a spread, what is left of it is rounding.
        lost = (squares[0] <= 1e-9 * (x**2).sum()) | (squares[1] <= 1e-9 * (y**2).sum())
        with np.errstate(divide="ignore", invalid="ignore"):
            values: Floats = across / np.sqrt(squares[0] * squares[1])
        for place in np.flatnonzero(lost):
            values[place] = self.scores([row for row in range(n) if row != place])[0]
        return values[:, None]


def _pearson(x: Floats, y: Floats) -> Floats:
    """Correlations of the rows (b,) of two tables (b, n)."""
    import numpy as np

    flat = (x == x[:, :1]).all(axis=1) | (y == y[:, :1]).all(axis=1)
    x = x - x.mean(axis=1, keepdims=True)
    y = y - y.mean(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (x * y).sum(axis=1) / np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
        return np.where(flat, np.nan, found)


class Spearman(_Kinds):
    """Spearman's correlation: Pearson's of the ranks that numbers have in the resample, ties at their middle."""

    def replicates(self, indices: NDArray[Any]) -> Floats:
        import numpy as np

        sides = []
        for kinds in self.codes:
            codes = kinds[self.kind_of]
            counts = histogram(codes, indices, int(codes.max()) + 1)
            ranks = counts.cumsum(axis=1) - (counts - 1) / 2
            sides.append(np.take_along_axis(ranks, codes.take(indices), axis=1))
        return _pearson(*sides)[:, None]

    def jackknife(self) -> Floats:
        """In closed form.

        Without sample i the rank of j falls by a_ij: by 1 where its number is greater, by 1/2 where it is the same,
        that is by (1 + sign) / 2. Sums over j of a_ij b_ij are therefore those of products of signs, which Kendall's
        correlation is made of; all other sums are by the order of one side.
        """
        import numpy as np

        n = len(self)
        ranks, falls = [], []
        for codes in self.codes:
            alike = np.bincount(codes, weights=self.counts)
            ranks.append((alike.cumsum() - (alike - 1) / 2)[codes])
            falls.append((n - alike.cumsum() + alike / 2)[codes])  # the sum over j of a_ij
        both = (n + 2 * (falls[0] + falls[1] - n) + self.surpluses()) / 4
        products = (ranks[0] * ranks[1] * self.counts).sum() - self._fallen(0, ranks[1]) - self._fallen(1, ranks[0])
        products += both - (ranks[0] - 0.5) * (ranks[1] - 0.5)
        about = n * n / 4 * (n - 1)
        spreads = []
        for side, (own, codes) in enumerate(zip(ranks, self.codes, strict=True)):
            alike = np.bincount(codes, weights=self.counts)[codes]
            squares = (own**2 * self.counts).sum() - 2 * self._fallen(side, own) + falls[side] - alike / 4
            spreads.append(squares - (own - 0.5) ** 2 - about)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(spreads[0] * spreads[1])
            values = np.where(spread > 0, (products - about) / spread, np.nan)
        return values[self.kind_of][:, None]

    def _fallen(self, side: int, ranks: Floats) -> Floats:
        """For each kind the sum over samples of their rank times the fall that the kind's number on a side causes."""
        import numpy as np

        codes = self.codes[side]
        sums = np.bincount(codes, weights=ranks * self.counts)
        found: Floats = (sums.sum() - sums.cumsum() + sums / 2)[codes]
        return found


class Kendall(_Kinds):
    """Kendall's tau-b, of counts of the different pairs; nan where either side is all alike."""

    def replicates(self, indices: NDArray[Any]) -> Floats:
        import numpy as np

        if len(self.kinds) > _LARGEST_TABLE:
            return super().replicates(indices)
        counts = histogram(self.kind_of, indices, len(self.kinds))
        agreement = np.concatenate(list(self.agreements()))
        surplus = ((counts @ agreement) * counts).sum(axis=1) / 2
        return self._tau(surplus, [self._tied(counts, codes) for codes in self.codes], indices.shape[1])[:, None]

    def jackknife(self) -> Floats:
        import numpy as np

        own = self.surpluses()
        surplus = (own * self.counts).sum() / 2 - own
        ties = []
        for codes in self.codes:
            alike = np.bincount(codes, weights=self.counts)
            ties.append((alike * (alike - 1) / 2).sum() - (alike - 1)[codes])
        return self._tau(surplus, ties, len(self) - 1)[self.kind_of][:, None]

    @staticmethod
    def _tied(counts: Floats, codes: NDArray[Any]) -> Floats:
        """How many pairs of samples are alike on one side, (b,)."""
        import numpy as np

        alike = np.zeros((len(counts), int(codes.max()) + 1))
        np.add.at(alike.T, codes, counts.T)
        tied: Floats = (alike * (alike - 1) / 2).sum(axis=1)
        return tied

    @staticmethod
    def _tau(surplus: Floats, ties: list[Floats], n: int) -> Floats:
        import numpy as np

        everything = n * (n - 1) / 2
        first, second = (everything - tied for tied in ties)
        with np.errstate(divide="ignore", invalid="ignore"):
            tau = surplus / np.sqrt(first) / np.sqrt(second)
        return np.where((first == 0) | (second == 0), np.nan, np.clip(tau, -1.0, 1.0))
