"""Files of any kind by chunks: blocks of JSON lines where they are JSON, else rows; and rows spread through them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

import msgspec

from regrade.chat.convert.blocks import BLOCK_BYTES, MAX_ROW_BYTES, Block, read_blocks
from regrade.chat.convert.table_schema import read_metadata, unfold_row
from regrade.errors import InputError, RegradeError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files import tables as table_files
from regrade.files.chunk import Chunk
from regrade.files.guard import reading_parquet
from regrade.files.json_lines import decode_any
from regrade.files.location import is_url, locate, size
from regrade.schema import Malformed

Kind: TypeAlias = Literal["lines", "objects", "array", "csv", "parquet", "arrow"]

JSON_KINDS: Final = frozenset(("lines", "objects", "array"))
SAMPLED_ROWS: Final = 480
"""How many rows detection looks at."""
SAMPLED_PLACES: Final = 16
_SAMPLED_BYTES: Final = 64 * 1024
_MOST_SAMPLED: Final = 16 * 1024 * 1024
_READ_THROUGH: Final = 64 * 1024 * 1024
"""How much of a file that can only be read from its beginning is looked at."""

_ARROW_FILE: Final = b"ARROW1"
_ARROW_STREAM: Final = b"\xff\xff\xff\xff"
_NEEDED: Final = "conversations are read from JSON lines, JSON arrays, CSV and TSV with a header, Parquet and Arrow"


class DataFile(msgspec.Struct, frozen=True):
    """A file of rows.

    Attributes:
        path: Where it is read.
        kind: How its rows are written.
        delimiter: Of CSV.
    """

    path: str
    kind: Kind
    delimiter: str = ","

    def table(self) -> table_files.Table:
        """The same for `table_files`."""
        return table_files.Table(self.path, cast("table_files.Format", self.kind), "", self.delimiter)


class Numbered(NamedTuple):
    """A row and its number, which is the line's in files of lines.

    Attributes:
        number: From 1, in the chunk.
        row: The row.
    """

    number: int
    row: dict[str, Any]


def open_file(path: str, name: str | None = None) -> DataFile | None:
    """Tell by its content how a file's rows are written; None if it is empty.

    Args:
        path: Where it is.
        name: What it is called, for messages, and where its content says too little.

    Raises:
        InputError: it cannot be opened, or holds no rows.
    """
    files.refuse_other_encodings(path)
    head = files.read_head(path)
    if not head.strip():
        return None
    if head.startswith(_ARROW_FILE) or (head.startswith(_ARROW_STREAM) and len(head) > 8):
        return DataFile(path, "arrow")
    table = table_files.recognise(Path(name or path) if not is_url(path) else locate(path), head)
    if table is not None and table.format in ("lines", "objects", "array", "csv", "parquet"):
        return DataFile(path, table.format, table.delimiter)
    start = head.lstrip()
    if start.startswith(b"["):
        return DataFile(path, "array")
    if start.startswith(b"{"):
        first, newline, rest = start.partition(b"\n")
        try:
            whole = isinstance(decode_any(first), dict)
        except ValueError:
            whole = False
        if whole or len(head) >= files.HEAD_BYTES - 64 or (newline and b"\n{" in rest):
            return DataFile(path, "lines")
        try:
            decode_any(files.read_all(path, MAX_ROW_BYTES))
        except ValueError:
            return DataFile(path, "lines")
        raise InputError("is one JSON object, not rows", where=name or path, hint=f"{_NEEDED}; one object per row")
    raise InputError("holds no rows", where=name or path, hint=_NEEDED)


def plan(file: DataFile, chunk_bytes: int) -> list[Chunk]:
    """Cut a file into chunks that can be read on their own."""
    if file.kind == "lines":
        return files.plan_chunks(file.path, chunk_bytes)
    if file.kind == "parquet":
        return table_files.plan(file.table())
    return [Chunk(file.path)]


def bytes_of(chunk: Chunk, file: DataFile) -> int:
    """About how large a chunk is, for progress."""
    if file.kind == "lines" and chunk.stop >= 0:
        return chunk.stop - chunk.start
    return size(file.path) if file.kind != "parquet" else 1


def blocks(file: DataFile, chunk: Chunk, max_row: int = MAX_ROW_BYTES) -> Iterator[Block]:
    """The rows of a chunk as JSON lines: of files of lines as they are, of other JSON with each row on a line."""
    if file.kind == "lines":
        return read_blocks(chunk, max_row)
    if file.kind == "objects":
        return _element_blocks((element for _, element in json_lines.object_elements(file.path)), max_row)
    return _element_blocks(json_lines.array_elements(file.path), max_row)


def _element_blocks(elements: Iterator[bytes | msgspec.Raw], max_row: int) -> Iterator[Block]:
    parts: list[bytes] = []
    held = 0
    while True:
        try:
            element = next(elements, None)
        except InputError as error:
            if parts:
                yield Block(b"".join(parts))
            yield Block(b"", error.what)
            return
        if element is None:
            break
        if memoryview(element).nbytes > max_row:
            if parts:
                yield Block(b"".join(parts))
                parts, held = [], 0
            yield Block(b"", f"the row is longer than {max_row:,} bytes")
            continue
        line = _on_one_line(element)
        parts += (line, b"\n")
        held += len(line) + 1
        if held >= BLOCK_BYTES:
            yield Block(b"".join(parts))
            parts, held = [], 0
    if parts:
        yield Block(b"".join(parts))


def _on_one_line(element: bytes | msgspec.Raw) -> bytes:
    """JSON without line breaks; tokens stay as they are."""
    data = bytes(element).strip()
    if b"\n" not in data:
        return data or b"?"
    try:
        return msgspec.json.format(data, indent=-1)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return data.replace(b"\n", b" ")


def rows(file: DataFile, chunk: Chunk) -> Iterator[Numbered | Malformed]:
    """The rows of a chunk of a file that is not JSON."""
    if file.kind == "csv":
        for row in table_files.Rows(file.table(), chunk):
            yield row if isinstance(row, Malformed) else Numbered(*row)
    elif file.kind == "parquet":
        yield from _parquet_rows(file.path, chunk.start)
    else:
        yield from _arrow_rows(file.path)


def _parquet_rows(path: str, group: int) -> Iterator[Numbered | Malformed]:
    number = 0
    try:
        opened = table_files.open_parquet(path)
        said = read_metadata(opened.schema_arrow.metadata)
        for batch in opened.iter_batches(batch_size=256, row_groups=[group]):
            for row in batch.to_pylist():
                number += 1
                yield Numbered(number, unfold_row(row, said) if said else row)
    except RegradeError:
        raise
    except Exception:
        yield Malformed(path, number + 1, f"the rest of row group {group} cannot be read: the file is damaged here")


def _arrow_rows(path: str) -> Iterator[Numbered | Malformed]:
    import pyarrow as pa

    number = 0
    try:
        with files.open_bytes(path) as stream:
            if stream.peek(6)[:6] == _ARROW_FILE:
                opened = pa.ipc.open_file(pa.PythonFile(stream, "r") if is_url(path) else pa.memory_map(path))
                batches = (opened.get_batch(place) for place in range(opened.num_record_batches))
            else:
                opened = pa.ipc.open_stream(stream)
                batches = iter(opened)
            said = read_metadata(opened.schema.metadata)
            for batch in batches:
                for start in range(0, batch.num_rows, 256):
                    for row in batch.slice(start, 256).to_pylist():
                        number += 1
                        yield Numbered(number, unfold_row(row, said) if said else row)
    except RegradeError:
        raise
    except Exception:
        yield Malformed(path, number + 1, "the rest of the file cannot be read: it is damaged here")


class Sample(NamedTuple):
    """Rows spread through a file.

    Attributes:
        rows: Those that can be decoded.
        lines: The same as JSON lines, where they came as such; else empty.
        whole: Whether all of the file's rows are among them.
        bad: Why the first of those that cannot be decoded cannot, where there are any.
    """

    rows: list[Any]
    lines: list[bytes]
    whole: bool
    bad: str | None = None


def sample(file: DataFile, count: int = SAMPLED_ROWS) -> Sample:
    """Rows of a file from its beginning, middle and end, the same for every size of chunks.

    Of what can only be read from the beginning (compressed files, arrays, CSV) the first 64 MB are looked through.

    Raises:
        InputError: the file cannot be opened.
    """
    if file.kind == "parquet":
        return _sample_groups(file, count)
    if file.kind in ("csv", "arrow"):
        bad: list[str] = []
        found, whole = _spread(_well_formed(rows(file, Chunk(file.path)), bad), count)
        return Sample([row.row for row in found], [], whole, bad[0] if bad else None)
    plain = file.kind == "lines" and files.compression(file.path) is None
    total = size(file.path)
    if plain and total > SAMPLED_PLACES * _SAMPLED_BYTES:
        lines = _sample_places(file.path, total, count)
        whole = False
    else:
        chunk = Chunk(file.path, 0, total) if plain else Chunk(file.path)
        lines, whole = _spread(_lines_through(blocks(file, chunk)), count)
    decoded: list[Any] = []
    kept: list[bytes] = []
    reason: str | None = None
    for line in lines:
        try:
            decoded.append(decode_any(line))
            kept.append(line)
        except ValueError as error:
            reason = reason or f"{error}{table_files.looks_like(line)}"
    return Sample(decoded, kept, whole, reason)


def _well_formed(found: Iterator[Numbered | Malformed], bad: list[str]) -> Iterator[Numbered]:
    for row in found:
        if isinstance(row, Numbered):
            yield row
        elif not bad:
            bad.append(f"line {row.line}: {row.reason}")


def _lines_through(found: Iterator[Block]) -> Iterator[bytes]:
    seen = 0
    for block in found:
        for line in bytes(block.data).split(b"\n"):
            if line and not line.isspace():
                yield line
        seen += len(block.data)
        if seen > _READ_THROUGH:
            return


def _spread(found: Iterator[Any], count: int) -> tuple[list[Any], bool]:
    """Up to ``count`` of many, evenly: whenever too many are kept, every second goes."""
    kept: list[Any] = []
    step = 1
    for number, one in enumerate(found):
        if number % step == 0:
            kept.append(one)
            if len(kept) >= 2 * count:
                kept = kept[::2]
                step *= 2
    if len(kept) <= count:
        return kept, step == 1
    return [kept[place * len(kept) // count] for place in range(count)], False


def _sample_places(path: str, total: int, count: int) -> list[bytes]:
    each = -(-count // SAMPLED_PLACES)
    lines: list[bytes] = []
    stride = (total - _SAMPLED_BYTES) // (SAMPLED_PLACES - 1)
    for place in range(SAMPLED_PLACES):
        start = place * stride
        for span in (_SAMPLED_BYTES, _MOST_SAMPLED):
            piece = _piece(path, start, min(span, total - start))
            if start:
                piece = piece[piece.find(b"\n") + 1 :] if b"\n" in piece else b""
            end = len(piece) if start + span >= total else piece.rfind(b"\n") + 1
            found = [line for line in piece[:end].removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
            if found:
                lines += found[:: max(1, len(found) // each)][:each]
                break
    return list(dict.fromkeys(lines))


def _piece(path: str, start: int, length: int) -> bytes:
    if is_url(path):
        from regrade.files.location import open_url

        with open_url(path, start + length) as stream:
            stream.seek(start)
            return stream.read(length)
    with Path(path).open("rb") as file:
        file.seek(start)
        return file.read(length)


def _sample_groups(file: DataFile, count: int) -> Sample:
    """Rows of the first, middle and last row groups."""
    opened = table_files.open_parquet(file.path)
    groups = opened.metadata.num_row_groups
    total = opened.metadata.num_rows
    said = read_metadata(opened.schema_arrow.metadata)
    chosen = sorted({0, groups // 4, groups // 2, 3 * groups // 4, groups - 1}) if groups else []
    found: list[Any] = []
    for group in chosen:
        with reading_parquet(file.path):
            batches = opened.iter_batches(batch_size=64, row_groups=[group])
            taken = [row for batch in itertools.islice(batches, 1 + count // 64) for row in batch.to_pylist()]
        each = -(-count // len(chosen))
        found += taken[:: max(1, len(taken) // each)][:each]
    return Sample([unfold_row(row, said) if said else row for row in found], [], total <= len(found))
