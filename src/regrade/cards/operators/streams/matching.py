"""Items of one sequence found by key for items of another, in memory while they fit, by way of files when they do not.

The sequence that is searched is held as an index. Where that becomes too large, both sequences are cut into parts by
their keys' hashes (a part of one only meets the same part of the other), the parts are matched one after the other,
and the results are merged back into order: a Grace hash join. Either way the result is the same.
"""

from __future__ import annotations

import heapq
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

from regrade.artifacts.paths import MISSING

DEFAULT_MEMORY: Final = 256 * 2**20
"""Bytes that an index may take, about, if nothing else is said."""

_PARTS: Final = 64
_BATCH: Final = 128  # values written at once
_DEPTH: Final = 3  # a part cut so often is of one key, and held in memory whatever it takes
_WEIGHED: Final = 32  # every so manieth item is weighed

_LONE: Final = ("no key", MISSING)
"""Stands for None among the keys of values that are to be given even where nothing can find them."""

Item: TypeAlias = tuple[int, Any, Any]
"""Number, key, value."""

Match: TypeAlias = tuple[int, Any, list[Any]]
"""Number and value of an item, and the values found for it."""


def match_keys(
    searched: Iterable[tuple[Any, Any]],
    seeking: Iterable[tuple[Any, Any]],
    *,
    memory: int = DEFAULT_MEMORY,
    leftovers: bool = False,
) -> Iterator[tuple[Any, list[Any]]]:
    """For each value that seeks, in order, the values of its key among those searched, in order.

    What was found for one value may come in several pieces, one after the other.

    >>> list(match_keys([("a", 1), ("b", 2), ("a", 3)], [("a", "x"), ("c", "y")], leftovers=True))
    [('x', [1, 3]), ('y', []), (MISSING, [2])]

    Args:
        searched: (key, value). Keys are hashable; None is a key that nothing is found by.
        seeking: (key, value); read after all of ``searched``.
        memory: Bytes that the index may take, about.
        leftovers: Whether to give, at the end, ``MISSING`` with each searched value that was not found, in order.
    """
    numbered = ((number, key, value) for number, (key, value) in enumerate(searched))
    asking = ((number, key, value) for number, (key, value) in enumerate(seeking))
    for _, value, found in _matched(numbered, asking, memory, leftovers, 0):
        yield value, found


def index_by_key(searched: Iterable[tuple[Any, Any]], memory: int) -> tuple[dict[Any, list[Any]], Iterator[Any] | None]:
    """The values by key, as many as fit, and the iterator over those that did not; None if all did.

    >>> index_by_key([("a", 1), (None, 2), ("a", 3)], memory=1_000_000)
    ({'a': [1, 3]}, None)

    Args:
        searched: (key, value); nothing is found by the key None.
        memory: Bytes that the index may take, about.
    """
    index: dict[Any, list[Any]] = {}
    weight, rest = 0, iter(searched)
    for count, (key, value) in enumerate(rest):
        if key is None:
            continue
        found = index.get(key)
        if found is None:
            index[key] = [value]
        else:
            found.append(value)
        if count % _WEIGHED == 0:
            weight += _WEIGHED * weigh(value)
            if weight > memory:
                return index, rest
    return index, None


def _matched(
    searched: Iterator[Item], seeking: Iterator[Item], memory: int, leftovers: bool, depth: int
) -> Iterator[Match]:
    keyed = ((key if key is not None or not leftovers else _LONE, (number, value)) for number, key, value in searched)
    index, rest = index_by_key(keyed, memory if depth < _DEPTH else sys.maxsize)
    if rest is not None:
        held = ((number, key, value) for key, items in index.items() for number, value in items)
        more = ((number, key, value) for key, (number, value) in rest)
        yield from _by_parts(chain(held, more), seeking, memory, leftovers, depth)
        return
    met: set[Any] = set()
    for number, key, value in seeking:
        found = index.get(key)
        if found is None:
            yield number, value, []
        else:
            if leftovers:
                met.add(key)
            yield number, value, [item for _, item in found]
    if leftovers:
        left = [item for key, items in index.items() if key not in met for item in items]
        for number, value in sorted(left, key=_number):
            yield number, MISSING, [value]


def _number(item: tuple[Any, ...]) -> int:
    number: int = item[0]
    return number


def _by_parts(
    searched: Iterator[Item], seeking: Iterator[Item], memory: int, leftovers: bool, depth: int
) -> Iterator[Match]:
    with TemporaryDirectory(prefix="regrade-join-") as name:
        folder = Path(name)
        _cut(searched, folder, "searched", depth)
        _cut(seeking, folder, "seeking", depth)
        runs, ends = [], []
        for part in range(_PARTS):
            sides = [folder / f"{side}-{part}" for side in ("searched", "seeking")]
            if not any(side.exists() for side in sides):
                continue
            run, end = folder / f"run-{part}", folder / f"end-{part}"
            with _Writer() as writer:
                for match in _matched(_read(sides[0]), _read(sides[1]), memory, leftovers, depth + 1):
                    number, value, found = match
                    for piece in range(0, max(1, len(found)), _BATCH):  # an item may have found very many
                        some = found[piece : piece + _BATCH]
                        writer.write(end if value is MISSING else run, (number, value, some), len(some) or 1)
            for side in sides:
                side.unlink(missing_ok=True)
            runs.append(run)
            ends.append(end)
        yield from heapq.merge(*map(_read, runs), key=_number)
        yield from heapq.merge(*map(_read, ends), key=_number)


def _cut(items: Iterator[Item], folder: Path, side: str, depth: int) -> None:
    """Write items into the parts that their keys belong to."""
    files = [folder / f"{side}-{part}" for part in range(_PARTS)]
    with _Writer() as writer:
        for item in items:
            writer.write(files[hash((depth, item[1])) % _PARTS], item)


class _Writer:
    """Writes items into files, many at once.

    The files are pickles, which keep a value as it is (JSON knows no tuples or images). They are written here, into a
    folder that only this user can open, and read by nobody else.
    """

    def __init__(self) -> None:
        self._files: dict[Path, tuple[list[Any], Callable[[Any], Any]]] = {}
        self._weights: dict[Path, int] = {}
        self._open = ExitStack()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        with self._open:
            for batch, dump in self._files.values():
                if batch:
                    dump(batch)

    def write(self, file: Path, item: Any, weight: int = 1) -> None:
        """Add an item to the end of a file; ``weight`` says of how many values it is made."""
        known = self._files.get(file)
        if known is None:
            opened = self._open.enter_context(file.open("wb"))
            known = self._files[file] = ([], lambda batch: pickle.dump(batch, opened, protocol=5))
        batch, dump = known
        batch.append(item)
        self._weights[file] = self._weights.get(file, 0) + weight
        if self._weights[file] >= _BATCH:
            dump(batch)
            batch.clear()
            self._weights[file] = 0


def _read(file: Path) -> Iterator[Any]:
    if not file.exists():
        return
    with file.open("rb") as opened:
        while True:
            try:
                batch = pickle.load(opened)  # written above
            except EOFError:
                return
            yield from batch


def weigh(value: Any) -> int:
    """About how many bytes a value takes in memory, with all that is in it."""
    size = sys.getsizeof(value)
    if isinstance(value, dict):
        return size + sum(weigh(item) for item in value.values())  # keys are shared between rows
    if isinstance(value, list | tuple | set | frozenset):
        return size + sum(map(weigh, value))
    return size
