"""The end of scoring that gets nowhere: a pipeline of a source is stopped after many answers in a row took too long.

One pattern that backtracks costs the whole limit on every answer that it meets; a hundred thousand such answers would
take days. A pipeline is stopped after the first :data:`FIRST` of its answers, or :data:`IN_A_ROW` later ones in a row,
in the order of the source. The answers after that are counted, as failed and timed out, and not tried. Chunks are
scored apart, so each stops by what it sees itself, and :func:`find_end` finds the one place in the joined block: where
a pipeline stops depends on no chunk, worker or engine.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from typing import Final

from regrade.scoring.block import Block, Failure, PipelineBlock

FIRST: Final = 3
"""So many answers at the start of a source, all of which took too long, stop a pipeline."""

IN_A_ROW: Final = 20
"""So many answers in a row, anywhere, stop a pipeline."""

NOT_SCORED: Final = "not scored: too many answers before it exceeded the time limit"


def is_over(late: Sequence[int], from_start: bool) -> bool:
    """Whether the last of these rows, all of which took too long, is the one that stops a pipeline."""
    if from_start and len(late) == FIRST and late[-1] == FIRST - 1:
        return True
    return len(late) >= IN_A_ROW and late[-1] - late[-IN_A_ROW] == IN_A_ROW - 1


def find_end(late: Sequence[int]) -> int | None:
    """The row at which a pipeline is stopped; None if it is not."""
    if len(late) >= FIRST and late[FIRST - 1] == FIRST - 1:
        return FIRST - 1
    for place in range(IN_A_ROW - 1, len(late)):
        if late[place] - late[place - IN_A_ROW + 1] == IN_A_ROW - 1:
            return late[place]
    return None


def stop(block: Block, out: PipelineBlock, end: int, limit_s: float, kept: Collection[str]) -> None:
    """Take back what a pipeline scored after the row at which it is stopped.

    Args:
        block: The block.
        out: The pipeline's part of it.
        end: The row at which it is stopped.
        limit_s: The limit that was exceeded.
        kept: Metrics whose values the log recorded: they cost nothing and stay.
    """
    answers = FIRST if end == FIRST - 1 else IN_A_ROW
    out.stopped = f"stopped after {answers} answers in a row exceeded --time-limit {limit_s:g} (CPU s)"
    rest = range(end + 1, len(out.rows))
    out.late = array("q", (row for row in out.late if row <= end))
    for row in rest:
        out.unparsed[row] = 0
        if out.extracted is not None:
            out.extracted[row] = None
    for name, metric in out.metrics.items():
        if name in kept:
            continue
        places = [place for place, row in enumerate(metric.rows) if row <= end]
        if len(places) < len(metric.rows):
            metric.column = metric.column.take(places)
            metric.rows = array("q", (metric.rows[place] for place in places))
            if metric.values is not None:
                metric.values = [metric.values[place] for place in places]
        metric.failures = [failure for failure in metric.failures if failure.row <= end]
        metric.failures += [Failure(row, NOT_SCORED, timed_out=True) for row in rest]
