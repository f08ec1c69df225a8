r"""Files as bytes and lines: compression by magic bytes, byte order marks, chunks cut at newlines.

A line ends with ``\n`` and nothing else: carriage returns, vertical tabs and U+2028 are part of the line, as they are
for every writer of JSON lines. Nothing here decodes text.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from regrade.atomic import note_input
from regrade.errors import InputError
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.location import is_url, open_url

HEAD_BYTES = 65536
"""How much of a file a reader sees when it decides whether the file is of its format."""

MAX_LINE_BYTES = 1024**3
"""Longest line read from a compressed file, and the largest document read whole from one: a guard against bombs."""

_BLOCK = 1024 * 1024

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_UTF8_BOM = b"\xef\xbb\xbf"
#: Longest first: the mark of little-endian UTF-32 begins with that of UTF-16.
_FOREIGN_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)

DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)
"""What the decompressors raise at a truncated or damaged stream."""


ZIP: Final = b"PK\x03\x04"
"""How a zip archive begins."""


def is_zip(head: bytes) -> bool:
    """Whether a file that begins like this is a zip archive."""
    return head.startswith(ZIP)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins like this is a tar archive."""
    return head[257:262] == b"ustar"


def compression(path: str | Path) -> str | None:
    """Tell how a file is compressed, by its first bytes: ``gzip``, ``zstd``, ``bz2``, ``xz``, or None.

    Raises:
        InputError: the file cannot be opened.
    """
    with _open_raw(path) as raw:
        return _compression(raw.read(8))


def open_bytes(path: str | Path, encoding: str | None = None) -> io.BufferedReader:
    """Open a file for reading its decompressed bytes, byte order mark included.

    Args:
        path: The file.
        encoding: How its text is encoded; it is read as UTF-8 then, without a byte order mark.

    Raises:
        InputError: the file cannot be opened, or there is no such encoding.
    """
    if encoding is not None:
        return io.BufferedReader(_Transcoded(open_bytes(path), path, encoding), _BLOCK)
    raw = _open_raw(path)
    codec = _compression(raw.read(8))
    raw.seek(0)
    if codec is None:
        return raw
    if codec == "zstd":
        raw.close()
        return _open_zstd(path)
    if codec == "gzip":
        opened: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile = gzip.GzipFile(fileobj=raw)
    elif codec == "bz2":
        opened = bz2.BZ2File(raw)
    else:
        opened = lzma.LZMAFile(raw)  # noqa: SIM115 - closed with its owner
    return io.BufferedReader(_Decompressed(opened, raw), _BLOCK)


def read_head(path: str | Path, n: int = HEAD_BYTES, encoding: str | None = None) -> bytes:
    """Return the first ``n`` bytes, decompressed, without a UTF-8 byte order mark.

    What can be read of a damaged compressed file is returned; reading its lines will say what is wrong.

    Raises:
        InputError: the file cannot be opened.
    """
    parts: list[bytes] = []
    wanted = n + len(_UTF8_BOM)
    with open_bytes(path, encoding) as stream:
        while wanted > 0:
            try:
                part = stream.read1(wanted)
            except DAMAGE:
                break
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
    return b"".join(parts).removeprefix(_UTF8_BOM)[:n]


def read_all(path: str | Path, limit: int = MAX_LINE_BYTES, encoding: str | None = None) -> bytes:
    """Return a whole file, decompressed, without a UTF-8 byte order mark.

    Args:
        path: The file.
        limit: Most bytes that a compressed file may hold.
        encoding: How its text is encoded, where it is not UTF-8.

    Raises:
        InputError: the file cannot be opened, is damaged, is in UTF-16 or UTF-32, or is compressed and holds too much.
    """
    codec = compression(path)
    with open_bytes(path, encoding) as stream:
        try:
            data = stream.read() if codec is None else stream.read(limit + 1)
        except DAMAGE as error:
            raise _damaged(path, error) from None
    if codec is not None and len(data) > limit:
        raise InputError(
            f"holds more than {limit:,} bytes in one document", where=str(path), hint="decompress the file first"
        )
    _refuse_foreign(path, data[:4])
    return data.removeprefix(_UTF8_BOM)


def plan_chunks(path: str | Path, chunk_bytes: int = CHUNK_BYTES) -> list[Chunk]:
    """Cut a file into chunks of about ``chunk_bytes`` that begin at the beginning of a line.

    The chunks partition the file. A compressed file is one chunk, an empty file none. A URL's chunks are cut anywhere,
    because every look for a newline would be a request; that makes no difference to their lines.

    Raises:
        InputError: the file cannot be opened.
    """
    name = str(path)
    if compression(path) is not None:
        return [Chunk(name)]
    starts: list[int] = [0]
    with _open_raw(path) as raw:
        size = raw.seek(0, io.SEEK_END)
        if is_url(path):
            starts = list(range(0, max(size, 1), max(chunk_bytes, 1)))
        while (target := starts[-1] + max(chunk_bytes, 1)) < size:
            start = _next_line(raw, target)
            if start >= size:
                break
            starts.append(start)
    if size == 0:
        return []
    return [Chunk(name, start, stop) for start, stop in zip(starts, [*starts[1:], size], strict=True)]


def read_lines(chunk: Chunk) -> Iterator[bytes]:
    r"""Read the lines of a chunk, in order, without their ``\n``; blank ones too, so that lines can be numbered.

    A line belongs to the chunk in which its first byte stands, wherever the chunk was cut. The lines of a file's chunks
    together are ``data.split(b"\n")``, less the empty piece after a final newline and less a UTF-8 byte order mark.
    Memory stays within one line and a buffer.

    Raises:
        InputError: the file cannot be opened or is in UTF-16 or UTF-32; or, after the lines before it, the place
            where a compressed file is damaged.
    """
    codec = None if chunk.stop >= 0 else compression(chunk.path)  # only files as they are have chunks with an end
    plain = codec is None and chunk.encoding is None
    with _open_raw(chunk.path, chunk.stop) if plain else open_bytes(chunk.path, chunk.encoding) as stream:
        if chunk.start == 0:
            try:
                mark = _read_exactly(stream, 4)
            except DAMAGE as error:
                raise _damaged(chunk.path, error) from None
            _refuse_foreign(chunk.path, mark)
            before = mark.removeprefix(_UTF8_BOM)
            position = len(mark) - len(before)
        else:
            before = b""
            position = _next_line(stream, chunk.start, chunk.stop)
            stream.seek(position)
        yield from _lines(chunk, stream, position, before, bounded=codec is not None)


def count_lines(chunk: Chunk) -> int:
    """Count the lines of a chunk (`plan_chunks`) of an uncompressed file: those whose first byte stands in it.

    Raises:
        InputError: the file cannot be opened.
    """
    first = max(chunk.start - 1, 0)  # a line begins after every newline from the byte before the chunk on
    left = chunk.stop - 1 - first
    lines = int(chunk.start == 0 < chunk.stop)
    with _open_raw(chunk.path, chunk.stop) as raw:
        raw.seek(first)
        while left > 0 and (block := raw.read(min(left, _BLOCK))):
            lines += block.count(b"\n")
            left -= len(block)
    return lines


def refuse_other_encodings(path: str | Path) -> None:
    """Raise for a file that a byte order mark says is no UTF-8.

    Raises:
        InputError: the file cannot be opened, or is in UTF-16 or UTF-32.
    """
    with open_bytes(path) as stream:
        try:
            mark = _read_exactly(stream, 4)
        except DAMAGE as error:
            raise _damaged(path, error) from None
    _refuse_foreign(path, mark)


def _lines(chunk: Chunk, stream: IO[bytes], position: int, before: bytes, *, bounded: bool) -> Iterator[bytes]:
    """Yield the lines from ``position``; ``before`` are bytes at it that were read already."""
    stop = chunk.stop
    *whole, before = before.split(b"\n")
    for line in whole:
        if 0 <= stop <= position:
            return
        yield line
        position += len(line) + 1
    count = len(whole)
    limit = MAX_LINE_BYTES if bounded else -1
    while not 0 <= stop <= position:
        try:
            line = stream.readline(limit)
        except DAMAGE as error:
            raise _damaged(chunk.path, error, count + 1) from None
        if bounded and len(line) >= limit and not line.endswith(b"\n"):
            raise InputError(f"line {count + 1} is longer than {limit:,} bytes", where=chunk.path)
        if before:
            line, before = before + line, b""
        if not line:
            return
        position += len(line)
        count += 1
        yield line.removesuffix(b"\n")


def _next_line(stream: IO[bytes], position: int, stop: int = -1) -> int:
    """Return the position of the first line that begins at or after ``position``.

    Where none begins, that is the size, or where none begins before ``stop``, a position that is not before it.
    """
    if position == 0:
        return 0
    position -= 1
    stream.seek(position)
    while not 0 <= stop <= position and (block := stream.read(_BLOCK if position % _BLOCK == 0 else 4096)):
        found = block.find(b"\n")
        if found >= 0:
            return position + found + 1
        position += len(block)
    return position


def _read_exactly(stream: IO[bytes], n: int) -> bytes:
    data = b""
    while len(data) < n and (part := stream.read(n - len(data))):
        data += part
    return data


def _compression(head: bytes) -> str | None:
    return next((codec for magic, codec in _MAGIC if head.startswith(magic)), None)


def _open_raw(path: str | Path, stop: int = -1) -> io.BufferedReader:
    """Open a file as it is; ``stop`` says up to where it will be read, as far as that is known."""
    if is_url(path):
        return open_url(path, stop)
    note_input(path)
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - of a text, too
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # to open a pipe would wait for somebody to write
            raise InputError(
                "is a pipe or device, and not a file",
                where=str(path),
                hint="write it to a file first: it is read twice",
            )
        return io.BufferedReader(io.FileIO(path), _BLOCK)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"cannot be opened: {reason}", where=str(path)) from None


def _open_zstd(path: str | Path) -> io.BufferedReader:
    import pyarrow as pa

    raw = pa.PythonFile(open_url(path), "r") if is_url(path) else pa.OSFile(str(path), "rb")
    stream = pa.CompressedInputStream(raw, "zstd")
    return io.BufferedReader(stream, _BLOCK)


class _Transcoded(io.RawIOBase):
    """Text of another encoding, as UTF-8. What the encoding does not have becomes a byte that is not UTF-8 either."""

    def __init__(self, stream: io.BufferedReader, path: str | Path, encoding: str) -> None:
        self._stream = stream  # first: an object that was refused is closed, too, when it is collected
        try:
            if not codecs.lookup(encoding)._is_text_encoding:
                raise LookupError(encoding)
            self._decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
        except (LookupError, ValueError):
            stream.close()
            raise InputError(
                f"there is no encoding {encoding!r}",
                where=str(path),
                hint="--encoding takes a name that Python knows: cp1252, latin-1, utf-16, gb18030, shift_jis, ...",
            ) from None
        self._path = path
        self._encoding = encoding
        self._ready = b""
        self._first = True
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready and not self._ended:
            data = self._stream.read1(_BLOCK)
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeDecodeError as error:
                raise InputError(f"is not encoded in {self._encoding}: {error.reason}", where=str(self._path)) from None
            if self._first and text:
                text, self._first = text.removeprefix("\ufeff"), False
            self._ready = text.encode("utf-8", "surrogateescape")
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        super().close()
        self._stream.close()


def likely_encoding(data: bytes) -> str | None:
    """Which encoding text looks like that is not UTF-8; None where it is UTF-8, or no text.

    Bytes above 127 that stand alone among ASCII letters are Western European, as Excel writes them; runs of them are
    another alphabet, and of those no two can be told apart by the bytes alone.
    """
    if data.count(0) * 4 > len(data):
        return "utf-16"
    with suppress(UnicodeDecodeError):
        data.decode()
        return None
    words = re.findall(rb"[\x80-\xff]+", data)
    if sum(len(word) > 2 for word in words) * 2 > len(words):
        return "cp1251, gb18030, shift_jis or euc_kr"
    try:
        data.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


class _Decompressed(io.RawIOBase):
    """A decompressor's output as it comes: a damaged stream still gives all that stands before the damage."""

    def __init__(self, stream: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, beneath: io.BufferedReader) -> None:
        self._stream = stream
        self._beneath = beneath

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        super().close()
        self._stream.close()
        self._beneath.close()


def _refuse_foreign(path: str | Path, mark: bytes) -> None:
    for bom, encoding in _FOREIGN_BOMS:
        if mark.startswith(bom):
            raise InputError(
                f"is encoded in {encoding}",
                where=str(path),
                hint=f"--encoding {encoding.lower()} reads tables and chat data; a log: iconv -f {encoding} -t UTF-8",
            )


def _damaged(path: str | Path, error: Exception, line: int | None = None) -> InputError:
    place = str(path) if line is None else f"{path}:{line}"
    return InputError(
        f"the compressed stream is truncated or damaged here ({error}); nothing after this place can be read",
        where=place,
    )
