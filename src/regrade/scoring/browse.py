"""Looking at samples: which ones are meant, and everything about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.errors import UsageError
from regrade.schema import Record
from regrade.scoring.file_rows import numbered_records

if TYPE_CHECKING:
    from regrade.scoring.scores import Scores, SourceBlock


class Outcome(msgspec.Struct, kw_only=True):
    """What one pipeline made of a sample.

    Attributes:
        filter: The pipeline.
        extracted: What it took from the answers.
        unparsed: Whether it found nothing.
        values: Value of each metric.
        failures: Why a metric could not be measured.
        failed: Whether a metric counts the answer as wrong (0, or not measured).
    """

    filter: str
    extracted: Any = None
    unparsed: bool = False
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    failures: dict[str, str] = msgspec.field(default_factory=dict)
    failed: bool = False


class Card(msgspec.Struct, kw_only=True):
    """A sample to look at.

    Attributes:
        task: The task.
        run: The run.
        file: The log file.
        line: Its line.
        sample_id: Its id.
        fields: What was asked: the document's fields, or the prompt where there is no document.
        target: The reference that the log recorded.
        answers: What the model said, a list entry per request and repeat.
        outcomes: What each pipeline made of it.
    """

    task: str
    run: str
    file: str
    line: int
    sample_id: Any
    fields: list[tuple[str, Any]]
    target: Any
    answers: list[Any]
    outcomes: list[Outcome]


def browse(
    scores: Scores,
    *,
    failed: bool = False,
    unparsed: bool = False,
    errors: bool = False,
    filter: str | None = None,
    ids: list[str] | None = None,
) -> Iterator[Card]:
    """The samples of scores that kept their values, in the order of the logs.

    Args:
        failed: Only samples that a metric counts as wrong, under any of the pipelines.
        unparsed: Only samples in which a pipeline found nothing.
        errors: Only samples whose scoring failed.
        filter: Only this pipeline's view.
        ids: Only samples with these ids.

    Raises:
        UsageError: no pipeline has the name.
    """
    names = {name for kept in scores.blocks for name in kept.block.pipelines}
    if filter is not None and filter not in names:
        raise UsageError(f"no pipeline is named {filter!r}", hint=f"pipelines: {', '.join(sorted(names))}")
    for kept in scores.blocks:
        by_line: dict[int, list[Outcome]] = {}
        for line, sample_id, outcome in outcomes_of(kept, filter):
            if ids is None or str(sample_id) in ids:
                by_line.setdefault(line, []).append(outcome)
        wanted = {
            line
            for line, outcomes in by_line.items()
            if (not failed or any(o.failed for o in outcomes))
            and (not unparsed or any(o.unparsed for o in outcomes))
            and (not errors or any(o.failures for o in outcomes))
        }
        yield from _cards(kept, by_line, wanted)


def outcomes_of(kept: SourceBlock, only: str | None = None) -> Iterator[tuple[int, Any, Outcome]]:
    """Line, sample id and outcome of every sample under every pipeline, or under one; pipeline by pipeline."""
    block = kept.block
    for name, out in block.pipelines.items():
        if only is not None and name != only:
            continue
        outcomes = [
            Outcome(
                filter=name,
                extracted=out.extracted[place] if out.extracted is not None else None,
                unparsed=bool(out.unparsed[place]),
            )
            for place in range(len(out.rows))
        ]
        for metric_name, metric in out.metrics.items():
            for row, value in zip(metric.rows, metric.values or (), strict=True):
                outcomes[row].values[metric_name] = value
                if isinstance(value, bool | int | float) and value == 0:
                    outcomes[row].failed = True
            for failure in metric.failures:
                outcomes[failure.row].failures[metric_name] = failure.reason
                outcomes[failure.row].failed = True
        for place, outcome in enumerate(outcomes):
            row = out.rows[place]
            yield block.lines[row], block.ids[row], outcome


def _cards(kept: SourceBlock, by_line: dict[int, list[Outcome]], wanted: set[int]) -> Iterator[Card]:
    """Read the wanted lines once more, for the texts that scoring did not keep."""
    if not wanted:
        return
    source = kept.source
    last = max(wanted)
    for number, record in numbered_records(source):
        if number > last:
            return
        if number in wanted and isinstance(record, Record):
            doc = record.doc
            fields = list(doc.items()) if isinstance(doc, dict) else [("doc", doc)]
            yield Card(
                task=source.task,
                run=source.run.name,
                file=source.path,
                line=number,
                sample_id=record.sample_id,
                fields=[(str(name), value) for name, value in fields],
                target=record.target,
                answers=[answer for request in record.answers for answer in request],
                outcomes=by_line[number],
            )
