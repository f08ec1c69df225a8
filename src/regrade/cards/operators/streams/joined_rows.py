"""The rows of a join: whose key is what, and what the fields of a joined row are called."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from regrade.artifacts.streams import Batch, Row
from regrade.errors import RecipeError

SHARED_FIELDS: Final = ("data_classification_policy", "recipe_metadata")
"""Fields that are about where rows come from: both rows must agree on them, and the joined row has them once."""


class Side:
    """One of the two streams of a join.

    Args:
        stream: Its name.
        on: The fields to join on; none for a cross join.
        suffix: What is put after the name of a field that the other stream has too.

    Attributes:
        fields: Names of the fields that were met, in order.
    """

    def __init__(self, stream: str, on: list[str], suffix: str) -> None:
        self.stream = stream
        self.on = on
        self.suffix = suffix
        self.fields: dict[str, None] = {}

    def meet(self, row: Mapping[str, Any]) -> None:
        """Take note of the fields of a row, or of a batch's columns."""
        if not row.keys() <= self.fields.keys():
            self.fields.update(dict.fromkeys(row))

    def check(self) -> None:
        """Raise RecipeError where rows were met, and none had a field to join on."""
        if self.fields and (lacking := [name for name in self.on if name not in self.fields]):
            raise RecipeError(
                f"no row of the stream {self.stream!r} has the field {lacking[0]!r} to join on",
                hint=f"they have {', '.join(map(str, self.fields))}",
            )

    def key(self, row: Row) -> Any:
        """The key of a row, hashable; None for a row that fits no other, because a part of it is missing."""
        if len(self.on) == 1:
            return _hashable(row.get(self.on[0]))
        key = tuple([_hashable(row.get(name)) for name in self.on])
        return None if None in key else key

    def keys(self, batch: Batch) -> list[Any]:
        """The keys of a batch's rows, as :meth:`key` gives them."""
        columns = [batch.columns.get(name) for name in self.on]
        if not columns or None in columns:
            return [() if not columns else None] * batch.size
        hashable = [
            [value if type(value) is str or type(value) is int else _hashable(value) for value in values or ()]
            for values in columns
        ]
        if len(hashable) == 1:
            return hashable[0]
        return [None if None in key else key for key in zip(*hashable, strict=True)]

    def usual_key(self) -> Callable[[Row], Any]:
        """A faster function to the keys of usual rows.

        It raises KeyError where a field is missing; where a value is a list or dict, the key is not hashable; and
        where a value is None or nan, the key is none that a row has.
        """
        return itemgetter(*self.on) if self.on else lambda row: ()


def _hashable(value: Any) -> Any:
    """A value as part of a key; None for one that is missing (None, nan)."""
    if isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    if isinstance(value, dict):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    return value


class JoinedRows:
    """Makes joined rows, all of them with all fields of both streams: what a row lacks is None.

    Args:
        how: The kind of join.
        seeking: The stream that is read row by row; the fields of its first rows are known.
        searched: The stream in which rows are found; all of its fields are known.

    Attributes:
        keeps: Whether rows that find nothing are kept.
        left_first: Whether the fields of the row that seeks come first.
        shared: The fields of both that are about where rows come from.
    """

    def __init__(self, how: str, seeking: Side, searched: Side) -> None:
        self.keeps = how in ("left", "right", "outer")
        self.left_first = how != "right"
        self._seeking = seeking
        self._searched = searched
        self._keys = [one for one, other in zip(seeking.on, searched.on, strict=True) if one == other]
        apart = {*self._keys, *SHARED_FIELDS}
        both = (seeking.fields.keys() & searched.fields.keys()) - apart
        self._names = {name: name + seeking.suffix if name in both else name for name in seeking.fields}
        self._other_names = {
            name: name + searched.suffix if name in both else name for name in searched.fields if name not in self._keys
        }
        self._renames = bool(both)
        self._late = searched.fields.keys() - seeking.fields.keys() - apart
        self.shared = [name for name in SHARED_FIELDS if name in seeking.fields and name in searched.fields]
        self._blank = {new: None for name, new in self._names.items() if name not in self.shared}
        self._other_blank = {new: None for name, new in self._other_names.items() if name not in self.shared}

    def own(self, row: Row) -> Row:
        """A row that seeks, with its fields' names in joined rows.

        Raises:
            RecipeError: it has a field of the other stream that no row had when names were made.
        """
        if row.keys() == self._names.keys() and not self._renames:
            return row
        if not self._late.isdisjoint(row):
            name = next(name for name in row if name in self._late)
            raise RecipeError(
                f"the field {name!r} of {self._searched.stream!r} turns up in a late row of {self._seeking.stream!r} "
                "too, when rows have been joined that call it by its name alone",
                hint="rename it in one of the streams before they are joined",
            )
        names = self._names
        return {**self._blank, **{names.get(name, name): value for name, value in row.items()}}

    def own_columns(self, batch: Batch) -> dict[str, list[Any]]:
        """A batch of rows that seek, likewise.

        Raises:
            RecipeError: as :meth:`own`.
        """
        if not self._late.isdisjoint(batch.columns):
            self.own(dict.fromkeys(batch.columns))
        names = self._names
        renamed = {names.get(name, name): values for name, values in batch.columns.items()}
        if self._blank.keys() <= renamed.keys():
            return renamed
        return {**{name: [None] * batch.size for name in self._blank}, **renamed}

    def other_columns(self, batches: Sequence[Batch]) -> dict[str, list[Any]]:
        """All rows that may be found, by column, with their fields' names in joined rows, and one more that lacks all.

        Fields that both streams have of where their rows come from are there only if all rows have them.
        """
        columns = {}
        for name, new in self._other_names.items():
            if name in self.shared and not all(name in batch.columns for batch in batches):
                continue
            values: list[Any] = []
            for batch in batches:
                values += batch.columns[name] if name in batch.columns else [None] * batch.size
            columns[new] = [*values, None]
        return columns

    def other(self, row: Row) -> Row:
        """A row that was found, with its fields' names in joined rows."""
        if not self._renames and row.keys() == self._searched.fields.keys():
            return row
        names = self._other_names
        return {**self._other_blank, **{names[name]: value for name, value in row.items() if name in names}}

    def pairs(self, row: Row, others: list[Row]) -> list[Row]:
        """A row joined with each of those that it found, both with the names of joined rows.

        Raises:
            RecipeError: two of them disagree on where they come from.
        """
        for name in self.shared:
            for other in others:
                if row.get(name) is not other.get(name):
                    agree(name, row, other)
        if not self.left_first:
            return [{**other, **row} for other in others]
        joined = [{**row, **other} for other in others]
        for key in self._keys:  # equal in both, but maybe 1 in one and 1.0 in the other
            value = row[key]
            for each in joined:
                each[key] = value
        return joined

    def alone(self, row: Row) -> Row:
        """A row that found nothing."""
        own = self.own(row)
        return {**own, **self._other_blank} if self.left_first else {**self._other_blank, **own}

    def left_over(self, row: Row) -> Row:
        """A row that nothing found."""
        keys = {name: row[name] for name in self._keys if name in row}
        return {**self._blank, **self.other(row), **keys}


def agree(name: str, one: Row, other: Row) -> None:
    """Raise RecipeError for two rows that both have a field and differ in it."""
    if name in one and name in other:
        left, right = one[name], other[name]
        if left != right and str(left) != str(right):
            raise RecipeError(
                f"two rows that are joined disagree on {name!r}: {left!r:.60} and {right!r:.60}",
                hint="set it to the same value in both streams before they are joined",
            )
