"""Where in a row an operator reads and writes: how to get there is decided once, not for each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from regrade.artifacts.paths import MISSING, get_path, parse_path, set_path
from regrade.artifacts.streams import Row

_PLAIN: Final = re.compile(r"(?!-?\d+\Z)[\w.-](?:[\w. -]*[\w.-])?")

Read: TypeAlias = Callable[[Row], Any]
Write: TypeAlias = Callable[[Row, Any], Row]


@lru_cache(maxsize=4096)
def is_plain(path: str) -> bool:
    """Whether a path is the name of a field, so that ``row[path]`` is all there is to do."""
    return _PLAIN.fullmatch(path) is not None


def reader(path: str) -> Read:
    """The function that gets the value at a path, or raises PathError."""
    if not is_plain(path):
        return lambda row: get_path(row, path)

    def read(row: Row) -> Any:
        try:
            return row[path]
        except (KeyError, TypeError):
            return get_path(row, path)  # which says what there is instead

    return read


def finder(path: str) -> Read:
    """The function that gets the value at a path, or MISSING.

    Raises:
        PathError: it is no path.
    """
    if is_plain(path):
        return lambda row: row.get(path, MISSING)
    components, key = parse_path(path) if path.strip() else (), path.strip()
    if not components or "*" in components:
        return lambda row: get_path(row, path, default=MISSING, not_exist_ok=True)

    def find(row: Row) -> Any:
        value: Any = row
        if key in row:
            return row[key]
        for component in components:
            try:
                value = value[component]
            except (KeyError, IndexError, TypeError):
                return MISSING
        return value

    return find


def readers(paths: Sequence[str]) -> list[Read]:
    """A reader for each path."""
    return [reader(path) for path in paths]


def writer(path: str) -> Write:
    """The function that puts a value at a path of a row that is the caller's own.

    The row itself may be changed, but nothing in it; what comes back is the row to go on with.
    """
    if not is_plain(path):
        return lambda row, value: set_path(row, path, value)

    def write(row: Row, value: Any) -> Row:
        row[path] = value
        return row

    return write
