"""The journal of answers: append-only JSON lines, each with a checksum. Its only definition for those who read it.

A journal has a line for each thing that came back, errors included, in the order it came. What was changed after it was
written is damaged, and so is what is no answer; a last line that breaks off was never counted, and is cut when the
journal is opened to be written again. See :mod:`regrade.store.journal_writer`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from regrade.answer_json import answer_decoder
from regrade.checksums import is_intact
from regrade.files.guard import reason_of
from regrade.schema import Answer

_DECODE: Final = answer_decoder(Answer)
_BLOCK: Final = 1 << 20


class Damaged(msgspec.Struct, frozen=True):
    """A line of a journal that holds no answer, or one that was changed after it was written.

    Attributes:
        line: 1-based line number.
        reason: What is wrong with it.
    """

    line: int
    reason: str


def read(path: Path, start: int = 0) -> Iterator[Answer | Damaged]:
    """The answers of a journal, in the order they came; a last line that breaks off is left out.

    Args:
        path: The journal; one that does not exist is empty.
        start: The byte to begin at, where a line begins; line numbers then count from there.
    """
    for _, item in read_with_places(path, start):
        yield item


def read_with_places(path: Path, start: int = 0) -> Iterator[tuple[int, Answer | Damaged]]:
    """The same, each with the byte where its line begins, for :func:`read_at`."""
    if not path.exists():
        return
    with path.open("rb", buffering=_BLOCK) as file:
        file.seek(start)
        place = start
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            yield place, _decode(line, number)
            place += len(line)


def read_at(path: Path, places: Iterable[int]) -> Iterator[Answer]:
    """The answers whose lines begin at these bytes."""
    with path.open("rb") as file:
        for place in places:
            file.seek(place)
            yield _DECODE(file.readline())


def _decode(line: bytes, number: int) -> Answer | Damaged:
    if not is_intact(line):
        return Damaged(number, "its checksum does not fit: it was changed after it was written")
    try:
        return _DECODE(line)
    except (msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
        return Damaged(number, reason_of(error))


def mend(path: Path) -> int:
    """Cut a last line that breaks off; returns how many bytes were cut."""
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = whole_lines_end(path)
        if end != size:
            file.truncate(end)
            os.fsync(file.fileno())
    return size - end


def whole_lines_end(path: Path) -> int:
    """The byte behind the last whole line of a file."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - _BLOCK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
    return 0
