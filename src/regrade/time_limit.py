"""A limit on the CPU time that one answer or row may take: a regular expression can backtrack for years.

In the main thread a timer's signal interrupts the work. A signal reaches no other thread, and no C code that never
looks for signals; work that may end up there runs in a worker process (:mod:`regrade.engine.local`), whose main thread
does it and posts on a :data:`Board` which piece it is at, so that the parent can end a worker that overruns.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Collection
from types import FrameType
from typing import Any, Final, Self

from regrade.errors import TimeLimitExceeded

DEFAULT_LIMIT_S: Final = 5.0
"""CPU seconds per answer or row where nobody says otherwise."""

_TICKS: Final = 20
"""Ticks of the timer within the limit: work is interrupted after the limit and at most a tenth of it more."""

_SHORTEST_TICK_S: Final = 0.004

Board = Any
"""Three integers that this process writes and its parent reads: the number of the piece that is worked on (0 between
pieces), the limit of a piece in milliseconds (0 for none), and how many limits were entered before, so that pieces of
one number are told apart. A ``memoryview`` of shared memory, or a list."""

_board: Board = [0, 0, 0]


def post_on(board: Board) -> None:
    """Let the limits of this process post on a board what they are at."""
    global _board
    _board = board


def in_main_thread() -> bool:
    """Whether this thread is the one that signals reach."""
    return threading.current_thread() is threading.main_thread()


class TimeLimit:
    """Raises TimeLimitExceeded inside the work on an answer or row (a piece) that takes too long.

    The clock is the CPU time of the main thread, in user and system mode together: waiting costs nothing, and neither
    does what other threads do. One repeating timer serves all pieces (SIGPROF; SIGALRM and SIGVTALRM are left to
    scoring functions, some of which use them). At its first tick within a piece the clock is read, and at the first
    tick after ``limit_s`` more the work is interrupted: not before ``limit_s``, and at most a tenth of it later. So a
    piece costs a few attribute writes and no system call. The engine of regular expressions looks for signals while it
    matches.

    A module that is imported on the way is never interrupted, and the clock begins anew after it: what is done once is
    charged to no piece.

    Code that catches the exception and goes on is interrupted again at each tick, and :meth:`finish` raises once more:
    what a piece returned after its time was out does not count.

    Args:
        limit_s: CPU seconds per piece; 0 means no limit.
        skipped: Numbers of pieces, from 1 in the order of their starts, that ended a worker before. They raise at once.

    Attributes:
        count: How many pieces were started.
        exceeded: Whether the piece that was started last took too long.

    >>> with TimeLimit(5) as limit:
    ...     limit.start()
    ...     length = len("an answer")
    ...     limit.finish()
    """

    __slots__ = ("_board", "_former", "_since", "_skipped", "_works", "active", "count", "exceeded", "limit_s")

    def __init__(self, limit_s: float, skipped: Collection[int] = ()) -> None:
        self.limit_s = limit_s
        self.active = False
        self.exceeded = False
        self.count = 0
        self._skipped = frozenset(skipped)
        self._since: float | None = None
        self._works = False
        self._former: tuple[Any, tuple[float, float]] | None = None
        self._board = _board

    def __enter__(self) -> Self:
        self._works = self.limit_s > 0 and in_main_thread() and hasattr(signal, "setitimer")
        self._board = _board
        if self._works:
            tick = max(self.limit_s / _TICKS, _SHORTEST_TICK_S)
            handler = signal.signal(signal.SIGPROF, self._tick)
            self._former = handler, signal.setitimer(signal.ITIMER_PROF, tick, tick)
            self._board[1] = round(self.limit_s * 1000)
            self._board[2] += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._former is not None:
            handler, timer = self._former
            signal.setitimer(signal.ITIMER_PROF, *timer)
            signal.signal(signal.SIGPROF, handler or signal.SIG_DFL)
            self._former = None
            self._board[1] = 0

    def start(self) -> None:
        """Begin a piece.

        Raises:
            TimeLimitExceeded: the piece is one of those to be skipped.
        """
        self.count = count = self.count + 1
        self._since = None
        self.exceeded = False
        if self._skipped and count in self._skipped:
            self.exceeded = True
            raise self.error()
        self._board[0] = count
        self.active = True

    def stop(self) -> None:
        """End the piece."""
        self.active = False
        self._board[0] = 0

    def finish(self) -> None:
        """End the piece, and raise if it took too long even though the exception that told so was caught.

        Raises:
            TimeLimitExceeded: it did.
        """
        self.active = False
        self._board[0] = 0
        if self.exceeded:
            raise self.error()

    def error(self) -> TimeLimitExceeded:
        """What is raised when the limit is exceeded."""
        return TimeLimitExceeded(f"exceeded --time-limit {self.limit_s:g} (CPU s)")

    def _tick(self, _signal: int, frame: FrameType | None) -> None:
        if not self.active:
            return
        now = time.thread_time()
        if self._since is None or _is_importing(frame):
            self._since = now
        elif now - self._since >= self.limit_s:
            self.exceeded = True
            raise self.error()


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being imported."""
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
