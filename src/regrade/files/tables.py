"""Tables in files: JSON lines, JSON arrays, CSV and TSV, Parquet, and JSON objects of id → answers, all as rows."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from regrade.atomic import note_input
from regrade.errors import InputError
from regrade.files import columns, json_lines
from regrade.files import reading as files
from regrade.files.chunk import CHUNK_BYTES, Chunk
from regrade.files.delimited import delimited_records
from regrade.files.guard import reading_parquet
from regrade.files.location import is_url, locate
from regrade.schema import Malformed

Row: TypeAlias = dict[str, Any]
Format: TypeAlias = Literal["lines", "objects", "array", "nested", "object", "csv", "parquet", "xlsx"]

_COMPRESSED = re.compile(r"\.(gz|gzip|zst|zstd|bz2|xz)$", re.IGNORECASE)
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}


class Table(msgspec.Struct, frozen=True):
    """A table in a file.

    Attributes:
        path: The file.
        format: How its rows are written. ``lines``: a JSON object per line. ``objects``: JSON objects one after the
            other, each spread over lines. ``array``: one JSON array of objects. ``nested``: one JSON object that holds
            such an array. ``object``: one JSON object of id → text or list of texts, read as rows with the columns
            ``id`` and ``answer``. ``csv``: delimited text with a header.
        reason: Why it is taken for that.
        delimiter: Of a ``csv`` table.
        header: Names of the columns of a ``csv`` table whose first line is a row already.
        encoding: How its text is encoded, where that is not UTF-8.
        key: Of a ``nested`` table where its rows are: keys with dots between; of a workbook its sheet.
    """

    path: str
    format: Format
    reason: str
    delimiter: str = ","
    header: tuple[str, ...] | None = None
    encoding: str | None = None
    key: str | None = None


def recognise(path: Path, head: bytes) -> Table | None:
    """Tell by its first 64 KiB which kind of table a file is; None if it is none."""
    name = _COMPRESSED.sub("", path.name).lower()
    if head.startswith(b"PAR1"):
        return Table(str(path), "parquet", "a Parquet file")
    if is_workbook(head):
        return Table(str(path), "xlsx", "an Excel workbook")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        kind, reason = _json_kind(start, name) or (None, "")
        return Table(str(path), kind, reason) if kind is not None else None
    if name.endswith((".jsonl", ".ndjson")):
        return Table(str(path), "lines", "JSON lines by its name") if _any_object(start) else None
    delimiter = _delimiter(head, name)
    if delimiter is not None:
        return Table(str(path), "csv", f"text in columns with a header, {_DELIMITERS[delimiter]} between", delimiter)
    return None


def open_table(path: str | Path, encoding: str | None = None, key: str | None = None) -> Table:
    """Open a file as a table.

    Args:
        path: The file.
        encoding: How its text is encoded, where it is not UTF-8.
        key: Where the list of its rows is, in a JSON object that holds several.

    Raises:
        InputError: it cannot be opened or is no table.
    """
    head = files.read_head(path, encoding=encoding)
    table = recognise(locate(path), head)
    if table is not None and table.format != "parquet":
        table = msgspec.structs.replace(table, encoding=encoding)
    if key is not None and head.lstrip()[:1] == b"{":
        table = Table(str(path), "nested", f"a JSON object with rows at {key!r}", encoding=encoding, key=key)
    elif table is not None and table.format == "xlsx":
        table = msgspec.structs.replace(table, key=_sheet(str(path), key))
    elif table is not None and table.format == "nested":
        table = msgspec.structs.replace(table, key=_only_list(_document(table), str(path)))
    if table is None:
        if encoding is None:
            files.refuse_other_encodings(path)
        raise InputError(
            "is no table",
            where=str(path),
            hint="tables are JSON lines, JSON arrays of objects, CSV or TSV with a header, Parquet, and Excel's"
            + ("; this holds NUL bytes: --encoding utf-16?" if b"\0" in head else ""),
        )
    return table


def plan(table: Table, chunk_bytes: int = CHUNK_BYTES) -> list[Chunk]:
    """Cut a table into chunks: byte ranges of JSON lines, row groups of Parquet, else one.

    The ``part`` of a chunk says how many lines (Parquet: rows) stand before it.

    Raises:
        InputError: the file cannot be opened.
    """
    if table.format == "parquet":
        metadata = open_parquet(table.path).metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        before = itertools.accumulate(sizes, initial=0)
        return [Chunk(table.path, group, group + 1, n) for group, n in zip(range(len(sizes)), before, strict=False)]
    if table.format != "lines" or table.encoding is not None:
        return [Chunk(table.path, part=0, encoding=table.encoding)]
    chunks = files.plan_chunks(table.path, chunk_bytes)
    if len(chunks) < 2:
        return [msgspec.structs.replace(chunk, part=0) for chunk in chunks]
    lines = 0
    numbered = []
    for chunk in chunks:
        numbered.append(msgspec.structs.replace(chunk, part=lines))
        lines += files.count_lines(chunk)
    return numbered


class Rows:
    """The rows of a chunk of a table, each with its 1-based line (CSV: first line; else row) number in the chunk.

    What is no row comes as Malformed.

    Attributes:
        lines: How many lines or rows were passed so far.
    """

    def __init__(self, table: Table, chunk: Chunk) -> None:
        self.table = table
        self.chunk = chunk
        self.lines = 0

    def __iter__(self) -> Iterator[tuple[int, Row] | Malformed]:
        if self.table.format == "lines":
            lines = json_lines.ObjectLines(self.chunk)
            for row in lines:
                self.lines = lines.lines
                yield row
            self.lines = lines.lines
            return
        for row in self._rows():
            self.lines = row.line if isinstance(row, Malformed) else row[0]
            yield row

    def _rows(self) -> Iterator[tuple[int, Row] | Malformed]:
        match self.table.format:
            case "array":
                return json_lines.decode_array(self.table.path, self.table.encoding)
            case "objects":
                return json_lines.decode_objects(self.table.path, self.table.encoding)
            case "nested":
                return _nested_rows(self.table)
            case "object":
                return _object_rows(self.table)
            case "csv":
                return _csv_rows(self.table)
            case "xlsx":
                return _workbook_rows(self.table)
            case _:
                return _parquet_rows(self.table.path, self.chunk.start)


def all_rows(table: Table) -> Iterator[tuple[int, Row] | Malformed]:
    """Every row of a table, numbered from the beginning of the file."""
    for chunk in plan(table):
        before = int(chunk.part or 0)
        for row in Rows(table, chunk):
            if isinstance(row, Malformed):
                yield msgspec.structs.replace(row, line=row.line + before)
            else:
                yield row[0] + before, row[1]


def first_rows(table: Table, n: int = 100) -> list[Row]:
    """The first well-formed rows.

    Raises:
        InputError: the file cannot be read, or its first rows are all malformed.
    """
    rows: list[Row] = []
    bad: Malformed | None = None
    for row in itertools.islice(all_rows(table), n):
        if isinstance(row, Malformed):
            bad = bad or row
        else:
            rows.append(row[1])
    if not rows and bad is not None:
        raise InputError(f"no row can be read: {bad.reason}", where=f"{bad.file}:{bad.line}")
    return rows


def _json_kind(start: bytes, name: str) -> tuple[Format, str] | None:
    first, newline, rest = start.partition(b"\n")
    cut = not newline and len(start) >= files.HEAD_BYTES - 64
    value = _decoded(first)
    if start[:1] == b"[":
        if isinstance(value, list) and rest.lstrip()[:1] == b"[":
            return None  # a list per line: conversations, not rows
        if re.match(rb"\[\s*(\{|\]\s*$)", start):
            return "array", "a JSON array of objects"
        return None
    lines = name.endswith((".jsonl", ".ndjson"))
    if isinstance(value, dict) and rest.strip():
        return "lines", "a JSON object per line"
    if value is None and not cut and _another_object(start):
        return "objects", "JSON objects one after the other, each spread over lines"
    if lines and (cut or isinstance(value, dict) or _any_object(start)):
        return "lines", "JSON lines by its name"
    return _document_kind(start, not name.endswith(".json") and (isinstance(value, dict) or cut))


def _document_kind(start: bytes, may_be_a_line: bool) -> tuple[Format, str] | None:
    """What kind of table one JSON object is."""
    if re.match(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:\s*(?:\[\s*)?"', start) and is_answer_object(start):
        return "object", "a JSON object of ids and their answers"
    if may_be_a_line:
        return "lines", "a JSON object on a line"
    if _holds_rows(start):
        return "nested", "a JSON object that holds a list of objects"
    return None


def _holds_rows(start: bytes) -> bool:
    """Whether a JSON object, of which ``start`` is all or the beginning, holds a list of objects."""
    if len(start) >= files.HEAD_BYTES - 64:
        return re.search(rb'"\s*:\s*\[\s*\{', start) is not None
    value = _decoded(start)
    return isinstance(value, dict) and next(_lists(value, ""), None) is not None


def _another_object(start: bytes) -> bool:
    """Whether a JSON object ends in ``start`` and another one follows."""
    try:
        value, end = json.JSONDecoder().raw_decode(text := start.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and text[end:].lstrip()[:1] == "{"


def is_answer_object(start: bytes, kinds: tuple[type, ...] = (str,)) -> bool:
    """Whether ``start`` begins a JSON object of which each complete entry is a list of ``kinds``; at least one is."""
    text = start.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    position = 1
    found = False
    while True:
        position = _skip(text, position)
        if text[position : position + 1] == "}":
            return found
        try:
            key, position = decoder.raw_decode(text, position)
            position = _skip(text, position)
            if not isinstance(key, str) or text[position] != ":":
                return False
            value, position = decoder.raw_decode(text, _skip(text, position + 1))
        except (ValueError, IndexError, RecursionError):
            return found and len(start) >= files.HEAD_BYTES - 64
        if not isinstance(value, list) or not value or not all(isinstance(item, kinds) for item in value):
            return False
        found = True
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position += 1


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _decoded(line: bytes) -> Any:
    try:
        return json_lines.decode_any(line)
    except ValueError:
        return None


def _any_object(start: bytes) -> bool:
    return any(isinstance(_decoded(line), dict) for line in start.split(b"\n")[:20])


_SEP: Final = re.compile('\ufeff?"?sep=([,;\t|])"?\r?\n')
"""What Excel writes above a table to say what stands between its columns."""


def _delimiter(head: bytes, name: str) -> str | None:
    """The delimiter of text in columns: by the file's name, else where the first rows have equally many columns."""
    if not head.strip() or b"\0" in head:
        return None
    text = head.decode("utf-8", "replace")
    if len(head) >= files.HEAD_BYTES - 64:
        text = text[: text.rfind("\n") + 1]
    if (said := _SEP.match(text)) is not None:
        return said[1]
    if name.endswith((".tsv", ".tab")):
        return "\t"
    counts = {delimiter: _column_counts(text, delimiter) for delimiter in _DELIMITERS}
    if name.endswith(".csv"):
        return max(counts, key=lambda delimiter: (counts[delimiter][:1] or [0])[0]) if text.strip() else None
    for delimiter, widths in counts.items():
        if len(widths) >= 3 and widths[0] >= 2 and len(set(widths)) == 1 and _is_header(text, delimiter):
            return delimiter
    return None


def _column_counts(text: str, delimiter: str) -> list[int]:
    counts: list[int] = []
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        counts.extend(map(len, itertools.islice(rows, 20)))
    except csv.Error:
        if len(counts) > 2:  # fewer show nothing, of a text that is no table
            return counts
        first, _, rest = text.partition("\n")
        return [first.count(delimiter) + 1, 0] if '"' not in first and '"' in rest else []
    return [count for count in counts if count]


def _is_header(text: str, delimiter: str) -> bool:
    names = next(csv.reader(io.StringIO(text), delimiter=delimiter))
    return len(set(names)) == len(names) and all(re.fullmatch(r"[^\W\d][\w .\-/()]{0,63}", name) for name in names)


def _document(table: Table) -> Row:
    """A file that is one JSON object."""
    try:
        value = json_lines.decode_any(files.read_all(table.path, encoding=table.encoding))
    except ValueError as error:
        raise InputError(str(error), where=table.path) from None
    if not isinstance(value, dict):
        raise InputError("is no JSON object", where=table.path)
    return value


def _object_rows(table: Table) -> Iterator[tuple[int, Row] | Malformed]:
    for number, (key, answers) in enumerate(_document(table).items(), 1):
        yield number, {"id": key, "answer": answers}


def _only_list(document: Row, path: str) -> str:
    """Where the one list of objects in a document is.

    Raises:
        InputError: there is none, or there are several.
    """
    found = sorted(_lists(document, ""))
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"holds several lists of objects: {columns.list_names(found)}",
            where=path,
            hint=f"name the one that holds the rows: --rows {found[0]}",
        )
    raise InputError(
        "is one JSON object that holds no list of objects",
        where=path,
        hint="rows are objects: one per line, in an array, or in a list under a key",
    )


def _lists(document: Row, before: str, depth: int = 3) -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, list) and sum(isinstance(item, dict) for item in value) * 2 > len(value):
            yield before + name
        elif isinstance(value, dict) and depth > 1:
            yield from _lists(value, f"{before}{name}.", depth - 1)


def _nested_rows(table: Table) -> Iterator[tuple[int, Row] | Malformed]:
    found = columns.value_at(_document(table), str(table.key))
    if not isinstance(found, list):
        raise InputError(f"has no list at {table.key!r}", where=table.path, hint="--rows names the list of rows")
    for number, row in enumerate(found, 1):
        if isinstance(row, dict):
            yield number, row
        else:
            yield Malformed(table.path, number, f"expected a JSON object, found {json_lines.kind_of(row)}")


def _csv_rows(table: Table) -> Iterator[tuple[int, Row] | Malformed]:
    if table.encoding is None:
        files.refuse_other_encodings(table.path)
    header = None if table.header is None else _header(list(table.header), table.path)
    encoding: str | None = None
    with (
        files.open_bytes(table.path, table.encoding) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
    ):
        for line, row in delimited_records(text, table.delimiter):
            if isinstance(row, str):
                yield Malformed(table.path, line, row)
                continue
            foreign = any(not field.isascii() and re.search("[\udc80-\udcff]", field) for field in row)
            if foreign and encoding is None:
                encoding = looks_like("".join(row).encode("utf-8", "surrogateescape"))
            if header is None:
                if line == 1 and row[0].startswith("sep=") and not any(row[1:]) and len(row[0]) <= 5:
                    continue
                if foreign:
                    raise InputError(f"the header is not valid UTF-8{encoding}", where=f"{table.path}:{line}")
                header = _header(row, table.path)
            elif len(row) != len(header):
                yield Malformed(table.path, line, f"{len(row)} fields where the header names {len(header)} columns")
            elif foreign:
                yield Malformed(table.path, line, f"not valid UTF-8{encoding}")
            else:
                yield line, dict(zip(header, row, strict=True))


def _sheet(path: str, wanted: str | None) -> str:
    from regrade.files.workbooks import sheet_of

    return sheet_of(path, wanted)


def _workbook_rows(table: Table) -> Iterator[tuple[int, Row] | Malformed]:
    from regrade.files.workbooks import sheet_rows

    header: list[str] | None = None
    for line, cells in sheet_rows(table.path, str(table.key)):
        if header is None:
            header = _header(["" if cell is None else str(cell) for cell in _until_last(cells)], table.path)
        elif any(cell is not None for cell in cells[len(header) :]):
            yield Malformed(table.path, line, f"more cells than the header names columns ({len(header)})")
        else:
            yield line, dict(zip(header, [*cells, *[None] * len(header)], strict=False))


def _until_last(cells: list[Any]) -> list[Any]:
    """A row's cells without the empty ones at its end."""
    return cells[: max((place for place, cell in enumerate(cells, 1) if cell is not None), default=0)]


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins like this is an Excel workbook: a zip archive with the members of one."""
    return head.startswith(b"PK\x03\x04") and b"xl/" in head and b"[Content_Types].xml" in head


def looks_like(data: bytes) -> str:
    """What text may be encoded in that is not UTF-8, to end a message with; empty where it is UTF-8."""
    likely = files.likely_encoding(data)
    return f"; it looks like {likely}: --encoding {likely.partition(',')[0]}" if likely else ""


def _header(names: list[str], path: str) -> list[str]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two columns are named {twice!r}", where=f"{path}:1", hint="give every column its own name")
    return names


def open_parquet(path: str) -> Any:
    """A Parquet file, whose pages are checked where they have checksums.

    Raises:
        InputError: it cannot be opened, or is damaged.
    """
    import pyarrow.parquet as pq

    note_input(path)
    with reading_parquet(path):
        return pq.ParquetFile(files.open_bytes(path) if is_url(path) else path, page_checksum_verification=True)


def _parquet_rows(path: str, group: int) -> Iterator[tuple[int, Row] | Malformed]:
    number = 0
    try:
        for batch in open_parquet(path).iter_batches(batch_size=512, row_groups=[group]):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except Exception:
        yield Malformed(path, number + 1, f"the rest of row group {group} cannot be read: the file is damaged here")
