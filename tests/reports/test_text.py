"""Tables of text."""

from __future__ import annotations

import io

import pytest

from regrade.reports.summary import number
from regrade.reports.text import clip, colours, mark, plural, printable, table, width


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("", 0), ("é", 1), ("e\u0301", 1), ("漢字", 4), ("\x1b[1mbold\x1b[0m", 4), ("\x1b[31m漢\x1b[0m", 2)],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


def test_a_table_is_aligned_and_leaves_empty_columns_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert table(["name", "empty", "n"], [["漢字", None, 5], ["ab", "", 1000]], "<<>") == (
        "name     n\n漢字     5\nab    1000"
    )


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (31, ["task  kind   n     value", "sums  a     40    0.1000", "sums  b     40    0.2000"]),
        (24, ["task  kind   n     value", "sums  a     40    0.1000", "sums  b     40    0.2000"]),
        (23, ["task: sums", "kind   n     value", "a     40    0.1000", "b     40    0.2000"]),
        (17, ["task: sums  n: 40", "kind     value", "a       0.1000", "b       0.2000"]),
        (5, ["task: sums  n: 40", "kind     value", "a       0.1000", "b       0.2000"]),
    ],
)
def test_a_narrow_terminal_has_above_the_table_what_is_the_same_in_all_rows(
    columns: int, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", str(columns))
    rows = [["sums", "a", "40", "  0.1000"], ["sums", "b", "40", "  0.2000"]]
    header, align = ["task", "kind", "n", "value"], "<<>>"
    whole = table(header, rows, align).splitlines()
    assert whole == ["task  kind   n     value", "sums  a     40    0.1000", "sums  b     40    0.2000"], "no terminal"
    monkeypatch.setattr("sys.stdout", Terminal())
    assert table(header, rows, align).splitlines() == lines


def test_the_numbers_of_one_row_stay_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "5")
    monkeypatch.setattr("sys.stdout", Terminal())
    shown = table(["task", "metric", "value", "n"], [["sums", "acc", "0.5", "40"]], "<<>>")
    assert shown.splitlines() == ["task: sums  metric: acc", "value   n", "  0.5  40"]


def test_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert not colours(io.StringIO())
    assert mark("text", "red", on=False) == "text"
    assert mark("text", "red", on=True) == "\x1b[31mtext\x1b[0m"
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert colours(io.StringIO())


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234, "1,234 rows")])
def test_plural(count: int, text: str) -> None:
    assert plural(count, "row") == text


def test_clip() -> None:
    assert clip("a\n  b\tc", 10) == "a b c"
    assert clip("abcdef", 4) == "abc…"
    assert clip("\x1b[31mred", 20) == "\\x1b[31mred"


def test_printable() -> None:
    assert printable("a\tb\nc\r\n漢\x1b\x07\x9b") == "a\tb\nc\\x0d\n漢\\x1b\\x07\\u009b"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0.123456, "0.1235"),
        (9.99999, "10.0000"),
        (12.3456, "12.35"),
        (-0.5, "-0.5000"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("N/A", "N/A"),
        (True, "1.0000"),
    ],
)
def test_numbers(value: object, text: str) -> None:
    assert number(value) == text
