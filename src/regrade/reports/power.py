"""The page that ``regrade power`` prints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from regrade.reports.summary import number
from regrade.reports.text import mark, table

if TYPE_CHECKING:
    from regrade.scoring.power import FoundPower, Power


def render_power(report: FoundPower) -> str:
    """A line per task, filter and metric; what it rests on; notes."""
    target = f"{report.rows[0].target:.0%}"
    header = ["task", "filter", "metric", "design", "baseline", "discordant", "variance", "n", "effect", "power"]
    header += [f"detectable at {target}", f"n for {target}"]
    lines = [table(header, [_row(row) for row in report.rows], "<<<<>>>>>>>>")]
    lines += [mark(loss, "red") for loss in dict.fromkeys(report.losses)]
    lines.append(f"power of a two-sided test at p < {1 - report.rows[0].level:.4g} to find the effect in its direction")
    return "\n".join([*lines, *dict.fromkeys(report.notes)])


def _row(row: Power) -> list[Any]:
    detectable = row.detectable
    shown = "" if detectable is None else "none" if math.isnan(detectable) else f"{detectable:.4f}"
    return [
        row.task,
        row.filter,
        row.metric,
        row.design,
        number(row.baseline),
        "" if row.discordance is None else f"{row.discordance:.1%}",
        number(row.variance),
        "" if row.n is None else f"{row.n:,}",
        "" if row.effect is None else f"{row.effect:+.4f}",
        "" if row.power is None else f"{row.power:.1%}",
        shown,
        "" if row.needed is None else f"{row.needed:,}",
    ]
