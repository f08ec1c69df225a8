r"""Files as blocks of whole lines.

A block is about a megabyte and ends with ``\n``, so that a decoder can take all its lines in one call, and memory stays
at a block, whatever the size of the file. A line longer than a limit is passed over, and said to be there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from typing import IO, Final, NamedTuple

from regrade.errors import InputError
from regrade.files import reading as files
from regrade.files.chunk import Chunk
from regrade.files.location import is_url, open_url

BLOCK_BYTES: Final = 512 * 1024
MAX_ROW_BYTES: Final = 256 * 1024 * 1024
"""Longest row that is converted: reading one takes several times its size in memory."""

_BOM: Final = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Some lines.

    Attributes:
        data: Whole lines, each with its newline.
        problem: What is wrong at this place, if it is no block of lines; it counts for one line.
    """

    data: bytes | bytearray
    problem: str | None = None


def read_blocks(chunk: Chunk, max_row: int = MAX_ROW_BYTES, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Read the lines of a chunk, which may be of a URL, or of a compressed file as a whole.

    Raises:
        InputError: the file cannot be opened.
    """
    if is_url(chunk.path):
        codec = None if chunk.stop >= 0 else files.compression(chunk.path)
        if codec is None:
            yield from _remote(chunk, max_row, block_bytes)
            return
    elif chunk.stop >= 0 or files.compression(chunk.path) is None:
        yield from _local(chunk, max_row, block_bytes)
        return
    with files.open_bytes(chunk.path) as stream:
        blocks = cut_blocks(stream.read1, max_row, block_bytes, first=True)
        while True:
            try:
                block = next(blocks, None)
            except files.DAMAGE as error:
                yield Block(b"", f"the compressed stream is truncated or damaged here ({error})")
                return
            if block is None:
                return
            yield block


def _local(chunk: Chunk, max_row: int, block_bytes: int) -> Iterator[Block]:
    """A chunk of a file of this machine, which begins and ends with a line. Nothing is copied but by the kernel."""
    try:
        handle = os.open(chunk.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=chunk.path) from None
    try:
        stop = chunk.stop if chunk.stop >= 0 else os.fstat(handle).st_size
        place = chunk.start
        usual = want = max(1, min(block_bytes, max_row))
        while place < stop:
            data = bytearray(min(want, stop - place))
            got = _read_into(handle, data, place)
            end = data.rfind(b"\n", 0, got) + 1
            last = place + got >= stop or got < len(data)
            if not end and not last:
                if got > max_row:
                    yield _too_long(max_row)
                    place = _line_after(handle, place + got, stop)
                    want = usual
                else:
                    want *= 2
                continue
            if not end:
                del data[got:]
                data += b"\n"
                end = got
            else:
                del data[end:]
            first = data.find(b"\n")
            if place == 0 and data.startswith(_BOM):
                del data[: len(_BOM)]
            if first > max_row:
                yield _too_long(max_row)
                del data[: data.find(b"\n") + 1]
            if data:
                yield Block(data)
            if got == 0:
                return
            place += end
            want = usual
    finally:
        os.close(handle)


def _read_into(handle: int, data: bytearray, place: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(handle, [data], place)
    os.lseek(handle, place, os.SEEK_SET)
    found = os.read(handle, len(data))
    data[: len(found)] = found
    return len(found)


def _line_after(handle: int, place: int, stop: int) -> int:
    """Where the next line begins."""
    data = bytearray(BLOCK_BYTES)
    while place < stop:
        got = _read_into(handle, data, place)
        found = data.find(b"\n", 0, got)
        if found >= 0:
            return place + found + 1
        if got == 0:
            break
        place += got
    return stop


def _remote(chunk: Chunk, max_row: int, block_bytes: int) -> Iterator[Block]:
    """A chunk of a URL is cut anywhere: its first line begins behind a newline, its last one ends beyond the cut."""
    place = max(chunk.start - 1, 0)
    with open_url(chunk.path, chunk.stop) as stream:
        stream.seek(place)

        def read(n: int) -> bytes:
            nonlocal place
            if 0 <= chunk.stop <= place:  # only what is left of the last line
                data = stream.readline(n)
            else:
                data = stream.read(n if chunk.stop < 0 else min(n, chunk.stop - place))
            place += len(data)
            return data

        skip = chunk.start > 0
        for block in cut_blocks(_ending(read, lambda: place, chunk.stop), max_row, block_bytes, first=not skip):
            if skip:
                block = Block(block.data[block.data.find(b"\n") + 1 :], None)  # noqa: PLW2901
                skip = False
            if block.data or block.problem:
                yield block


def _ending(read: Callable[[int], bytes], place: Callable[[], int], stop: int) -> Callable[[int], bytes]:
    """Reading that ends with the line that is under way at ``stop``."""
    last = b"\n"

    def read_on(n: int) -> bytes:
        nonlocal last
        if 0 <= stop <= place() and last.endswith(b"\n"):
            return b""
        data = read(n)
        last = data or b"\n"
        return data

    return read_on


def cut_blocks(
    read: Callable[[int], bytes], max_row: int, block_bytes: int, *, first: bool
) -> Generator[Block, None, None]:
    """Cut what ``read`` gives at newlines; a last line without one gets one.

    Args:
        read: Gives up to so many bytes, nothing at the end.
        max_row: Longest line.
        block_bytes: About how much to read at a time.
        first: Whether this is the beginning of the file, where a byte order mark may stand.
    """
    block_bytes = max(1, min(block_bytes, max_row))
    parts: list[bytes] = []  # of the line that is under way
    held = 0
    passing = False  # over a line that is too long
    while True:
        data = read(block_bytes)
        if not data:
            break
        if first:
            data, first = _without_mark(data, read, block_bytes), False
        if passing:
            end = data.find(b"\n") + 1
            if not end:
                continue
            data = data[end:]
            passing = False
        end = data.rfind(b"\n") + 1
        if end:
            if held:
                yield from _end_line(parts, held, data[:end], max_row)
            else:
                yield Block(data if end == len(data) else data[:end])
            rest = data[end:]
            parts, held = ([rest], len(rest)) if rest else ([], 0)
        elif data:
            parts.append(data)
            held += len(data)
        if held > max_row:
            parts, held, passing = [], 0, True
            yield _too_long(max_row)
    if held:
        yield Block(b"".join((*parts, b"\n")))


def _end_line(parts: list[bytes], held: int, data: bytes, max_row: int) -> Iterator[Block]:
    """The line that is under way, up to its end in ``data``, with the whole lines behind it."""
    head = data.find(b"\n") + 1
    if held + head <= max_row:
        yield Block(b"".join((*parts, data)))
        return
    yield _too_long(max_row)
    if head < len(data):
        yield Block(data[head:])


def _without_mark(data: bytes, read: Callable[[int], bytes], block_bytes: int) -> bytes:
    """How a file begins, without a byte order mark; what is read in ever so small pieces is put together for that."""
    while len(data) < len(_BOM) and (more := read(block_bytes)):
        data += more
    return data.removeprefix(_BOM)


def _too_long(limit: int) -> Block:
    return Block(b"", f"the row is longer than {limit:,} bytes")


def spool(stream: IO[bytes], target: str) -> int:
    """Write a stream to a file, for what has to be read more than once; returns its size."""
    size = 0
    with open(target, "wb") as file:  # noqa: PTH123 - a path of a temporary folder
        while data := stream.read(BLOCK_BYTES):
            size += file.write(data)
    return size
