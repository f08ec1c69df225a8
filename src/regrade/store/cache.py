"""The workspace's cache of answers: what was asked once, of whoever, is not asked again.

One SQLite file (write-ahead log) beside the runs, which several processes may use at once. The key is the exact
request, the repeat and the draw. It is an index of the runs' journals and may be deleted at any time: opening it reads
what the journals have that it lacks. Where another process keeps it locked, a temporary one is made from the journals.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from regrade.answer_json import answer_decoder, encode_answer
from regrade.atomic import make_folder
from regrade.errors import OutputError
from regrade.schema import Answer
from regrade.store import journal

_VERSION: Final = 2
_DECODE: Final = answer_decoder(Answer)
_BUSY_S: Final = 5.0
"""Seconds that a write waits for another process's."""
_OPENING_S: Final = 1.0
"""Seconds that opening waits for another process; then the journals are read into a temporary file."""
_MOST_WAITING: Final = 10_000
"""Answers that may wait to be kept; beyond them the journal has to do, which the next opening reads."""
_GROUP: Final = 1000
_GATHERING_S: Final = 0.2
"""Seconds that an answer waits for others to be kept with, in one transaction; the journal has it already."""


class AnswerCache:
    """Answers by request.

    Writing happens in a thread of its own: a cache that is locked, slow or full holds nobody up.

    Args:
        path: The SQLite file; made if it is not there, for its owner only.
        temporary: Use a private temporary file in its place, which is gone when it is closed.

    Raises:
        RegradeError: the file is no such cache, or of a newer version.
    """

    def __init__(self, path: Path, *, temporary: bool = False) -> None:
        self.path = path
        self.locked = False
        """Whether another process kept the file locked when it was opened or filled."""
        self.trouble: str | None = None
        """Why answers could not be kept, if that ever happened; the runs hold them all the same."""
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[list[Answer] | None] = queue.SimpleQueue()
        self._count = 0
        self._writer: threading.Thread | None = None
        self._flushing = threading.Event()
        try:
            if not temporary:
                make_folder(path.parent, private=True)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._base = sqlite3.connect(
                "" if temporary else path, check_same_thread=False, timeout=_OPENING_S, isolation_level=None
            )
            weakref.finalize(self, self._base.close)  # who forgets to close it leaves nothing open
            self._finding = self._base
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=NORMAL")
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            if version > _VERSION:
                raise OutputError(
                    "the cache was made by a newer regrade", where=str(path), hint="update regrade, or delete the file"
                )
            if version < _VERSION:
                self._create()
            if not temporary:  # a write of ours that waits, for a lock or the disk, must not hold up who looks
                self._finding = sqlite3.connect(path, check_same_thread=False, timeout=_BUSY_S, isolation_level=None)
                weakref.finalize(self, self._finding.close)
        except (sqlite3.Error, OSError) as error:
            if _is_locked(error):
                self._base.close()
                self.locked = True
                return
            raise OutputError(
                f"cannot be used as the cache of answers: {error}",
                where=str(path),
                hint="delete it, the runs hold every answer too",
            ) from None

    @classmethod
    def fill_from_journals(cls, path: Path, journals: Mapping[str, Path]) -> AnswerCache:
        """The cache with all that journals hold; a temporary one, made from them, while another process locks the file.

        Args:
            path: The SQLite file.
            journals: The journals by the name of their run.
        """
        cache = cls(path)
        for name, file in journals.items():
            if not cache.locked:
                cache.absorb(name, file)
        if cache.locked:
            cache.close()
            cache = cls(path, temporary=True)
            for name, file in journals.items():
                cache.absorb(name, file)
            cache.trouble = cache.trouble or "another process keeps it locked; the next run reads the journals"
        else:
            cache._base.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000:.0f}")
        return cache

    def _create(self) -> None:
        """Make the tables; an earlier layout goes, for the journals hold everything."""
        self._base.execute("BEGIN IMMEDIATE")
        self._base.execute("DROP TABLE IF EXISTS answers")
        self._base.execute(
            "CREATE TABLE answers (request BLOB, repeat INTEGER, draw INTEGER, answer BLOB NOT NULL,"
            " PRIMARY KEY (request, repeat, draw)) WITHOUT ROWID"
        )
        self._base.execute("CREATE TABLE IF NOT EXISTS journals (name TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID")
        self._base.execute(f"PRAGMA user_version={_VERSION}")
        self._base.execute("COMMIT")

    def absorb(self, name: str, path: Path) -> None:
        """Keep what a run's journal has grown by since it was last read.

        Args:
            name: The run's name.
            path: Its journal.
        """
        if not path.exists():
            return
        try:
            size = path.stat().st_size
            known = self._absorbed(_key(name, path))
            if size == known:
                return
            start = known if known < size else 0
            end = journal.whole_lines_end(path)
            group: list[Answer] = []
            for item in journal.read(path, start):
                if isinstance(item, Answer):
                    group.append(item)
                if len(group) >= _GROUP:
                    self._insert(group, again=True)
                    group = []
            self._insert(group, again=True)
            self._mark(_key(name, path), end)
        except (sqlite3.Error, OSError) as error:
            self.locked = _is_locked(error)
            self.trouble = str(error)

    def _absorbed(self, key: str) -> int:
        with self._lock:
            row = self._base.execute("SELECT size FROM journals WHERE name = ?", (key,)).fetchone()
        return 0 if row is None else int(row[0])

    def mark_absorbed(self, name: str, path: Path) -> None:
        """Note that everything in a run's journal is kept."""
        self._mark(_key(name, path), path.stat().st_size)

    def _mark(self, key: str, size: int) -> None:
        with self._lock, suppress(sqlite3.Error):  # it is read once more then
            self._base.execute("INSERT OR REPLACE INTO journals VALUES (?, ?)", (key, size))

    def find(self, request_hash: str, repeat: int, draw: int = 0) -> Answer | None:
        """The answer to a request, if it was ever given.

        Args:
            request_hash: What was asked of whom.
            repeat: Which of several answers to one sample.
            draw: Which of several samples that ask the same, where each is to have an answer of its own.

        Raises:
            RegradeError: the file is damaged. To ask anew without a word would cost what the user meant to save.
        """
        try:
            with self._lock if self._finding is self._base else nullcontext():
                row = self._finding.execute(
                    "SELECT answer FROM answers WHERE request = ? AND repeat = ? AND draw = ?",
                    (bytes.fromhex(request_hash), repeat, draw),
                ).fetchone()
            return None if row is None else _DECODE(row[0])
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise OutputError(
                f"the cache cannot be read: {error}",
                where=str(self.path),
                hint="delete it, the runs hold every answer too; or ask past it: --fresh",
            ) from None

    def keep(self, answers: list[Answer]) -> None:
        """Keep answers soon; errors and what came from here are left out."""
        if self._count > _MOST_WAITING:
            self.trouble = self.trouble or "it cannot keep up; the next run reads the journals instead"
            return
        self._count += len(answers)
        self._waiting.put(answers)
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="cache", daemon=True)
            self._writer.start()

    def _write(self) -> None:
        ended = False
        while not ended and (answers := self._waiting.get()) is not None:
            self._flushing.wait(_GATHERING_S)
            answers, ended = self._gathered(answers)
            try:
                if self.trouble is None:  # after the first failure the journals have to do
                    self._insert(answers)
            except sqlite3.Error as error:
                self.trouble = str(error)
            finally:
                self._count -= len(answers)

    def _gathered(self, first: list[Answer]) -> tuple[list[Answer], bool]:
        """All that waits to be kept, and whether no more will come."""
        answers = list(first)
        with suppress(queue.Empty):
            while (more := self._waiting.get_nowait()) is not None:
                answers += more
            return answers, True
        return answers, False

    def _insert(self, answers: Iterable[Answer], *, again: bool = False) -> None:
        """Insert answers in one transaction; ``again``: what came from a cache counts where nothing else is there."""
        verb = {False: "INSERT OR REPLACE", True: "INSERT OR IGNORE"}
        rows: dict[bool, list[tuple[bytes, int, int, bytes]]] = {False: [], True: []}
        for answer in answers:
            if answer.error is None and answer.request_hash and (again or not answer.cached):
                key = bytes.fromhex(answer.request_hash)
                rows[answer.cached].append((key, answer.repeat, answer.draw, encode_answer(answer)))
        if not any(rows.values()):
            return
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                for cached, each in rows.items():
                    self._base.executemany(f"{verb[cached]} INTO answers VALUES (?, ?, ?, ?)", each)
                self._base.execute("COMMIT")
            except sqlite3.Error:
                if self._base.in_transaction:  # a full disk has ended it already
                    self._base.execute("ROLLBACK")
                raise

    def flush(self) -> bool:
        """Wait until what was handed over is kept; returns whether all of it is."""
        if self._writer is not None:
            self._flushing.set()
            self._waiting.put(None)
            self._writer.join(2 * _BUSY_S)
            if self._writer.is_alive():
                self.trouble = self.trouble or "it is locked by another process; the next run reads the journals"
                return False
            self._writer = None
            self._flushing.clear()
        return self.trouble is None

    def close(self) -> None:
        """Wait for what is being written, and close the file."""
        if self.flush() or self._writer is None:
            with self._lock:
                self._finding.close()
                self._base.close()


def _key(name: str, path: Path) -> str:
    """What a journal is known by: its run's name, and how it begins, for another run may take the place of one."""
    with path.open("rb") as file:
        return f"{name} {crc32(file.readline()):08x}"


def _is_locked(error: Exception) -> bool:
    """Whether another process holds the file."""
    busy = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, sqlite3.Error) and (getattr(error, "sqlite_errorcode", 0) & 0xFF) in busy
