"""A source's rows read once more, for what scoring does not keep of every row."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from regrade.rows.guard import read_records, reader_of
from regrade.rows.source import Source
from regrade.schema import Malformed, Record, checksum
from regrade.scoring.parts import Rows


def numbered_records(source: Source, only_filter: str | None = None) -> Iterator[tuple[int, Record | Malformed]]:
    """The records of all chunks of a source, each with its 1-based line in the file.

    Args:
        source: What to read.
        only_filter: Leave out rows recorded under another filter.
    """
    reader = reader_of(source)
    reader.only_filter = only_filter
    offset = 0
    for chunk in source.chunks:
        line = 0
        for record in read_records(source, chunk, reader):
            line = record.line
            yield offset + line, record
        offset += max(reader.lines_read, line)


def read_rows(source: Source, only_filter: str | None, last_line: int) -> Rows:
    """The order of a source's rows up to a line, with checksums that tell equal rows."""
    rows = Rows([], [], array("q"), array("Q"), array("Q"))
    for line, record in numbered_records(source, only_filter):
        if line > last_line:
            break
        if isinstance(record, Malformed) or (only_filter is not None and record.filter not in (None, only_filter)):
            continue
        try:
            document = record.fingerprint
            answers = checksum([record.answers, record.extracted, record.recorded])
        except Exception:  # a part that cannot be read equals no other; where scoring needs it, it is malformed
            document = answers = line
        rows.ids.append(record.sample_id)
        rows.filters.append(record.filter)
        rows.lines.append(line)
        rows.documents.append(document)
        rows.answers.append(answers)
    return rows


def document_checksums(source: Source, lines: set[int]) -> dict[int, int]:
    """By line a checksum of the document that does not depend on its spelling (spaces, order of keys, escapes)."""
    found: dict[int, int] = {}
    last = max(lines, default=0)
    for line, record in numbered_records(source):
        if line > last:
            break
        if line in lines and not isinstance(record, Malformed):
            found[line] = checksum(record.doc, canonical=True)
    return found
