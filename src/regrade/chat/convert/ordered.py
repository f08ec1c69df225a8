"""Rows of several inputs as JSON lines in files: kept apart, put in one order, cut into shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from regrade.chat.convert import mix as mixing
from regrade.chat.convert.work import Result, Task
from regrade.files.chunk import Chunk


class Parts:
    """Converted rows of each input, in files."""

    def __init__(self, folder: Path, files: Sequence[int]) -> None:
        folder.mkdir()
        self.folder = folder
        self.of_source = [number for number, count in enumerate(files) for _ in range(count)]
        self.files: list[list[Path]] = [[] for _ in files]
        self.rows = [0] * len(files)

    def tasks_of(self, tasks: Sequence[Task]) -> list[list[Task]]:
        """The tasks of each input."""
        own: list[list[Task]] = [[] for _ in self.files]
        for task in tasks:
            own[self.of_source[task.source]].append(task)
        return own

    def take(self, number: int, result: Result) -> None:
        """Keep a result of an input."""
        if result.counts.converted:
            path = self.folder / f"{number:04d}-{len(self.files[number]):08d}"
            if result.part.path:
                Path(result.part.path).rename(path)
            else:
                path.write_bytes(result.part.data)
            self.files[number].append(path)
            self.rows[number] += result.counts.converted


def put_in_order(
    parts: Parts, mix: str, shares: Sequence[float] | None, seed: int, limit: int | None, ordered: Path
) -> list[int]:
    """Write rows in the order of a mixture; the files that they were in are removed.

    Args:
        parts: The rows of each input.
        mix: ``concat``, ``interleave`` or ``shuffle``.
        shares: The inputs' shares; None where none were given.
        seed: What the order is drawn by.
        limit: Rows at most.
        ordered: The file to write.

    Returns:
        How many rows of each input were taken.
    """
    files: list[list[Path]] = parts.files
    counts = parts.rows
    if mix == "interleave":
        order = mixing.interleave(counts, shares, seed, limit)
    elif mix == "shuffle":
        counts = mixing.quotas(counts, shares, limit)
        files = [
            mixing.shuffle_files(own, seed, number, ordered.with_name(f"shuffle-{number}"))
            for number, own in enumerate(files)
        ]
        order = mixing.draw_inputs(counts, seed, limit)
    else:
        counts = mixing.quotas(counts, shares, limit)
        order = (place for place, count in enumerate(counts) for _ in range(count))
        if limit is not None:
            order = (place for place, _ in zip(order, range(limit), strict=False))
    streams = [mixing.lines_of(own) for own in files]
    taken = [0] * len(streams)
    with ordered.open("wb", buffering=1 << 20) as out:
        for place in order:
            out.write(next(streams[place]))
            taken[place] += 1
    for own in files:
        for path in own:
            path.unlink(missing_ok=True)
    return taken


def ranges_of(ordered: Path, rows: int, shards: int | None, shard_bytes: int | None) -> list[tuple[int, int]]:
    """Where the rows of each output lie: the first byte, and that after the last.

    Args:
        ordered: The rows, a line each.
        rows: How many there are.
        shards: How many outputs of about as many rows each.
        shard_bytes: Or how large an output may be; one row may be larger.
    """
    size = ordered.stat().st_size
    if shards is None and shard_bytes is None:
        return [(0, size)]
    starts = [0]
    place = 0
    with ordered.open("rb", buffering=1 << 20) as file:
        if shards is not None:
            wanted = [number * rows // shards for number in range(1, shards)]
            for number, line in enumerate(file):
                while len(starts) <= len(wanted) and number == wanted[len(starts) - 1]:
                    starts.append(place)
                place += len(line)
            starts += [size] * (shards - len(starts))
        else:
            assert shard_bytes is not None
            for line in file:
                if place > starts[-1] and place + len(line) - starts[-1] > shard_bytes:
                    starts.append(place)
                place += len(line)
    return list(zip(starts, [*starts[1:], size], strict=True))


def cut(path: Path, start: int, stop: int, step: int) -> list[Chunk]:
    """Chunks of a part of a file that begins and ends with a line."""
    starts = []
    file: IO[bytes]
    with path.open("rb") as file:
        while start < stop:
            starts.append(start)
            file.seek(min(start + step, stop) - 1)
            file.readline()
            start = file.tell()
    return [Chunk(str(path), one, end) for one, end in zip(starts, [*starts[1:], stop], strict=True)]
