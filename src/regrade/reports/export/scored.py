"""Samples with everything that is known of them: what was asked, what was said, and what it was worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from regrade.errors import UsageError
from regrade.rows.guard import read_records, reader_of
from regrade.schema import Record
from regrade.scoring.browse import Outcome, outcomes_of
from regrade.scoring.scores import ScoredSources, SourceBlock


class Scored(NamedTuple):
    """A sample.

    Attributes:
        kept: The source that it is of.
        record: What was asked and said.
        outcomes: What each filter pipeline made of it, in the recipe's order.
    """

    kept: SourceBlock
    record: Record
    outcomes: list[Outcome]

    @property
    def details(self) -> dict[str, Any]:
        """What a run recorded beside the words: ``finish_reason``, ``usage``, ``thinking``, ...; empty for logs."""
        found: dict[str, Any] = self.record.metadata.get("answer") or {}
        return found


def scored_samples(kept: SourceBlock) -> Iterator[Scored]:
    """The samples of a source, in order. The source is read once more; its texts are not kept in memory.

    Raises:
        UsageError: per-sample values were not kept.
    """
    by_line: dict[int, list[Outcome]] = {}
    for line, _, outcome in outcomes_of(kept):
        by_line.setdefault(line, []).append(outcome)
    source = kept.source
    reader = reader_of(source)
    offset = 0
    for chunk in source.chunks:
        line = 0
        for record in read_records(source, chunk, reader):
            line = record.line
            if isinstance(record, Record) and (outcomes := by_line.get(offset + line)) is not None:
                yield Scored(kept, record, outcomes)
        offset += max(reader.lines_read, line)


def kept_sources(scores: ScoredSources) -> list[SourceBlock]:
    """The sources of scores that can be exported.

    Raises:
        UsageError: per-sample values were not kept, or only some samples were scored.
    """
    if not scores.blocks:
        raise UsageError("per-sample values were not kept", hint="score with keep=True")
    if scores.options.limit is not None:
        raise UsageError("an export is of all samples", where="--limit", hint="--where chooses samples")
    return scores.blocks
