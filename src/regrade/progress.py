"""How work goes: what it reports while it goes on, and how another thread ends it.

Every function of :mod:`regrade.api` that takes a while has the arguments ``progress``, which is called with events,
and ``cancel``, a token. Neither touches the process: two runs in one process report and end apart from each other.

>>> token = CancelToken()
>>> report = cancelling(None, token)
>>> report(Preparing(rows=1))
>>> token.cancel()
>>> report(Preparing(rows=2))
Traceback (most recent call last):
regrade.errors.Cancelled: cancelled
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from regrade.errors import Cancelled


class Preparing(msgspec.Struct, frozen=True, kw_only=True):
    """Samples are being made.

    Attributes:
        rows: How many there are so far.
    """

    rows: int


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """A run has its folder; from here on it can be resumed.

    Attributes:
        folder: The folder.
        samples: How many samples it has.
        notes: What a person should know: rows that could not be read, and the like.
        judge: Whether its samples are questions to a judge.
    """

    folder: str
    samples: int
    notes: list[str]
    judge: bool = False


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """Answers come.

    Attributes:
        tally: The counts so far, a :class:`regrade.asking.ask.Tally`.
        status: What the model tells about itself, a :class:`regrade.models.model.ModelStatus`.
        cost: US dollars spent now; None where the price is not known.
    """

    tally: Any
    status: Any
    cost: float | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The asking has ended.

    Attributes:
        outcome: What became of it, a :class:`regrade.api.outcome.AskOutcome`.
    """

    outcome: Any


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """A run was asked and scored; of several the next one follows.

    Attributes:
        result: What came out, a :class:`regrade.api.outcome.RunResult`.
    """

    result: Any


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """Files are read, and their rows scored or converted.

    Attributes:
        stage: ``scoring``, ``converting`` or ``looking``.
        done: Bytes done.
        total: Bytes in all.
        rows: Rows done.
    """

    stage: str
    done: int
    total: int
    rows: int


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know now.

    Attributes:
        text: It, in one line.
    """

    text: str


Event: TypeAlias = Preparing | Created | Asking | Asked | Finished | Working | Remark
Progress: TypeAlias = Callable[[Event], object]
"""Takes events, in the thread that works; what it raises ends the work."""


class CancelToken:
    """Ends work from another thread: between two rows or requests, and requests in flight are closed.

    What came before stays on disk. The work raises :class:`regrade.errors.Cancelled`.
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], object]] = []

    @property
    def cancelled(self) -> bool:
        """Whether the work is to end."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End the work; again has no effect."""
        with self._lock:
            self._cancelled.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raise if the work is to end.

        Raises:
            Cancelled: it is.
        """
        if self._cancelled.is_set():
            raise Cancelled("cancelled")

    def notify(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Have a callback called when :meth:`cancel` is, in its thread; at once if it was. Returns what undoes this."""
        with self._lock:
            waiting = not self._cancelled.is_set()
            if waiting:
                self._callbacks.append(callback)
        if not waiting:
            callback()

        def forget() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return forget

    def __reduce__(self) -> tuple[type[CancelToken], tuple[()]]:
        """Worker processes get a token of their own; the parent ends them."""
        return CancelToken, ()


def cancelling(progress: Progress | None, cancel: CancelToken | None) -> Progress:
    """A callback that passes events on, and raises where the work is to end."""

    def report(event: Event) -> None:
        if cancel is not None:
            cancel.check()
        if progress is not None:
            progress(event)

    return report


def by_bytes(stage: str, report: Progress) -> Callable[[int, int, int], None]:
    """A callback for what counts bytes done, bytes in all, and rows."""

    def count(done: int, total: int, rows: int) -> None:
        report(Working(stage=stage, done=done, total=total, rows=rows))

    return count
