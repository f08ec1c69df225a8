"""Workers that wait for more work: an interpreter takes a second to start, too long for each of many small calls.

Only interpreters that were started are kept, never forked processes, which hold what their parent had. A worker that
gets no more work ends by itself after :data:`IDLE_S`, and at once when this process ends. One that was ended from
outside is replaced by the next call. A process forked from this one knows nothing of its workers.
"""

from __future__ import annotations

import atexit
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from typing import Any

from regrade.engine.worker import Worker

IDLE_S = 60.0
"""How long a worker waits for more work."""

_lock = threading.Lock()
_idle: list[Worker] = []


def take_worker(function: Callable[[Any], Any], items: Sequence[Any]) -> Worker:
    """A worker that is an interpreter of its own, and has function and items: one that waits, else a new one.

    Raises:
        Exception: function or items cannot be sent.
    """
    work = pickle.dumps((function, items), 5)
    while True:
        with _lock:
            worker = _idle.pop() if _idle else None
        if worker is None:
            worker = Worker(None, (), function, items)
            worker.begin(work, IDLE_S)  # where it is gone, the pipe's reader finds out and says how
            return worker
        if worker.is_alive() and worker.begin(work, IDLE_S):
            return worker
        worker.kill()


def keep_worker(worker: Worker, most: int) -> None:
    """Let a worker that has nothing to do wait for more work, unless so many wait already."""
    if worker.release():
        with _lock:
            if len(_idle) < most:
                _idle.append(worker)
                return
    worker.kill()


def end_workers() -> None:
    """End the workers that wait."""
    with _lock:
        ended, _idle[:] = list(_idle), []
    for worker in ended:
        worker.kill()


def _forget() -> None:
    """In a forked process: leave the workers to the one that started them."""
    global _lock
    _lock = threading.Lock()
    for worker in _idle:
        worker.forget()
    _idle.clear()


atexit.register(end_workers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
