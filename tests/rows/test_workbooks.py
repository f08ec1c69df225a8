"""Excel workbooks as tables."""

import datetime
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.errors import InputError

openpyxl = pytest.importorskip("openpyxl")


def workbook(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


ROWS: list[list[Any]] = [
    ["id", "answer", "expected", "score", "asked on"],
    ["a", "4", 4, 1, datetime.date(2025, 11, 2)],
    ["b", None, "5", 0.5, None],
    [None, None, None, None, None],
    ["c", "six", "six", True, None],
]


def test_a_sheet_is_a_table(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = workbook(tmp_path / "t.xlsx", answers=ROWS, empty=[])
    got = read(path)
    assert [(r.sample_id, r.line, r.answers, r.target) for r in got.records] == [
        ("a", 2, [["4"]], "4"),
        ("b", 3, [[""]], "5"),
        ("c", 5, [["six"]], "six"),
    ]
    assert got.records[0].doc["asked on"] == "2025-11-02T00:00:00"
    assert got.source.task == "t"
    assert [r.value for r in regrade.score(path).results] == [pytest.approx(2 / 3)]
    assert [r.value for r in regrade.score(path, score="score").results] == [pytest.approx(2.5 / 3)]


def test_of_several_sheets_one_is_named(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", first=ROWS, second=[["answer", "expected"], ["x", "x"]])
    with pytest.raises(InputError, match="several sheets hold rows: first, second"):
        regrade.score(path)
    assert [r.value for r in regrade.score(path, rows="second").results] == [1.0]
    with pytest.raises(InputError, match="no sheet 'third'"):
        regrade.score(path, rows="third")


def test_rows_that_do_not_fit_the_header_are_malformed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", a=[["answer", "expected"], ["x", "x", "y"], ["x"], ["x", "x"]])
    scores = regrade.score(path)
    assert [part.malformed[0].line for part in scores.parts] == [2]
    assert scores.exit_code == 3


def test_a_damaged_workbook_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<nothing")
        archive.writestr("xl/workbook.xml", "<nothing")
    with pytest.raises(InputError, match="no whole Excel workbook"):
        regrade.score(path)
    path.write_bytes(workbook(tmp_path / "u.xlsx", a=ROWS).read_bytes()[:-40])
    with pytest.raises(InputError, match="truncated or damaged"):
        regrade.score(path)
