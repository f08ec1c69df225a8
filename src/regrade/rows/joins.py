"""Joining answers in one file to documents in another, with every row that finds no partner reported."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from regrade.errors import InputError
from regrade.files.columns import MISSING, value_at
from regrade.files.location import locate
from regrade.files.tables import Row, Table, all_rows, open_table
from regrade.schema import Malformed

POSITION = "position"
"""Join the n-th answer to the n-th document."""


class Join(NamedTuple):
    """How the rows of answers find their documents.

    Attributes:
        docs: File of the documents.
        answers_column: Column of the answers to join on, or ``POSITION``.
        docs_column: The same value's column among the documents.
    """

    docs: str
    answers_column: str
    docs_column: str

    @classmethod
    def parse(cls, docs: str, on: str | None) -> Join:
        """Make a join of ``--docs`` and ``--join-on``: ``COLUMN``, ``ANSWERS_COLUMN=DOCS_COLUMN`` or ``position``.

        Raises:
            InputError: ``on`` is missing.
        """
        if not on:
            raise InputError(
                "how its rows belong to the answers is not said", where=docs, hint="--join-on COLUMN|position"
            )
        own, _, other = on.partition("=")
        return cls(docs, own, other or own)


class Documents:
    """The documents of a join, by key; kept in memory whole.

    Raises:
        InputError: a document cannot be read, has no key, or has the key of another.
    """

    def __init__(self, join: Join) -> None:
        self.join = join
        self.rows: dict[Any, Row] = {}
        self.lines: dict[Any, int] = {}
        table = open_table(join.docs)
        for number, item in enumerate(all_rows(table)):
            if isinstance(item, Malformed):
                raise InputError(f"a document cannot be read: {item.reason}", where=f"{item.file}:{item.line}")
            line, row = item
            if join.answers_column == POSITION:
                self.rows[number], self.lines[number] = row, line
                continue
            key = _key(value_at(row, join.docs_column))
            place = f"{join.docs}:{line}"
            if key is MISSING:
                raise InputError(
                    f"the document has no {join.docs_column!r}", where=place, hint="--join-on names another column"
                )
            if key in self.rows:
                raise InputError(
                    f"{join.docs_column!r} is the same as in line {self.lines[key]}: {_shown(key)}",
                    where=place,
                    hint="--join-on names a column that tells the documents apart",
                )
            self.rows[key], self.lines[key] = row, line

    def of(self, row: Row, position: int) -> Row | None:
        """The document of an answer's row; None if it has none."""
        return self.rows.get(self.key(row, position))

    def key(self, row: Row, position: int) -> Any:
        """The key of an answer's row: MISSING if it has none."""
        return position if self.join.answers_column == POSITION else _key(value_at(row, self.join.answers_column))

    def why_none(self, row: Row, position: int) -> str:
        """Say why an answer's row has no document."""
        key = self.key(row, position)
        if key is MISSING:
            return f"has no {self.join.answers_column!r} to join on"
        if self.join.answers_column == POSITION:
            return f"there is no document {position + 1}; {self.join.docs} has {len(self.rows)}"
        return f"no document of {self.join.docs} has {self.join.docs_column} = {_shown(key)}"


def documents(join: Join) -> Documents:
    """The documents of a join; read once per process as long as the file does not change."""
    try:
        stat = locate(join.docs).stat()
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=join.docs) from None
    return _documents(join, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=2)
def _documents(join: Join, mtime: int, size: int) -> Documents:
    return Documents(join)


def merge(row: Row, document: Row) -> Row:
    """One row of both: the document's columns, then the answers' own.

    A column that is in both with different values keeps the document's; the other stands under ``NAME (answers)``.
    """
    merged = dict(document)
    for name, value in row.items():
        if name not in merged:
            merged[name] = value
        elif merged[name] != value:
            merged[f"{name} (answers)"] = value
    return merged


class Verified(NamedTuple):
    """What a join's two files have to do with each other.

    Attributes:
        expected: How many samples there should be: as many as documents.
        notes: What does not fit, by count and first example.
    """

    expected: int
    notes: list[str]


def verify(table: Table, join: Join) -> Verified:
    """Read both files and count what does not fit: answers without document, the reverse, and differing columns.

    Raises:
        InputError: the documents cannot be read, or a join by position cannot be right.
    """
    docs = documents(join)
    used: set[Any] = set()
    orphans: list[str] = []
    differing: dict[str, list[int]] = {}
    answers = 0
    for position, line, row in number_rows(all_rows(table)):
        answers += 1
        document = docs.of(row, position)
        if document is None:
            orphans.append(f"line {line}, {docs.why_none(row, position)}")
            continue
        used.add(docs.key(row, position))
        for name in row.keys() & document.keys():
            if row[name] != document[name]:
                differing.setdefault(name, []).append(line)
    if join.answers_column == POSITION:
        _refuse_shifted(table, docs, answers, differing)
    notes = []
    on = "position" if join.answers_column == POSITION else join.answers_column
    if orphans:
        notes.append(f"{len(orphans)} of {answers} answers have no document by {on}: first {orphans[0]}")
    if unused := [key for key in docs.rows if key not in used]:
        line = docs.lines[unused[0]]
        notes.append(f"{len(unused)} of {len(docs.rows)} documents have no answer by {on}: first line {line}")
    for name, lines in differing.items():
        notes.append(
            f"{name!r} differs between the two files in {len(lines)} of {len(used)} joined rows: first line {lines[0]}"
        )
    if not notes:
        notes.append(f"all {answers} answers joined to their documents by {on}")
    return Verified(len(docs.rows), notes)


def number_rows(rows: Iterator[tuple[int, Row] | Malformed]) -> Iterator[tuple[int, int, Row]]:
    """Count rows from 0, malformed ones included: (position, line, row) of the others."""
    for position, item in enumerate(rows):
        if not isinstance(item, Malformed):
            yield position, *item


def _refuse_shifted(table: Table, docs: Documents, answers: int, differing: dict[str, list[int]]) -> None:
    worst = max(differing.items(), key=lambda item: len(item[1]), default=None)
    if worst is not None and len(worst[1]) * 2 > min(answers, len(docs.rows)):
        raise InputError(
            f"does not belong to {docs.join.docs} row by row: {worst[0]!r} differs in {len(worst[1])} of {answers} "
            f"rows, first in line {worst[1][0]}",
            where=table.path,
            hint="--join-on COLUMN",
        )
    if answers > len(docs.rows):
        raise InputError(
            f"has {answers} answers, {docs.join.docs} {len(docs.rows)} documents: they cannot be joined by position",
            where=table.path,
            hint="--join-on COLUMN",
        )


def _key(value: Any) -> Any:
    if value is MISSING or value is None:
        return MISSING
    return value if isinstance(value, (str, int, float)) else repr(value)


def _shown(key: Any) -> str:
    text = repr(key)
    return text if len(text) <= 80 else text[:77] + "..."
