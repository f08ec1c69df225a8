"""What a person sees while a command works: the events of :mod:`regrade.progress`, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from regrade.cli.progress import LiveLines, counting, draw_bar, format_duration, progress
from regrade.progress import Asked, Asking, Created, Event, Finished, Preparing, Remark, Working
from regrade.reports.text import plural, printable

if TYPE_CHECKING:
    from regrade.api.outcome import RunResult

_EVERY_S = 0.25
"""Seconds between two updates of the display of an asking."""

_LINE_EVERY_S = 30.0
"""Seconds between two lines where nobody looks at a terminal."""


class Display:
    """Shows events; used as a context, at whose end the screen is clean.

    Args:
        prefix: Stands before remarks.
        finished: Prints what came out of a run.
    """

    def __init__(self, prefix: str = "regrade: ", finished: Callable[[RunResult], object] | None = None) -> None:
        self._prefix = prefix
        self._finished = finished
        self._stage = ""
        self._shown: AbstractContextManager[Callable[..., object]] | None = None
        self._show: Callable[..., object] | None = None

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Working(stage=stage, done=done, total=total, rows=rows):
                self._enter(stage, progress)(done, total, rows)
            case Preparing(rows=rows):
                self._enter("preparing", counting)(rows)
            case Asking(tally=tally, status=status, cost=cost):
                self._enter("asking", _AskingLines)(tally, status, cost)
            case Created():
                self._leave()
                self._print_created(event)
            case Asked(outcome=outcome):
                self._leave()
                for line in outcome.lines():
                    print(line, file=sys.stderr)
            case Finished(result=result):
                self._leave()
                if self._finished is not None:
                    self._finished(result)
            case Remark(text=text):
                self._leave()
                print(printable(f"{self._prefix}{text}"), file=sys.stderr, flush=True)

    def _print_created(self, event: Created) -> None:
        what = ("question to the judge", "questions to the judge") if event.judge else ("sample", "samples")
        print(f"regrade: {plural(event.samples, *what)} in {event.folder}", file=sys.stderr)
        for note in event.notes:
            print(f"regrade: {note}", file=sys.stderr)

    def _enter(self, stage: str, begin: Callable[[str], AbstractContextManager[Any]]) -> Callable[..., object]:
        if self._show is None or self._stage != stage:
            self._leave()
            self._stage, self._shown = stage, begin(stage)
            self._show = self._shown.__enter__()
        return self._show

    def _leave(self) -> None:
        shown, self._shown, self._show = self._shown, None, None
        if shown is not None:
            shown.__exit__(None, None, None)


class _AskingLines:
    """How an asking goes: a live display on a terminal, else a line now and then."""

    def __init__(self, _stage: str) -> None:
        self.watched = sys.stderr.isatty()
        self.every = _EVERY_S if self.watched else _LINE_EVERY_S
        self.latest = time.monotonic()
        self.live = LiveLines()

    def __enter__(self) -> Callable[..., object]:
        return self.show

    def __exit__(self, *_: object) -> None:
        self.live.clear()

    def show(self, tally: Any, status: Any, cost: float | None) -> None:
        moment = time.monotonic()
        if moment - self.latest < self.every:
            return
        self.latest = moment
        parts = describe_asking(tally, status, cost)
        if self.watched:
            self.live.show(draw_bar(tally.done, tally.wanted), "  ".join(parts))
        else:
            print("regrade: " + ", ".join(parts), file=sys.stderr, flush=True)


def describe_asking(tally: Any, status: Any, cost: float | None) -> list[str]:
    """How it goes, part by part."""
    from regrade.reports.asking import format_dollars

    spent = max(time.monotonic() - tally.started, 1e-9)
    rate = (tally.answered + tally.failed) / spent
    parts = [f"{tally.done:,} of {tally.wanted:,}", f"{rate:,.1f}/s"]
    if rate:
        parts.append(f"{format_duration((tally.missing - tally.failed) / rate)} left")
    if tally.latencies:
        ordered = sorted(tally.latencies)
        middle, slow = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
        parts.append(f"latency {middle:.1f} s, 95% {slow:.1f} s")
    parts.append(f"{status.in_flight} of {status.allowed} at once")
    if tally.output_tokens:
        parts.append(f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out")
        if cost is not None:
            parts.append(format_dollars(cost))
    if tally.errors:
        parts.append("failed " + ", ".join(f"{count} {kind}" for kind, count in tally.errors.most_common()))
    if status.retries:
        parts.append(f"{status.retries} sent again")
    if status.waiting_s >= 1:
        parts.append(f"the server wants {format_duration(status.waiting_s)} of quiet")
    if status.note:
        parts.append(status.note)
    return parts
