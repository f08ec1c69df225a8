"""Progress on standard error, for work that takes a while.

On a terminal a bar, or a line that counts; elsewhere (a log file, CI) a line every ten seconds, so that nobody has to
guess whether a command still works.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from regrade.cli.terminal import steering

_QUIET_S = 0.5
"""Shorter work shows nothing on a terminal."""

_LINE_EVERY_S = 10.0
"""Seconds between two lines where standard error is no terminal."""

_UPDATE_EVERY_S = 0.2
"""Seconds between two updates on a terminal."""

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


class LiveLines:
    """Lines on a terminal that are written anew in their place."""

    def __init__(self) -> None:
        self.shown = 0

    def show(self, *texts: str) -> None:
        """Write texts over what was shown before, each on as many lines as it takes."""
        from regrade.reports.text import printable

        columns, rows = shutil.get_terminal_size()
        lines = [line for text in texts for line in textwrap.wrap(printable(text), max(columns - 1, 1))]
        lines = lines[: max(rows - 1, 1)]  # what has left the top of the screen cannot be written over
        self._write("\n".join(lines))
        self.shown = len(lines)

    def clear(self) -> None:
        """Take the lines away."""
        if self.shown:
            self._write("")
            self.shown = 0

    def _write(self, text: str) -> None:
        up = f"\x1b[{self.shown - 1}A" if self.shown > 1 else ""
        steering(sys.stderr).write(f"\r{up}\x1b[J{text}")
        sys.stderr.flush()


def draw_bar(done: float, total: float, columns: int = 50) -> str:
    """A bar of so many columns, and the percentage."""
    share = min(done / total, 1.0) if total else 0.0
    full = int(columns * share)
    return "━" * full + "╌" * (columns - full) + f" {share:.0%}"


def format_duration(seconds: float) -> str:
    """``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def progress(title: str, *, clock: Clock = time.monotonic) -> Iterator[Callable[[int, int, int], None]]:
    """A callback that shows bytes done, rows per second and the time left."""
    if not sys.stderr.isatty():
        yield _Lines(title, clock).report
        return
    started = latest = clock()
    live = LiveLines()

    def report(done: int, total: int, rows: int) -> None:
        nonlocal latest
        moment = clock()
        if moment - started < _QUIET_S or moment - latest < _UPDATE_EVERY_S:
            return
        latest = moment
        spent = moment - started
        parts = [f"{title} {draw_bar(done, total, 30)}", f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB"]
        parts.append(f"{rows / spent:,.0f} rows/s")
        parts += [f"{format_duration(spent * (total - done) / done)} left"] if done else []
        live.show("  ".join(parts))

    try:
        yield report
    finally:
        live.clear()


@contextmanager
def counting(title: str, *, clock: Clock = time.monotonic) -> Iterator[Callable[[int], None]]:
    """A callback that shows how many rows have come so far, where nobody knows yet how many there will be."""
    if not sys.stderr.isatty():
        lines = _Lines(title, clock)
        yield lambda rows: lines.report(0, 0, rows)
        return
    started = latest = clock()
    live = LiveLines()

    def report(rows: int) -> None:
        nonlocal latest
        moment = clock()
        if moment - started < _QUIET_S or moment - latest < _UPDATE_EVERY_S:
            return
        latest = moment
        live.show(f"{title}: {rows:,} rows, {rows / (moment - started):,.0f}/s")

    try:
        yield report
    finally:
        live.clear()
