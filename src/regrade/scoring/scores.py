"""The scores of a command: results, counts, and per-sample values for those who want them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from regrade import extras
from regrade.errors import Exit
from regrade.rows.source import Source
from regrade.schema import Malformed
from regrade.scoring.block import Block
from regrade.scoring.parts import Part
from regrade.scoring.plan import Plan
from regrade.scoring.results import Result, SourceScores

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

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


class Sample(msgspec.Struct, kw_only=True):
    """One sample under one filter pipeline.

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


class Scores:
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

    def summary(self) -> str:
        """The table that ``regrade score`` prints."""
        from regrade.reports.summary import render_scores

        return render_scores(self)

    def per_sample(self) -> Iterator[Sample]:
        """Every sample under every pipeline, in the order of the logs.

        Raises:
            UsageError: per-sample values were not kept.
        """
        from regrade.errors import UsageError

        if not self.blocks:
            raise UsageError("per-sample values were not kept", hint="score with keep=True")
        for kept in self.blocks:
            yield from _samples_of(kept, kept.choose_positions(self.options.limit))

    def to_arrow(self) -> pyarrow.Table:
        """The per-sample values as a table: one row per sample, filter and metric.

        Columns: task, run, file, line, sample_id, filter, metric, value (a number, else null), value_json, extracted,
        unparsed, error, and one per ``--by`` expression.
        """
        from regrade.reports.tables import samples_table

        return samples_table(self)

    def to_polars(self) -> polars.DataFrame:
        """:meth:`to_arrow` as a Polars frame (extra ``polars``)."""
        package = extras.require("polars", to="to_polars()")
        frame: polars.DataFrame = package.from_arrow(self.to_arrow())
        return frame

    def to_pandas(self) -> pandas.DataFrame:
        """:meth:`to_arrow` as a pandas frame (extra ``pandas``)."""
        extras.require("pandas", to="to_pandas()")
        return self.to_arrow().to_pandas()

    def to_dict(self) -> dict[str, Any]:
        """The JSON that ``regrade score --json`` prints, in lm-evaluation-harness's results layout."""
        from regrade.reports.layout import results_layout

        return results_layout(self)


def _samples_of(kept: SourceBlock, chosen: dict[str, set[int] | None]) -> Iterator[Sample]:
    block, source = kept.block, kept.source
    for name, out in kept.block.pipelines.items():
        samples = [
            Sample(
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
