"""Progress, by a clock that the test holds: lines every ten seconds in a file, text in its place on a terminal."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from regrade.cli.progress import LiveLines, counting, draw_bar, format_duration, progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_bytes_and_rows(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("scoring", clock=clock) as report:
        for second, done in ((1, 10), (9, 20), (10, 50), (19, 70), (25, 100)):
            clock.now = second
            report(done, 100, done * 1000)
    assert capsys.readouterr().err.splitlines() == [
        "regrade: scoring: 50%, 50,000 rows, 5,000/s",
        "regrade: scoring: 100%, 100,000 rows, 4,000/s",
    ]


def test_a_count_without_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with counting("preparing", clock=clock) as report:
        for second in range(1, 13):
            clock.now = second
            report(second * 100)
    assert capsys.readouterr().err.splitlines() == ["regrade: preparing: 1,000 rows, 100/s"]


class Terminal:
    """What is written to standard error, which is a terminal."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        pass


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """Standard error is a terminal of 40 columns and 5 lines."""
    monkeypatch.setattr("regrade.cli.progress.sys", SimpleNamespace(stderr=Terminal()))
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("LINES", "5")
    return capsys


def test_a_bar_on_a_terminal(terminal: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("scoring", clock=clock) as report:
        for second, done in ((0.4, 1), (2.0, 50), (2.1, 60), (4.0, 100)):
            clock.now = second
            report(done * 10**6, 10**8, done * 1000)
    texts = terminal.readouterr().err.split("\x1b[J")
    assert [" ".join(text.split()) for text in texts] == [
        "",
        "scoring ━━━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 50% 50.0 of 100.0 MB 25,000 rows/s 0:02 left \x1b[2A",
        "scoring ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 100% 100.0 of 100.0 MB 25,000 rows/s 0:00 left \x1b[2A",
        "",
    ]


def test_short_work_shows_nothing_on_a_terminal(terminal: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with progress("scoring", clock=clock) as report, counting("preparing", clock=clock) as count:
        clock.now = 0.4
        report(1, 2, 3)
        count(1)
    assert terminal.readouterr().err == ""


def test_lines_take_the_place_of_those_before(terminal: pytest.CaptureFixture[str]) -> None:
    live = LiveLines()
    live.show("one", "two")
    live.show("x" * 50, "\x1b[31mred", "a\nb", *"cdef")
    live.clear()
    live.clear()
    assert terminal.readouterr().err == (
        f"\r\x1b[Jone\ntwo\r\x1b[1A\x1b[J{'x' * 39}\n{'x' * 11}\n\\x1b[31mred\na b\r\x1b[3A\x1b[J"
    )


def test_bars_and_durations() -> None:
    assert draw_bar(1, 3, 6) == "━━╌╌╌╌ 33%"
    assert draw_bar(0, 0, 2) == "╌╌ 0%"
    assert draw_bar(3, 2, 2) == "━━ 100%"
    assert (format_duration(63.9), format_duration(3723)) == ("1:03", "1:02:03")
