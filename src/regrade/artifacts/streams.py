"""Streams of rows: what a card's loader gives and its steps turn into other streams.

A stream (a split, or a table that is yet to be joined) can be read again from its start, so nothing has to stay in
memory. It is read row by row, or, where many rows are wanted, in batches: rows of the same fields, by column, which
most steps can process a field at a time. Rows are values: whoever wants another row makes a new dict, and never changes
a list or dict inside one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, groupby, islice
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")

Row: TypeAlias = dict[str, Any]
"""One row of a dataset."""

BATCH_ROWS: Final = 256
"""Rows that are read at once, where more than one is wanted."""


class Batch:
    """Rows with the same fields in the same order.

    >>> batch = Batch.of([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
    >>> batch.columns
    {'a': [1, 3], 'b': [2, 4]}
    >>> batch.keep_rows([False, True]).rows()
    [{'a': 3, 'b': 4}]

    Args:
        columns: The values by field, a list each; neither the dict nor the lists are ever changed.
        size: How many rows there are.
    """

    __slots__ = ("columns", "size")

    def __init__(self, columns: dict[str, list[Any]], size: int) -> None:
        self.columns = columns
        self.size = size

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Batch:
        """A batch of one row or more, all of the same fields in the same order."""
        values = zip(*[row.values() for row in rows], strict=True)
        return cls(dict(zip(rows[0], map(list, values), strict=True)), len(rows))

    def rows(self) -> list[Row]:
        """The rows, as new dicts."""
        if not self.columns:
            return [{} for _ in range(self.size)]
        names = tuple(self.columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*self.columns.values(), strict=True)]

    def keep_rows(self, keep: Sequence[Any]) -> Batch:
        """The rows whose places in ``keep`` are true."""
        if all(keep):
            return self
        columns = {name: list(compress(values, keep)) for name, values in self.columns.items()}
        return Batch(columns, sum(map(bool, keep)))

    def with_columns(self, columns: dict[str, list[Any]]) -> Batch:
        """The same rows with other values in some fields, or with more fields."""
        return Batch({**self.columns, **columns}, self.size)


def in_batches(rows: Iterable[Row]) -> Iterator[Batch]:
    """Rows in batches: each as many as follow each other with the same fields, ``BATCH_ROWS`` at most."""
    for block in in_blocks(rows):
        for _, run in groupby(block, key=tuple):
            yield Batch.of(list(run))


def in_blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lists of ``BATCH_ROWS`` at most."""
    reading = iter(rows)
    while block := list(islice(reading, BATCH_ROWS)):
        yield block


def for_each(function: Callable[..., T], *columns: Sequence[Any]) -> list[T]:
    """What a pure function makes of the values of columns, row by row; the same objects are given to it only once.

    Joined rows hold the same objects again and again: an answer stands in the rows of all judgements of it.

    >>> text = "a long text"
    >>> for_each(len, [text, "short", text, text])
    [11, 5, 11, 11]
    """
    if len(columns) == 1:
        ids: list[Any] = list(map(id, columns[0]))
    else:
        ids = list(zip(*[map(id, values) for values in columns], strict=True))
    distinct = dict(zip(ids, zip(*columns, strict=True), strict=True))
    if 2 * len(distinct) > len(ids):
        return list(map(function, *columns))
    made = {key: function(*values) for key, values in distinct.items()}
    return [made[key] for key in ids]


class Stream:
    """Rows that can be read again and again.

    Args:
        make: Called for each reading; gives the rows in order.
        make_batches: The same for a reading in batches, where that is another way.
    """

    __slots__ = ("_make", "_make_batches")

    def __init__(
        self, make: Callable[[], Iterable[Row]], make_batches: Callable[[], Iterable[Batch]] | None = None
    ) -> None:
        self._make = make
        self._make_batches = make_batches

    def __iter__(self) -> Iterator[Row]:
        return iter(self._make())

    def batches(self) -> Iterator[Batch]:
        """The same rows in batches, for those who read on to the end: more may be read than was asked for."""
        return in_batches(self) if self._make_batches is None else iter(self._make_batches())

    def blocks(self) -> Iterator[list[Row]]:
        """The same rows in lists, likewise."""
        return in_blocks(self) if self._make_batches is None else (batch.rows() for batch in self.batches())


def stream_of(rows: Iterable[Row]) -> Stream:
    """A stream of rows that are in memory."""
    kept = list(rows)
    return Stream(lambda: kept)


Streams: TypeAlias = dict[str, Stream]
"""Streams by name (``train``, ``validation``, ``test``, or what a loader calls them), in order."""
