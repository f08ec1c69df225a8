"""From inputs to an output: look at each input, convert its chunks, put them together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from regrade.atomic import protecting_inputs
from regrade.chat.convert.blocks import MAX_ROW_BYTES
from regrade.chat.convert.counts import Counts
from regrade.chat.convert.encoded import Encoding, Part
from regrade.chat.convert.inputs import Input, find_inputs
from regrade.chat.convert.ledger import LedgerFile
from regrade.chat.convert.lines import MESSAGES
from regrade.chat.convert.outputs import (
    STDOUT,
    LinesOutput,
    append,
    check_target,
    encoding_of,
    name_output,
    open_output,
    shard_names,
    work_folder,
)
from regrade.chat.convert.quarantine import Quarantine, quarantine_path
from regrade.chat.convert.regular import regular_lines
from regrade.chat.convert.rows import DataFile, bytes_of, plan, sample
from regrade.chat.convert.survey import Surveyed, converted_sample, regular_columns_hold, survey
from regrade.chat.convert.table_schema import TableSchema, schema_of
from regrade.chat.convert.work import Job, OnBad, Result, SourceJob, Task, Work
from regrade.chat.converter import Options, targets
from regrade.chat.detection import Detection
from regrade.chat.mapping import Mapping
from regrade.engine import Engine, LocalEngine
from regrade.errors import InputError, OutputError, UsageError
from regrade.files.chunk import CHUNK_BYTES

Mix: TypeAlias = Literal["concat", "interleave", "shuffle"]
Progress: TypeAlias = Callable[[int, int, int], None]

SMALL_BYTES = 2 * 1024 * 1024
"""What is smaller is converted in this process, and in memory."""


class Say(Protocol):
    """Takes a line for people."""

    def __call__(self, text: str, /) -> object:
        """Say it."""
        ...


class Request(msgspec.Struct, kw_only=True):
    """What is to be converted, and how.

    Attributes:
        inputs: Paths, folders, URLs, ``hf://datasets/...``, ``-``; with a share before it (``0.7:a.jsonl``) or without.
        output: A file, or ``-``.
        to: The format to write.
        output_format: How to write it, where the file's name does not say it: jsonl, parquet, arrow, csv.
        mapping: What the user said about columns and roles, for all inputs; None has each looked at.
        mappings: The same for single inputs, by label.
        mix: In which order rows of several inputs come.
        seed: Decides what is random.
        limit: Most rows to write.
        shards: How many files to write.
        shard_bytes: Size of the rows of a file, as JSON lines.
        on_bad: What to do with rows that cannot be converted.
        merge_turns: Make one message of messages of the same role that follow each other.
        require_alternation: Refuse conversations in which user and assistant do not take turns.
        workers: How many processes; None takes one per CPU.
        chunk_bytes: Size of a chunk; the output does not depend on it.
        max_row: Longest row in bytes.
        encoding: How text is encoded, where it is not UTF-8.
    """

    inputs: list[str]
    output: str
    to: str = MESSAGES
    output_format: str | None = None
    mapping: Mapping | None = None
    mappings: dict[str, Mapping] = {}
    mix: Mix = "concat"
    seed: int = 0
    limit: int | None = None
    shards: int | None = None
    shard_bytes: int | None = None
    on_bad: OnBad = "quarantine"
    merge_turns: bool = False
    require_alternation: bool = False
    workers: int | None = None
    chunk_bytes: int = CHUNK_BYTES
    max_row: int = MAX_ROW_BYTES
    encoding: str | None = None

    def options(self) -> Options:
        """What concerns the conversion of a row."""
        return Options(merge_turns=self.merge_turns, require_alternation=self.require_alternation)

    def check(self) -> Encoding:
        """See that it can be done; returns how the output is encoded.

        Raises:
            UsageError: it means nothing.
        """
        if self.to not in targets():
            raise UsageError("cannot be written", where=f"--to {self.to}", hint=f"one of {', '.join(targets())}")
        for value, name in ((self.limit, "--limit"), (self.shards, "--shards"), (self.shard_bytes, "--shard-size")):
            if value is not None and value < 1:
                raise UsageError("must be at least 1", where=f"{name} {value}")
        if self.shards is not None and self.shard_bytes is not None:
            raise UsageError("say --shards or --shard-size, not both")
        if self.output == STDOUT and (self.shards or self.shard_bytes):
            raise UsageError("standard output cannot be sharded", where="-o -")
        check_target(self.output)
        return encoding_of(self.output, self.output_format)


class SourceSummary(msgspec.Struct, kw_only=True):
    """What became of one file.

    Attributes:
        file: What a person calls it.
        detection: What it was taken for.
        counts: What was counted.
    """

    file: str
    detection: Detection
    counts: Counts


class Summary(msgspec.Struct, kw_only=True):
    """What became of everything.

    Attributes:
        outputs: The files that were written.
        quarantine: The file of the rows that could not be converted, if there are any.
        rows: Rows written.
        unused: Rows that the mixture or the limit left out, among those that were read.
        total: What was counted over all files.
        sources: And for each.
    """

    outputs: list[str]
    quarantine: str | None = None
    rows: int = 0
    unused: int = 0
    total: Counts = msgspec.field(default_factory=Counts)
    sources: list[SourceSummary] = []


def convert(
    request: Request,
    *,
    engine: Engine | None = None,
    progress: Progress | None = None,
    say: Say | None = None,
) -> Summary:
    """Convert inputs and write an output; whatever goes wrong, the output is whole or as it was before.

    Args:
        request: What is to be done.
        engine: Where the work is done; by default in processes of this machine.
        progress: Is told bytes done, bytes in all, and rows.
        say: Is told what each input was taken for, before it is converted.

    Raises:
        UsageError: the request means nothing.
        InputError: an input cannot be read, or it cannot be said what it is; or, with ``on_bad="error"``, the first bad
            row.
        RegradeError: the output cannot be written.
    """
    encoding = request.check()
    with protecting_inputs(), name_output(request.output), work_folder(request.output) as folder:
        return _Conversion(request, encoding, folder, engine, progress).run(say or (lambda _: None))


class _Conversion:
    """One conversion under way."""

    def __init__(
        self, request: Request, encoding: Encoding, folder: Path, engine: Engine | None, progress: Progress | None
    ) -> None:
        self.request = request
        self.encoding = encoding
        self.folder = folder
        self.progress = progress
        self.inputs: list[Input] = []
        self.surveyed: list[Surveyed] = []
        self.schema: TableSchema | None = None
        self.parts = folder / "parts"
        self.parts.mkdir()
        self._given_engine = engine
        self.done = 0
        self.total_bytes = 0

    # -- what there is ------------------------------------------------------------------------------------------------

    def run(self, say: Say) -> Summary:
        request = self.request
        self.inputs = find_inputs(request.inputs, self.folder, request.encoding)
        for one in self.inputs:
            for place in one.files:
                mapping = request.mappings.get(place.label) or request.mappings.get(one.label) or request.mapping
                surveyed = survey(place.path, place.label, mapping, request.options())
                self.surveyed.append(surveyed)
                if surveyed.file is None or surveyed.detection.problem is None:
                    say(surveyed.summarize())
        for surveyed in self.surveyed:
            if surveyed.file is not None:
                surveyed.detection.require_convertible(surveyed.label)
        if self.encoding != "lines":
            self._decide_schema()
        tasks = self._tasks()
        sharded = request.shards is not None or request.shard_bytes is not None
        shares = any(one.share is not None for one in self.inputs)
        if (
            (request.mix == "concat" or len(self.inputs) == 1)
            and not shares
            and request.mix != "shuffle"
            and not sharded
        ):
            return self._straight(tasks)
        return self._mixed(tasks, sharded)

    def _decide_schema(self) -> None:
        rows = [
            converted.row
            for surveyed in self.surveyed
            for converted in converted_sample(surveyed, self.request.options(), self.request.to)
        ]
        schema = self.schema = schema_of(rows, self.request.to)
        if self.encoding == "csv":
            nested = [column.name for column in schema.columns if column.kind in ("turns", "list", "json")]
            if nested:
                raise UsageError(
                    f"CSV cannot hold lists and objects: {', '.join(nested)}",
                    where=f"-o {self.request.output}",
                    hint="write .jsonl, .parquet or .arrow, or --to a format of texts (alpaca)",
                )
            return
        for surveyed in self.surveyed:
            if self.request.to != MESSAGES or not regular_columns_hold(surveyed, schema, self.request.options()):
                surveyed.shape = None

    def _tasks(self) -> list[Task]:
        tasks: list[Task] = []
        for number, surveyed in enumerate(self.surveyed):
            if surveyed.file is not None:
                for chunk in plan(surveyed.file, self.request.chunk_bytes):
                    tasks.append(Task(len(tasks), number, chunk))
                    self.total_bytes += bytes_of(chunk, surveyed.file)
        return tasks

    # -- doing it -----------------------------------------------------------------------------------------------------

    def _engine(self, tasks: Sequence[Task], size: int) -> Engine:
        if self._given_engine is not None:
            return self._given_engine
        workers = self.request.workers
        if workers is None and (size < SMALL_BYTES or len(tasks) < 2):
            workers = 1
        return LocalEngine(workers=workers)

    def _work(
        self, encoding: Encoding, sources: tuple[SourceJob, ...] | None = None, ledger: LedgerFile | None = None
    ) -> Work:
        small = self.total_bytes < SMALL_BYTES
        jobs = sources or tuple(
            surveyed.job()
            if surveyed.file is not None
            else SourceJob(DataFile("", "lines"), None, Mapping())  # empty: it has no tasks
            for surveyed in self.surveyed
        )
        return Work(
            Job(
                jobs,
                self.request.options(),
                target=self.request.to if sources is None else MESSAGES,
                encoding=encoding,
                schema=self.schema,
                on_bad=self.request.on_bad,
                max_row=self.request.max_row,
                folder=None if small else str(self.parts),
                ledger=ledger,
                parent=os.getpid(),
            )
        )

    def _results(self, work: Work, tasks: Sequence[Task], limit: int | None) -> Iterator[tuple[Task, Result]]:
        """The results of tasks in order, up to ``limit`` rows: exactly those, however the file was cut."""
        left = limit
        results = self._engine(tasks, self.total_bytes).run(work, tasks)
        try:
            for task, result in zip(tasks, results, strict=False):
                kept = result
                if left is not None and result.counts.converted > left:
                    result.part.remove()
                    result.bad.remove()
                    kept = work(task._replace(limit=left))
                if left is not None:
                    left -= kept.counts.converted
                yield task, kept
                kept.part.remove()
                kept.bad.remove()
                if left == 0:
                    break
        finally:
            results.close()

    def _checked(self, task: Task, result: Result, before: Counts) -> None:
        """Stop at the first bad row, where that was asked for."""
        if result.refused is not None:
            raise InputError(
                result.refused.reason,
                where=f"{self.surveyed[task.source].label}:{before.lines + result.refused.line}",
                hint=result.refused.hint,
            )

    def _count(self, task: Task, result: Result, counts: list[Counts], quarantine: Quarantine) -> None:
        mine = counts[task.source]
        self._checked(task, result, mine)
        label = self.surveyed[task.source].label
        quarantine.take(label, mine.lines, result.bad)
        for reason in result.counts.reasons.values():
            reason.file = label
        mine.add(result.counts)

    def _report(self, task: Task, rows: int) -> None:
        if self.progress is not None:
            file = self.surveyed[task.source].file
            self.done += bytes_of(task.chunk, file) if file is not None else 0
            self.progress(self.done, self.total_bytes, rows)

    def _straight(self, tasks: Sequence[Task]) -> Summary:
        """One input after the other, each result where it belongs as it comes."""
        request = self.request
        counts = [Counts() for _ in self.surveyed]
        quarantine = self._quarantine()
        rows = 0
        with open_output(request.output, self.encoding, self.schema) as output:
            work = self._work(self.encoding, ledger=self._ledger(tasks, output))
            for task, result in self._results(work, tasks, request.limit):
                self._count(task, result, counts, quarantine)
                if result.place is None:
                    output.take(result.part)
                else:
                    output.take_placed(result.place, result.part.data)
                rows += result.counts.converted
                self._report(task, rows)
            kept = quarantine.finish()
        return self._summary([request.output], counts, rows, 0, quarantine.path if kept else None)

    def _ledger(self, tasks: Sequence[Task], output: LinesOutput) -> LedgerFile | None:
        """How processes write the output together; None where they cannot, or their parts may be large."""
        if self._given_engine is not None and not isinstance(self._given_engine, LocalEngine):
            return None
        plain = all(surveyed.file is None or surveyed.file.kind == "lines" for surveyed in self.surveyed)
        if (
            self.total_bytes < SMALL_BYTES
            or self.request.output == STDOUT
            or self.encoding == "arrow"
            or not (plain and all(task.chunk.stop >= 0 for task in tasks))
            or not hasattr(os, "pwrite")
        ):
            return None
        return LedgerFile.make(self.folder / "ledger", output.file.name, len(tasks), output.base)

    def _quarantine(self) -> Quarantine:
        keep = self.request.on_bad == "quarantine"
        return Quarantine(quarantine_path(self.request.output), self.folder, keep=keep)

    def _summary(
        self, outputs: list[str], counts: list[Counts], rows: int, unused: int, quarantine: str | None
    ) -> Summary:
        total = Counts()
        for one in counts:
            total.add(one, same_file=False)
        sources = [
            SourceSummary(file=surveyed.label, detection=surveyed.detection, counts=one)
            for surveyed, one in zip(self.surveyed, counts, strict=True)
        ]
        return Summary(outputs=outputs, quarantine=quarantine, rows=rows, unused=unused, total=total, sources=sources)

    # -- mixtures and shards ------------------------------------------------------------------------------------------

    def _mixed(self, tasks: Sequence[Task], sharded: bool) -> Summary:
        """Rows as JSON lines first, put in order, then written as they were asked for."""
        from regrade.chat.convert.ordered import Parts, put_in_order  # numpy, which nothing else here needs

        request = self.request
        counts = [Counts() for _ in self.surveyed]
        quarantine = self._quarantine()
        work = self._work("lines")
        parts = Parts(self.folder / "rows", [len(one.files) for one in self.inputs])
        # No more rows of an input than the whole mixture are ever needed, unless they are drawn from all of it.
        most = None if request.mix == "shuffle" else request.limit
        for number, own in enumerate(parts.tasks_of(tasks)):
            for task, result in self._results(work, own, most):
                self._count(task, result, counts, quarantine)
                parts.take(number, result)
                self._report(task, sum(parts.rows))
        ordered = self.folder / "ordered.jsonl"
        given = [one.share for one in self.inputs]
        shares = [share for share in given if share is not None] or None
        taken = put_in_order(parts, request.mix, shares, request.seed, request.limit, ordered)
        used = sum(taken)
        unused = sum(parts.rows) - used
        outputs = self._write_ordered(ordered, used, sharded, quarantine)
        kept = quarantine.path if quarantine.path and Path(quarantine.path).exists() else None
        return self._summary(outputs, counts, used, unused, kept)

    def _write_ordered(self, ordered: Path, rows: int, sharded: bool, quarantine: Quarantine) -> list[str]:
        from regrade.chat.convert.ordered import ranges_of

        ranges = ranges_of(ordered, rows, self.request.shards, self.request.shard_bytes)
        names = shard_names(self.request.output, len(ranges)) if sharded else [self.request.output]
        with ExitStack() as stack:
            outputs: list[LinesOutput] = [
                stack.enter_context(open_output(name, self.encoding, self.schema)) for name in names
            ]
            for (start, stop), output in zip(ranges, outputs, strict=True):
                if self.encoding == "lines":
                    append(output.file, Part(str(ordered), b""), start, stop)
                else:
                    self._write_table(ordered, start, stop, output)
            quarantine.finish()
        return names

    def _write_table(self, ordered: Path, start: int, stop: int, output: LinesOutput) -> None:
        from regrade.chat.convert.ordered import cut

        file = DataFile(str(ordered), "lines")
        shape = None
        if self.request.to == MESSAGES:
            shape = self._ordered_shape(file)
        work = self._work(self.encoding, (SourceJob(file, None, Mapping(), shape),))
        step = self.request.chunk_bytes
        chunks = cut(ordered, start, stop, step)
        tasks = [Task(number, 0, chunk) for number, chunk in enumerate(chunks)]
        for _, result in self._results(work, tasks, None):
            if result.counts.bad:
                reason = next(iter(result.counts.reasons.values()))
                raise OutputError(f"a row cannot be written: {reason.example}", where=self.request.output)
            output.take(result.part)

    def _ordered_shape(self, file: DataFile) -> Any:
        from regrade.chat.converter import Converter

        found = sample(file)
        regular = regular_lines(found.lines, found.rows, Converter(MESSAGES))
        if regular is None or self.schema is None:
            return None
        looked = Surveyed("", file, Detection(format=MESSAGES), regular.shape, found)
        return regular.shape if regular_columns_hold(looked, self.schema, Options()) else None
