"""What a process does with a chunk: read, convert, encode, and leave the result in a file of its own.

A result goes back as a description. Its bytes go straight into the output where that can be
(`regrade.chat.convert.ledger`), else to a temporary file beside it, from which the kernel copies them into their place:
to send them through a pipe would cost four more copies, two of them in the one process that writes.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from regrade.chat.convert.blocks import MAX_ROW_BYTES
from regrade.chat.convert.counts import Counts
from regrade.chat.convert.encoded import Buffer, Encoding, Part, encoder
from regrade.chat.convert.ledger import Ledger, LedgerFile
from regrade.chat.convert.lines import MESSAGES, BadRow, Converted, LineConverter, json_text
from regrade.chat.convert.parquet_footer import Part as PartOfFile
from regrade.chat.convert.parquet_footer import read_part
from regrade.chat.convert.regular import RegularLines, Shape
from regrade.chat.convert.rows import JSON_KINDS, DataFile, blocks, rows
from regrade.chat.convert.table_schema import TableSchema
from regrade.chat.converter import Converter, Options
from regrade.chat.mapping import Mapping
from regrade.errors import OutputError
from regrade.files.chunk import Chunk
from regrade.schema import Malformed

OnBad: TypeAlias = Literal["quarantine", "drop", "error"]


class SourceJob(msgspec.Struct, frozen=True):
    """How the rows of one source are converted.

    Attributes:
        file: Where they are.
        format: Registered name of the format of most of them; None leaves rows as they are.
        mapping: What is known about columns and roles.
        shape: What regular rows look like, if there are any.
    """

    file: DataFile
    format: str | None
    mapping: Mapping
    shape: Shape | None = None


class Job(msgspec.Struct, frozen=True):
    """What is to be done.

    Attributes:
        sources: Where rows come from.
        options: How strict the conversion is.
        target: The format to write.
        encoding: How to write it.
        schema: The columns, where rows become a table.
        on_bad: What to do with rows that cannot be converted.
        max_row: Longest row, in bytes.
        folder: Where results are left; None sends them back as bytes, for what is small.
        ledger: How results get straight into the output; None where they are left.
        parent: The process that gives out the work.
    """

    sources: tuple[SourceJob, ...]
    options: Options
    target: str = MESSAGES
    encoding: Encoding = "lines"
    schema: TableSchema | None = None
    on_bad: OnBad = "quarantine"
    max_row: int = MAX_ROW_BYTES
    folder: str | None = None
    ledger: LedgerFile | None = None
    parent: int = 0


class Task(NamedTuple):
    """A chunk to convert.

    Attributes:
        number: Its place among all.
        source: Number of its source.
        chunk: The chunk.
        limit: Most rows to convert; None for all.
    """

    number: int
    source: int
    chunk: Chunk
    limit: int | None = None


class Refused(NamedTuple):
    """The row at which the work stopped, with the policy ``error``: its line in the chunk, and why."""

    line: int
    reason: str
    hint: str | None


class Result(NamedTuple):
    """What became of a chunk.

    Attributes:
        source: Number of its source.
        counts: What was counted.
        part: The converted rows; of a Parquet part that is in the output already its footer.
        bad: The others, a line each: the line's number in the chunk, a tab, and the end of a JSON object.
        refused: The row at which the work stopped.
        place: Where in the output the rows begin and how many bytes they are, if they were put there already.
    """

    source: int
    counts: Counts
    part: Part
    bad: Part
    refused: Refused | None = None
    place: tuple[int, int] | None = None


class _Stop(Exception):
    """Enough rows, or one too bad."""


class Work:
    """Converts chunks. Picklable; what it needs for a source is made when its first chunk comes, once per process."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._tools: dict[int, tuple[LineConverter, Any]] = {}
        self._ledger: Ledger | None = None
        self._process = 0
        self._settled = False

    def __reduce__(self) -> tuple[Any, ...]:
        return Work, (self.job,)

    def __call__(self, task: Task) -> Result:
        """Convert a chunk.

        Raises:
            InputError: the file cannot be opened.
            RegradeError: the result cannot be written.
        """
        if not self._settled:
            self._settle()
        try:
            result = _Chunk(self.job, task, *self._tools_for(task.source)).run()
            return result if self.job.ledger is None else self._put(task, result)
        except OSError as error:
            if self.job.folder is None or error.errno is None:
                raise
            raise OutputError(
                f"cannot be written: {error.strerror}",
                where=str(Path(self.job.folder).parent),
                hint="nothing half-written was left behind",
            ) from None

    def _settle(self) -> None:
        """Keep small what a process of its own needs."""
        self._settled = True
        if os.getpid() == self.job.parent:
            return
        gc.freeze()  # a collector that looks at what was there before the fork would make copies of all of it
        if self.job.encoding in ("parquet", "arrow"):
            import pyarrow as pa

            pa.set_memory_pool(pa.system_memory_pool())  # the others keep what was freed for later

    def _put(self, task: Task, result: Result) -> Result:
        """Put a result into the output."""
        assert self.job.ledger is not None
        if self._ledger is None or self._process != os.getpid():
            self._ledger = Ledger(self.job.ledger)
            self._process = os.getpid()
        data: list[Any] = [result.part.data]
        left = b""
        if self.job.encoding == "parquet" and result.part.data:
            found = read_part(result.part.data, len(result.part.data))
            assert isinstance(found, PartOfFile)
            data = [memoryview(result.part.data)[found.start : found.stop]]
            left = result.part.data[found.stop :]
        return result._replace(part=Part(None, left), place=self._ledger.put(task.number, data))

    def _tools_for(self, source: int) -> tuple[LineConverter, Any]:
        if source not in self._tools:
            job = self.job
            one = job.sources[source]
            table = job.encoding in ("parquet", "arrow")
            converter = Converter(None, one.mapping, job.options) if one.format else None
            regular: Any = None
            if one.shape is not None and job.target == MESSAGES and one.file.kind in JSON_KINDS:
                if table and job.schema is not None:
                    from regrade.chat.convert.columns import RegularColumns

                    regular = RegularColumns(one.shape, job.schema)
                elif job.encoding in ("lines", "none"):
                    regular = RegularLines(one.shape)
            self._tools[source] = LineConverter(converter, job.target, raw=table), regular
        return self._tools[source]


class _Chunk:
    """One chunk being converted."""

    def __init__(self, job: Job, task: Task, converter: LineConverter, regular: Any) -> None:
        self.job = job
        self.task = task
        self.file = job.sources[task.source].file
        self.converter = converter
        self.regular = regular
        self.counts = Counts()
        self.regular_rows = 0
        self.left = task.limit
        stem = None if job.folder is None else os.path.join(job.folder, f"{task.number:08d}")  # noqa: PTH118
        self.out = encoder(job.encoding, job.schema, None if stem is None or job.ledger is not None else f"{stem}.part")
        self.bad = Buffer(None if stem is None else f"{stem}.bad")
        self.refused: Refused | None = None

    def run(self) -> Result:
        found = self.converter.converter.counts if self.converter.converter is not None else None
        if found is not None:
            found.clear()
        try:
            if self.left != 0:
                if self.file.kind in JSON_KINDS:
                    self._blocks()
                else:
                    self._rows()
        except _Stop:
            pass
        part = self.out.part()
        counts = self.counts
        if found is not None:
            counts.formats = dict(found)
            if self.regular_rows:
                name = str(self.job.sources[self.task.source].format)
                counts.formats[name] = counts.formats.get(name, 0) + self.regular_rows
        return Result(self.task.source, counts, part, self.bad.part(), self.refused)

    def _blocks(self) -> None:
        for block in blocks(self.file, self.task.chunk, self.job.max_row):
            if block.problem is not None:
                self.counts.lines += 1
                self.counts.read += 1
                self._refuse(BadRow(block.problem.partition(" (")[0], block.problem), None)
            elif not self._whole_block(block.data):
                self._line_by_line(block.data)
            self.out.flush()

    def _whole_block(self, data: bytes | bytearray) -> bool:
        if self.regular is None or (self.left is not None and data.count(b"\n") > self.left):
            return False
        if not self.out.regular(self.regular, data):
            return False
        count = self.regular.rows
        counts = self.counts
        counts.lines += count
        counts.read += count
        counts.converted += count
        counts.turns += self.regular.turns
        self.regular_rows += count
        if self.left is not None:
            self.left -= count
            if self.left == 0:
                raise _Stop
        return True

    def _line_by_line(self, data: bytes | bytearray) -> None:
        for line in bytes(data[:-1]).split(b"\n"):
            if not line or line.isspace():
                self.counts.lines += 1
            elif not self._whole_block(line + b"\n"):
                self.counts.lines += 1
                self.counts.read += 1
                try:
                    converted = self.converter.line(line)
                    self._keep(converted)
                except BadRow as bad:
                    self._refuse(bad, line)

    def _rows(self) -> None:
        since = 0
        for row in rows(self.file, self.task.chunk):
            self.counts.read += 1
            if isinstance(row, Malformed):
                self.counts.lines = max(self.counts.lines, row.line)
                self._refuse(BadRow("malformed: " + row.reason.partition(":")[0].partition(" (")[0], row.reason), None)
                continue
            self.counts.lines = row.number
            try:
                self._keep(self.converter.row(row.row))
            except BadRow as bad:
                self._refuse(bad, None, row.row)
            since += 1
            if since == 1024:
                since = 0
                self.out.flush()
        self.out.flush()

    def _keep(self, converted: Converted) -> None:
        counts = self.counts
        counts.overflow += self.out.add(converted)
        counts.converted += 1
        counts.turns += converted.turns
        counts.tool_calls += converted.tool_calls
        for loss in converted.losses:
            counts.losses[loss] = counts.losses.get(loss, 0) + 1
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise _Stop

    def _refuse(self, bad: BadRow, line: bytes | None, row: dict[str, Any] | None = None) -> None:
        number = self.counts.lines
        self.counts.refuse(self.task.chunk.path, number, bad.kind, bad.reason, bad.hint)
        if self.job.on_bad == "error":
            self.refused = Refused(number, bad.reason, bad.hint)
            raise _Stop
        if self.job.on_bad == "quarantine" and self.job.encoding != "none":
            raw = line.decode("utf-8", "surrogateescape") if line is not None else None
            if row is not None:
                raw = json_text(row)
            told: dict[str, Any] = {"reason": bad.reason, **({"hint": bad.hint} if bad.hint else {}), "raw": raw}
            self.bad.write(f"{number}\t{json.dumps(told)[1:]}\n".encode())


def tasks_of(source: int, chunks: list[Chunk], first: int) -> Iterator[Task]:
    """The tasks of a source's chunks, numbered from ``first``."""
    for number, chunk in enumerate(chunks, first):
        yield Task(number, source, chunk)
