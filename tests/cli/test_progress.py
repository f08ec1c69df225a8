"""Progress where standard error is a file: a line every ten seconds of a clock that the test holds."""

from __future__ import annotations

import pytest

from regrade.cli.progress import counting, progress


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
