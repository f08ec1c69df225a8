"""The rows that could not be converted: a JSON object per line with file, line, reason and the raw row."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO

from regrade.atomic import replacing
from regrade.chat.convert.encoded import Part
from regrade.chat.convert.outputs import STDOUT, name_output


def quarantine_path(output: str) -> str | None:
    """``FILE.quarantine.jsonl``; None for standard output, beside which nothing can be put."""
    return None if output == STDOUT else f"{output}.quarantine.jsonl"


class Quarantine:
    """Collects bad rows in a temporary file, and puts it in its place at the end.

    Args:
        path: Where it goes; None where there is no place for it.
        folder: For the temporary file.
        keep: Whether bad rows are kept; if not, a file of an earlier time goes all the same.
    """

    def __init__(self, path: str | None, folder: Path, *, keep: bool = True) -> None:
        self.path = path
        self.keep = keep
        self._temporary = folder / "quarantine"
        self._file: IO[bytes] | None = None

    def take(self, file: str, lines_before: int, bad: Part) -> None:
        """Add the bad rows of a chunk of ``file`` before which there are so many lines."""
        if bad.size() == 0 or self.path is None or not self.keep:
            return
        if self._file is None:
            self._file = self._temporary.open("wb")
        named = b'{"file": ' + json.dumps(file).encode() + b', "line": '
        with open(bad.path, "rb") if bad.path else _lines(bad.data) as lines:  # noqa: PTH123
            for line in lines:
                number, _, rest = line.partition(b"\t")
                self._file.write(b"%s%d, %s" % (named, int(number) + lines_before, rest))

    def finish(self) -> bool:
        """Put the file in its place; one of an earlier time goes. Returns whether there are any rows."""
        if self.path is None:
            return False
        target = Path(self.path)
        if self._file is None:
            target.unlink(missing_ok=True)
            return False
        self._file.close()
        with name_output(self.path), replacing(target) as temporary:
            os.replace(self._temporary, temporary)  # noqa: PTH105
        return True


class _lines:
    """Bytes as an open file of lines."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __enter__(self) -> list[bytes]:
        return self.data.splitlines(keepends=True)

    def __exit__(self, *_: object) -> None:
        return None
