"""One row after each step of a card: how people find out what a card does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from regrade.artifacts.streams import Row, Stream, Streams
from regrade.cards.account import Account
from regrade.cards.bad_rows import Step
from regrade.cards.pipeline import DOC, Pipeline
from regrade.cards.steps import apply_steps, row_function
from regrade.errors import UsageError
from regrade.schema import Sample

Level: TypeAlias = dict[str, list[Row]]
"""The rows that become a sample, by stream; of a stream that is joined twice there are two."""


class Change(NamedTuple):
    """What a step did to a row.

    Attributes:
        stream: The stream that the row is in after the step.
        row: The row after the step.
        before: The row before it; None where it was loaded, or came of other streams.
    """

    stream: str
    row: Row
    before: Row | None


class Stage(NamedTuple):
    """The rows that become a sample, after one step.

    Attributes:
        step: The step; None for the loader.
        rows: The rows after it.
        before: The rows before it.
    """

    step: Step | None
    rows: Level
    before: Level

    @property
    def changes(self) -> list[Change]:
        """The rows that the step changed, made or moved to another stream."""
        found = []
        for name, rows in self.rows.items():
            earlier = self.before.get(name, [])
            paired = len(earlier) == len(rows)
            found += [
                Change(name, row, earlier[place] if paired else None)
                for place, row in enumerate(rows)
                if row not in earlier
            ]
        return found


class Trace(NamedTuple):
    """A sample's way.

    Attributes:
        stages: The rows that become it, after the loader and after each step.
        rendered: The row as the model is to see it.
        sample: The sample.
    """

    stages: list[Stage]
    rendered: Row
    sample: Sample


def trace(pipeline: Pipeline, number: int) -> Trace:
    """The way of a card's sample number ``number`` (from 0).

    The sample is followed back. Where a step sees whole streams (a join makes one row of several), the rows before it
    are those whose fields went into the row after it.

    Raises:
        UsageError: there are not so many samples.
    """
    for place, (row, sample) in enumerate(pipeline.rows_and_samples()):
        if place == number:
            levels = _levels(pipeline, row[DOC])
            steps: list[Step | None] = [None, *pipeline.preprocessing]
            stages = [
                Stage(step, rows, levels[count - 1] if count else {})
                for count, (step, rows) in enumerate(zip(steps, levels, strict=True))
            ]
            return Trace(stages, row, sample)
    raise UsageError("there are not so many samples", where=f"--row {number}", hint="rows are counted from 0")


def _levels(pipeline: Pipeline, doc: Row) -> list[Level]:
    """The rows that become ``doc``: as loaded, and after each step."""
    steps = pipeline.preprocessing
    levels: list[Level] = [{} for _ in range(len(steps) + 1)]
    levels[-1] = {pipeline.split: [doc]}
    end = len(steps)
    while end > 0:
        start = end
        while start > 0 and row_function(steps[start - 1].operator) is not None:
            start -= 1
        start = min(start, end - 1)
        streams = apply_steps(steps[:start], pipeline.loaded, Account())
        whole = row_function(steps[start].operator) is None
        for name, rows in levels[end].items():
            for row in rows:
                if whole:
                    for parent, earlier in _parents(streams, row).items():
                        known = levels[start].setdefault(parent, [])
                        if earlier not in known:
                            known.append(earlier)
                elif name in streams:
                    for count, earlier in enumerate(_history(streams[name], name, steps[start:end], row), start):
                        levels[count].setdefault(name, []).append(earlier)
        end = start
    return levels


def _history(stream: Stream, name: str, steps: Sequence[Step], wanted: Row) -> list[Row]:
    """A row before row-wise steps and after each of them but the last, for the row that they make ``wanted`` of."""
    functions = [
        row_function(step.operator) if step.operator.applies_to(name) else None  # type: ignore[attr-defined]
        for step in steps
    ]
    for row in stream:
        rows: list[Row] = []
        result: Row | None = row
        try:
            for function in functions:
                if result is None:
                    break
                rows.append(result)
                result = result if function is None else function(result, name)
        except Exception:  # it was put aside, so it is not the one
            continue
        if result == wanted:
            return rows
    return []


def _parents(streams: Streams, child: Row) -> dict[str, Row]:
    """By stream the row that is in ``child`` whole; of no stream's is, the one row that shares most fields with it."""
    whole: dict[str, Row] = {}
    best: tuple[float, str, Row] | None = None
    for name, stream in streams.items():
        for row in stream:
            shared = sum(1 for field, value in row.items() if field in child and child[field] == value)
            if shared == len(row):
                whole[name] = row
                break
            if best is None or shared / len(row) > best[0]:
                best = shared / len(row), name, row
    return whole or ({best[1]: best[2]} if best is not None else {})
