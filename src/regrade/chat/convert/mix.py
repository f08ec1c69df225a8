"""Rows of several inputs in one order that follows from the rows, the shares and the seed, and from nothing else.

Everything works on files of JSON lines and holds a few megabytes of them: a shuffle sorts rows by a number that is made
of the seed and the row's place, first into files by the number's leading bits, then within each.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from regrade.addition import add_up

BUCKET_BYTES: Final = 8 * 1024 * 1024
"""About how much of a shuffle is sorted at a time."""
_BLOCK: Final = 1024 * 1024
_MOST_BUCKETS: Final = 256


def quotas(available: Sequence[int], shares: Sequence[float] | None, limit: int | None) -> list[int]:
    """How many rows of each input a mixture by shares has: as many as can be had without taking a row twice.

    Args:
        available: Rows of each input.
        shares: The shares; None where none were given, then all rows are wanted.
        limit: Most rows of the mixture.
    """
    if shares is None:
        return list(available)
    total = add_up(shares)
    most = min(int(have * total / share + 1e-9) for have, share in zip(available, shares, strict=True))
    size = most if limit is None else min(limit, most)
    exact = [size * share / total for share in shares]
    counts = [min(int(one + 1e-9), have) for one, have in zip(exact, available, strict=True)]
    by_rest = sorted(range(len(counts)), key=lambda place: counts[place] - exact[place])
    for place in by_rest:
        if sum(counts) < size and counts[place] < available[place]:
            counts[place] += 1
    return counts


def interleave(counts: Sequence[int], shares: Sequence[float] | None, seed: int, limit: int | None) -> Iterator[int]:
    """Which input each row of an interleaved mixture comes from.

    Without shares the inputs take turns, and one that has no more rows is passed over. With shares each row is drawn;
    the mixture ends when the input that was drawn has no more rows, for after that the shares would no longer hold.
    """
    left = list(counts)
    wanted = sum(left) if limit is None else min(limit, sum(left))
    if shares is None:
        given = 0
        while given < wanted:
            for place, count in enumerate(left):
                if count and given < wanted:
                    left[place] -= 1
                    given += 1
                    yield place
        return
    draw = random.Random(seed).random
    bounds = list(accumulate(shares))
    for _ in range(wanted):
        place = min(bisect_right(bounds, draw() * bounds[-1]), len(left) - 1)
        if left[place] == 0:
            return
        left[place] -= 1
        yield place


def draw_inputs(counts: Sequence[int], seed: int, limit: int | None) -> Iterator[int]:
    """Which input each row of a shuffled mixture comes from, where every order is as likely."""
    left = list(counts)
    total = sum(left)
    draw = random.Random(f"{seed} shuffle").random
    for _ in range(total if limit is None else min(limit, total)):
        place = 0
        number = int(draw() * total)
        while number >= left[place]:
            number -= left[place]
            place += 1
        left[place] -= 1
        total -= 1
        yield place


def lines_of(paths: Sequence[str | Path]) -> Iterator[bytes]:
    """The lines of files, in order, each with its newline."""
    for path in paths:
        with Path(path).open("rb", buffering=256 * 1024) as file:
            yield from file


def shuffle_files(paths: Sequence[str | Path], seed: int, stream: int, folder: Path) -> list[Path]:
    """Files of the same lines in random order.

    Args:
        paths: Files of lines; they are removed.
        seed: Decides the order, with each line's number.
        stream: Tells apart inputs that are shuffled with the same seed.
        folder: An empty folder for the result.
    """
    folder.mkdir()
    total = sum(Path(path).stat().st_size for path in paths)
    first = _Scatter(folder / "0", total, 0)
    number = 0
    for path in paths:
        with Path(path).open("rb") as file:
            while block := file.readlines(_BLOCK):
                keys = _keys(seed, stream, number, len(block))
                number += len(block)
                first.add(keys, block)
        Path(path).unlink()
    first.close()
    return list(first.sort_files())


class _Scatter:
    """Lines put into files by the leading bits of their keys."""

    def __init__(self, stem: Path, total: int, depth: int) -> None:
        buckets = 1
        while buckets < _MOST_BUCKETS and total > buckets * BUCKET_BYTES:
            buckets *= 2
        self.stem = stem
        self.depth = depth
        self.bits = buckets.bit_length() - 1
        self.lines: list[list[bytes]] = [[] for _ in range(buckets)]
        self.keys: list[list[npt.NDArray[np.uint64]]] = [[] for _ in range(buckets)]
        self.held = 0

    def _path(self, bucket: int, kind: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}-{bucket:03d}.{kind}")

    def add(self, keys: npt.NDArray[np.uint64], lines: list[bytes]) -> None:
        if self.bits == 0:
            self.lines[0] += lines
            self.keys[0].append(keys)
            self.held += sum(map(len, lines))
        else:
            places = ((keys << np.uint64(self.depth)) >> np.uint64(64 - self.bits)).astype(np.int64)
            order = np.argsort(places, kind="stable")
            bounds = np.flatnonzero(np.diff(places[order])) + 1
            for group in np.split(order, bounds):
                bucket = int(places[group[0]])
                mine = [lines[place] for place in group]
                self.lines[bucket] += mine
                self.keys[bucket].append(keys[group])
                self.held += sum(map(len, mine))
        if self.held > 2 * BUCKET_BYTES:
            self._flush()

    def _flush(self) -> None:
        for bucket, lines in enumerate(self.lines):
            if lines:
                with self._path(bucket, "lines").open("ab") as file:
                    file.writelines(lines)
                with self._path(bucket, "keys").open("ab") as file:
                    for keys in self.keys[bucket]:
                        file.write(keys.tobytes())
                self.lines[bucket] = []
                self.keys[bucket] = []
        self.held = 0

    def close(self) -> None:
        self._flush()

    def sort_files(self) -> Iterator[Path]:
        """The files, each sorted, in order of their keys."""
        for bucket in range(len(self.lines)):
            path = self._path(bucket, "lines")
            if not path.exists():
                continue
            keys = np.fromfile(self._path(bucket, "keys"), np.uint64)
            self._path(bucket, "keys").unlink()
            size = path.stat().st_size
            if size > 4 * BUCKET_BYTES and self.bits and len(keys) > 1:
                deeper = _Scatter(path.with_suffix(".deep"), size, self.depth + self.bits)
                place = 0
                with path.open("rb") as file:
                    while block := file.readlines(_BLOCK):
                        deeper.add(keys[place : place + len(block)], block)
                        place += len(block)
                path.unlink()
                deeper.close()
                yield from deeper.sort_files()
                continue
            with path.open("rb") as file:
                lines = file.readlines()
            with path.open("wb") as file:
                file.writelines(lines[place] for place in np.argsort(keys, kind="stable"))
            yield path


def _keys(seed: int, stream: int, first: int, count: int) -> npt.NDArray[np.uint64]:
    """A random 64-bit number for each of ``count`` rows from ``first`` on: SplitMix64 (Steele, Lea, Flood 2014)."""
    start = random.Random(f"{seed} {stream}").getrandbits(64)
    with np.errstate(over="ignore"):
        x = np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(start)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))
