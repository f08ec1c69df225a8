"""Operators that keep rows so that each kind of row is there, or is there as often as the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.places import Read, readers
from regrade.artifacts.streams import Row
from regrade.cards.operators.streams.filters import StreamRefiner
from regrade.seeds import random_of


@artifact("balance", "deterministic_balancer")
class Balance(StreamRefiner, kw_only=True):
    """Keeps the first rows of each kind, as many of one kind as of any other.

    Two rows are of a kind if they are alike in the given fields. The stream is read twice, and only counts are kept.

    Args:
        fields: Paths of the fields.
        max_instances: How many rows may be kept in all.

    >>> rows = [{"a": 1, "n": 0}, {"a": 1, "n": 1}, {"a": 2, "n": 2}]
    >>> list(Balance(fields=["a"]).process(rows))
    [{'a': 1, 'n': 0}, {'a': 2, 'n': 2}]
    """

    fields: list[str]

    @cached_property
    def _reads(self) -> list[Read]:
        return readers(self.fields)

    def signature(self, row: Row) -> Hashable:
        """What rows of a kind have in common."""
        return str(tuple(read(row) for read in self._reads))

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        kinds = Counter(map(self.signature, rows))
        if not kinds:
            return
        of_each = min(kinds.values())
        if self.max_instances is not None:
            of_each = min(of_each, self.max_instances // len(kinds))
        taken: Counter[Hashable] = Counter()
        for row in rows:
            kind = self.signature(row)
            if taken[kind] < of_each:
                taken[kind] += 1
                yield row


@artifact("length_balancer")
class LengthBalancer(Balance, kw_only=True):
    """Keeps as many short rows as long ones: rows are of a kind if their lengths are in the same segment.

    Args:
        fields: Paths of the fields whose lengths are summed.
        segments_boundaries: Lengths at which a segment ends and the next begins, ascending.
        max_instances: How many rows may be kept in all.

    >>> rows = [{"a": "long"}, {"a": "longer"}, {"a": ""}]
    >>> list(LengthBalancer(fields=["a"], segments_boundaries=[1]).process(rows))
    [{'a': 'long'}, {'a': ''}]
    """

    segments_boundaries: list[int]

    def verify(self) -> None:
        if sorted(set(self.segments_boundaries)) != self.segments_boundaries or not self.segments_boundaries:
            raise ArtifactError("the boundaries must ascend, one at least", path=("segments_boundaries",))

    def signature(self, row: Row) -> Hashable:
        from bisect import bisect_right

        return bisect_right(self.segments_boundaries, sum(len(read(row)) for read in self._reads))


@artifact("minimum_one_example_per_label_refiner")
class MinimumOneExamplePerLabelRefiner(StreamRefiner, kw_only=True):
    """Keeps some rows, with at least one of each kind, shuffled by what they are.

    The first of each kind are taken, then the first of the others. Two rows are of a kind if they are alike in the
    given fields.

    Args:
        fields: Paths of the fields.
        max_instances: How many rows to keep; all, as they stand, if not given. Fewer than there are kinds is an error.

    >>> rows = [{"a": 1, "n": 0}, {"a": 1, "n": 1}, {"a": 2, "n": 2}]
    >>> list(MinimumOneExamplePerLabelRefiner(fields=["a"], max_instances=2).process(rows))
    [{'a': 2, 'n': 2}, {'a': 1, 'n': 0}]
    """

    fields: list[str]

    @cached_property
    def _reads(self) -> list[Read]:
        return readers(self.fields)

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        if self.max_instances is None:
            yield from rows
            return
        first: dict[str, Row] = {}
        others: list[Row] = []
        for row in rows:
            kind = str(tuple(read(row) for read in self._reads))
            if kind not in first:
                first[kind] = row
            elif len(others) < self.max_instances:
                others.append(row)
        if len(first) > self.max_instances:
            raise ValueError(f"there are {len(first)} kinds of rows, and 'max_instances' allows {self.max_instances}")
        kept = [*first.values(), *others[: self.max_instances - len(first)]]
        random_of(kept).shuffle(kept)
        yield from kept
