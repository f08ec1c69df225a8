"""Serializers of tables: lines, Markdown, JSON, HTML, code that makes a data frame, an image.

Each is a serializer of templates and a step of cards alike.
"""

from __future__ import annotations

import json
from typing import Any

from regrade import extras
from regrade.artifacts.artifact import artifact
from regrade.artifacts.streams import Row
from regrade.cards.operators.tables.augmentors import shuffle_columns, shuffle_rows
from regrade.cards.prompting.shape_serializers import ImageSerializer, TableSerializer

_DRAWING = "drawing a table"


class SerializeTable(TableSerializer):
    """A serializer of tables that can shuffle them first.

    Args:
        seed: Changes the order of a shuffled table; it depends on the table too, and on nothing else.
        shuffle_rows: Whether to shuffle rows.
        shuffle_columns: Whether to shuffle columns.
    """

    seed: int = 0
    shuffle_rows: bool = False
    shuffle_columns: bool = False

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        """The text of a table."""
        raise NotImplementedError

    def serialize(self, value: Any, instance: Row) -> str:
        return self.serialize_table(self.shuffle_table(value))

    def shuffle_table(self, table: Any) -> Any:
        """The table with its columns and rows shuffled, as far as that is asked for."""
        if self.shuffle_columns:
            table = shuffle_columns(table, self.seed)
        return shuffle_rows(table, self.seed) if self.shuffle_rows else table


def _parts(table: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    header, rows = table.get("header"), table.get("rows")
    if not header or not rows:
        raise ValueError("a table to write needs a header and rows")
    return header, rows


@artifact("serialize_table_as_indexed_row_major")
class SerializeTableAsIndexedRowMajor(SerializeTable):
    """Writes a table as one line, with numbers before rows.

    >>> SerializeTableAsIndexedRowMajor(field="t").process_row({"t": {"header": ["a", "b"], "rows": [[1, 2], [3, 4]]}})
    {'t': 'col : a | b row 1 : 1 | 2 row 2 : 3 | 4'}
    """

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        header, rows = _parts(table_content)
        lines = [self.process_header(header), *(self.process_row_of_table(row, n) for n, row in enumerate(rows, 1))]
        return " ".join(lines).strip()

    def process_header(self, header: list[Any]) -> str:
        """The header as text."""
        return "col : " + " | ".join(header)

    def process_row_of_table(self, row: list[Any], row_index: int) -> str:
        """One row as text."""
        return f"row {row_index} : " + " | ".join(map(str, row))


@artifact("serialize_table_as_markdown")
class SerializeTableAsMarkdown(SerializeTable):
    r"""Writes a table as Markdown.

    >>> table = {"header": ["a", "b"], "rows": [[1, 2]]}
    >>> SerializeTableAsMarkdown(field="t").process_row({"t": table})
    {'t': '|a|b|\n|---|---|\n|1|2|'}
    """

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        header, rows = _parts(table_content)
        lines = [header, ["---"] * len(header), *rows]
        return "\n".join(f"|{'|'.join(map(str, line))}|" for line in lines).strip()


@artifact("serialize_table_as_df_loader")
class SerializeTableAsDFLoader(SerializeTable):
    """Writes a table as Python code that makes a data frame of it.

    Column names that come again get a number. Whole numbers beside fractions are written as fractions.

    >>> table = {"header": ["a", "b"], "rows": [[1, "x"], [2, "y"]]}
    >>> print(SerializeTableAsDFLoader(field="t").process_row({"t": table})["t"])
    pd.DataFrame({
    "a": [1, 2], "b": ["x", "y"]},
    index=[0, 1])
    """

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        header, rows = _parts(table_content)
        names = _unique(header)
        if any(len(row) > len(names) for row in rows):
            raise ValueError("a row has more cells than the table has columns")
        columns = {
            name: _column([row[place] if place < len(row) else None for row in rows])
            for place, name in enumerate(names)
        }
        return f"pd.DataFrame({{\n{json.dumps(columns)[1:-1]}}},\nindex={list(range(len(rows)))})"


def _unique(header: list[Any]) -> list[Any]:
    """Names of columns, with a number where the same one came before."""
    return [
        f"{name}_{header[:place].count(name)}" if name in header[:place] else name for place, name in enumerate(header)
    ]


def _column(cells: list[Any]) -> list[Any]:
    """A column as a data frame holds it: all floats where some of its numbers are."""
    kinds = {type(cell) for cell in cells}
    return [float(cell) for cell in cells] if kinds == {int, float} else cells


@artifact("serialize_table_as_json")
class SerializeTableAsJson(SerializeTable):
    """Writes a table as JSON: by number of row, the cells by name of column.

    >>> SerializeTableAsJson(field="t").process_row({"t": {"header": ["a", "b"], "rows": [[1, "x"]]}})
    {'t': '{"0": {"a": 1, "b": "x"}}'}
    """

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        header, rows = _parts(table_content)
        if any(len(row) > len(header) for row in rows):
            raise ValueError("a row has more cells than the table has columns")
        return json.dumps({place: dict(zip(header, row, strict=False)) for place, row in enumerate(rows)})


@artifact("serialize_table_as_html")
class SerializeTableAsHTML(SerializeTable):
    r"""Writes a table as HTML; cells are put in as they are.

    >>> SerializeTableAsHTML(field="t").process_row({"t": {"header": ["a"], "rows": [[1]]}})["t"].split("\n")[1:3]
    ['  <thead>', '    <tr><th>a</th></tr>']
    """

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        header, rows = _parts(table_content)
        return f"<table>\n{self.process_header(header)}\n{self.process_rows(rows)}\n</table>"

    def process_header(self, header: list[Any]) -> str:
        """The head of the table."""
        return f"  <thead>\n{_html_row(header, 'th')}\n  </thead>"

    def process_rows(self, rows: list[list[Any]]) -> str:
        """The body of the table."""
        return "\n".join(["  <tbody>", *(_html_row(row, "td") for row in rows), "  </tbody>"])


def _html_row(cells: list[Any], tag: str) -> str:
    return "    <tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


@artifact("serialize_table_as_concatenation")
class SerializeTableAsConcatenation(SerializeTable):
    """Writes names of columns and cells one after the other, with spaces between them.

    >>> SerializeTableAsConcatenation(field="t").process_row({"t": {"header": ["a", "b"], "rows": [[1, 2]]}})
    {'t': 'a b 1 2'}
    """

    def serialize_table(self, table_content: dict[str, Any]) -> str:
        header, rows = _parts(table_content)
        return " ".join(str(cell) for cells in (header, *rows) for cell in cells).strip()


@artifact("serialize_table_as_image")
class SerializeTableAsImage(SerializeTable):
    """Draws a table, keeps the image with the row's media, and writes a tag that refers to it.

    Needs the package Pillow.

    >>> SerializeTableAsImage(field="t").shuffle_rows
    False
    """

    def needs(self) -> str | None:
        return extras.find_missing("PIL", to=_DRAWING)

    def serialize(self, value: Any, instance: Row) -> str:
        image = draw_table(*_parts(self.shuffle_table(value)))
        return ImageSerializer().serialize({"image": image, "format": "png"}, instance)


def draw_table(header: list[Any], rows: list[list[Any]]) -> Any:
    """An image of a table: black on white, a line around each cell.

    Raises:
        MissingPackageError: the package Pillow is not installed.
    """
    modules = ("PIL.Image", "PIL.ImageDraw", "PIL.ImageFont")
    images, drawing, fonts = (extras.require(module, to=_DRAWING) for module in modules)
    font, margin = fonts.load_default(size=16), 8
    lines = [[str(cell) for cell in cells] for cells in ([*_unique(header)], *rows)]
    columns = max(map(len, lines))
    widths = [
        int(max(font.getlength(line[place]) for line in lines if place < len(line))) + 2 * margin
        for place in range(columns)
    ]
    height = 16 + 2 * margin
    image = images.new("RGB", (sum(widths) + 1, height * len(lines) + 1), "white")
    draw = drawing.Draw(image)
    for number, line in enumerate(lines):
        left = 0
        for place, text in enumerate(line):
            top, right = number * height, left + widths[place]
            draw.rectangle((left, top, right, top + height), outline="black")
            draw.text((left + margin, top + margin), text, fill="black", font=font)
            left = right
    return image
