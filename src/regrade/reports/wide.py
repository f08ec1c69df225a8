"""One row per run and one column per group: the table of models and categories that people compare by."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from regrade.reports.notes import group_key, group_labels, methods_of, notes_on, run_labels
from regrade.reports.summary import number
from regrade.reports.text import table

if TYPE_CHECKING:
    from regrade.scoring.results import Result
    from regrade.scoring.scores import ScoredSources


class Line(NamedTuple):
    """One run's values of one metric.

    Attributes:
        label: The run, as short as tells it from the others.
        whole: The result over all its samples.
        groups: The results by the groups' shown names.
    """

    label: str
    whole: Result
    groups: dict[str, Result]


class Breakdown(NamedTuple):
    """One metric of one task under one filter, over all runs.

    Attributes:
        task: The task.
        filter: The filter pipeline.
        metric: The metric.
        columns: The groups' names, in order.
        lines: The runs, the best first.
    """

    task: str
    filter: str
    metric: str
    columns: list[str]
    lines: list[Line]


def breakdowns(scores: ScoredSources) -> list[Breakdown]:
    """The results of a scoring ``--by`` something, one breakdown per task, filter and metric."""
    labels, names = run_labels(scores), group_labels(scores.results)
    found: dict[tuple[str, str, str], list[Line]] = {}
    for part in scores.parts:
        label = labels[part.run] + (f" ({part.part})" if part.part else "")
        for whole in part.whole:
            groups = {
                names[group_key(result.group)]: result
                for result in part.results
                if result.group and result.key == whole.key
            }
            found.setdefault((part.task, whole.filter, whole.metric), []).append(Line(label, whole, groups))
    return [Breakdown(*key, _columns(lines), sorted(lines, key=_rank)) for key, lines in found.items()]


def _columns(lines: list[Line]) -> list[str]:
    order: dict[str, None] = {}
    for line in lines:
        order |= dict.fromkeys(line.groups)
    return list(order)


def _rank(line: Line) -> tuple[bool, float]:
    value = line.whole.value
    if not isinstance(value, int | float) or math.isnan(value):
        return True, 0.0
    return False, -value if line.whole.higher_is_better else value


def render_wide(scores: ScoredSources) -> str:
    """A table per task, filter and metric: a row per run, the best first, and a column per group."""
    blocks = []
    for item in breakdowns(scores):
        header = [item.metric, "all", f"{scores.options.level:.0%} interval", *item.columns, "n", "scored", "failed"]
        rows = [_row(line, item.columns) for line in item.lines]
        title = item.task if item.filter == "none" else f"{item.task}, filter {item.filter}"
        blocks.append(f"{title}\n{table(header, rows, '<>>' + '>' * len(item.columns) + '>>>')}")
    notes = [*notes_on(scores), *methods_of(scores)]
    return "\n\n".join([*blocks, "\n".join(notes)] if notes else blocks)


def _row(line: Line, columns: list[str]) -> list[str]:
    whole, interval = line.whole, line.whole.interval
    return [
        line.label,
        _value(whole),
        "" if interval is None else f"{number(interval[0], 2)} – {number(interval[1], 2)}",
        *(_value(line.groups[name]) if name in line.groups else "" for name in columns),
        f"{whole.n:,}",
        f"{whole.scored:,}" if whole.scored != whole.n else "",
        f"{whole.failed:,}" if whole.failed else "",
    ]


def _value(result: Result) -> str:
    return number(result.value, 2 if isinstance(result.value, float) and abs(result.value) > 1 else 4) or "–"
