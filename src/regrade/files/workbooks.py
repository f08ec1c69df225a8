"""Tables in Excel workbooks (``.xlsx``): the rows of one sheet, the first of which names the columns."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, Final

from regrade import extras
from regrade.errors import InputError
from regrade.files.columns import list_names
from regrade.files.reading import MAX_LINE_BYTES, open_bytes
from regrade.files.zip_members import Archive


def sheet_of(path: str, wanted: str | None) -> str:
    """The sheet that holds the rows: the one that was asked for, else the only one that holds any.

    Raises:
        InputError: there is none of that name, or several hold rows.
        MissingPackageError: openpyxl is not installed.
    """
    with _Workbook(path) as book:
        names: list[str] = book.sheetnames
        if wanted is not None:
            if wanted not in names:
                hint = f"sheets: {list_names(names)}"
                raise InputError(f"has no sheet {wanted!r}", where=path, hint=hint)
            return wanted
        filled = [name for name in names if next(_filled(book[name]), None) is not None]
        if len(filled) != 1:
            raise InputError(
                f"several sheets hold rows: {list_names(filled)}" if filled else "no sheet holds a row",
                where=path,
                hint=f"name the one that holds the answers: --rows {filled[0]!r}" if filled else None,
            )
        return filled[0]


def sheet_rows(path: str, sheet: str) -> Iterator[tuple[int, list[Any]]]:
    """The rows of a sheet that hold anything, each with its number; dates are ISO 8601, formulas their last values."""
    with _Workbook(path) as book:
        for number, cells in _filled(book[sheet]):
            yield number, [value.isoformat() if isinstance(value, _DATES) else value for value in cells]


_DATES: Final = (datetime.date, datetime.time)


def _filled(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if any(value is not None for value in cells):
            yield number, cells


class _Workbook:
    """An open workbook.

    Raises:
        InputError: it is damaged, or would fill the memory.
        MissingPackageError: openpyxl is not installed.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> Any:
        openpyxl = extras.require("openpyxl", to="an Excel workbook", where=self.path, hint="save it as CSV")
        with Archive(self.path) as archive:
            size = sum(archive.sizes.values())
        if size > MAX_LINE_BYTES:
            raise InputError(
                f"unpacks to {size:,} bytes, more than the {MAX_LINE_BYTES:,} that are read", where=self.path
            )
        self._stream = open_bytes(self.path)
        try:
            self._book = openpyxl.load_workbook(self._stream, read_only=True, data_only=True)
        except Exception:  # whatever a damaged workbook makes the library raise
            self._stream.close()
            raise InputError("is no whole Excel workbook", where=self.path) from None
        return self._book

    def __exit__(self, *_: object) -> None:
        self._book.close()
        self._stream.close()
