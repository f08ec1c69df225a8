"""Comparison of computed values with those that a log recorded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from regrade.lm_eval.task_groups import recorded_group_checks
from regrade.recorded_values import plain, read_value, stands_for_value
from regrade.scoring.parts import main_part
from regrade.scoring.plan import Method

if TYPE_CHECKING:
    from regrade.rows.source import Source
    from regrade.scoring.results import Counts, Result, SourceScores
    from regrade.scoring.scores import ScoredSources, SourceBlock

Verdict = Literal["equal", "different", "incomplete", "not checked"]

RELATIVE = 1e-9
"""Largest relative difference that is the same number: the harness adds in another order where numpy does."""
ABSOLUTE = 1e-12


class Difference(msgspec.Struct, frozen=True):
    """A sample whose recorded value is another than the computed one."""

    line: int
    sample_id: Any
    recorded: Any
    computed: Any


class CheckRow(msgspec.Struct, kw_only=True):
    """One metric of one task compared with the log.

    Attributes:
        task: The task.
        run: The run's name.
        filter: The filter pipeline.
        metric: The metric.
        method: Whether the values were recomputed, or only the recorded ones aggregated again.
        recorded: The value in the results file; None where there is none.
        computed: The value computed here.
        recorded_stderr: The standard error in the results file.
        computed_stderr: The standard error computed here.
        rows: Samples whose recorded value was compared.
        differences: The samples that differ.
        verdict: ``equal``; ``different``; ``incomplete``: rows are missing, so the aggregated values cannot be
            compared (the rows that are there are equal); ``not checked``: nothing to compare, or it cannot run here.
        reason: Why.
    """

    task: str
    run: str
    filter: str
    metric: str
    method: Method
    recorded: Any = None
    computed: Any = None
    recorded_stderr: Any = None
    computed_stderr: Any = None
    rows: int = 0
    differences: list[Difference] = msgspec.field(default_factory=list)
    verdict: Verdict = "not checked"
    reason: str | None = None


def check(scores: ScoredSources) -> list[CheckRow]:
    """Compare scores (made with ``check``) with what their logs recorded, in the results files and row by row."""
    rows: list[CheckRow] = []
    for kept in scores.blocks:
        own = (kept.source.path, kept.source.task, kept.source.run.name)
        parts = [part for part in scores.parts if (part.path, part.task, part.run) == own and part.main]
        if parts:
            whole = kept.plan.where is None and scores.options.limit is None
            rows += _check_source(kept, parts[0], whole)
    checked: set[str] = set()
    for source in scores.sources:
        results = source.run.results_file
        if source.options.get("groups") and results is not None and results not in checked:
            checked.add(results)
            rows += _check_groups(source)
    return rows


def _check_groups(source: Source) -> list[CheckRow]:
    """Whether the groups' values in a results file follow from its own values of their tasks."""
    rows = []
    for found in recorded_group_checks(source):
        metric, _, pipeline = found.key.partition(",")
        row = CheckRow(
            task=found.name,
            run=source.run.name,
            filter=pipeline,
            metric=metric,
            method="re-aggregated",
            recorded=found.recorded,
            computed=found.follows,
            recorded_stderr=found.recorded_stderr,
            computed_stderr=found.follows_stderr,
            reason=found.reason or "group: from the results file's values of its tasks",
        )
        if found.reason is None:
            equal = same(row.recorded, row.computed)
            stderr = row.recorded_stderr is None or same_stderr(row.recorded_stderr, row.computed_stderr, row.computed)
            row.verdict = "equal" if equal and stderr else "different"
        rows.append(row)
    return rows


def _check_source(kept: SourceBlock, scores: SourceScores, whole: bool) -> list[CheckRow]:
    part = main_part(kept.parts)
    rows = []
    for result in scores.whole:
        members = None if part.rows is None else set(part.rows[result.filter])
        row = _check_result(kept, scores, result, members)
        if whole or row.method == "unavailable":
            _judge(row, scores, result, result.failed - _lost_to_both(kept, row))
        else:
            _judge_part(row)
        rows.append(row)
    computed = {result.key for result in scores.whole}
    for key, value in kept.source.recorded.items():
        metric, _, pipeline = key.partition(",")
        if key not in computed and not metric.endswith("_stderr") and isinstance(value, int | float):
            rows.append(
                CheckRow(
                    task=scores.task,
                    run=scores.run,
                    filter=pipeline,
                    metric=metric,
                    method="unavailable",
                    recorded=value,
                    reason="the recorded specification does not name this metric",
                )
            )
    return rows


def _check_result(kept: SourceBlock, scores: SourceScores, result: Result, members: set[int] | None) -> CheckRow:
    """The recorded and computed values side by side, and the samples that differ; not judged yet."""
    recorded = kept.source.recorded
    row = CheckRow(
        task=scores.task,
        run=scores.run,
        filter=result.filter,
        metric=result.metric,
        method=result.method,
        recorded=recorded.get(result.key),
        computed=result.value,
        recorded_stderr=recorded.get(f"{result.metric}_stderr,{result.filter}"),
        computed_stderr=result.stderr,
        reason=result.reason,
    )
    if result.method == "recomputed":
        _compare_rows(kept, row, members)
    return row


def _judge_part(row: CheckRow) -> None:
    """A verdict where only a part of the log was scored: no recorded aggregated value belongs to it."""
    row.recorded = row.recorded_stderr = None
    if row.differences:
        row.verdict, row.reason = "different", f"{len(row.differences)} of {row.rows} samples differ"
    elif row.rows:
        row.verdict, row.reason = "equal", "row by row; a part of the log has no recorded aggregated value"
    else:
        row.reason = "a part of the log: the log recorded nothing to compare with"


def _lost_to_both(kept: SourceBlock, row: CheckRow) -> int:
    """Samples without a value here for which the log, too, recorded none, while it did for others."""
    metric = kept.block.pipelines[row.filter].metrics.get(row.metric)
    if metric is None or not row.rows:
        return 0
    rows = kept.block.pipelines[row.filter].rows
    return sum(row.metric not in kept.block.recorded[rows[failure.row]] for failure in metric.failures)


def _lack(counts: Counts, result: Result) -> str | None:
    """What of the log was not there to be scored; None if nothing."""
    if counts.missing:
        return f"{counts.samples} of {counts.expected} samples are in the log"
    if counts.expected is not None and result.n < counts.expected:
        return f"{result.n} of {counts.expected} samples are in the log under this filter"
    if counts.incomplete:
        return counts.incomplete
    return f"{counts.malformed} rows could not be read" if counts.malformed else None


def _judge(row: CheckRow, scores: SourceScores, result: Result, failed: int) -> None:
    """A verdict where the whole log was scored; ``failed`` samples have a value in the log and none here."""
    counts = scores.counts
    if result.method == "unavailable":
        return
    if row.differences:
        row.verdict = "different"
        row.reason = f"{len(row.differences)} of {row.rows} samples differ"
    elif (lack := _lack(counts, result)) is not None:
        row.verdict = "incomplete"
        row.reason = lack
    elif failed:
        row.verdict = "different"
        row.reason = f"{failed} of {result.n} samples could not be scored"
    elif row.recorded is None:
        if row.rows:
            row.verdict = "equal"
            row.reason = "row by row; no results file of this run gives an aggregated value"
        else:
            row.reason = "the log recorded nothing to compare with"
    elif row.computed is None and result.method == "re-aggregated" and not result.scored:
        row.reason = "no row of the log holds a value"
    elif not same(row.recorded, row.computed):
        row.verdict = "different"
    elif row.recorded_stderr is not None and not same_stderr(row.recorded_stderr, row.computed_stderr, row.computed):
        row.verdict = "different"
        row.reason = "the standard errors differ"
    else:
        row.verdict = "equal"


def _compare_rows(kept: SourceBlock, row: CheckRow, members: set[int] | None) -> None:
    """Compare the computed value of each sample with the one its row recorded."""
    block = kept.block
    out = block.pipelines[row.filter]
    metric = out.metrics.get(row.metric)
    if metric is None or metric.values is None:
        return
    for place, value in zip(metric.rows, metric.values, strict=True):
        if (members is not None and place not in members) or place in metric.settled:
            continue
        position = out.rows[place]
        recorded = block.recorded[position]
        if row.metric not in recorded:
            continue
        row.rows += 1
        if not same(recorded[row.metric], value):
            row.differences.append(
                Difference(block.lines[position], block.ids[position], recorded[row.metric], plain(value))
            )


def same(recorded: Any, computed: Any) -> bool:
    """Whether two values are the same, numbers up to rounding and bools as numbers."""
    recorded, computed = plain(recorded), plain(computed)
    if isinstance(recorded, str) and not isinstance(computed, str):
        return stands_for_value(recorded) and _near(read_value(recorded), computed)
    if isinstance(recorded, int | float) and isinstance(computed, int | float):
        if math.isnan(recorded) or math.isnan(computed):
            return math.isnan(recorded) and math.isnan(computed)
        return math.isclose(recorded, computed, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    if isinstance(recorded, list) and isinstance(computed, list):
        return len(recorded) == len(computed) and all(map(same, recorded, computed))
    return bool(recorded == computed)


def same_stderr(recorded: Any, computed: Any, value: Any) -> bool:
    """Whether two standard errors of a value are the same; below the value's last digits they are rounding."""
    if same(recorded, computed):
        return True
    numbers = (recorded, computed, value)
    return all(isinstance(number, int | float) for number in numbers) and max(recorded, computed) <= ABSOLUTE * abs(
        value
    )


def _near(recorded: Any, computed: Any) -> bool:
    """Whether a value that the log holds as text, to eight digits, is the computed one."""
    if isinstance(recorded, list) and isinstance(computed, list):
        return len(recorded) == len(computed) and all(map(_near, recorded, computed))
    if isinstance(recorded, int | float) and isinstance(computed, int | float):
        return same(recorded, computed) or math.isclose(recorded, computed, rel_tol=1e-7, abs_tol=1e-8)
    return same(recorded, computed)
