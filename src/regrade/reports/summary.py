"""The table that ``regrade score`` prints, and what stands below it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regrade.reports.notes import group_key, group_labels, methods_of, notes_on, run_labels
from regrade.reports.text import clip, mark, plural, table

if TYPE_CHECKING:
    from regrade.lm_eval.task_groups import GroupScores
    from regrade.scoring.results import Result, SourceScores
    from regrade.scoring.scores import ScoredSources

_SHOWN_NOTES = 12


def number(value: Any, digits: int = 4) -> str:
    """A value for people: four decimals below 10, two from there on."""
    if value is None:
        return ""
    if not isinstance(value, int | float):
        return clip(str(value), 40)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return f"{value:.{digits if abs(value) < 10 else 2}f}"


def render_scores(scores: ScoredSources) -> str:
    """Task, filter, metric, value ± stderr, interval, n, unparsed, failed; then what is missing, and notes."""
    runs = run_labels(scores)
    groups = group_labels(scores.results)
    columns = ["task", "run", "by", "filter", "metric", "value", "± stderr", f"{scores.options.level:.0%} interval"]
    columns += ["n", "scored", "unparsed", "malformed", "failed", ""]
    rows = [_row(part, result, runs, groups) for part in scores.parts for result in part.results]
    for group in scores.task_groups:
        rows += _group_rows(group, runs)
    lines = [table(columns, rows, "<<<<<>><>>>>><")]
    notes = [*notes_on(scores), *methods_of(scores)]
    if len(notes) > _SHOWN_NOTES:
        more = plural(len(notes) - _SHOWN_NOTES, "more note")
        notes = [*notes[:_SHOWN_NOTES], f"... and {more}; --json has them all"]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _row(part: SourceScores, result: Result, runs: dict[str, str], groups: dict[Any, str]) -> list[Any]:
    by = groups[group_key(result.group)] if result.group else ("all" if groups else "")
    stderr = result.clustered_stderr if result.clustered_stderr is not None else result.stderr
    low_high = "" if result.interval is None else f"{number(result.interval[0])} – {number(result.interval[1])}"
    remark = {"recomputed": "", "re-aggregated": "as recorded", "unavailable": "not to be had"}[result.method]
    if result.method == "recomputed" and result.reason:
        remark = clip(result.reason.partition(":")[0], 60)
    label = f" ({part.part})" if part.part else ""
    return [
        part.task + label,
        runs[part.run] if len(runs) > 1 else "",
        by,
        result.filter,
        result.metric,
        number(result.value) or ("–" if result.method != "unavailable" else ""),
        f"± {number(stderr)}" if isinstance(stderr, float) and math.isfinite(stderr) else "",
        low_high,
        f"{result.n:,}",
        f"{result.scored:,}" if result.scored != result.n and result.method != "unavailable" else "",
        _share(result.unparsed, result.n) or "0",
        f"{part.counts.malformed:,}",
        _share(result.failed, result.n),
        mark(remark, "dim") if remark else "",
    ]


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.0%})" if count and of else ""


def _group_rows(group: GroupScores, runs: dict[str, str]) -> list[list[Any]]:
    rows = []
    for key, value in group.values.items():
        metric, _, pipeline = key.partition(",")
        if not metric.endswith("_stderr"):
            stderr = group.values.get(f"{metric}_stderr,{pipeline}")
            error = f"± {number(stderr)}" if isinstance(stderr, float) else ""
            run = runs.get(group.run, group.run) if len(runs) > 1 else ""
            cells = [group.name, run, "", pipeline, metric, number(value) or "–", error, ""]
            remark = "group" if key not in group.reasons else "group: weights unknown"
            rows.append([*cells, f"{group.samples:,}", "", "", "", "", mark(remark, "dim")])
    return rows
