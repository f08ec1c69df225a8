"""A pair of answers judged twice, once in each order, as in MT-Bench.

A verdict is ``first``, ``second`` or ``tie``: which of the two answers is better, by their names and not by where they
stood. None stands for a judgement from which no verdict could be read.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["first", "second", "tie"]

#: What a verdict is for whoever names the two answers the other way round.
OPPOSITE: dict[Verdict, Verdict] = {"first": "second", "second": "first", "tie": "tie"}

_LEAN: dict[Verdict, int] = {"first": 1, "second": -1, "tie": 0}


def settle(forward: Verdict | None, backward: Verdict | None) -> Verdict | None:
    """One verdict of both orders: that on which they agree, else a tie; None where either could not be read.

    Args:
        forward: The verdict where the first answer was shown first.
        backward: The verdict where the second answer was shown first.

    Source: Zheng et al. 2023 (arXiv:2306.05685), section 3.4; FastChat 0.2.36, ``show_result.py``.

    Example:
        >>> settle("first", "first"), settle("first", "second"), settle("tie", None)
        ('first', 'tie', None)
    """
    if forward is None or backward is None:
        return None
    return forward if forward == backward else "tie"


def favoured_position(forward: Verdict, backward: Verdict) -> Literal["first", "second"] | None:
    """The position that a judge's verdicts lean to when the answers change places; None where they stay the same.

    Example:
        >>> favoured_position("first", "second"), favoured_position("tie", "first")
        ('first', 'second')
        >>> favoured_position("second", "second")
    """
    lean = _LEAN[forward] - _LEAN[backward]
    if lean == 0:
        return None
    return "first" if lean > 0 else "second"
