"""Augmentors of tables: the same table told otherwise, to see whether a model's answer depends on it.

A shuffled table depends on the table and the arguments only. (Unitxt inserts empty rows and shuffles the names of
columns by a global generator, so that a run cannot be repeated; here both are seeded by the table too.)
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from regrade.artifacts.artifact import artifact
from regrade.artifacts.type_strings.names import Table
from regrade.cards.operators.texts.augment import TypeDependentAugmentor
from regrade.seeds import random_of


def shuffle_columns(table: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    """The table with its columns in another order, which depends on the table and the seed."""
    header, rows = table.get("header", []), table.get("rows", [])
    order = list(range(len(header)))
    random_of({"table": table, "seed": seed}).shuffle(order)
    return {
        **table,
        "header": [header[place] for place in order],
        "rows": [[row[place] for place in order] for row in rows],
    }


def shuffle_rows(table: dict[str, Any], seed: int = 0) -> dict[str, Any]:
    """The table with its rows in another order, which depends on the table and the seed."""
    rows = list(table.get("rows", []))
    random_of({"table": table, "seed": seed}).shuffle(rows)
    return {**table, "rows": rows}


class TableAugmentor(TypeDependentAugmentor):
    """An augmentor of tables, which leaves other values alone."""

    augmented_type: Any = Table


@artifact("shuffle_table_rows")
class ShuffleTableRows(TableAugmentor):
    """Shuffles a table's rows.

    >>> table = {"header": ["name", "age"], "rows": [["Alex", 21], ["Raj", 34], ["Donald", 39]]}
    >>> ShuffleTableRows(field="t").process_row({"t": table})["t"]["rows"]
    [['Raj', 34], ['Alex', 21], ['Donald', 39]]

    Args:
        seed: Changes the order.
    """

    seed: int = 0

    def process_value(self, value: Any) -> Any:
        return shuffle_rows(value, self.seed)


@artifact("shuffle_table_columns")
class ShuffleTableColumns(TableAugmentor):
    """Shuffles a table's columns.

    >>> table = {"header": ["name", "age"], "rows": [["Alex", 21], ["Raj", 34], ["Donald", 39]]}
    >>> ShuffleTableColumns(field="t").process_row({"t": table})["t"]["header"]
    ['age', 'name']

    Args:
        seed: Changes the order.
    """

    seed: int = 0

    def process_value(self, value: Any) -> Any:
        return shuffle_columns(value, self.seed)


@artifact("shuffle_columns_names")
class ShuffleColumnsNames(TableAugmentor):
    """Shuffles the names of columns, and leaves the cells where they are: the table becomes wrong.

    >>> table = {"header": ["name", "age"], "rows": [["Alex", 21]]}
    >>> ShuffleColumnsNames(field="t").process_row({"t": table})["t"]["rows"]
    [['Alex', 21]]

    Args:
        seed: Changes the order.
    """

    seed: int = 0

    def process_value(self, value: Any) -> Any:
        header = list(value["header"])
        random_of({"table": value, "seed": self.seed, "shuffled": "names"}).shuffle(header)
        return {"header": header, "rows": value["rows"]}


@artifact("mask_columns_names")
class MaskColumnsNames(TableAugmentor):
    """Names the columns ``Col1``, ``Col2`` and so on.

    >>> MaskColumnsNames(field="t").process_row({"t": {"header": ["name", "age"], "rows": [["Alex", 21]]}})
    {'t': {'header': ['Col1', 'Col2'], 'rows': [['Alex', 21]]}}
    """

    def process_value(self, value: Any) -> Any:
        return {"header": [f"Col{number}" for number in range(1, len(value["header"]) + 1)], "rows": value["rows"]}


@artifact("transpose_table")
class TransposeTable(TableAugmentor):
    """Makes rows of columns; the header becomes the first column.

    >>> TransposeTable(field="t").process_row({"t": {"header": ["name", "age"], "rows": [["A", 2], ["R", 3]]}})["t"]
    {'header': [' ', '0', '1'], 'rows': [['name', 'A', 'R'], ['age', 2, 3]]}
    """

    def process_value(self, value: Any) -> Any:
        header, rows = value["header"], value["rows"]
        return {
            "header": [" ", *map(str, range(len(rows)))],
            "rows": [[name, *(row[place] for row in rows)] for place, name in enumerate(header)],
        }


@artifact("duplicate_table_rows")
class DuplicateTableRows(TableAugmentor):
    """Repeats rows of a table.

    >>> table = {"header": ["a"], "rows": [[1], [2]]}
    >>> DuplicateTableRows(field="t", row_indices=[1], times=2).process_row({"t": table})["t"]["rows"]
    [[1], [2], [2]]

    Args:
        row_indices: Positions of the rows.
        times: How often each of them is there then.
    """

    row_indices: list[int] = msgspec.field(default_factory=list)
    times: int = 1

    def process_value(self, value: Any) -> Any:
        return {"header": value["header"], "rows": repeat_items(value["rows"], self.row_indices, self.times)}


@artifact("duplicate_table_columns")
class DuplicateTableColumns(TableAugmentor):
    """Repeats columns of a table.

    >>> table = {"header": ["a", "b"], "rows": [[1, 2]]}
    >>> DuplicateTableColumns(field="t", column_indices=[0], times=2).process_row({"t": table})["t"]
    {'header': ['a', 'a', 'b'], 'rows': [[1, 1, 2]]}

    Args:
        column_indices: Positions of the columns.
        times: How often each of them is there then.
    """

    column_indices: list[int] = msgspec.field(default_factory=list)
    times: int = 1

    def process_value(self, value: Any) -> Any:
        header, *rows = (repeat_items(r, self.column_indices, self.times) for r in (value["header"], *value["rows"]))
        return {"header": header, "rows": rows}


def repeat_items(items: list[Any], places: list[int], times: int) -> list[Any]:
    """The items, those at ``places`` as often as ``times`` says.

    >>> repeat_items(["a", "b"], [1], 3)
    ['a', 'b', 'b', 'b']
    """
    return [item for place, item in enumerate(items) for _ in range(times if place in places else 1)]


@artifact("insert_empty_table_rows")
class InsertEmptyTableRows(TableAugmentor):
    """Inserts empty rows at places chosen by chance.

    >>> table = {"header": ["a", "b"], "rows": [[1, 2]]}
    >>> sorted(map(str, InsertEmptyTableRows(field="t", times=1).process_row({"t": table})["t"]["rows"]))
    ["['', '']", '[1, 2]']

    Args:
        times: How many.
        seed: Changes the places.
    """

    _DRAW: ClassVar[str] = "empty rows"
    times: int = 0
    seed: int = 0

    def process_value(self, value: Any) -> Any:
        header, rows = value["header"], list(value["rows"])
        draw = random_of({"table": value, "seed": self.seed, "inserted": self._DRAW})
        for _ in range(self.times):
            rows.insert(draw.randint(0, len(rows)), [""] * len(header))
        return {"header": header, "rows": rows}
