"""Streams joined by the values of fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final, Literal, TypeVar

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import Operator
from regrade.artifacts.paths import MISSING
from regrade.artifacts.streams import Batch, Row, Stream, Streams, in_batches
from regrade.cards.operators.streams.joined_batches import JoinedBatches
from regrade.cards.operators.streams.joined_rows import JoinedRows, Side
from regrade.cards.operators.streams.matching import DEFAULT_MEMORY, index_by_key, match_keys
from regrade.cards.operators.streams.mixes import source
from regrade.errors import RecipeError

T = TypeVar("T")

_AHEAD: Final = 10_000
"""Rows whose fields are looked at to see which names both streams have, at least."""


@artifact("join_streams")
class JoinStreams(Operator):
    """Joins two streams into a new one by the values of fields, as databases do.

    Rows come in the order of the left stream (of the right one for a right join), and for each of them in the order
    of the other; an outer join gives the right rows that fit none at its end. Names that both streams have, other
    than those joined on, get ``_x`` (left) and ``_y`` (right) at their ends.

    Joined rows have all fields of both streams: what a row lacks is None, and where no row fits, so are the other
    stream's fields. (Unitxt makes NaN of these.) A row whose key is missing or None fits no other.

    The stream that is searched is held in memory as long as it fits; beyond that the join goes through temporary
    files, and gives the same rows.

    >>> from regrade.artifacts.streams import stream_of
    >>> questions = stream_of([{"id": 1, "question": "2+2?"}, {"id": 2, "question": "Why?"}])
    >>> answers = stream_of([{"id": 1, "answer": "4"}, {"id": 1, "answer": "5"}])
    >>> join = JoinStreams(left_stream="q", right_stream="a", how="inner", on=["id"], new_stream_name="test")
    >>> [row["answer"] for row in join.apply({"q": questions, "a": answers})["test"]]
    ['4', '5']

    Args:
        left_stream: The left stream.
        right_stream: The right stream.
        how: ``inner`` (rows that fit), ``left``, ``right`` or ``outer`` (all rows of that side, or of both), ``cross``
            (every row with every other).
        on: The fields to join on, where they have the same names in both.
        left_on: Their names in the left stream, where they have not.
        right_on: Their names in the right stream.
        new_stream_name: The new stream; the others stay.
        memory_mb: How much memory the stream that is searched may take, about, in MiB.
    """

    left_stream: str
    right_stream: str
    how: Literal["left", "right", "inner", "outer", "cross"]
    on: list[str] | str | None = None
    left_on: list[str] | str | None = None
    right_on: list[str] | str | None = None
    new_stream_name: str
    memory_mb: float = DEFAULT_MEMORY / 2**20

    def verify(self) -> None:
        left, right = self.keys()
        if self.how == "cross":
            if left or right:
                raise ArtifactError("a cross join is on no fields", path=("how",))
        elif self.on is not None and (self.left_on is not None or self.right_on is not None):
            raise ArtifactError("'on' goes without 'left_on' and 'right_on'", path=("on",))
        elif not left or len(left) != len(right):
            raise ArtifactError("name the fields to join on: 'on', or 'left_on' and 'right_on' with as many each")

    def keys(self) -> tuple[list[str], list[str]]:
        """The names of the fields to join on, in the left and in the right stream."""
        left, right = (self.on, self.on) if self.on is not None else (self.left_on, self.right_on)
        return _names(left), _names(right)

    def apply(self, streams: Streams) -> Streams:
        left, right = source(streams, self.left_stream), source(streams, self.right_stream)
        seeking, searched = (right, left) if self.how == "right" else (left, right)
        joined = Stream(lambda: self._join().rows(seeking, searched), lambda: self._join().batches(seeking, searched))
        return {**streams, self.new_stream_name: joined}

    def _join(self) -> _Join:
        left_on, right_on = self.keys()
        left, right = Side(self.left_stream, left_on, "_x"), Side(self.right_stream, right_on, "_y")
        seeking, searched = (right, left) if self.how == "right" else (left, right)
        return _Join(self.how, seeking, searched, int(self.memory_mb * 2**20))


def _names(given: list[str] | str | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


class _Join:
    """One join: ``seeking`` is read row by row, and the rows that fit are found among those of ``searched``."""

    def __init__(self, how: str, seeking: Side, searched: Side, memory: int) -> None:
        self.how = how
        self.seeking = seeking
        self.searched = searched
        self.memory = memory

    def rows(self, seeking: Iterable[Row], searched: Iterable[Row]) -> Iterator[Row]:
        """The joined rows.

        Raises:
            RecipeError: a field to join on is in no row, two rows disagree on where they come from, or none fit.
        """
        rows = iter(seeking)
        ahead = list(islice(rows, _AHEAD))
        for row in ahead:
            self.seeking.meet(row)
        self.seeking.check()
        return self._some(self._joined(chain(ahead, rows), self._keyed(searched)))

    def batches(self, seeking: Stream, searched: Stream) -> Iterator[Batch]:
        """The joined rows in batches.

        Raises:
            RecipeError: as :meth:`rows`.
        """
        if self.how in ("outer", "cross"):
            return in_batches(self.rows(seeking, searched))
        reading = seeking.batches()
        ahead: list[Batch] = []
        count = 0
        while count < _AHEAD and (batch := next(reading, None)) is not None:
            self.seeking.meet(batch.columns)
            ahead.append(batch)
            count += batch.size
        self.seeking.check()
        left = chain(ahead, reading)
        table = JoinedBatches(self.how, self.seeking, self.searched, self.memory)
        rest = table.hold(searched.batches())
        if rest is None:
            return self._some(table.join_batches(left))
        rows = (row for batch in rest for row in batch.rows())
        asking = (row for batch in left for row in batch.rows())
        return self._some(in_batches(self._matched(asking, self._keyed(rows))))

    def _some(self, joined: Iterable[T]) -> Iterator[T]:
        """What is joined, if it is anything."""
        empty = True
        for each in joined:
            empty = False
            yield each
        if empty:
            raise RecipeError(
                f"no row of {self.seeking.stream!r} fits one of {self.searched.stream!r}",
                hint=f"look at both streams' values of {', '.join(self.seeking.on) or 'anything'}",
            )

    def _keyed(self, rows: Iterable[Row]) -> Iterator[tuple[Any, Row]]:
        """(key, row) of the stream that is searched, whose fields are known at the end."""
        key, meet = self.searched.key, self.searched.meet
        for row in rows:
            meet(row)
            yield key(row), row
        self.searched.check()

    def _joined(self, seeking: Iterable[Row], searched: Iterator[tuple[Any, Row]]) -> Iterator[Row]:
        if self.how == "outer":
            return self._matched(seeking, searched)
        index, rest = index_by_key(searched, self.memory)
        if rest is None:
            return self._looked_up(seeking, index)
        held = ((key, row) for key, rows in index.items() for row in rows)
        return self._matched(seeking, chain(held, rest))

    def _looked_up(self, seeking: Iterable[Row], index: dict[Any, list[Row]]) -> Iterator[Row]:
        """The joined rows where all of the searched stream fits into memory."""
        joined = JoinedRows(self.how, self.seeking, self.searched)
        find = {key: [joined.other(row) for row in rows] for key, rows in index.items()}.get
        key, usual_key, own, pairs = self.seeking.key, self.seeking.usual_key(), joined.own, joined.pairs
        for row in seeking:
            try:
                found = find(usual_key(row))
            except (KeyError, TypeError):
                found = find(key(row))
            if found is not None:
                yield from pairs(own(row), found)
            elif joined.keeps:
                yield joined.alone(row)

    def _matched(self, seeking: Iterable[Row], searched: Iterator[tuple[Any, Row]]) -> Iterator[Row]:
        """The joined rows, by way of files where that is necessary."""
        key, outer = self.seeking.key, self.how == "outer"
        asking = ((key(row), row) for row in seeking)
        joined: JoinedRows | None = None
        for row, found in match_keys(searched, asking, memory=self.memory, leftovers=outer):
            if joined is None:  # from here on all of the searched stream is known
                joined = JoinedRows(self.how, self.seeking, self.searched)
            if row is MISSING:
                yield from map(joined.left_over, found)
            elif found:
                yield from joined.pairs(joined.own(row), [joined.other(other) for other in found])
            elif joined.keeps:
                yield joined.alone(row)
