"""Samples with everything that is known of them: what was asked, what was said, and what it was worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from regrade.errors import UsageError
from regrade.rows.guard import read_records, reader_of
from regrade.schema import Record
from regrade.scoring.browse import Outcome, outcomes_of
from regrade.scoring.scores import Scores, SourceBlock


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


def kept_sources(scores: Scores) -> list[SourceBlock]:
    """The sources of scores that can be exported.

    Raises:
        UsageError: per-sample values were not kept, or only some samples were scored.
    """
    if not scores.blocks:
        raise UsageError("per-sample values were not kept", hint="score with keep=True")
    if scores.options.limit is not None:
        raise UsageError("an export is of all samples", where="--limit", hint="--where chooses samples")
    return scores.blocks


def prompt_of(record: Record) -> Any:
    """What was asked first: a text, or a list of messages; None where the log does not say."""
    arguments = record.arguments
    return arguments[0][0] if arguments and arguments[0] else None


def answer_texts_of(record: Record) -> list[str]:
    """The texts of a sample's repeats; of choices the likeliest one, as text."""
    if not record.answers:
        return []
    if all(isinstance(answer, str) for answer in record.answers[0]):
        return [str(answer) for answer in record.answers[0]]
    texts = [request[1] if len(request) > 1 else "" for request in record.arguments]
    repeats = min((len(request) for request in record.answers), default=0)
    chosen = []
    for repeat in range(repeats):
        values = [_likelihood(request[repeat]) for request in record.answers]
        best = values.index(max(values))
        chosen.append(str(texts[best]) if best < len(texts) else str(best))
    return chosen


def _likelihood(answer: Any) -> float:
    return float(answer[0] if isinstance(answer, tuple | list) else answer)
