"""Outputs: put together from parts, in order; whole or not there."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from regrade.atomic import replacing
from regrade.chat.convert.encoded import Encoding, Part
from regrade.chat.convert.parquet_footer import MAGIC, Footer, read_part
from regrade.chat.convert.table_schema import TableSchema
from regrade.errors import OutputError, UsageError

STDOUT: Final = "-"
ENCODINGS: Final[dict[str, Encoding]] = {
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".csv": "csv",
}
_TAIL: Final = 64 * 1024


def encoding_of(output: str, given: str | None = None) -> Encoding:
    """How an output is encoded: as it was said, else by its name.

    Raises:
        UsageError: neither says it.
    """
    names: dict[str, Encoding] = {"jsonl": "lines", "parquet": "parquet", "arrow": "arrow", "csv": "csv"}
    if given is not None:
        if given not in names:
            raise UsageError(
                "is no kind of output", where=f"--output-format {given}", hint=f"one of {', '.join(names)}"
            )
        return names[given]
    if output == STDOUT:
        return "lines"
    suffix = Path(output).suffix.lower()
    if suffix not in ENCODINGS:
        raise UsageError(
            "the name does not say what to write",
            where=f"-o {output}",
            hint=f"end it in {', '.join(ENCODINGS)}, or say --output-format {'|'.join(names)}",
        )
    return ENCODINGS[suffix]


class LinesOutput:
    """Parts behind one another."""

    def __init__(self, file: IO[bytes], schema: TableSchema | None = None) -> None:
        self.file = file
        self.schema = schema
        self.end: int | None = None

    @property
    def base(self) -> int:
        """Where the first part begins."""
        return self.file.tell()

    def take(self, part: Part) -> None:
        """Add a part."""
        append(self.file, part, 0, part.size())

    def take_placed(self, place: tuple[int, int], footer: bytes) -> None:
        """Count in a part that was put into the file already.

        Args:
            place: Where it begins, and its size.
            footer: Of a Parquet part, its footer.
        """
        self.end = sum(place)

    def finish(self) -> None:
        """Write what belongs at the end."""
        self.file.flush()
        if self.end is not None:
            os.truncate(self.file.name, self.end)


class CsvOutput(LinesOutput):
    """Lines below a header."""

    def __init__(self, file: IO[bytes], schema: TableSchema) -> None:
        import csv
        import io

        super().__init__(file, schema)
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(column.name for column in schema.columns)
        file.write(text.getvalue().encode())
        file.flush()


class ParquetOutput(LinesOutput):
    """The row groups of the parts, and one footer for all."""

    def __init__(self, file: IO[bytes], schema: TableSchema) -> None:
        super().__init__(file, schema)
        self.footer = Footer()
        self.place = 0

    def take(self, part: Part) -> None:
        size = part.size()
        if size == 0:
            return
        tail = _tail(part, _TAIL)
        found = read_part(tail, size)
        if isinstance(found, int):
            found = read_part(_tail(part, found), size)
        if isinstance(found, int):
            raise OutputError("a part of the output is damaged")
        if self.place == 0:
            self._write(MAGIC)
        self.footer.add(found, self.place)
        append(self.file, part, found.start, found.stop)
        self.place += found.stop - found.start

    @property
    def base(self) -> int:
        self._write(MAGIC)
        return len(MAGIC)

    def take_placed(self, place: tuple[int, int], footer: bytes) -> None:
        if footer:
            found = read_part(footer, len(footer))
            assert not isinstance(found, int)
            self.footer.add(found, place[0])
        self.place = self.end = sum(place)

    def finish(self) -> None:
        if self.end is not None:
            self.file.flush()
            os.truncate(self.file.name, self.end)
            self.file.seek(self.end)
        if self.footer.empty:
            self.file.seek(0)
            self.place = 0
        if self.place == 0:
            import io

            from pyarrow import parquet

            assert self.schema is not None
            empty = io.BytesIO()
            parquet.write_table(self.schema.arrow().empty_table(), empty, compression="zstd")
            self._write(empty.getvalue())
        else:
            self._write(self.footer.encode())
        self.file.flush()

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self.file.flush()  # parts are copied below the file's buffer
        self.place += len(data)


class ArrowOutput(LinesOutput):
    """The record batches of the parts in one Arrow file."""

    def __init__(self, file: IO[bytes], schema: TableSchema) -> None:
        import pyarrow as pa

        super().__init__(file, schema)
        self.writer = pa.ipc.new_file(pa.PythonFile(file, "w"), schema.arrow())

    def take(self, part: Part) -> None:
        import pyarrow as pa

        if part.size() == 0:
            return
        source = pa.memory_map(part.path) if part.path else pa.BufferReader(part.data)
        with source, pa.ipc.open_stream(source) as stream:
            for batch in stream:
                self.writer.write_batch(batch)

    def finish(self) -> None:
        self.writer.close()
        self.file.flush()


_OUTPUTS: Final[dict[str, Any]] = {
    "lines": LinesOutput,
    "csv": CsvOutput,
    "parquet": ParquetOutput,
    "arrow": ArrowOutput,
}


def _tail(part: Part, size: int) -> bytes:
    if part.path is None:
        return part.data[-size:]
    with Path(part.path).open("rb") as file:
        file.seek(max(0, part.size() - size))
        return file.read()


def append(file: IO[bytes], part: Part, start: int, stop: int) -> None:
    """Copy bytes of a part to the end of a file, inside the kernel where it can do that."""
    if part.path is None:
        file.write(part.data if (start, stop) == (0, len(part.data)) else memoryview(part.data)[start:stop])
        file.flush()
        return
    file.flush()
    with Path(part.path).open("rb", buffering=0) as source:
        if hasattr(os, "sendfile") and sys.platform == "linux":
            try:
                while start < stop:
                    sent = os.sendfile(file.fileno(), source.fileno(), start, stop - start)
                    if sent == 0:
                        break
                    start += sent
                return
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSOCK):
                    raise
        source.seek(start)
        while start < stop and (data := source.read(min(stop - start, 1 << 20))):
            file.write(data)
            start += len(data)


@contextmanager
def open_output(output: str, encoding: Encoding, schema: TableSchema | None) -> Iterator[LinesOutput]:
    """An output to be filled; a file takes its place when the block ends without an exception."""
    kind = _OUTPUTS[encoding]
    if output == STDOUT:
        sys.stdout.flush()
        target = kind(sys.stdout.buffer, schema)
        yield target
        target.finish()
        return
    with name_output(output), replacing(Path(output)) as temporary, temporary.open("wb") as file:
        target = kind(file, schema)
        yield target
        target.finish()


@contextmanager
def name_output(output: str) -> Iterator[None]:
    """A full disk and the like as an error that says which file could not be written."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO, errno.EROFS):
            raise
        raise OutputError(
            f"cannot be written: {error.strerror or error}", where=output, hint="nothing half-written was left behind"
        ) from None


def shard_names(output: str, count: int) -> list[str]:
    """The names of shards, as the Hugging Face hub has them: ``train-00000-of-00002.parquet``."""
    path = Path(output)
    return [str(path.with_name(f"{path.stem}-{number:05d}-of-{count:05d}{path.suffix}")) for number in range(count)]


def check_target(output: str) -> None:
    """See that an output can be written, before any work is done.

    Raises:
        UsageError: its folder is not there or cannot be written to, or it is a folder itself.
    """
    if output == STDOUT:
        return
    path = Path(output)
    if path.is_dir():
        raise UsageError("is a folder", where=f"-o {output}", hint="name a file in it")
    if not path.parent.is_dir():
        raise UsageError("no such folder", where=f"-o {output}", hint=f"make it first: mkdir -p {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise UsageError("the folder cannot be written to", where=f"-o {output}")


@contextmanager
def work_folder(output: str) -> Iterator[Path]:
    """A temporary folder beside the output, gone at the end."""
    where = None if output == STDOUT else Path(output).parent
    stem = "regrade" if output == STDOUT else f".{Path(output).name}"
    folder = Path(tempfile.mkdtemp(prefix=f"{stem}.", suffix=".parts", dir=where))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder
