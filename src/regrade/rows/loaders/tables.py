"""Rows of files, as data-set libraries give them: every row has every column, and columns of CSV files have types.

A column of a CSV file holds whole numbers, numbers or truth values where all its values do, else texts; an empty value
is None. Where a card is to see what it saw in Unitxt (``nan_for_missing``), missing values are NaN, as are the words
that pandas takes for it ("NA", "None", "null", ...), and whole numbers beside them become floats.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from regrade.artifacts.streams import Row
from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files import tables as table_files
from regrade.files.tables import Table
from regrade.rows.loaders.loader import Loading
from regrade.schema import Malformed

_WHOLE: Final = re.compile(r"\s*[+-]?(0|[1-9]\d{0,17})\s*")
_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+|inf(inity)?)(e[+-]?\d+)?\s*", re.IGNORECASE)
_TRUTH: Final = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
#: What pandas reads as missing (``pandas.read_csv``, ``na_values``; pandas 2.2).
_NA: Final = frozenset(
    (
        *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"),
        *("NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    )
)
_ZIP: Final = b"PK\x03\x04"


def rows_of(path: Path, loading: Loading) -> Iterator[Row]:
    """The rows of a file of any kind; those that cannot be read are put aside.

    Raises:
        InputError: the file cannot be read, or is no table.
    """
    loading.files[str(path)] = None
    if files.read_head(path, 1) == b"":
        return iter(())
    table = table_files.open_table(path)
    return csv_rows(table, loading) if table.format == "csv" else whole_rows(table, loading)


def plain_rows(table: Table, loading: Loading) -> Iterator[Row]:
    """The rows of a table as they are; those that cannot be read are put aside."""
    loading.files[table.path] = None
    for row in table_files.all_rows(table):
        if isinstance(row, Malformed):
            loading.put_aside(row)
        else:
            yield row[1]


def whole_rows(table: Table, loading: Loading) -> Iterator[Row]:
    """The rows of a table, each with every column; what a row lacks is missing (None).

    JSON is read twice, the first time for its columns, so that no more than a row is in memory.
    """
    if table.format == "parquet":
        yield from plain_rows(table, loading)
        return
    empty = dict.fromkeys(_columns(table), math.nan if loading.nan_for_missing else None)
    width = len(empty)
    for row in plain_rows(table, loading):
        yield row if len(row) == width else {**empty, **row}


def _columns(table: Table) -> dict[str, None]:
    found: dict[str, None] = {}
    for row in table_files.all_rows(table):
        if not isinstance(row, Malformed) and not row[1].keys() <= found.keys():
            found |= dict.fromkeys(row[1])
    return found


def csv_rows(table: Table, loading: Loading) -> Iterator[Row]:
    """The rows of delimited text, with types; it is read twice, the first time for its columns' types."""
    readers = _readers(table, loading)
    for row in plain_rows(table, loading):
        yield {name: readers[name](value) for name, value in row.items()}


def _readers(table: Table, loading: Loading) -> dict[str, Callable[[str], Any]]:
    """By column, what makes values of its texts."""
    kinds: dict[str, _Kind] = {}
    for item in table_files.all_rows(table):
        if not isinstance(item, Malformed):
            for name, text in item[1].items():
                if (kind := kinds.get(name)) is None:
                    kind = kinds[name] = _Kind(is_open=name not in loading.texts)
                if kind.is_open:
                    kind.see(text)
    return {name: kind.reader(loading.nan_for_missing) for name, kind in kinds.items()}


class _Kind:
    """What the values of a column have been so far."""

    __slots__ = ("is_open", "missing", "numbers", "seen", "truths", "wholes")

    def __init__(self, *, is_open: bool) -> None:
        self.wholes = self.numbers = self.truths = self.is_open = is_open
        self.missing = self.seen = False

    def see(self, text: str) -> None:
        if text in _NA:
            self.missing = True
            return
        self.seen = True
        if self.truths and text not in _TRUTH:
            self.truths = False
        if self.wholes and not _WHOLE.fullmatch(text):
            self.wholes = False
            # A zero in front is part of a code, not of a number: 007 stays a text.
            self.numbers = self.numbers and not re.fullmatch(r"\s*[+-]?\d+\s*", text)
        if not self.wholes and self.numbers and not _NUMBER.fullmatch(text):
            self.numbers = False
        self.is_open = self.wholes or self.numbers or self.truths

    def reader(self, like_pandas: bool) -> Callable[[str], Any]:
        read: Callable[[str], Any] = str
        number = True
        if self.seen and self.wholes:
            read = float if like_pandas and self.missing else int
        elif self.seen and self.numbers:
            read = float
        elif self.seen and self.truths:
            read = _TRUTH.__getitem__
        else:
            number = False
        if like_pandas:
            return lambda text: math.nan if text in _NA else read(text)
        if number:
            return lambda text: None if text in _NA else read(text)
        return lambda text: text or None


def read_delimited(path: Path, delimiter: str, names: Sequence[str] | None, loading: Loading) -> Iterator[Row]:
    """The rows of text whose delimiter the card tells.

    Args:
        path: The file.
        delimiter: Stands between fields.
        names: Names of the columns, where the first line is a row already.
        loading: Whom to tell of rows that cannot be read.
    """
    header = tuple(names) if names is not None else None
    return csv_rows(Table(str(path), "csv", "as the card says", delimiter, header), loading)


def json_document(path: Path, field: str | None, loading: Loading) -> Iterator[Row]:
    """The rows of one JSON document: its objects, the list under a path in it, or the one object that it is.

    Args:
        path: The file.
        field: Path of the list of rows inside the document (``data/instances``).
        loading: Whom to tell.

    Raises:
        InputError: it is no JSON, or holds no list of objects there.
    """
    from regrade.artifacts.paths import PathError, get_path

    start = files.read_head(path, 64).lstrip()
    if field is None and start[:1] == b"[":
        yield from whole_rows(Table(str(path), "array", "one JSON array"), loading)
        return
    loading.files[str(path)] = None
    try:
        value = json_lines.decode_any(files.read_all(path))
    except ValueError as error:
        if field is None and start[:1] == b"{":  # a document per line
            yield from whole_rows(Table(str(path), "lines", "a JSON object per line"), loading)
            return
        raise InputError(str(error), where=str(path)) from None
    if field is not None:
        try:
            value = get_path(value, field)
        except PathError as error:
            raise InputError(str(error), where=str(path)) from None
    elif isinstance(value, dict):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise InputError(
            f"holds no list of objects{f' at {field!r}' if field else ''}",
            where=str(path),
            hint="data_field names the path of the rows, lines: true says that each line is a row",
        )
    empty = dict.fromkeys((name for row in value for name in row), math.nan if loading.nan_for_missing else None)
    for row in value:
        yield {**empty, **row}


def unzip(path: Path) -> Path:
    """The one file in a zip archive, unpacked among the fetched files; other files as they are.

    Raises:
        InputError: the archive holds no file, or several.
    """
    if files.read_head(path, 4) != _ZIP:
        return path
    from regrade.atomic import replacing
    from regrade.files.downloads import cache_folder
    from regrade.files.zip_members import Archive

    with Archive(path) as archive:
        names = [name for name in archive.sizes if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise InputError(f"holds {len(names)} files; one is wanted", where=str(path))
        known = path.stat()
        stamp = hashlib.sha256(f"{path.resolve()} {known.st_size} {known.st_mtime_ns}".encode()).hexdigest()[:16]
        target = cache_folder() / f"{stamp}-{Path(names[0]).name}"
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                data = archive.read(names[0])
            except ValueError as error:
                raise InputError(str(error), where=str(path)) from None
            with replacing(target) as temporary:
                temporary.write_bytes(data)
    return target
