"""What data raises, in words: the border between data and the rest, as far as it knows files and no records.

:mod:`regrade.rows.guard` reads records through it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from regrade.errors import InputError, RegradeError
from regrade.schema import Malformed

_LONGEST: Final = 200


def malformed_row(path: str, line: int, error: Exception) -> Malformed:
    """The row that raised ``error``."""
    return Malformed(path, line, reason_of(error))


class reading:
    """A context in which whatever goes wrong in reading a file becomes an InputError that names it.

    Args:
        path: The file, or ``file:line``.
        what: What cannot be done with it.
    """

    def __init__(self, path: str | Path, what: str = "cannot be read") -> None:
        self.path = path
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, RegradeError):
            raise InputError(f"{self.what}: {reason_of(error)}", where=str(self.path)) from error


class reading_parquet(reading):
    """The same for a Parquet file, where the library's own words help nobody."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        told = isinstance(error, OSError) and error.errno is not None
        if isinstance(error, Exception) and not isinstance(error, RegradeError) and not told:
            raise InputError("is damaged or cut off: it is no whole Parquet file", where=str(self.path)) from error
        super().__exit__(kind, error, traceback)


def reason_of(error: BaseException) -> str:
    """What went wrong with data, in a few words for the person who has the data."""
    return next((words(error) for kind, words in _WORDS if isinstance(error, kind)), str(error))


_WORDS: Final[tuple[tuple[type[BaseException], Callable[[Any], str]], ...]] = (
    (RegradeError, lambda error: error.what),
    (RecursionError, lambda _: "nested too deeply"),
    (MemoryError, lambda _: "too large for this machine's memory"),
    (UnicodeDecodeError, lambda error: f"not valid {error.encoding.upper()} (byte {error.start + 1})"),
    (UnicodeError, lambda _: "half of a surrogate pair, which is no text"),
    (OSError, lambda error: error.strerror or _first_line(error) or "it cannot be read"),
    (KeyError, lambda error: f"{error.args[0]!r} is not there" if error.args else "a part is not there"),
    (ValueError, lambda error: _first_line(error) or "a value that means nothing"),
    (ArithmeticError, lambda error: _first_line(error) or "a number that cannot be computed with"),
    (BaseException, lambda error: f"unexpected content: {_first_line(error) or type(error).__name__}"),
)
"""How to say what kinds of exceptions mean, the more special before the more general."""


def _first_line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
