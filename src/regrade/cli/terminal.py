"""The only way to the terminal: whatever a command prints passes here, and nothing in it steers the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any


class Printer:
    """A text stream that shows control characters as escapes; everything else is the stream's own.

    Bytes written to ``buffer`` are data for other programs and pass as they are.
    """

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Write a text."""
        if not (text.isascii() and text.isprintable()):
            from regrade.reports.text import colours, escape

            text = escape(text, styles=colours(self.stream))
        return self.stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def steering(stream: IO[str]) -> IO[str]:
    """The stream itself, for codes of our own that move the cursor."""
    return stream.stream if isinstance(stream, Printer) else stream


@contextmanager
def safe_output() -> Iterator[None]:
    """A context in which everything that is printed passes a `Printer`."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Printer(sys.stdout), Printer(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
