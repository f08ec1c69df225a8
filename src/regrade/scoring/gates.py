"""Gates: values that metrics have to reach, ``METRIC=VALUE``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from regrade.errors import UsageError

if TYPE_CHECKING:
    from regrade.scoring.scores import ScoredSources


def parse_gate(text: str) -> tuple[str, float]:
    """Parse the metric and the least value that ``--fail-under METRIC=VALUE`` names.

    Raises:
        UsageError: it is no such pair.
    """
    name, equals, value = text.rpartition("=")
    try:
        if not equals or not name or not math.isfinite(least := float(value)):  # nothing is worse than nan
            raise ValueError
        return name, least
    except ValueError:
        raise UsageError(
            "is no METRIC=VALUE", where=f"--fail-under {text}", hint="for example: --fail-under exact_match=0.7"
        ) from None


def misses_gate(named: tuple[str, float], scores: ScoredSources) -> bool:
    """Whether any value of the metric (``metric`` or ``metric,filter``) is worse than the gate's."""
    name, least = named
    found = [r for part in scores.parts for r in part.whole if name in (r.metric, r.key)]
    if not found:
        known = sorted({r.key for part in scores.parts for r in part.whole})
        raise UsageError(
            "names no metric that was scored",
            where=f"--fail-under {name}={least:g}",
            hint=f"scored: {', '.join(known)}",
        )
    for result in found:
        value = result.value
        if (
            not isinstance(value, int | float)
            or math.isnan(value)
            or (value < least if result.higher_is_better else value > least)
        ):
            return True
    return False
