"""Processes that write one file together, each its own part of it.

Where a part belongs is known as soon as the sizes of all parts before it are. They stand in a small file that all
processes map: the process that has converted a chunk waits until the one before has said where its part ends, says
where its own ends, and writes. So what is converted is copied once, and by the process that has it in its cache.

Chunks are given out in order and each process does its chunks in order, so the first that is not done is always under
way, and nobody waits for ever: if its process is lost, the parent ends all others, and who has lost the parent ends
too.
"""

from __future__ import annotations

import mmap
import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

_PAUSE_S: Final = 0.0002
_LONGEST_PAUSE_S: Final = 0.005
_PIECE: Final = 128 * 1024
"""Bytes written at a time: few enough to be in the cache still when the kernel copies them."""


class LedgerFile(msgspec.Struct, frozen=True):
    """Where processes find each other.

    Attributes:
        path: The file of the ends.
        output: The file that is written.
        parts: How many parts it has.
        base: Where the first one begins.
        parent: Who gives out the work.
    """

    path: str
    output: str
    parts: int
    base: int
    parent: int

    @classmethod
    def make(cls, path: Path, output: str, parts: int, base: int) -> LedgerFile:
        """Begin a file of so many parts."""
        path.write_bytes(bytes(8 * max(parts, 1)))
        return cls(str(path), output, parts, base, os.getpid())


class Ledger:
    """One process's view of it."""

    def __init__(self, file: LedgerFile) -> None:
        self.file = file
        with Path(file.path).open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), 0)
        self._ends = memoryview(self._map).cast("q")
        self._output = os.open(file.output, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        self._wrote: tuple[int, int] | None = None

    def start_of(self, number: int) -> int:
        """Where a part begins, as soon as that is known."""
        if number == 0:
            return self.file.base
        pause = _PAUSE_S
        while (end := self._ends[number - 1]) == 0:
            if self._is_alone():
                os._exit(1)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        return int(end) - 1

    def _is_alone(self) -> bool:
        """Whether the process that gives out the work is gone."""
        if os.getpid() == self.file.parent:
            return False
        if not sys.platform.startswith("linux"):
            return os.getppid() != self.file.parent
        # It need not be our parent, and it may be dead and not yet buried.
        try:
            state = Path(f"/proc/{self.file.parent}/stat").read_bytes().rpartition(b")")[2].split()[0]
        except OSError:
            return True
        return state in (b"Z", b"X")

    def put(self, number: int, pieces: list[Any]) -> tuple[int, int]:
        """Write a part; returns where it begins and how large it is."""
        size = sum(memoryview(piece).nbytes for piece in pieces)
        start = self.start_of(number)
        self._ends[number] = start + size + 1
        place = start
        for piece in pieces:
            view = memoryview(piece).cast("B")
            for begin in range(0, len(view), _PIECE):
                left = view[begin : begin + _PIECE]
                while left:
                    written = os.pwrite(self._output, left, place)
                    place += written
                    left = left[written:]
        self._write_back(start, size)
        return start, size

    def _write_back(self, start: int, size: int) -> None:
        """Have the system begin to write to disk what was written before, so that the end need not wait for all."""
        if self._wrote is not None and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._output, *self._wrote, os.POSIX_FADV_DONTNEED)
        self._wrote = (start, size)

    def close(self) -> None:
        """Let go of the files."""
        self._ends.release()
        self._map.close()
        os.close(self._output)
