"""Operators that make tables, and cut them.

A table is a dict with ``header`` (names of columns) and ``rows`` (lists of cells).
"""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from typing import Any, Literal

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.streams import Row
from regrade.cards.operators.fields.json_values import literal
from regrade.cards.operators.texts.cutting import TextOperator
from regrade.seeds import random_of


@artifact("parse_csv")
class ParseCSV(TextOperator):
    r"""Reads a table of comma-separated text.

    >>> ParseCSV(field="a").process_row({"a": "name,age\nAlex,26"})
    {'a': {'header': ['name', 'age'], 'rows': [['Alex', '26']]}}

    Args:
        separator: What stands between cells.
        has_header: Whether the first row holds the names of columns; else they are ``col_0``, ``col_1`` and so on.
        skip_header: Whether to leave the first row out, and name the columns like that.
        dtype: Accepted for Unitxt's sake; cells are texts.
        strip_cells: Whether white space around cells goes, and line breaks in them become spaces.
    """

    separator: str = ","
    has_header: bool = True
    skip_header: bool = False
    dtype: Literal["str"] | None = None
    strip_cells: bool = False

    def verify(self) -> None:
        if len(self.separator) != 1:
            raise ArtifactError("a separator is one character", path=("separator",))

    def process_text(self, text: str) -> Any:
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter=self.separator, quotechar='"'))
        except csv.Error as error:
            raise ValueError(f"it is no text of cells: {error}") from None
        header: list[str] = []
        if self.has_header and rows:
            header, rows = rows[0], rows[1:]
        if not self.has_header or self.skip_header:
            if not rows:
                raise ValueError("there are no rows to name the columns of")
            header = [f"col_{place}" for place in range(len(rows[0]))]
        if self.strip_cells:
            header, *rows = [[cell.replace("\n", " ").strip() for cell in row] for row in [header, *rows]]
        return {"header": header, "rows": rows}


@artifact("map_html_table_to_json")
class MapHTMLTableToJSON(TextOperator):
    """Reads a table of HTML: the ``th`` in its head, and the ``td`` of each row in its body.

    >>> html = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td><b>1</b></td></tr></tbody></table>"
    >>> MapHTMLTableToJSON(field="t").process_row({"t": html})
    {'t': {'header': ['a'], 'rows': [['1']]}}
    """

    def process_text(self, text: str) -> Any:
        reader = _TableReader()
        reader.feed(text)
        reader.close()
        if "thead" not in reader.met or "tbody" not in reader.met:
            raise ValueError("there is no table with a head and a body")
        return {"header": reader.header, "rows": reader.rows}


class _TableReader(HTMLParser):
    """Collects the cells of the first head and of the first body of a table."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.met: set[str] = set()
        self.header: list[str] = []
        self.rows: list[list[str]] = []
        self._part = ""
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("thead", "tbody"):
            self._end_cell()
            self._part = "" if tag in self.met else tag
            self.met.add(tag)
        elif tag == "tr" and self._part == "tbody":
            self._end_cell()
            self.rows.append([])
        elif (tag == "th" and self._part == "thead") or (tag == "td" and self._part == "tbody"):
            self._end_cell()
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td", "tr", "thead", "tbody", "table"):
            self._end_cell()
        if tag in ("thead", "tbody"):
            self._part = ""

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text = "".join(self._cell)
        self._cell = None
        if self._part == "thead":
            self.header.append(text)
        else:
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append(text)


@artifact("map_table_lists_to_std_table_json")
class MapTableListsToStdTableJSON(FieldOperator):
    """Makes a table of a list of rows, the first of them the header.

    >>> MapTableListsToStdTableJSON(field="t").process_row({"t": [["a", "b"], [1, 2]]})
    {'t': {'header': ['a', 'b'], 'rows': [[1, 2]]}}
    """

    def process_value(self, value: Any) -> Any:
        if not value:
            raise ValueError("there is no row to be the header")
        return {"header": value[0], "rows": value[1:]}


@artifact("construct_table_from_rows_cols")
class ConstructTableFromRowsCols(RowOperator):
    """Makes a table of a field with its header, one with its rows (both as Python writes lists) and maybe a caption.

    >>> row = {"names": "['a', 'b']", "cells": "[[1, 2]]"}
    >>> ConstructTableFromRowsCols(fields=["names", "cells"], to_field="t").process_row(row)["t"]
    {'header': ['a', 'b'], 'rows': [[1, 2]]}

    Args:
        fields: Path of the header, path of the rows, and maybe the name of the field with the caption.
        to_field: Name of the field for the table.
    """

    fields: list[str]
    to_field: str

    def verify(self) -> None:
        if len(self.fields) < 2:
            raise ArtifactError("'fields' names the field of the header and that of the rows", path=("fields",))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        header, rows = (
            literal(value) if isinstance(value, str) else value
            for value in (get_path(row, field) for field in self.fields[:2])
        )
        table = {"header": header, "rows": rows}
        if len(self.fields) > 2 and row[self.fields[2]] is not None:
            table["caption"] = row[self.fields[2]]
        return {**row, self.to_field: table}


def truncate_cell(cell_value: Any, max_len: int) -> str | None:
    """The start of a cell's text; None where it needs no cutting: numbers, nothing, white space, short texts.

    >>> truncate_cell("abcdef", 3)
    'abc'
    """
    if cell_value is None or isinstance(cell_value, int | float) or len(cell_value) <= max_len:
        return None
    cut: str = cell_value[:max_len]
    return cut if cell_value.strip() else None


@artifact("truncate_table_cells")
class TruncateTableCells(RowOperator):
    """Cuts the texts of a table's cells, and answers that are such cells with them.

    >>> row = {"t": {"header": ["a"], "rows": [["long text"]]}, "answers": ["long text"]}
    >>> TruncateTableCells(table="t", text_output="answers", max_length=4).process_row(row)
    {'t': {'header': ['a'], 'rows': [['long']]}, 'answers': ['long']}

    Args:
        max_length: How many characters a cell may have.
        table: Path of the table.
        text_output: Path of a list of answers.
    """

    max_length: int = 15
    table: str
    text_output: str | None = None

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        table, cuts = self.truncate(get_path(row, self.table))
        result = set_path(row, self.table, table)
        if self.text_output is not None:
            answers = get_path(row, self.text_output)
            cut = [cuts.get(answer, answer) if isinstance(answer, str) else answer for answer in answers]
            result = set_path(result, self.text_output, cut)
        return result  # type: ignore[no-any-return]

    def truncate(self, table: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The table with its cells cut, and what was cut to what."""
        cuts: dict[str, str] = {}
        rows = []
        for row in table.get("rows", []):
            cells = list(row)
            for place, cell in enumerate(row):
                cut = truncate_cell(cell, self.max_length)
                if cut is not None:
                    cuts[cell] = cells[place] = cut
            rows.append(cells)
        return {**table, "rows": rows}, cuts


@artifact("truncate_table_rows")
class TruncateTableRows(FieldOperator):
    """Leaves out rows of a table, chosen by chance, so that as many stay as may.

    Unitxt draws them from the state of a global generator; here the draw depends on the table alone.

    >>> table = {"header": ["a"], "rows": [[1], [2], [3]]}
    >>> len(TruncateTableRows(field="t", rows_to_keep=2).process_row({"t": table})["t"]["rows"])
    2

    Args:
        rows_to_keep: How many rows may stay.
    """

    rows_to_keep: int = 10

    def process_value(self, value: Any) -> Any:
        rows = value.get("rows", [])
        if len(rows) <= self.rows_to_keep:
            return value
        draw = random_of({"table": value, "rows_to_keep": self.rows_to_keep})
        gone = set(draw.sample(range(len(rows)), len(rows) - self.rows_to_keep))
        return {**value, "rows": [row for place, row in enumerate(rows) if place not in gone]}


@artifact("get_num_of_table_cells")
class GetNumOfTableCells(FieldOperator):
    """Counts a table's cells: rows times columns.

    >>> GetNumOfTableCells(field="t", to_field="n").process_row({"t": {"header": ["a", "b"], "rows": [[1, 2]]}})["n"]
    2
    """

    def process_value(self, value: Any) -> Any:
        return len(value["rows"]) * len(value["header"])


@artifact("convert_table_col_names_to_sequential")
class ConvertTableColNamesToSequential(FieldOperator):
    """Names a table's columns ``col_0``, ``col_1`` and so on.

    >>> ConvertTableColNamesToSequential(field="t").process_row({"t": {"header": ["name", "age"], "rows": [["A", 1]]}})
    {'t': {'header': ['col_0', 'col_1'], 'rows': [['A', 1]]}}
    """

    def process_value(self, value: Any) -> Any:
        return self.replace_header(value)

    def replace_header(self, table_content: dict[str, Any]) -> dict[str, Any]:
        """The table with other names of columns."""
        header = table_content.get("header")
        if not header:
            raise ValueError("the table has no header")
        return {**table_content, "header": [f"col_{place}" for place in range(len(header))]}
