"""A run on disk: what was asked of whom, and every word that came back.

::

    RUN/
      run.json             what was asked of whom; written when the run is made, and when its status changes
      samples.parquet      the prepared samples, as sent
      answers.jsonl        the journal of answers; see :mod:`regrade.store.journal`
      scores/NAME/         scores.parquet and results.json of a scoring
      run.lock             held by the process that is asking
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from regrade.answer_texts import split_thinking
from regrade.atomic import make_folder
from regrade.errors import OutputError, UsageError
from regrade.files.guard import reading
from regrade.schema import Answer, Request
from regrade.store.journal import Damaged, read
from regrade.store.manifest import ANSWERS, MANIFEST, SAMPLES, Manifest, Status, read_manifest, write_manifest

UNASKED: Final = 0
ANSWERED: Final = 1
FAILED: Final = 2
REFUSED: Final = 3
"""What has become of a wanted answer; see :meth:`Run.find_answered`."""


class Run:
    """A run's folder.

    Args:
        folder: The folder.
        manifest: Its manifest, where it is new; else it is read.

    Raises:
        InputError: there is no run in it, or it is of a newer version.
    """

    def __init__(self, folder: Path, manifest: Manifest | None = None) -> None:
        self.folder = folder
        self.damaged = 0
        """Lines of the journal that could not be read when it was last looked through."""
        self.manifest = manifest if manifest is not None else read_manifest(folder / MANIFEST)

    @classmethod
    def create(cls, folder: Path, manifest: Manifest) -> Run:
        """Make a run's folder; it has no samples yet.

        Raises:
            UsageError: there is something of that name.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError("is there already", where=str(folder), hint="name another, or: regrade resume")
        make_folder(folder, private=True)
        write_manifest(folder, manifest)
        return cls(folder)

    @property
    def samples(self) -> Path:
        """The prepared samples."""
        return self.folder / SAMPLES

    @property
    def answers(self) -> Path:
        """The journal."""
        return self.folder / ANSWERS

    def content_marks(self) -> dict[str, Any]:
        """What changes whenever samples or answers do: the files' sizes, and when they were last written (ns)."""
        marks = {}
        for file in (self.samples, self.answers):
            stat = file.stat()
            marks[file.name] = [stat.st_size, stat.st_mtime_ns]
        return marks

    def set_status(self, status: Status) -> None:
        """Record where the run stands."""
        self.manifest.status = status
        write_manifest(self.folder, self.manifest)

    def save(self) -> None:
        """Record the manifest as it is."""
        write_manifest(self.folder, self.manifest)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run's lock, so that no other process asks for it.

        Raises:
            RegradeError: another process holds it; its number is told.
        """
        handle = os.open(self.folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(handle, 64, 0).decode("ascii", "replace").strip()
                raise OutputError(
                    f"another process is asking for it{f' ({holder})' if holder else ''}",
                    where=str(self.folder),
                    hint="wait for it, or stop it; nothing was changed",
                ) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()}".encode(), 0)
            yield
        finally:
            os.close(handle)

    def is_locked(self) -> bool:
        """Whether a process is asking for it now."""
        try:
            handle = os.open(self.folder / "run.lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def read_answers(self) -> Iterator[Answer | Damaged]:
        """Every line of the journal."""
        return read(self.answers)

    @property
    def wanted(self) -> int:
        """Answers that the run is to have."""
        return self.manifest.wanted or self.manifest.samples * self.manifest.repeats

    def place(self, item: Request | Answer) -> int:
        """The place of an answer among all that there may be."""
        return (item.position * self.manifest.repeats + item.repeat) * self.manifest.turns + item.turn

    def find_answered(self) -> bytearray:
        """Which answers are there: the byte at :meth:`place` is 1 where there is one, else 0 or what was tried.

        2 where asking failed, 3 where the server refused the request itself (400 and the like), which it would again.
        Memory: one byte for each answer that is wanted.
        """
        repeats, turns = self.manifest.repeats, self.manifest.turns
        with reading(self.folder / MANIFEST, "its number of samples cannot be right"):
            there = bytearray(self.manifest.samples * repeats * turns)
        self.damaged = 0
        for answer in self.read_answers():
            self.damaged += isinstance(answer, Damaged)
            if isinstance(answer, Answer) and answer.repeat < repeats and answer.turn < turns:
                place = self.place(answer)
                if 0 <= place < len(there) and there[place] != ANSWERED:
                    there[place] = _standing(answer)
        return there

    def texts_before(self, turn: int) -> dict[tuple[int, int], list[str]]:
        """What was said before a turn, by position and repeat; only where every answer before it is there."""
        texts: dict[tuple[int, int], dict[int, str]] = {}
        for answer in self.read_answers():
            if isinstance(answer, Answer) and answer.error is None and answer.turn < turn:
                said = split_thinking(answer.text or "").answer
                texts.setdefault((answer.position, answer.repeat), {})[answer.turn] = said
        return {key: [known[n] for n in range(turn)] for key, known in texts.items() if len(known) == turn}


def _standing(answer: Answer) -> int:
    if answer.error is None:
        return ANSWERED
    return REFUSED if answer.error.kind == "bad_request" else FAILED


def now() -> str:
    """The time, ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
