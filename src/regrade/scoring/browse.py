"""Looking at samples: which ones are meant, and everything about them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.errors import UsageError
from regrade.files.guard import reason_of
from regrade.schema import Record
from regrade.scoring.file_rows import numbered_records
from regrade.time_limit import TimeLimit

if TYPE_CHECKING:
    from regrade.schema import Recipe
    from regrade.scoring.block import PipelineBlock
    from regrade.scoring.scores import ScoredSources, SourceBlock


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
        compared: The references as metrics saw them; None where they are the target.
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
    compared: Any = None


def _readable(record: Record, recipe: Recipe, limit_s: float) -> tuple[Any, Any]:
    """A record's document and what was compared, or in the document's place why it cannot be read."""
    try:
        return record.doc, _compared(record, recipe, limit_s)
    except Exception as error:  # parts of a row that scoring did not need are decoded here
        return f"(cannot be read: {reason_of(error)})", None


def _compared(record: Record, recipe: Recipe, limit_s: float) -> Any:
    """The references after a card's postprocessors; None where those change nothing, or cannot read them."""
    if not recipe.metadata.get("postprocessors"):
        return None
    from regrade.cards.references import processed_references

    try:
        with TimeLimit(limit_s) as limit:
            limit.start()
            found = processed_references(record, recipe)
            limit.finish()
    except Exception:  # the sample's failure says why
        return None
    return None if found == record.target else found


class Found(Iterator[Card]):
    """The samples that were looked for, read one after the other.

    Attributes:
        total: How many there are.
    """

    def __init__(self, looks: list[_Look]) -> None:
        self.total = sum(len(look.wanted) for look in looks)
        self._cards = (card for look in looks for card in look.cards())

    def __next__(self) -> Card:
        return next(self._cards)


def browse(
    scores: ScoredSources,
    *,
    failed: bool = False,
    unparsed: bool = False,
    errors: bool = False,
    filter: str | None = None,
    ids: list[str] | None = None,
) -> Found:
    """The samples of scores that kept their values, in the order of the logs.

    Args:
        scores: What was scored, with ``keep``.
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
    asked = [flag for flag, on in (("failed", failed), ("unparsed", unparsed), ("errors", errors)) if on]
    return Found([_Look(kept, asked, filter, set(ids) if ids is not None else None) for kept in scores.blocks])


class _Look:
    """One source's samples of those that were looked for. Flags are kept for all of them, texts for none.

    Attributes:
        wanted: By line the rows of the block that stand in it (one per filter in some logs).
    """

    def __init__(self, kept: SourceBlock, asked: list[str], filter: str | None, ids: set[str] | None) -> None:
        self.kept = kept
        self.pipelines = [name for name in kept.block.pipelines if filter is None or name == filter]
        block = kept.block
        flags = {name: bytearray(len(block)) for name in ("seen", "failed", "unparsed", "errors")}
        lower = {metric.name for metric in kept.plan.metrics if not metric.higher_is_better}
        for name in self.pipelines:
            self._flag(block.pipelines[name], flags, lower)
        self.failures = {
            (name, metric): {failure.row: failure.reason for failure in column.failures}
            for name in self.pipelines
            for metric, column in block.pipelines[name].metrics.items()
        }
        rows: dict[int, list[int]] = {}
        meets: dict[int, set[str]] = {}
        for row, seen in enumerate(flags["seen"]):
            if seen and (ids is None or str(block.ids[row]) in ids):
                met = {name for name in asked if flags[name][row]}
                if met or not asked:
                    rows.setdefault(block.lines[row], []).append(row)
                    meets.setdefault(block.lines[row], set()).update(met)
        self.wanted = {line: found for line, found in rows.items() if len(meets[line]) == len(asked)}

    @staticmethod
    def _flag(out: PipelineBlock, flags: dict[str, bytearray], lower: set[str]) -> None:
        """Flag the rows of a pipeline; of metrics in ``lower``, where lower is better, 0 is no failure."""
        for place, row in enumerate(out.rows):
            flags["seen"][row] = 1
            if out.unparsed[place]:
                flags["unparsed"][row] = 1
        for name, metric in out.metrics.items():
            values = () if name in lower else metric.values or ()
            for place, value in zip(metric.rows, values, strict=name not in lower):
                if isinstance(value, bool | int | float) and value == 0:
                    flags["failed"][out.rows[place]] = 1
            for failure in metric.failures:
                flags["failed"][out.rows[failure.row]] = flags["errors"][out.rows[failure.row]] = 1

    def cards(self) -> Iterator[Card]:
        """Read the wanted lines once more, for the texts that scoring did not keep."""
        source = self.kept.source
        last = max(self.wanted, default=0)
        shown = 0
        for number, record in numbered_records(source) if self.wanted else ():
            if number > last:
                return
            if number == shown or number not in self.wanted or not isinstance(record, Record):
                continue
            shown = number
            doc, compared = _readable(record, self.kept.plan.recipe, self.kept.plan.answer_limit_s)
            fields = list(doc.items()) if isinstance(doc, dict) else [("doc", doc)]
            yield Card(
                task=source.task,
                run=source.run.name,
                file=source.path,
                line=number,
                sample_id=record.sample_id,
                fields=[(str(name), value) for name, value in fields],
                target=record.target,
                compared=compared,
                answers=[answer for request in record.answers for answer in request],
                outcomes=[
                    outcome
                    for name in self.pipelines
                    for row in self._rows_in(number)
                    if (outcome := self._outcome(name, row)) is not None
                ],
            )

    def _rows_in(self, line: int) -> list[int]:
        """All rows of a line, also those that do not meet the conditions by themselves; they stand together."""
        lines, [first, *_] = self.kept.block.lines, self.wanted[line]
        start = stop = first
        while start > 0 and lines[start - 1] == line:
            start -= 1
        while stop < len(lines) and lines[stop] == line:
            stop += 1
        return list(range(start, stop))

    def _outcome(self, name: str, row: int) -> Outcome | None:
        """What a pipeline made of a row; None where it was not applied to it."""
        out = self.kept.block.pipelines[name]
        place = _place(out.rows, row)
        if place is None:
            return None
        extracted = out.extracted[place] if out.extracted is not None else None
        outcome = Outcome(filter=name, extracted=extracted, unparsed=bool(out.unparsed[place]))
        for metric_name, metric in out.metrics.items():
            found = _place(metric.rows, place)
            if found is not None and metric.values is not None:
                outcome.values[metric_name] = value = metric.values[found]
                outcome.failed = outcome.failed or (isinstance(value, bool | int | float) and value == 0)
            if (reason := self.failures[name, metric_name].get(place)) is not None:
                outcome.failures[metric_name], outcome.failed = reason, True
        return outcome


def _place(ascending: Sequence[int], value: int) -> int | None:
    place = bisect_left(ascending, value)
    return place if place < len(ascending) and ascending[place] == value else None


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
