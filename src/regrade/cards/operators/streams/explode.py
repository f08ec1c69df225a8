"""Operators that make several rows of one: one for each item of a list, or for each start of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import RowsOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.streams import Row


@artifact("duplicate_by_list")
class DuplicateByList(RowsOperator):
    """Makes a row for each item of a list; none for an empty list.

    >>> list(DuplicateByList(field="a").process([{"id": 1, "a": ["x", "y"]}, {"id": 2, "a": []}]))
    [{'id': 1, 'a': 'x'}, {'id': 1, 'a': 'y'}]

    Args:
        field: Path of the list.
        to_field: Path of the item; the list's own if not given.
        use_deep_copy: Accepted for Unitxt's sake; rows are values, so nothing of one shows in another.
    """

    field: str
    to_field: str | None = None
    use_deep_copy: bool = False

    def process_to_rows(self, row: Row, stream: str | None = None) -> Iterator[Row]:
        target = self.field if self.to_field is None else self.to_field
        items = get_path(row, self.field)
        if not isinstance(items, Iterable):
            raise TypeError(f"{self.field!r} is the {type(items).__name__} {str(items)[:50]}, and no list")
        for item in items:
            yield set_path(row, target, item)


@artifact("explode")
class Explode(DuplicateByList):
    """Makes a row for each item of a list; none for an empty list.

    >>> list(Explode(field="a", to_field="b").process([{"a": ["x", "y"]}]))
    [{'a': ['x', 'y'], 'b': 'x'}, {'a': ['x', 'y'], 'b': 'y'}]
    """


@artifact("duplicate_by_sub_lists")
class DuplicateBySubLists(RowsOperator):
    """Makes a row for each start of a list: of one item, of two, and so on to the whole.

    >>> list(DuplicateBySubLists(field="turns").process([{"turns": ["a", "b", "c"]}]))
    [{'turns': ['a']}, {'turns': ['a', 'b']}, {'turns': ['a', 'b', 'c']}]

    Args:
        field: Path of the list.
        to_field: Path of its start; the list's own if not given.
        use_deep_copy: Accepted for Unitxt's sake.
        start: How many items the first one has.
        end: Added to the number of items of the last one: 0 for the whole, -1 for all but one.
        step: By how many items they grow.
    """

    field: str
    to_field: str | None = None
    use_deep_copy: bool = False
    start: int = 1
    end: int = 0
    step: int = 1

    def process_to_rows(self, row: Row, stream: str | None = None) -> Iterator[Row]:
        target = self.field if self.to_field is None else self.to_field
        items = get_path(row, self.field)
        if not isinstance(items, Sequence):
            raise TypeError(f"{self.field!r} is the {type(items).__name__} {str(items)[:50]}, and no list")
        for count in range(self.start, len(items) + 1 + self.end, self.step):
            yield set_path(row, target, items[:count])


@artifact("explode_sub_lists")
class ExplodeSubLists(DuplicateBySubLists):
    """Makes a row for each start of a list.

    >>> [row["d"] for row in ExplodeSubLists(field="d", start=2).process([{"d": [1, 2, 3]}])]
    [[1, 2], [1, 2, 3]]
    """
