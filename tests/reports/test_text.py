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
