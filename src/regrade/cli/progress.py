"""Progress on standard error, for work that takes a while.

On a terminal a bar, or a line that counts; elsewhere (a log file, CI) a line every ten seconds, so that nobody has to
guess whether a command still works.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regrade.scoring.score import Progress

_QUIET_S = 0.5
"""Shorter work shows nothing on a terminal: the library of the bar alone takes a tenth of a second to load."""

_LINE_EVERY_S = 10.0
"""Seconds between two lines where standard error is no terminal."""

_COUNT_EVERY_S = 0.2
"""Seconds between two updates of a count on a terminal."""

Clock = Callable[[], float]


class _Lines:
    """Lines on standard error, at most one every ten seconds."""

    def __init__(self, title: str, clock: Clock) -> None:
        self.title = title
        self.clock = clock
        self.started = self.latest = clock()

    def report(self, done: int, total: int, rows: int) -> None:
        moment = self.clock()
        if moment - self.latest < _LINE_EVERY_S:
            return
        self.latest = moment
        share = f"{done / total:.0%}, " if total else ""
        rate = rows / max(moment - self.started, 1e-9)
        print(f"regrade: {self.title}: {share}{rows:,} rows, {rate:,.0f}/s", file=sys.stderr, flush=True)


@contextmanager
def progress(title: str, *, clock: Clock = time.monotonic) -> Iterator[Progress]:
    """A callback that shows bytes done, rows per second and the time left."""
    if not sys.stderr.isatty():
        yield _Lines(title, clock).report
        return
    started = clock()
    bar: Any = None
    task: Any = None

    def report(done: int, total: int, rows: int) -> None:
        nonlocal bar, task
        if bar is None:
            if clock() - started < _QUIET_S:
                return
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            bar = Progress(
                TextColumn(title),
                BarColumn(),
                DownloadColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            bar.start()
            task = bar.add_task(title, total=total, rate="")
        rate = rows / max(clock() - started, 1e-9)
        bar.update(task, completed=done, total=total, rate=f"{rate:,.0f} rows/s")

    try:
        yield report
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def counting(title: str, *, clock: Clock = time.monotonic) -> Iterator[Callable[[int], None]]:
    """A callback that shows how many rows have come so far, where nobody knows yet how many there will be."""
    if not sys.stderr.isatty():
        lines = _Lines(title, clock)
        yield lambda rows: lines.report(0, 0, rows)
        return
    started = latest = clock()
    shown = False

    def report(rows: int) -> None:
        nonlocal latest, shown
        moment = clock()
        if moment - started < _QUIET_S or moment - latest < _COUNT_EVERY_S:
            return
        latest, shown = moment, True
        sys.stderr.write(f"\r{title}: {rows:,} rows, {rows / (moment - started):,.0f}/s\x1b[K")
        sys.stderr.flush()

    try:
        yield report
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
