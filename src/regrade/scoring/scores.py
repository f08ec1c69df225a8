"""The scores of a command: results, counts, and per-sample values for those who want them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from regrade.errors import Exit, UsageError
from regrade.rows.source import Source
from regrade.schema import Malformed
from regrade.scoring.block import Block
from regrade.scoring.parts import Part
from regrade.scoring.plan import Plan
from regrade.scoring.results import Result, SourceScores

if TYPE_CHECKING:
    from regrade.lm_eval.task_groups import GroupScores


class SourceBlock(NamedTuple):
    """A source's rows as scored, kept for per-sample views."""

    source: Source
    block: Block
    plan: Plan
    parts: list[Part]

    def choose_positions(self, limit: int | None) -> dict[str, set[int] | None]:
        """By pipeline the positions in its rows that a limit leaves, None for all."""
        if limit is None:
            return dict.fromkeys(self.block.pipelines)
        return {
            name: {
                row for p in self.parts for row in (range(len(out.rows)) if p.rows is None else p.rows[name])[:limit]
            }
            for name, out in self.block.pipelines.items()
        }


class Score(msgspec.Struct, kw_only=True):
    """What one sample is worth under one filter pipeline.

    Attributes:
        task: The task.
        run: The run's name.
        sample_id: The sample's id.
        line: 1-based line in ``file``.
        file: The log file.
        filter: The pipeline.
        extracted: What it took from the answers.
        unparsed: Whether it found nothing.
        values: Value of each metric before aggregation.
        failures: Why a metric could not be measured, by metric.
    """

    task: str
    run: str
    sample_id: Any
    line: int
    file: str
    filter: str
    extracted: Any = None
    unparsed: bool = False
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    failures: dict[str, str] = msgspec.field(default_factory=dict)


class ScoredSources:
    """What scoring gives.

    Attributes:
        parts: The scores of each task of each run, in the order of the inputs.
        sources: What was scored.
        options: How.
        blocks: The rows as scored, where they were kept.
        unreadable: Files in folders that could not be read at all, with the reason.
        task_groups: Values of the harness's task groups.
    """

    def __init__(self, *, options: Any, sources: list[Source]) -> None:
        self.options = options
        self.sources = sources
        self.parts: list[SourceScores] = []
        self.blocks: list[SourceBlock] = []
        self.unreadable: list[Malformed] = []
        self.task_groups: list[GroupScores] = []

    @property
    def results(self) -> list[Result]:
        """Every result, in the order of the inputs; groups follow their whole."""
        return [result for part in self.parts for result in part.results]

    @property
    def exit_code(self) -> Exit:
        """DONE, or INCOMPLETE where samples are missing, malformed or failed."""
        whole = all(part.complete for part in self.parts) and not self.unreadable
        whole = whole and not any(group.reasons for group in self.task_groups)
        return Exit.DONE if whole else Exit.INCOMPLETE

    def per_sample(self) -> Iterator[Score]:
        """Every sample under every pipeline, in the order of the logs.

        Raises:
            UsageError: per-sample values were not kept.
        """
        if not self.blocks:
            raise UsageError("per-sample values were not kept", hint="score with keep=True")
        for kept in self.blocks:
            yield from _samples_of(kept, kept.choose_positions(self.options.limit))


def _samples_of(kept: SourceBlock, chosen: dict[str, set[int] | None]) -> Iterator[Score]:
    block, source = kept.block, kept.source
    for name, out in kept.block.pipelines.items():
        samples = [
            Score(
                task=source.task,
                run=source.run.name,
                sample_id=block.ids[row],
                line=block.lines[row],
                file=source.path,
                filter=name,
                extracted=out.extracted[place] if out.extracted is not None else None,
                unparsed=bool(out.unparsed[place]),
            )
            for place, row in enumerate(out.rows)
        ]
        for metric, values in out.metrics.items():
            for place, value in zip(values.rows, values.values or (), strict=True):
                samples[place].values[metric] = value
            for failure in values.failures:
                samples[failure.row].failures[metric] = failure.reason
        members = chosen[name]
        yield from (sample for place, sample in enumerate(samples) if members is None or place in members)
