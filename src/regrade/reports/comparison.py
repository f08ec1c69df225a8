"""The page that ``regrade compare`` prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regrade.reports.summary import number
from regrade.reports.text import clip, mark, plural, table

if TYPE_CHECKING:
    from regrade.scoring.comparison import ComparedMetric, ComparedRuns


def render_comparison(comparison: ComparedRuns, flips: int = 10) -> str:
    """A line per task, filter and metric; verdicts on noise; then the first samples that flipped.

    Args:
        flips: How many of them are listed per metric.
    """
    lines = [f"a  {comparison.name_a}", f"b  {comparison.name_b}", ""]
    level = f"{comparison.level:.0%} interval"
    header = ["task", "filter", "metric", "a", "b", "b - a", "± stderr", level, "p", "p (Holm)", "test", "n"]
    header += ["better", "worse", "all of a", "n of a", "all of b", "n of b", ""]
    lines.append(table(header, [_row(metric) for metric in comparison.metrics], "<<<>>>>>>><>>>>>>><"))
    lines += [mark(_unpaired(metric), "red") for metric in comparison.metrics if not metric.whole]
    lines += [mark(loss, "red") for loss in dict.fromkeys(comparison.losses)]
    if flips:
        for metric in comparison.metrics:
            lines += _flips(metric, flips)
    lines += dict.fromkeys(comparison.notes)
    return "\n".join(lines)


def _row(metric: ComparedMetric) -> list[Any]:
    verdict = {
        "better": mark("b is better", "green"),
        "worse": mark("b is worse", "red"),
        "inside the noise": mark("inside the noise", "yellow"),
    }[metric.verdict]
    whole = [number(metric.whole_a), f"{metric.n_a:,}", number(metric.whole_b), f"{metric.n_b:,}"]
    low, high = metric.interval
    return [
        metric.task,
        metric.filter,
        metric.metric,
        number(metric.a),
        number(metric.b),
        f"{metric.difference:+.4f}",
        f"± {number(metric.stderr)}" if math.isfinite(metric.stderr) else "",
        f"{low:+.4f} – {high:+.4f}" if math.isfinite(low) else "",
        _p(metric.p_value),
        _p(metric.adjusted_p) if metric.adjusted_p is not None else "",
        metric.test,
        f"{metric.n:,}",
        f"{metric.better:,}",
        f"{metric.worse:,}",
        *(["", "", "", ""] if metric.whole else whole),
        verdict,
    ]


def _unpaired(metric: ComparedMetric) -> str:
    """Which samples took no part."""
    counts = f"{plural(metric.only_a, 'sample')} only in a, {metric.only_b:,} only in b"
    if metric.unscored:
        counts += f", {metric.unscored:,} without a value in one or both"
    return f"{metric.task} {metric.metric},{metric.filter}: not compared: {counts}"


def _p(value: float) -> str:
    if math.isnan(value):
        return ""
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def _flips(metric: ComparedMetric, limit: int) -> list[str]:
    if not metric.flips:
        return []
    lines = [
        "",
        mark(f"{plural(len(metric.flips), 'sample')} flipped: {metric.task} {metric.metric},{metric.filter}", "bold"),
    ]
    rows = [
        [f.sample_id, clip(str(f.a), 30), "→", clip(str(f.b), 30), f"line {f.line_a:,}", f"line {f.line_b:,}"]
        for f in metric.flips[:limit]
    ]
    lines.append(table(["sample", "a", "", "b", "in a", "in b"], rows, "<>^><<".replace("^", "<")))
    if len(metric.flips) > limit:
        lines.append(f"... and {len(metric.flips) - limit:,} more; --flips N lists more, --json all")
    return lines
