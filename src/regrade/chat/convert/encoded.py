"""Rows on their way out of a process: encoded as lines, CSV or columns, and gathered into parts."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from regrade.chat.convert.lines import BadRow, Converted, json_text
from regrade.chat.convert.table_schema import TableSchema

Encoding: TypeAlias = Literal["lines", "parquet", "arrow", "csv", "none"]

GROUP_BYTES = 32 * 1024 * 1024
"""Largest row group of a Parquet output, as Arrow has it in memory; a chunk makes at least one."""


class Part(NamedTuple):
    """Some bytes: in a file, which whoever takes them removes, or here."""

    path: str | None
    data: bytes

    def size(self) -> int:
        """How many."""
        return os.stat(self.path).st_size if self.path else len(self.data)  # noqa: PTH116

    def read(self) -> bytes:
        """The bytes themselves."""
        return Path(self.path).read_bytes() if self.path else self.data

    def remove(self) -> None:
        """Remove the file."""
        if self.path:
            Path(self.path).unlink(missing_ok=True)


class Buffer:
    """Bytes on their way into a part."""

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.file: Any = None
        self.parts: list[bytes] = []

    def write(self, data: bytes | bytearray) -> int:
        """Add some."""
        if self.path is None:
            self.parts.append(bytes(data))
            return len(data)
        if self.file is None:
            self.file = open(self.path, "wb", buffering=0)  # noqa: PTH123, SIM115 - closed by `part`
        view = memoryview(data)
        while view:
            view = view[self.file.write(view) :]
        return len(data)

    def part(self) -> Part:
        """All of them."""
        if self.file is not None:
            self.file.close()
            self.file = None
            return Part(self.path, b"")
        return Part(None, b"".join(self.parts))


class Encoder(Protocol):
    """Takes the converted rows of a chunk, and gives them back as a part."""

    def regular(self, regular: Any, data: bytes | bytearray) -> bool:
        """Take a block of lines that are all alike, by a decoder made for them; False if it cannot."""

    def add(self, converted: Converted) -> int:
        """Take one row; returns how many of its values were changed to fit.

        Raises:
            BadRow: the encoding cannot hold it.
        """

    def flush(self) -> None:
        """A block of rows has ended."""

    def part(self) -> Part:
        """All that was taken."""


class Lines:
    """Rows as JSON lines."""

    def __init__(self, path: str | None) -> None:
        self.buffer = Buffer(path)
        self.held: list[bytes | bytearray] = []

    def regular(self, regular: Any, data: bytes | bytearray) -> bool:
        converted = regular(data)
        if converted is None:
            return False
        self.held.append(converted)
        return True

    def add(self, converted: Converted) -> int:
        self.held += (converted.encode(), b"\n")
        return 0

    def flush(self) -> None:
        if self.held:
            self.buffer.write(self.held[0] if len(self.held) == 1 else b"".join(self.held))
            self.held = []

    def part(self) -> Part:
        self.flush()
        return self.buffer.part()


class Nothing:
    """Rows that are only counted."""

    def regular(self, regular: Any, data: bytes | bytearray) -> bool:
        return regular(data) is not None

    def add(self, converted: Converted) -> int:
        return 0

    def flush(self) -> None:
        pass

    def part(self) -> Part:
        return Part(None, b"")


class Csv(Lines):
    """Rows as comma-separated texts."""

    def __init__(self, path: str | None, schema: TableSchema) -> None:
        super().__init__(path)
        self.names = [column.name for column in schema.columns]

    def regular(self, regular: Any, data: bytes | bytearray) -> bool:
        return False

    def add(self, converted: Converted) -> int:
        row = converted.row
        for name, value in row.items():
            if value is None or (name in self.names and isinstance(value, str | int | float | bool)):
                continue
            raise BadRow(
                "CSV cannot hold it",
                f"CSV cannot hold {name!r}: {'no such column' if name not in self.names else 'no text or number'}",
            )
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(
            value if isinstance(value := row.get(name), str | None) else json_text(value) for name in self.names
        )
        try:
            self.held.append(text.getvalue().encode())
        except UnicodeEncodeError:
            raise BadRow("CSV cannot hold it", "CSV cannot hold a text with lone surrogates") from None
        return 0


class Table:
    """Rows as columns."""

    def __init__(self, schema: TableSchema, path: str | None) -> None:
        from regrade.chat.convert.columns import Filling

        self.filling = Filling(schema)
        self.schema = schema
        self.buffer = Buffer(path)
        self.batches: list[Any] = []
        self.held = 0
        self.writer: Any = None
        self.stream: Any = None

    def regular(self, regular: Any, data: bytes | bytearray) -> bool:
        return bool(regular(data, self.filling))

    def add(self, converted: Converted) -> int:
        return self.filling.append(converted)

    def flush(self) -> None:
        if self.filling.rows:
            batch = self.filling.batch()
            self.batches.append(batch)
            self.held += batch.nbytes
        if self.held > GROUP_BYTES:
            self.write()

    def write(self) -> None:
        raise NotImplementedError

    def part(self) -> Part:
        self.flush()
        if self.held or self.batches:
            self.write()
        if self.writer is not None:
            self.writer.close()
            self.stream.close()
        return self.buffer.part()


class Sink(io.RawIOBase):
    """A buffer as a file for Arrow to write to."""

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.place = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = self.buffer.write(data)
        self.place += size
        return size

    def tell(self) -> int:
        return self.place


class Parquet(Table):
    """A Parquet file, whose row groups will be moved into the output."""

    def write(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        schema = self.schema.arrow()
        if self.writer is None:
            self.stream = pa.PythonFile(Sink(self.buffer), "w")
            self.writer = parquet.ParquetWriter(
                self.stream,
                schema,
                compression="zstd",
                use_dictionary=self.schema.dictionaries(),
                write_statistics=self.schema.statistics(),
            )
        table = pa.Table.from_batches(self.batches, schema)
        self.batches, self.held = [], 0
        self.writer.write_table(table, row_group_size=max(table.num_rows, 1))


class Arrow(Table):
    """A stream of record batches."""

    def write(self) -> None:
        import pyarrow as pa

        if self.writer is None:
            self.stream = pa.PythonFile(Sink(self.buffer), "w")
            self.writer = pa.ipc.new_stream(self.stream, self.schema.arrow())
        for batch in self.batches:
            self.writer.write_batch(batch)
        self.batches, self.held = [], 0


def encoder(encoding: Encoding, schema: TableSchema | None, path: str | None) -> Encoder:
    """What encodes rows.

    Args:
        encoding: How.
        schema: The columns; needed for tables and CSV.
        path: The file that the part is to be in; in memory if None.
    """
    if encoding == "lines":
        return Lines(path)
    if encoding == "none":
        return Nothing()
    assert schema is not None
    if encoding == "csv":
        return Csv(path, schema)
    return Parquet(schema, path) if encoding == "parquet" else Arrow(schema, path)
