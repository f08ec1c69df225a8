"""What comes out of scoring: results and counts."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import msgspec

from regrade.schema import Malformed
from regrade.scoring.plan import Method


class Counts(msgspec.Struct, kw_only=True):
    """How many samples went where; a denominator never shrinks without a trace here.

    Attributes:
        expected: Samples that the log says were evaluated; None when it does not say.
        samples: Samples read, before any condition.
        selected: Samples that met the condition and limit; the denominator.
        malformed: Rows that could not be read.
        without_field: Samples that lack a field which ``--where`` names.
        unevaluated: Samples on which an expression of ``--where``, ``--by`` or ``--cluster`` fails.
        repeated: Rows that are equal to earlier ones of the file, left out.
        reused: Samples whose id an earlier one has, too, with another document or answer; each of them counts.
        incomplete: Why the log is not whole, where that cannot be told by counting.
    """

    expected: int | None = None
    samples: int = 0
    selected: int = 0
    malformed: int = 0
    without_field: int = 0
    unevaluated: int = 0
    repeated: int = 0
    reused: int = 0
    incomplete: str | None = None

    @property
    def missing(self) -> int:
        """Samples that the log says were evaluated and that are not there."""
        return max(0, self.expected - self.samples) if self.expected is not None else 0


class Result(msgspec.Struct, kw_only=True):
    """One aggregated value.

    Attributes:
        task: The task.
        run: The run's name.
        part: Which run of several in one file, or which documents of several; None when there is one.
        filter: The filter pipeline.
        metric: The metric.
        group: Values of the ``--by`` expressions by their text; empty for the whole.
        value: The aggregated value; None when there is nothing to aggregate or it cannot be had.
        stderr: lm-evaluation-harness's standard error; ``"N/A"`` where it has none.
        interval: Confidence interval, low and high; None where there is none.
        interval_method: ``wilson``, ``bca``, ``clustered``, ``clustered bca``; None without an interval.
        clustered_stderr: Standard error with samples of a cluster taken together, where asked for.
        n: Samples in the denominator.
        scored: Of those, samples that were measured.
        unparsed: Samples in which the pipeline found no answer.
        failed: Samples whose scoring failed, timed-out ones included.
        left_out: Of the failed ones, those that the value lacks: no worst value, or no reference.
        timed_out: Samples whose scoring took longer than the limit.
        method: Whether the values were recomputed from the answers, or the log's own, aggregated again.
        reason: Why it is not recomputed, or why there is no value.
        higher_is_better: Which way is better.
    """

    task: str
    run: str
    filter: str
    metric: str
    part: str | None = None
    group: dict[str, Any] = msgspec.field(default_factory=dict)
    value: Any = None
    stderr: float | str | None = None
    interval: tuple[float, float] | None = None
    interval_method: str | None = None
    clustered_stderr: float | None = None
    n: int = 0
    scored: int = 0
    unparsed: int = 0
    failed: int = 0
    left_out: int = 0
    timed_out: int = 0
    method: Method = "recomputed"
    reason: str | None = None
    higher_is_better: bool = True

    @property
    def unaggregated(self) -> bool:
        """Whether there are measured samples and yet no value: the aggregation failed, ``reason`` says how."""
        return self.scored > 0 and self.value is None and self.reason is not None

    @property
    def key(self) -> str:
        """``metric,filter``: the key in lm-evaluation-harness's results layout."""
        return f"{self.metric},{self.filter}"


class SampleFailure(msgspec.Struct, frozen=True):
    """A sample whose scoring failed.

    Attributes:
        file: The log file.
        line: Its 1-based line.
        sample_id: Its id.
        filter: The pipeline under which it failed.
        metric: The metric that failed.
        reason: What happened.
    """

    file: str
    line: int
    sample_id: Any
    filter: str
    metric: str
    reason: str


class SourceScores(msgspec.Struct, kw_only=True):
    """The scores of one task of one run.

    Attributes:
        task: The task.
        run: The run's name.
        path: The log file.
        part: Which run or documents of several in the file.
        main: Whether the task's plain name stands for it: the largest part of its file.
        counts: How many samples went where.
        results: The values of the whole, then by group.
        malformed: The rows that could not be read.
        unevaluated: The samples on which an expression of the user's fails.
        failures: The samples whose scoring failed.
        hash_mismatches: Lines whose recorded hashes are not those of their content, with which.
        notes: What a person should know.
    """

    task: str
    run: str
    path: str
    part: str | None = None
    main: bool = True
    counts: Counts = msgspec.field(default_factory=Counts)
    results: list[Result] = msgspec.field(default_factory=list)
    malformed: list[Malformed] = msgspec.field(default_factory=list)
    unevaluated: list[Malformed] = msgspec.field(default_factory=list)
    failures: list[SampleFailure] = msgspec.field(default_factory=list)
    hash_mismatches: list[tuple[int, str]] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)

    @property
    def whole(self) -> list[Result]:
        """The results that are not of a group."""
        return [result for result in self.results if not result.group]

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, malformed or failed, and every metric was to be had."""
        return not (
            self.counts.missing
            or (self.counts.samples and not self.counts.selected)
            or self.counts.incomplete
            or self.counts.malformed
            or self.counts.without_field
            or self.counts.unevaluated
            or self.failures
            or any(result.method == "unavailable" or result.unaggregated for result in self.whole)
        )

    def losses(self, name: str) -> list[str]:
        """What is missing, malformed, failed or not what it was, a sentence each; ``name`` stands for the log."""
        counts, found = self.counts, []
        if counts.samples and not counts.selected:
            found.append(f"{name}: no sample meets the condition")
        if counts.missing:
            found.append(
                f"incomplete: {name}: {counts.samples:,} of {counts.expected:,} evaluated samples are in the log"
            )
        elif counts.incomplete:
            found.append(f"incomplete: {name}: {counts.incomplete}")
        if self.malformed:
            bad = self.malformed[0]
            found.append(f"{_count(self.malformed, 'malformed row')}, first {bad.file}:{bad.line}: {bad.reason}")
        if self.unevaluated:
            bad = self.unevaluated[0]
            rows = _count({row.line for row in self.unevaluated}, "sample")
            found.append(f"{rows} left open by an expression, first {bad.file}:{bad.line}: {bad.reason}")
        if self.failures:
            first = self.failures[0]
            samples = _count({(f.line, f.filter) for f in self.failures}, "sample")
            place = f"{first.file}:{first.line} ({first.metric}, {first.filter})"
            found.append(f"{samples} could not be scored, first {place}: {first.reason}")
            found += [
                f"the value of {result.metric} is over {result.n - result.left_out:,} of {result.n:,}"
                for result in self.whole
                if result.left_out and result.value is not None
            ]
        if self.hash_mismatches:
            line, what = self.hash_mismatches[0]
            rows = _count(self.hash_mismatches, "row")
            found.append(f"{rows} with other content than the hashes say, first {self.path}:{line}: {what}")
        return found


def _count(items: Sized, one: str) -> str:
    return f"{len(items):,} {one if len(items) == 1 else one + 's'}"
