"""Operators that keep some rows of a stream and drop the others."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from hashlib import blake2b
from itertools import islice, repeat
from typing import Any, ClassVar, Final, TypeAlias

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import StreamOperator
from regrade.artifacts.paths import has_path
from regrade.artifacts.places import Read, is_plain, reader, readers
from regrade.artifacts.streams import Batch, Row
from regrade.errors import RecipeError

Condition: TypeAlias = Callable[[Any, Any], Any]

_POSITION: Final = re.compile(r"\[(-?\d+)\]")
CONDITIONS: Final[dict[str, Condition]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
    "in": lambda value, holder: value in holder,
    "not in": lambda value, holder: value not in holder,
}


class RowFilter(StreamOperator, kw_only=True):
    """An operator that decides row by row which rows stay.

    One that is often used may have ``keeps_of(batch)`` besides, which says of each row of a batch what ``keeps`` says.

    Args:
        error_on_filtered_all: If no row of a stream stays, that is an error.
    """

    error_on_filtered_all: bool = True

    def keeps(self, row: Row) -> bool:
        """Whether a row stays.

        Raises:
            ValueError: that cannot be said of this row.
        """
        raise NotImplementedError

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        dropped = kept = False
        keeps = self.keeps
        for row in rows:
            if keeps(row):
                kept = True
                yield row
            else:
                dropped = True
        if dropped and not kept and self.error_on_filtered_all:
            raise RecipeError(
                f"no row is left of the stream {stream!r}: {self.describe()} drops all",
                hint="set error_on_filtered_all to false where that is meant",
            )

    def describe(self) -> str:
        """What it asks of rows, for messages."""
        return type(self).__name__


@artifact("filter_by_condition")
class FilterByCondition(RowFilter, kw_only=True):
    """Keeps the rows whose fields compare as they should with constants; all fields must.

    A row without the field is an error, but for the condition ``exists``.

    Args:
        values: Constants by path (``a/b``, ``a/2`` or ``a[2]``); lists for ``in`` and ``not in``; for ``exists``,
            whether the field is to be there.
        condition: One of ``gt ge lt le eq ne``, ``in``, ``not in``, ``exists``.
        error_on_filtered_all: If no row of a stream stays, that is an error.

    >>> rows = [{"turn": 1}, {"turn": 2}]
    >>> list(FilterByCondition(values={"turn": 2}, condition="eq").process(rows))
    [{'turn': 2}]
    """

    values: dict[str, Any]
    condition: str

    conditions: ClassVar[tuple[str, ...]] = (*CONDITIONS, "exists")

    def verify(self) -> None:
        if self.condition not in self.conditions:
            raise ArtifactError(
                f"{self.condition!r} is no condition", path=("condition",), hint=f"it is one of {self.conditions}"
            )
        for path, value in self.values.items():
            if self.condition in ("in", "not in") and not isinstance(value, list | tuple | set | frozenset):
                raise ArtifactError(f"a list is wanted for {self.condition!r}", path=("values", path))
            if self.condition == "exists" and not isinstance(value, bool):
                raise ArtifactError("true or false is wanted for 'exists'", path=("values", path))

    @cached_property
    def _tests(self) -> list[tuple[str, Read, Any]]:
        return [(path, reader(_with_slashes(path)), value) for path, value in self.values.items()]

    @cached_property
    def _holds(self) -> Condition:
        return CONDITIONS[self.condition]

    @property
    def by_column(self) -> bool:
        return self.condition != "exists" and all(map(is_plain, self.values))

    def keeps_of(self, batch: Batch) -> list[bool]:
        """Whether each row stays."""
        return self._all_hold(
            [(batch.columns[field], repeat(constant)) for field, constant in self.values.items()], batch.size
        )

    def _all_hold(self, pairs: list[tuple[Iterable[Any], Iterable[Any]]], size: int) -> list[bool]:
        holds, keep = self._holds, [True] * size
        for values, others in pairs:
            told = zip(keep, values, others, strict=False)
            keep = [so_far and bool(holds(value, other)) for so_far, value, other in told]
        return keep

    def keeps(self, row: Row) -> bool:
        if self.condition == "exists":
            return all(has_path(row, _with_slashes(path)) is wanted for path, wanted in self.values.items())
        holds = self._holds
        return all(_compared(holds, path, read(row), constant) for path, read, constant in self._tests)

    def describe(self) -> str:
        return "; ".join(f"{path} {self.condition} {value!r}"[:200] for path, value in self.values.items())


@artifact("filter_by_condition_based_on_fields")
class FilterByConditionBasedOnFields(FilterByCondition, kw_only=True):
    """Keeps the rows in which two fields compare as they should.

    Args:
        values: By path of the left side, the path of the right side.
        condition: One of ``gt ge lt le eq ne``, ``in``, ``not in``.
        error_on_filtered_all: If no row of a stream stays, that is an error.

    >>> rows = [{"a": 1, "b": 2}, {"a": 3, "b": 2}]
    >>> list(FilterByConditionBasedOnFields(values={"a": "b"}, condition="gt").process(rows))
    [{'a': 3, 'b': 2}]
    """

    conditions: ClassVar[tuple[str, ...]] = tuple(CONDITIONS)

    def verify(self) -> None:
        if self.condition not in self.conditions:
            raise ArtifactError(
                f"{self.condition!r} is no condition", path=("condition",), hint=f"it is one of {self.conditions}"
            )
        for path, value in self.values.items():
            if not isinstance(value, str):
                raise ArtifactError("the path of another field is wanted", path=("values", path))

    @cached_property
    def _pairs(self) -> list[tuple[str, Read, Read]]:
        return [
            (f"{left} {self.condition} {right}", reader(_with_slashes(left)), reader(_with_slashes(right)))
            for left, right in self.values.items()
        ]

    @property
    def by_column(self) -> bool:
        return all(map(is_plain, [*self.values, *self.values.values()]))

    def keeps_of(self, batch: Batch) -> list[bool]:
        return self._all_hold([(batch.columns[a], batch.columns[b]) for a, b in self.values.items()], batch.size)

    def keeps(self, row: Row) -> bool:
        return all(_compared(self._holds, what, left(row), right(row)) for what, left, right in self._pairs)


def _with_slashes(path: str) -> str:
    """``a[2]/b`` as the path ``a/2/b``."""
    return _POSITION.sub(r"/\1", path) if "[" in path else path


def _compared(holds: Condition, what: str, value: Any, other: Any) -> bool:
    try:
        return bool(holds(value, other))
    except TypeError as error:
        raise ValueError(f"{what!r} is {value!r}, which cannot be compared: {error}") from None


@artifact("deduplicate")
class Deduplicate(StreamOperator, kw_only=True):
    """Keeps the first of the rows that are alike in some fields.

    What is remembered of each row is 16 bytes, so streams may be long; a mistake is as good as impossible.

    Args:
        by: Paths of the fields.

    >>> rows = [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}]
    >>> list(Deduplicate(by=["a"]).process(rows))
    [{'a': 1, 'b': 1}, {'a': 2, 'b': 1}]
    """

    by: list[str]

    @cached_property
    def _reads(self) -> list[Read]:
        return readers(self.by)

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        seen: set[bytes] = set()
        reads = self._reads
        for row in rows:
            signature = repr([read(row) for read in reads])
            digest = blake2b(signature.encode(errors="surrogatepass"), digest_size=16).digest()
            if digest not in seen:
                seen.add(digest)
                yield row


@artifact("stream_refiner")
class StreamRefiner(StreamOperator, kw_only=True):
    """Keeps the first rows of each stream.

    Args:
        max_instances: How many; all if not given.

    >>> list(StreamRefiner(max_instances=1).process([{"a": 1}, {"a": 2}]))
    [{'a': 1}]
    """

    max_instances: int | None = None

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:

        yield from islice(rows, self.max_instances)
