"""The table of ``regrade score --check``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from regrade.reports.notes import notes_on, run_labels
from regrade.reports.summary import number
from regrade.reports.text import clip, mark, plural, table

if TYPE_CHECKING:
    from regrade.scoring.check import CheckRow, Difference
    from regrade.scoring.scores import ScoredSources

_STYLES = {"equal": "green", "different": "red", "incomplete": "yellow", "not checked": "dim"}
_SHOWN_DIFFERENCES = 5


def render_check(rows: list[CheckRow], scores: ScoredSources) -> str:
    """One line per task, filter and metric; then the first samples that differ, and a count of verdicts."""
    runs = run_labels(scores)
    columns = ["task", "run", "filter", "metric", "recorded", "computed", "rows", "how", "verdict", ""]
    lines = [table(columns, [_cells(row, runs) for row in rows], "<<<<>>><<<")]
    for row in rows:
        lines += [_difference(row, difference) for difference in row.differences[:_SHOWN_DIFFERENCES]]
        if len(row.differences) > _SHOWN_DIFFERENCES:
            lines.append(f"  ... and {plural(len(row.differences) - _SHOWN_DIFFERENCES, 'more sample')}")
    verdicts = Counter(row.verdict for row in rows)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    return "\n".join([*lines, "", counts or "nothing to check", *notes_on(scores)])


def _difference(row: CheckRow, difference: Difference) -> str:
    recorded, computed = clip(str(difference.recorded), 60), clip(str(difference.computed), 60)
    place = f"{row.task} {row.metric},{row.filter} line {difference.line} (sample {difference.sample_id})"
    return f"  {place}: recorded {recorded}, computed {computed}"


def _cells(row: CheckRow, runs: dict[str, str]) -> list[Any]:
    return [
        row.task,
        runs.get(row.run, row.run) if len(runs) > 1 else "",
        row.filter,
        row.metric,
        _with_error(row.recorded, row.recorded_stderr),
        _with_error(row.computed, row.computed_stderr),
        f"{row.rows:,}" if row.rows else "",
        {"recomputed": "recomputed", "re-aggregated": "re-aggregated", "unavailable": ""}[row.method],
        mark(row.verdict, _STYLES[row.verdict]),
        clip(row.reason or "", 110),
    ]


def _with_error(value: Any, stderr: Any) -> str:
    if value is None:
        return ""
    return f"{number(value, 6)} ± {number(stderr, 6)}" if isinstance(stderr, float) else number(value, 6)
