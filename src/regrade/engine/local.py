"""The local engine: in this process for small inputs, else on a few processes with bounded memory."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from regrade.engine.outcome import value_of
from regrade.errors import EngineError, UsageError
from regrade.registry import register
from regrade.time_limit import in_main_thread

if TYPE_CHECKING:
    from regrade.engine.worker import Worker
    from regrade.progress import CancelToken

_AHEAD = 2
"""Items per worker that are under way or wait to be taken: one that it works on, one to go on with."""

_WATCH_S = 0.25
"""How often workers are looked after while none of them answers."""


def available_cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@register("engine", "local")
class LocalEngine:
    """Processes on this machine.

    Args:
        workers: How many processes; 1 works in this one. None takes one per CPU, never more than there are items.
        address: Only engines that run elsewhere have one.
        debug: Nothing is hidden anyway.
        cancel: Ends the work: processes are ended, whatever they do.
    """

    def __init__(
        self,
        workers: int | None = None,
        address: str | None = None,
        debug: bool = False,
        cancel: CancelToken | None = None,
    ) -> None:
        if address is not None:
            raise UsageError("the local engine has no address", hint="--engine ray runs on a cluster")
        self.workers = workers
        self.cancel = cancel

    def run(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Generator[Any, None, None]:
        """Yield ``function(item)`` in order. At most two items per worker are under way or waiting to be taken.

        Items with a method ``without(piece)`` have pieces of work with a time limit. No signal reaches them in a thread
        that is not the main one, so that a single worker is a process there too. A worker that does not end a piece at
        its limit is ended, and another one does the item without that piece.
        """
        workers = min(self.workers or available_cpus(), len(items))
        if workers == 0 or (workers == 1 and not (hasattr(items[0], "without") and not in_main_thread())):
            yield from map(function, items)
            return
        pool = _Pool(workers, function, items)
        try:
            for outcome in pool.outcomes(self.cancel):
                yield value_of(outcome)
            pool.finish()
        finally:
            # Reached on errors, on Ctrl-C and when the caller wants no more: what is under way is given up.
            pool.leave()


class _Pool:
    """Processes that each have all the items, are told which to do by number, and answer with outcomes.

    Not ``concurrent.futures``: its pool cannot stop what it has begun, and its threads, in the process that forks, make
    forking unsafe. Here there are none, a forked worker inherits the items instead of being sent them, and a number is
    so short that sending it never blocks: this process and a worker cannot wait for each other.
    """

    def __init__(self, workers: int, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self._function = function
        self._items = list(items)
        self._fork = _forking()
        self.workers: list[Worker] = []
        # Not daemons: those may have no children of their own, and scoring functions may want some.
        atexit.register(self.kill)
        try:
            for _ in range(workers):
                self._start()
        except BaseException:
            self.kill()
            raise

    def _start(self) -> Worker:
        if self._fork is None:
            from regrade.engine.kept import take_worker

            worker = take_worker(self._function, self._items)
        else:
            from regrade.engine.worker import Worker

            pipes = [worker.pipe for worker in self.workers]
            worker = Worker(self._fork, pipes, self._function, self._items)
        self.workers.append(worker)
        return worker

    def outcomes(self, cancel: CancelToken | None = None) -> Generator[bytes, None, None]:
        """The outcomes of all items, in order."""
        from multiprocessing.connection import wait

        ready: dict[int, bytes] = {}
        assigned, count = 0, len(self._items)
        for number in range(count):
            while True:
                while assigned < min(count, number + _AHEAD * len(self.workers)):
                    worker = min(self.workers, key=lambda worker: len(worker.numbers))
                    if len(worker.numbers) >= _AHEAD:
                        break
                    self._assign(worker, assigned)
                    assigned += 1
                if number in ready:
                    break
                if cancel is not None:
                    cancel.check()
                by_pipe = {worker.pipe: worker for worker in self.workers}
                waiting = wait(list(by_pipe), _WATCH_S)
                for pipe in waiting:
                    done, outcome = self._receive(by_pipe[pipe])  # type: ignore[index]
                    ready[done] = outcome
                if not waiting:
                    self._end_overruns()
            yield ready.pop(number)

    def _end_overruns(self) -> None:
        """End each worker that no signal got out of its piece of work, and let another one go on without the piece."""
        for worker in list(self.workers):
            piece = worker.overrun()
            if piece is None:
                continue
            self.workers.remove(worker)
            worker.kill()
            first = worker.numbers[0]
            less = self._items[first].without(piece)
            if less == self._items[first]:
                raise EngineError("a worker process goes on beyond every limit, and was ended")
            self._items[first] = less
            other = self._start()
            for number in worker.numbers:
                self._assign(other, number)

    def _assign(self, worker: Worker, number: int) -> None:
        try:
            worker.pipe.send(number)
        except OSError:
            raise self._died(worker) from None
        worker.numbers.append(number)

    def _receive(self, worker: Worker) -> tuple[int, bytes]:
        try:
            number, outcome = worker.pipe.recv(), worker.pipe.recv_bytes()
        except (EOFError, OSError):
            raise self._died(worker) from None
        worker.numbers.popleft()
        return number, outcome

    def _died(self, worker: Worker) -> EngineError:
        worker.process.join(1)
        code = worker.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        hint = "--workers 1 works in one process and needs the least memory"
        if code == -signal.SIGKILL:
            hint = f"the system does that when memory runs out: {hint}"
        return EngineError(f"a worker process {how}", hint=hint)

    def finish(self) -> None:
        """Let workers that have nothing left to do end by themselves."""
        if self._fork is None:
            return
        for worker in self.workers:
            try:
                worker.pipe.send(-1)
            except OSError:
                continue
        for worker in self.workers:
            worker.process.join(1)

    def leave(self) -> None:
        """Let interpreters that have nothing left to do wait for more, and end every other worker."""
        if self._fork is None:
            from regrade.engine.kept import keep_worker

            idle = [worker for worker in self.workers if not worker.numbers]
            self.workers = [worker for worker in self.workers if worker.numbers]
            for worker in idle:
                keep_worker(worker, available_cpus())
        self.kill()

    def kill(self) -> None:
        """End every worker, whatever it does."""
        for worker in self.workers:
            worker.kill()
        self.workers.clear()
        atexit.unregister(self.kill)


def _forking() -> Any:
    """The context that forks, which is quickest and shares what is loaded; None where forking is not safe.

    It is only while there is one thread, and not on macOS.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return None
    import multiprocessing

    return multiprocessing.get_context("fork")
