"""Worker processes, as their parent sees them: started, watched, ended.

A worker is forked where that is safe: on Linux, from a process with one thread. Elsewhere a new interpreter is started,
which can be given work again and again (:mod:`regrade.engine.kept`); it never runs the caller's main module, so that a
script needs no guard to score in a thread.
"""

from __future__ import annotations

import mmap
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any, Final

from regrade.engine.outcome import outcome_of
from regrade.memory_limit import mark_worker
from regrade.plugin_files import load_in_worker, loaded_plugins
from regrade.registry import plugin_modules
from regrade.time_limit import post_on

STOP: Final = -1

_BOARD_BYTES: Final = 24
_GRACE_S: Final = 0.5
_BOOT: Final = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import regrade.engine.worker as w; w.main()"
_READY: Final = b"ready"


class Worker:
    """A process that has all the items, is told which to do by number, and answers with outcomes.

    Attributes:
        process: The process.
        pipe: This end of the pipe to it.
        numbers: The items that it works on or that wait for it, in order.
    """

    def __init__(
        self, fork: Any, inherited: Iterable[Connection], function: Callable[[Any], Any], items: Sequence[Any]
    ) -> None:
        """Start a worker; an interpreter waits for :meth:`begin`.

        Args:
            fork: The multiprocessing context that forks; None starts an interpreter.
            inherited: This process's ends of pipes to other workers, which a forked one must close: its siblings would
                wait for ever for the end of a process that is gone.
            function: What a forked one runs.
            items: What it runs it on.
        """
        from multiprocessing import Pipe

        self.numbers: deque[int] = deque()
        self.forked = fork is not None
        self._begun = 0
        self._seen: tuple[int, int, int] | None = None
        self._seen_at = 0.0
        self.pipe, theirs = Pipe()
        descriptor = _shared_memory()
        memory = mmap.mmap(descriptor, _BOARD_BYTES)
        self._board = memoryview(memory).cast("q")
        try:
            if fork is not None:
                pipes = [self.pipe, *inherited]
                self.process: Any = fork.Process(
                    target=work, args=(theirs, pipes, function, items, self._board), name="regrade-worker"
                )
                before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the worker ignores Ctrl-C
                try:
                    self.process.start()
                finally:
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
            else:
                self.process = _Interpreter(theirs.fileno(), descriptor)
        finally:
            theirs.close()
            os.close(descriptor)

    def begin(self, work: bytes, idle_s: float) -> bool:
        """Give an interpreter function and items, pickled; False if it is gone.

        Args:
            work: What it runs, and what it runs it on.
            idle_s: How long it waits for more, when it was told to stop.
        """
        self._seen = None
        place = sys.path, os.getcwd(), dict(os.environ), (plugin_modules(), loaded_plugins())  # noqa: PTH109
        self._begun += 1
        try:
            self.pipe.send_bytes(pickle.dumps((idle_s, *place, work), 5))
            return self._begun == 1 or self.pipe.recv_bytes() == _READY
        except (EOFError, OSError):
            return False

    def release(self) -> bool:
        """Take from an interpreter what it has been given; False if it is gone, busy, or was forked."""
        if self.forked or self.numbers:
            return False
        try:
            self.pipe.send(STOP)
        except OSError:
            return False
        return self.is_alive()

    def is_alive(self) -> bool:
        """Whether the process is there."""
        return bool(self.process.is_alive())

    def forget(self) -> None:
        """In a process forked from the one that started it: let go of it."""
        self.pipe.close()
        self.process.forget()

    def overrun(self) -> int | None:
        """The number of the piece of work that has taken longer than its limit allows; None if none has."""
        piece, limit_ms, entry = self._board
        if not piece or not limit_ms or not self.numbers:
            self._seen = None
            return None
        now = _cpu_seconds(self.process.pid)
        if self._seen != (self.numbers[0], entry, piece):
            self._seen, self._seen_at = (self.numbers[0], entry, piece), now
            return None
        return int(piece) if now - self._seen_at > 1.2 * limit_ms / 1000 + _GRACE_S else None

    def kill(self) -> None:
        """End it, whatever it does."""
        self.pipe.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.process.close()


class _Interpreter:
    """A new interpreter that works, with the methods of a multiprocessing process that are used here."""

    def __init__(self, pipe: int, memory: int) -> None:
        import json

        command = [sys.executable, "-c", _BOOT, json.dumps(sys.path), str(pipe), str(memory)]
        self._popen = subprocess.Popen(command, pass_fds=(pipe, memory), stdin=subprocess.DEVNULL)
        self.pid = self._popen.pid

    @property
    def exitcode(self) -> int | None:
        return self._popen.poll()

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def kill(self) -> None:
        self._popen.kill()

    def join(self, timeout: float | None = None) -> None:
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return

    def close(self) -> None:
        pass

    def forget(self) -> None:
        self._popen.returncode = 0  # not this process's child


def _shared_memory() -> int:
    """A descriptor of memory that processes can share."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("regrade")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _BOARD_BYTES)
    return descriptor


def _cpu_seconds(pid: int) -> float:
    """The CPU time of a process; the time of day where the system does not tell it."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(
    pipe: Connection,
    inherited: Iterable[Connection],
    function: Callable[[Any], Any],
    items: Sequence[Any],
    board: Any,
) -> None:
    """What a worker does: run the items whose numbers arrive, until the other end says stop or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair: it ends the workers
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    post_on(board)
    mark_worker()
    for other in inherited:
        other.close()
    try:
        while (number := pipe.recv()) != STOP:
            outcome = outcome_of(function, items[number])
            pipe.send(number)
            pipe.send_bytes(outcome)
    except (EOFError, OSError):
        return


def main() -> None:
    """What a new interpreter does: get function and items by the pipe, then :func:`work`, until nothing more comes."""
    pipe, memory = Connection(int(sys.argv[2])), mmap.mmap(int(sys.argv[3]), _BOARD_BYTES)
    board = memoryview(memory).cast("q")
    idle_s, first = None, True
    while pipe.poll(idle_s):
        try:
            idle_s, sys.path[:], folder, environment, (modules, files), given = pickle.loads(pipe.recv_bytes())
            if not first:
                pipe.send_bytes(_READY)
        except (EOFError, OSError):
            return
        first = False
        os.chdir(folder)
        if environment != dict(os.environ):
            os.environ.clear()
            os.environ.update(environment)
        for name in modules:
            with suppress(ImportError):  # a plugin that is needed is missed by name
                import_module(name)
        load_in_worker(files)
        board[0] = board[1] = 0
        function, items = pickle.loads(given)
        work(pipe, (), function, items, board)
