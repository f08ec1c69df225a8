"""A limit on the CPU time that one answer or row may take: a regular expression can backtrack for years."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Self

from regrade.errors import TookTooLong


class TimeLimit:
    """Raises TookTooLong inside the work on an answer or row that takes too long.

    One repeating timer for all of them: its signal arrives every half limit, and work under which it arrives twice has
    taken more than half the limit and at most the whole of it. So an answer costs two attribute writes and no system
    call. The timer counts the process's own CPU time (SIGVTALRM); SIGALRM is left to scoring functions, some of which
    use it themselves. The engine of regular expressions looks for signals while it matches.

    Signals reach the main thread only; elsewhere there is no limit (the service works in processes for that reason).

    Args:
        limit_s: CPU seconds per answer or row; 0 means no limit.

    >>> with TimeLimit(5) as limit:
    ...     limit.start()
    ...     length = len("an answer")
    ...     limit.stop()
    """

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.active = False
        self._seen = False
        self._works = False
        self._handler: object = None
        self._timer: tuple[float, float] = (0.0, 0.0)

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        self._works = self.limit_s > 0 and in_main and hasattr(signal, "setitimer")
        if self._works:
            self._handler = signal.signal(signal.SIGVTALRM, self._tick)
            self._timer = signal.setitimer(signal.ITIMER_VIRTUAL, self.limit_s / 2, self.limit_s / 2)
        return self

    def __exit__(self, *_: object) -> None:
        self.active = False
        if self._works:
            signal.setitimer(signal.ITIMER_VIRTUAL, *self._timer)
            signal.signal(signal.SIGVTALRM, self._handler or signal.SIG_DFL)  # type: ignore[arg-type]

    def start(self) -> None:
        """The work on an answer or row begins."""
        self._seen = False
        self.active = True

    def stop(self) -> None:
        """It ends."""
        self.active = False

    def _tick(self, _signal: int, _frame: FrameType | None) -> None:
        if not self.active:
            return
        if self._seen:
            self.active = False
            raise TookTooLong(f"took more than {self.limit_s / 2:g} s of CPU time")
        self._seen = True
