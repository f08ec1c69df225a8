"""A join whose searched stream fits into memory, by batches: places are found by key, and values picked by place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

from regrade.artifacts.streams import BATCH_ROWS, Batch, for_each
from regrade.cards.operators.streams.joined_rows import JoinedRows, Side, agree
from regrade.cards.operators.streams.matching import weigh

_WEIGHED: Final = 32
"""Every so manieth row is weighed."""
_NOWHERE: Final = [-1]
"""The place of the row that lacks everything: the last one."""


class JoinedBatches:
    """An inner, left or right join.

    Args:
        how: The kind of join.
        seeking: The stream whose rows seek; the fields of its first rows are known.
        searched: The stream in which rows are found.
        memory: Bytes that the rows of that stream may take, about.
    """

    def __init__(self, how: str, seeking: Side, searched: Side, memory: int) -> None:
        self.how = how
        self.seeking = seeking
        self.searched = searched
        self.memory = memory
        self._held: list[Batch] = []
        self._places: dict[Any, list[int]] = {}

    def hold(self, batches: Iterable[Batch]) -> Iterator[Batch] | None:
        """Take the stream that is searched into memory.

        Returns:
            None; where it does not fit, all of its batches.

        Raises:
            RecipeError: no row has a field to join on.
        """
        reading = iter(batches)
        places = self._places
        weight = number = 0
        for batch in reading:
            self._held.append(batch)
            self.searched.meet(batch.columns)
            for place, key in enumerate(self.searched.keys(batch), number):
                if key is None:
                    continue
                found = places.get(key)
                if found is None:
                    places[key] = [place]
                else:
                    found.append(place)
            number += batch.size
            weighed = sum(weigh(value) for values in batch.columns.values() for value in values[::_WEIGHED])
            weight += weighed * batch.size // len(range(0, batch.size, _WEIGHED))
            if weight > self.memory:
                return chain(self._held, reading)
        self.searched.check()
        return None

    def join_batches(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The joined rows: the rows that seek in their order, and for each of them those that it found in theirs."""
        names = JoinedRows(self.how, self.seeking, self.searched)
        others = names.other_columns(self._held)
        self._held = []
        for batch in batches:
            found = self._found(batch)
            if names.keeps:
                found = [_NOWHERE if some is None else some for some in found]
            own = Batch(names.own_columns(batch), batch.size)
            if all(some is not None and len(some) == 1 for some in found):
                yield _picked(names, own, others, [some[0] for some in found if some is not None])
                continue
            from_own = [place for place, some in enumerate(found) if some is not None for _ in some]
            from_other = list(chain.from_iterable(some for some in found if some is not None))
            for start in range(0, len(from_other), BATCH_ROWS):
                places = from_own[start : start + BATCH_ROWS]
                columns = {name: _at(values, places) for name, values in own.columns.items()}
                part = Batch(columns, len(places))
                yield _picked(names, part, others, from_other[start : start + BATCH_ROWS])

    def _found(self, batch: Batch) -> list[list[int] | None]:
        """For each row the places of those that fit it; None where none do."""
        columns = [batch.columns.get(name) for name in self.seeking.on]
        find = self._places.get
        try:
            # A None or nan that is not taken out finds nothing either, for no place has such a key.
            usual = list(zip(*columns, strict=True)) if len(columns) > 1 else columns[0]
            return list(map(find, usual))  # type: ignore[arg-type]
        except TypeError:  # a column is missing, or a key is a list
            return list(map(find, self.seeking.keys(batch)))


def _picked(names: JoinedRows, own: Batch, others: dict[str, list[Any]], places: list[int]) -> Batch:
    """Rows joined with those at some places."""
    columns = own.columns
    picked = {name: _at(values, places) for name, values in others.items()}
    for name in names.shared:
        if name in picked and name in columns:
            values = picked.pop(name)
            if names.keeps:
                values = [
                    mine if place == -1 else value
                    for mine, value, place in zip(columns[name], values, places, strict=True)
                ]
            for_each(lambda one, other, name=name: agree(name, {name: one}, {name: other}), columns[name], values)
    return Batch({**columns, **picked} if names.left_first else {**picked, **columns}, own.size)


def _at(values: list[Any], places: list[int]) -> list[Any]:
    return list(map(values.__getitem__, places))
