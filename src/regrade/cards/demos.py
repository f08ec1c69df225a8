"""The pool that demonstrations are drawn from: the first distinct rows of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from regrade.artifacts.identity import as_json
from regrade.artifacts.streams import Row


class Pool(NamedTuple):
    """Rows for demonstrations.

    Attributes:
        rows: What the task made of them.
        positions: Where they stood in their stream, from 0.
    """

    rows: list[Row]
    positions: set[int]


def pool_of(rows: Iterable[tuple[int, Row]], size: int) -> Pool:
    """The first rows whose inputs are different.

    Args:
        rows: Rows that a task has made, each with its position in the stream.
        size: How many; -1 for all.
    """
    chosen: list[Row] = []
    positions: set[int] = set()
    seen: set[bytes] = set()
    for position, row in rows:
        signature = as_json(row["input_fields"])
        if signature in seen:
            continue
        seen.add(signature)
        chosen.append(row)
        positions.add(position)
        if len(chosen) == size:
            break
    return Pool(chosen, positions)


def without(rows: Iterable[Any], positions: set[int]) -> Iterator[Any]:
    """The rows that stand elsewhere."""
    return (row for position, row in enumerate(rows) if position not in positions)
