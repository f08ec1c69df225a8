"""Many tests at once: p-values adjusted so that the chance of any false finding among them keeps its level."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: compare each with the level itself, however many there are.

    Of m tests the smallest p counts m times, the next one m - 1 times, and so on, none less than the one before it and
    none more than 1. Holds whatever the tests have to do with each other. A nan is no test: it stays nan and is not
    counted.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statistics 6 (1979).
    """
    adjusted = [math.nan] * len(p_values)
    order = sorted((place for place, p in enumerate(p_values) if not math.isnan(p)), key=p_values.__getitem__)
    least = 0.0
    for rank, place in enumerate(order):
        least = adjusted[place] = max(least, min(1.0, (len(order) - rank) * p_values[place]))
    return adjusted
