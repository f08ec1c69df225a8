"""The border between data and the rest: whatever data raises costs its row, or its file, and nothing more.

Readers meet data that nobody foresaw. Their rows are read through :func:`read_records`, their files opened through
:func:`open_sources`; both turn any exception into what callers expect: :class:`regrade.schema.Malformed` for a row, and
:class:`regrade.errors.InputError` with the file's path for a file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from regrade.errors import RegradeError
from regrade.files.chunk import Chunk
from regrade.files.guard import malformed_row, reading, reason_of
from regrade.registry import lookup
from regrade.rows.source import Reader, Source
from regrade.schema import Malformed, Record

_T = TypeVar("_T")
_ID_TYPES: Final = frozenset((int, str))


def read_records(source: Source, chunk: Chunk, reader: Reader | None = None) -> Iterator[Record | Malformed]:
    """Read one chunk of a source: its records, and what is malformed in its place.

    A record whose id is no number and no text is malformed. Where a reader fails as a whole, the place comes as
    Malformed, and nothing after it.

    Args:
        source: The source.
        chunk: The chunk.
        reader: The source's reader, where the caller keeps one (and wants its ``lines_read``).

    Raises:
        RegradeError: the file cannot be opened, or the reader says so of the whole source.
    """
    reader = reader or reader_of(source)
    line = 0
    try:
        for record in reader.records(source, chunk):
            line = record.line
            if not isinstance(record, Malformed) and type(record.sample_id) not in _ID_TYPES:
                yield _with_usable_id(record, source.path)
            else:
                yield record
    except RegradeError:
        raise
    except Exception as error:
        reader.lines_read = line + 1
        yield Malformed(source.path, line + 1, f"{reason_of(error)}; nothing after this place can be read")


def first_record(source: Source, reader: Reader | None = None) -> Record | None:
    """The first record of a source whose parts can be read."""
    for chunk in source.chunks:
        for record in read_records(source, chunk, reader):
            if isinstance(record, Record) and _can_be_read(record):
                return record
    return None


def reader_of(source: Source) -> Reader:
    """A new reader of a source."""
    reader: Reader = lookup("reader", source.reader)()
    return reader


def open_sources(reader: str, path: Path, options: dict[str, Any]) -> list[Source]:
    """Open a file with a reader; see :meth:`regrade.rows.source.Reader.sources`.

    Raises:
        RegradeError: nothing of the file can be read; the message names it.
    """
    with reading(path):
        sources: list[Source] = lookup("reader", reader)().sources(path, options)
        return [_with_plain_run(source) for source in sources]


def _with_plain_run(source: Source) -> Source:
    """What is said of the run comes from data; what of it is no text is left out."""
    wrong = [name for name in _RUN_TEXTS if not isinstance(getattr(source.run, name), str | None)]
    if wrong or not isinstance(source.run.name, str):
        run = msgspec.structs.replace(source.run, name=str(source.run.name), **dict.fromkeys(wrong))
        return msgspec.structs.replace(source, run=run)
    return source


_RUN_TEXTS: Final = ("model", "date", "results_file", "harness_version")


def recognise(reader: Reader, path: Path, head: bytes) -> str | None:
    """Why a file is of a reader's format, or None; a file at which the reader fails is not of its format."""
    try:
        return reader.matches(path, head)
    except RegradeError:
        raise
    except Exception:
        return None


def each_record(
    path: str, rows: Iterable[tuple[int, _T] | Malformed], make: Callable[[int, _T], Record | Malformed | None]
) -> Iterator[Record | Malformed]:
    """Make a record of every numbered row; a row that ``make`` fails at is malformed, one that it leaves out is not.

    Args:
        path: The file.
        rows: Line and row, or what is no row.
        make: Makes a record of a line and its row; None leaves it out.
    """
    for item in rows:
        if isinstance(item, Malformed):
            yield item
            continue
        line, row = item
        try:
            record = make(line, row)
        except Exception as error:
            record = malformed_row(path, line, error)
        if record is not None:
            yield record


def _can_be_read(record: Record) -> bool:
    try:
        _ = record.doc, record.recorded
    except Exception:
        return False
    return True


def _with_usable_id(record: Record | Malformed, path: str) -> Record | Malformed:
    if isinstance(record, Malformed):
        return record
    sample_id: Any = record.sample_id
    if isinstance(sample_id, (int, str)) or (isinstance(sample_id, float) and math.isfinite(sample_id)):
        return record
    kind = {dict: "an object", list: "a list", type(None): "null"}.get(type(sample_id), f"{sample_id!r}")
    return Malformed(path, record.line, f"its id is {kind}; an id is a number or a text")
