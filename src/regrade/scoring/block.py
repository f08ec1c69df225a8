"""What scoring a chunk gives, and how the blocks of a source are joined."""

from __future__ import annotations

from array import array
from typing import Any, Literal

from regrade.errors import NoReferenceError, RegradeError, TimeLimitExceeded, UnavailableError
from regrade.metrics.column import Column
from regrade.schema import Malformed


class Failure:
    """A sample that could not be scored.

    Attributes:
        row: Position in the pipeline's rows.
        reason: What happened.
        timed_out: Whether it ran into the time limit.
        lacks: What scoring needs that is not here: the sample's ``reference``, or ``software``; None if nothing.
        worst: The value that the metric gives a sample which cannot be scored; None where it gives none.
    """

    __slots__ = ("lacks", "reason", "row", "timed_out", "worst")

    def __init__(
        self,
        row: int,
        reason: str,
        timed_out: bool = False,
        lacks: Literal["reference", "software"] | None = None,
        worst: Any = None,
    ) -> None:
        self.row = row
        self.worst = worst
        self.reason = reason
        self.timed_out = timed_out
        self.lacks = lacks

    def shift(self, offset: int) -> Failure:
        """The same failure, ``offset`` rows further on."""
        return Failure(self.row + offset, self.reason, self.timed_out, self.lacks, self.worst)


class MetricBlock:
    """The statistics of one metric under one pipeline.

    Attributes:
        rows: For each entry of ``column`` its position in the pipeline's rows; a sample may lack a metric.
        column: The statistics.
        values: The values before aggregation, where they are kept.
        failures: The samples that could not be measured.
        settled: Rows of failures that count as the worst value, in ``rows`` and ``column`` too.
        origin: The planned metric that measured this among several things at once; None where it is planned itself.
    """

    __slots__ = ("column", "failures", "origin", "rows", "settled", "values")

    def __init__(self, column: Column, *, keep: bool, origin: str | None = None) -> None:
        self.rows = array("q")
        self.column = column
        self.origin = origin
        self.settled: set[int] = set()
        self.values: list[Any] | None = [] if keep else None
        self.failures: list[Failure] = []

    def extend(self, other: MetricBlock, offset: int) -> None:
        """Add another block's samples, whose pipeline rows begin at ``offset``."""
        self.rows.extend(row + offset for row in other.rows) if offset else self.rows.extend(other.rows)
        self.column.extend(other.column)
        if self.values is not None and other.values is not None:
            self.values += other.values
        self.failures += [failure.shift(offset) for failure in other.failures]


class PipelineBlock:
    """What one filter pipeline made of the samples it was applied to.

    Attributes:
        rows: Positions in the block's rows.
        unparsed: 1 for each row in which the pipeline found nothing.
        extracted: What it found, where that is kept.
        metrics: By metric name.
        late: Positions in ``rows`` of those that exceeded the time limit.
        stopped: Why no further row was tried; None if all were. See :mod:`regrade.scoring.breaker`.
    """

    __slots__ = ("extracted", "late", "metrics", "rows", "stopped", "unparsed")

    def __init__(self, *, keep: bool) -> None:
        self.rows = array("q")
        self.unparsed = bytearray()
        self.extracted: list[Any] | None = [] if keep else None
        self.metrics: dict[str, MetricBlock] = {}
        self.late = array("q")
        self.stopped: str | None = None

    def extend(self, other: PipelineBlock, offset: int) -> None:
        """Add another block's samples, whose rows begin at ``offset``."""
        start = len(self.rows)
        self.rows.extend(row + offset for row in other.rows) if offset else self.rows.extend(other.rows)
        self.unparsed += other.unparsed
        self.late.extend(row + start for row in other.late)
        if self.extracted is not None and other.extracted is not None:
            self.extracted += other.extracted
        for name, metric in other.metrics.items():
            mine = self.metrics.get(name)
            if mine is None:
                empty = Column(metric.column.width, labelled=metric.column.labels is not None)
                mine = self.metrics[name] = MetricBlock(empty, keep=metric.values is not None, origin=metric.origin)
            mine.extend(metric, start)


class Block:
    """The scores of some rows of a source, in the order of the log.

    Attributes:
        ids: Sample ids.
        lines: 1-based line numbers.
        fingerprints: Checksums of the documents.
        filters: Per row the recorded filter as a position in ``filter_names``, -1 where the log names none.
        groups: Per row the values of the ``--by`` expressions, where given.
        clusters: Per row the value of the ``--cluster`` expression, where given.
        recorded: Per row the recorded metric values, where they are to be compared with.
        pipelines: By pipeline name.
        malformed: Rows that could not be read.
        blank: Lines of the rows with nothing in them.
        line_count: Lines read, blank ones included.
        excluded: Lines of the rows that ``--where`` does not hold for.
        without_field: Lines of the rows that lack a field that ``--where`` names.
        unevaluated: Rows of which an expression of the user's cannot be evaluated, with the reasons.
        unavailable: Metrics that could not be prepared, with the reasons.
        hash_mismatches: Lines whose recorded hashes are not those of their content, with which.
    """

    def __init__(self) -> None:
        self.ids: list[Any] = []
        self.lines = array("q")
        self.fingerprints = array("Q")
        self.filters = array("i")
        self.filter_names: list[str] = []
        self.groups: list[Any] = []
        self.clusters: list[Any] = []
        self.recorded: list[dict[str, Any]] = []
        self.pipelines: dict[str, PipelineBlock] = {}
        self.malformed: list[Malformed] = []
        self.blank = array("q")
        self.line_count = 0
        self.excluded = array("q")
        self.without_field = array("q")
        self.unevaluated: list[Malformed] = []
        self.hash_mismatches: list[tuple[int, str]] = []
        self.problems: list[str] = []
        self.unavailable: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def late_pipelines(self) -> bool:
        """Whether a pipeline has a row that exceeded the time limit."""
        return any(out.late for out in self.pipelines.values())

    def filter_code(self, name: str | None) -> int:
        """The position of a recorded filter's name, adding it if new; -1 for None."""
        if name is None:
            return -1
        if name not in self.filter_names:
            self.filter_names.append(name)
        return self.filter_names.index(name)

    def extend(self, other: Block) -> None:
        """Add the rows of the chunk that follows."""
        offset, first_line = len(self.ids), self.line_count
        self.ids += other.ids
        self.lines.extend(line + first_line for line in other.lines)
        self.fingerprints.extend(other.fingerprints)
        codes = [self.filter_code(name) for name in other.filter_names]
        self.filters.extend(codes[code] if code >= 0 else -1 for code in other.filters)
        self.groups += other.groups
        self.clusters += other.clusters
        self.recorded += other.recorded
        for name, pipeline in other.pipelines.items():
            mine = self.pipelines.get(name)
            if mine is None:
                mine = self.pipelines[name] = PipelineBlock(keep=pipeline.extracted is not None)
            mine.extend(pipeline, offset)
        self.malformed += [Malformed(m.file, m.line + first_line, m.reason) for m in other.malformed]
        self.unevaluated += [Malformed(m.file, m.line + first_line, m.reason) for m in other.unevaluated]
        self.blank.extend(line + first_line for line in other.blank)
        self.line_count += other.line_count
        self.excluded.extend(line + first_line for line in other.excluded)
        self.without_field.extend(line + first_line for line in other.without_field)
        self.hash_mismatches += [(line + first_line, what) for line, what in other.hash_mismatches]
        self.problems += [problem for problem in other.problems if problem not in self.problems]
        self.unavailable |= other.unavailable


def reason_of_error(error: Exception) -> str:
    """What a person is told of an error that a sample met."""
    if isinstance(error, UnavailableError) and error.hint:
        return f"{error.what} ({error.hint})"
    return error.what if isinstance(error, RegradeError) else f"{type(error).__name__}: {error}"


def failure_of(row: int, error: Exception) -> Failure:
    """The failure of a row, by what was raised."""
    lacks: Literal["reference", "software"] | None = None
    if isinstance(error, UnavailableError):
        lacks = "reference" if isinstance(error, NoReferenceError) else "software"
    return Failure(row, reason_of_error(error), isinstance(error, TimeLimitExceeded), lacks)
