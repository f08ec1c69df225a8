"""Adding numbers in the order in which they come, on every version of Python.

From Python 3.12 on the built-in ``sum`` compensates for rounding when it adds floats: its results differ in the last
digit from those of earlier versions. What is recomputed here was added from left to right, and so it is added here,
whatever interpreter runs.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import reduce
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


def add_up(values: Iterable[_Number]) -> _Number:
    """The sum of numbers, added one after the other from 0 on; 0 for none.

    >>> add_up([0.1] * 10)
    0.9999999999999999
    """
    return reduce(operator.add, values, 0)
