"""FinQA's programs: ``subtract(5829, 5735), divide(#0, 5735)``; what they come to, and whether two are the same.

Source: Chen et al., "FinQA" (EMNLP 2021), and its evaluation script.
"""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from regrade.addition import add_up

Step = tuple[str, str, str]
"""An operation and its two arguments: a number, ``const_NUMBER``, ``#n`` for the result of step n, a row's name."""

_STEP = re.compile(r"\s*([a-z_]+)\(([^()]*?),([^(),]*)\)\s*")
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "exp": operator.pow,
}
_OF_ROWS: Final[dict[str, Callable[[list[float]], float]]] = {
    "table_max": max,
    "table_min": min,
    "table_sum": sum,
    "table_average": lambda row: add_up(row) / len(row),
}


def steps_of(program: str) -> list[Step]:
    """The steps of a program.

    Raises:
        ValueError: it is none.

    >>> steps_of("subtract(5829, 5735), divide(#0, 5735)")
    [('subtract', '5829', '5735'), ('divide', '#0', '5735')]
    """
    steps: list[Step] = []
    at = 0
    while at < len(program):
        found = _STEP.match(program, at)
        if not found or found[1] not in {*_ARITHMETIC, *_OF_ROWS, "greater"}:
            raise ValueError(f"no step of a program: {program[at : at + 40]!r}")
        steps.append((found[1], found[2].strip(), found[3].strip()))
        at = found.end()
        if at < len(program):
            if program[at] != ",":
                raise ValueError(f"a comma is wanted at {program[at : at + 40]!r}")
            at += 1
    if not steps:
        raise ValueError("the program is empty")
    return steps


def run(steps: Sequence[Step], table: Sequence[Sequence[str]]) -> float | str:
    """The result of a program: a number, rounded to five digits, or ``yes`` or ``no`` of a comparison.

    Args:
        steps: Its steps.
        table: The rows of a table, each with its name first.

    Raises:
        ValueError, ArithmeticError: it has none.
    """
    rows = {row[0]: row[1:] for row in table}
    results: list[Any] = []
    for name, *arguments in steps:
        if name in _OF_ROWS:
            if arguments[0] not in rows:
                raise ValueError(f"the table has no row {arguments[0]!r}")
            results.append(_OF_ROWS[name]([_cell(cell) for cell in rows[arguments[0]]]))
            continue
        one, other = (_argument(text, results, _number) for text in arguments)
        if isinstance(one, str) or isinstance(other, str):
            raise ValueError("yes and no are no numbers")
        results.append(("yes" if one > other else "no") if name == "greater" else _ARITHMETIC[name](one, other))
    result = results[-1]
    if isinstance(result, complex):
        raise ValueError("the result is no real number")
    return result if isinstance(result, str) else round(float(result), 5)


def same(one: Sequence[Step], other: Sequence[Step]) -> bool:
    """Whether two programs come to the same, whatever their numbers are.

    Numbers and rows are unknowns, known by their text: both programs are carried out with three random values for
    each. Programs that differ agree with a probability that is next to nothing.

    >>> same(steps_of("add(1, 2)"), steps_of("add(2, 1)")), same(steps_of("add(1, 2)"), steps_of("add(1, 3)"))
    (True, False)
    """
    names = {text for _, *arguments in (*one, *other) for text in arguments if not text.startswith("#")}
    unknowns = sorted(names | {step[1] for step in (*one, *other) if step[0] in _OF_ROWS})
    generator = random.Random(0)
    for _ in range(3):
        values = {name: generator.uniform(1, 3) for name in unknowns}
        first, second = _with_values(one, values), _with_values(other, values)
        if len(first) != len(second):
            return False
        if any(abs(a - b) > 1e-9 * max(abs(a), abs(b)) for a, b in zip(first, second, strict=True)):
            return False
    return True


def _with_values(steps: Sequence[Step], values: Mapping[str, float]) -> tuple[Any, ...]:
    """The result of the last step: one number, or the two sides of a comparison."""
    results: list[tuple[Any, ...]] = []
    for name, *arguments in steps:
        if name in _OF_ROWS:
            # A row's total is an unknown of its own: another one for each operation.
            results.append((values[arguments[0]] * (2 + list(_OF_ROWS).index(name)),))
            continue
        sides = [_argument(text, results, lambda text: (values[text],)) for text in arguments]
        if any(len(side) != 1 for side in sides):
            raise ValueError("a comparison is no number")
        one, other = sides[0][0], sides[1][0]
        results.append((one, other) if name == "greater" else (_ARITHMETIC[name](one, other),))
    return results[-1]


def _argument(text: str, results: Sequence[Any], value: Callable[[str], Any]) -> Any:
    if not text.startswith("#"):
        return value(text)
    place = int(text[1:])
    if not 0 <= place < len(results):
        raise ValueError(f"there is no step {text} before")
    return results[place]


def _number(text: str) -> float:
    """A number as FinQA writes it: ``5,829``, ``12%``, ``const_100``, ``const_m1`` for -1."""
    text = text.replace(",", "")
    if text.startswith("const_"):
        constant = text.removeprefix("const_")
        return -1.0 if constant == "m1" else float(constant)
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _cell(text: str) -> float:
    """The number in a cell: ``$ 12.5 ( 3 )`` is 12.5."""
    return _number(text.replace("$", "").partition("(")[0].strip())
