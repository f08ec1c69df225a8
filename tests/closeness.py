"""How tests compare values with those that other programs recorded: one rule for all.

A value is equal to the last digit, unless it came through a function or a sum that differs between processors: numpy
chooses ``exp``, ``log`` and the order of a sum by what the CPU can do, and so does the C library. Such values are equal
to ``RELATIVE``.
"""

from __future__ import annotations

import math
from typing import Any, Final

RELATIVE: Final = 1e-12


def same(found: Any, wanted: Any, *, relative: float = 0.0) -> bool:
    """Whether two values are of the same type and equal; floats, in lists too, may differ by ``relative``."""
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(
            same(one, other, relative=relative) for one, other in zip(found, wanted, strict=True)
        )
    if isinstance(found, float) and isinstance(wanted, float):
        if math.isnan(wanted):
            return math.isnan(found)
        return math.isclose(found, wanted, rel_tol=relative)
    return type(found) is type(wanted) and bool(found == wanted)
