"""Delimited text (CSV, TSV) as records, of which one that is broken costs itself and no more."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from regrade.files import reading as files


def delimited_records(text: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The records of delimited text with their first lines' numbers; in place of what is none, why.

    After a quote that is not closed as it should be, reading goes on at the line after the one that it stands in: it
    does not take the rest of the file with it. No line is read more than twice for that: a line that opens a quote has
    an odd number of them, and any such line before it was closed there.
    """
    # The limit belongs to the csv module, not to a reader; its default of 128 KiB refuses ordinary answers.
    csv.field_size_limit(files.MAX_LINE_BYTES)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            while True:
                line = lines.passed + 1
                lines.kept.clear()
                row = next(reader, None)
                if row is None:
                    return
                if row:
                    yield line, row
        except csv.Error as error:
            if lines.damage is not None:
                yield line, lines.damage
                return
            yield line, _reason(error, line, lines.kept)
            lines.go_back(1)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)


def _reason(error: csv.Error, line: int, kept: list[str]) -> str:
    if "unexpected end" in str(error):
        return f"a quote opened in line {line + _last_opened(kept)} is never closed"
    if len(kept) > 1:
        return f"a quote opened in line {line} is not closed in its field ({error} in line {line + len(kept) - 1})"
    return f"not readable as CSV: {error}"


class _Lines:
    """Lines that can be gone back to, as far as the last record's beginning.

    Attributes:
        passed: How many lines were given.
        kept: The lines of the record that is under way.
        damage: Why nothing more can be read, where the stream is damaged.
    """

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._again: list[str] = []
        self.passed = 0
        self.kept: list[str] = []
        self.damage: str | None = None

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = self._again.pop() if self._again else next(self._text)
        except files.DAMAGE as error:
            self.damage = f"the compressed stream is truncated or damaged here ({error})"
            raise csv.Error(self.damage) from None
        self.passed += 1
        self.kept.append(line)
        return line

    def go_back(self, keep: int) -> None:
        """Give the lines of the record under way again, but for the first ``keep``."""
        again = self.kept[keep:]
        self.passed -= len(again)
        self._again += reversed(again)


def _last_opened(lines: list[str]) -> int:
    """In which of a record's lines, from 0, the last quote that is not closed was opened."""
    opened, within = 0, False
    for number, line in enumerate(lines):
        for place, character in enumerate(line):
            if character == '"':
                within = not within
                if within and line[place - 1 : place] != '"':
                    opened = number
    return opened
