"""``--engine threads``: the work in threads of this process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from regrade.plugins import UsageError, register


@register("engine", "threads")
class ThreadEngine:
    """Threads, which share what is loaded; they work at once where Python has no global lock, or others are waited for.

    ``--time-limit`` does not hold here: no signal reaches a thread.
    """

    def __init__(self, workers: int | None = None, address: str | None = None, debug: bool = False) -> None:
        if address is not None:
            raise UsageError("threads have no address", where=f"--ray-address {address}")
        self.workers = workers or os.cpu_count() or 1

    def run(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[Any, None, None]:
        with ThreadPoolExecutor(self.workers) as pool:
            waiting: deque[Future[Any]] = deque()
            try:
                for item in items:
                    waiting.append(pool.submit(function, item))
                    if len(waiting) > 2 * self.workers:  # so that results which nobody has taken stay few
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:  # where the caller wants no more, what has not begun never does
                for future in waiting:
                    future.cancel()
