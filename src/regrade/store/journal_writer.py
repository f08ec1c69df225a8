"""The writing of a journal: a line as soon as an answer comes.

An answer is handed to the operating system at once, so a process that is killed loses nothing that it received. What a
power failure may take is another matter: ``fsync`` says when an answer counts.

- ``group`` (default): when ``fdatasync`` has returned. One flush covers all answers that came during the one before it
  and in the 20 ms after, so a slow disk makes groups larger, not the run slower, and a fast one is not asked a thousand
  times for a thousand answers.
- ``none``: when the operating system has it. It survives the process, not the machine.

A process that is killed leaves at most one line that breaks off; it is cut when the journal is opened again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

from regrade.answer_json import encode_answer
from regrade.checksums import seal
from regrade.errors import OutputError, RegradeError
from regrade.schema import Answer
from regrade.store.journal import mend, read_at

Fsync = Literal["group", "none"]

_GATHERING_S: Final = 0.02
"""Seconds that an answer, which the operating system has, waits for others to be flushed with."""


class Journal:
    """A journal that is being written; used from one event loop.

    Args:
        path: The file; made if it is not there, for its owner only.
        fsync: When an answer counts.
        counted: Called in the event loop with each group of answers, as soon as they count.
    """

    def __init__(
        self, path: Path, fsync: Fsync = "group", *, counted: Callable[[list[Answer]], None] | None = None
    ) -> None:
        mend(path)
        self.path = path
        self.fsync = fsync
        self.counted = counted
        self.error: BaseException | None = None
        self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = os.lseek(self._handle, 0, os.SEEK_END)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[Answer] = []
        self._work: asyncio.Future[None] | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._progress = asyncio.Event()

    def put(self, answer: Answer) -> int:
        """Write an answer; ``counted`` tells when it counts.

        Returns:
            The byte at which its line begins, for :meth:`read_at`.

        Raises:
            RegradeError: it, or one before it, could not be written; what was written before is there and whole.
        """
        if self.error is not None:
            raise self.error
        start = self._end
        self._append(seal(encode_answer(answer)))
        self._waiting.append(answer)
        if self._work is None and self._gathering is None:
            self._gather()
        return start

    def read_at(self, start: int) -> Answer:
        """The answer that :meth:`put` wrote at a byte."""
        return next(read_at(self.path, [start]))

    async def room(self, most: int = 4096) -> None:
        """Wait until fewer than ``most`` answers wait for the disk.

        Raises:
            RegradeError: as :meth:`put`.
        """
        while self.error is None and len(self._waiting) >= most:
            self._progress.clear()
            await self._progress.wait()
        if self.error is not None:
            raise self.error

    async def flush(self) -> None:
        """Wait until everything counts.

        Raises:
            RegradeError: as :meth:`put`.
        """
        while self._work is not None or self._gathering is not None:
            if self._gathering is not None:
                self._start()
            self._progress.clear()
            await self._progress.wait()
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        """Wait for the flush that is under way, and close the file."""
        if self._gathering is not None:
            self._gathering.cancel()
        self._thread.shutdown(wait=True)
        os.close(self._handle)

    def _append(self, line: bytes) -> None:
        left = memoryview(line)
        try:
            while left:
                left = left[os.write(self._handle, left) :]
        except OSError as error:
            os.ftruncate(self._handle, self._end)
            self.error = self._failure(error)
            raise self.error from None
        self._end += len(line)

    def _gather(self) -> None:
        self._gathering = asyncio.get_running_loop().call_later(_GATHERING_S, self._start)

    def _start(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        group, self._waiting = self._waiting, []
        self._work = asyncio.get_running_loop().run_in_executor(self._thread, self._sync)
        self._work.add_done_callback(lambda finished: self._done(group, finished))

    def _done(self, group: list[Answer], finished: asyncio.Future[None]) -> None:
        self._work = None
        self.error = finished.exception() or self.error
        self._progress.set()
        if finished.exception() is None:
            if self._waiting:
                self._gather()
            if self.counted is not None:
                self.counted(group)

    def _sync(self) -> None:
        if self.fsync != "group":
            return
        try:
            os.fdatasync(self._handle)
        except OSError as error:
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> RegradeError:
        return OutputError(
            f"cannot be written: {error.strerror}",
            where=str(self.path),
            hint="every answer before is kept; make room, then: regrade resume",
        )
