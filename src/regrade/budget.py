"""How much an expression or template may do for one row: steps in loops, and the size of what it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final

MAX_STEPS: Final = 1_000_000
"""Rounds of loops and calls of functions, about a second."""

MAX_SIZE: Final = 50_000_000
"""Characters of all that is made, an item of a list or dict counting as much as :data:`ITEM` of them."""

MAX_TEXT: Final = 10_000_000
"""Characters of what a filter or template makes of one row."""

ITEM: Final = 8

MAX_BITS: Final = 100_000
"""Of an integer."""

MAX_WIDTH: Final = 10_000
"""To which a text may be padded, or a number be formatted."""

_CONTAINERS: Final = frozenset((dict, frozenset, list, set, tuple))
_SCALARS: Final = frozenset((bool, float, int, type(None)))
_PERCENT: Final = re.compile(r"%[^a-zA-Z%]*")
_KINDS_OF_CONTAINERS: Final[tuple[type, ...]] = (
    dict, frozenset, list, set, tuple, type({}.keys()), type({}.values()), type({}.items()),
)  # fmt: skip


class ExpressionRefused(ValueError):
    """An expression that does what it must not, or too much of it."""


class Budget:
    """Counts down; :meth:`renew` starts anew for each row."""

    __slots__ = ("size", "steps")

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Start counting anew."""
        self.steps = MAX_STEPS
        self.size = MAX_SIZE

    def step(self) -> None:
        """One round of a loop, or one call."""
        self.steps -= 1
        if self.steps < 0:
            raise ExpressionRefused(f"it takes more than {MAX_STEPS:,} steps for one row")

    def take(self, size: int) -> None:
        """Something of this many characters is about to be made, or was."""
        self.size -= size
        if self.size < 0:
            raise ExpressionRefused(f"it makes more than {MAX_SIZE:,} characters for one row")

    def charge(self, value: Any) -> Any:
        """``value``, its size taken: of a text the characters, of a list or dict all that is in it, however deep.

        What is in it counts as often as it occurs, so that nothing can grow beyond bounds by holding itself twice.
        """
        kind = type(value)
        if kind is str or kind is bytes:
            self.take(len(value))
        elif kind in _CONTAINERS:
            self._weigh(value)
        return value

    def _weigh(self, value: Any, *, texts: bool = False) -> None:
        waiting: list[Iterable[Any]] = [_items(value, texts)]
        self.take(ITEM * len(value))
        while waiting:
            for item in waiting.pop():
                kind = type(item)
                if kind is str:
                    if texts:
                        self.take(len(item))
                elif kind in _SCALARS:
                    continue
                elif kind in _CONTAINERS or isinstance(item, _KINDS_OF_CONTAINERS):
                    self.take(ITEM * len(item))
                    waiting.append(_items(item, texts))

    def before_text(self, value: Any) -> None:
        """``value`` is about to be made a text, with all texts in it."""
        if isinstance(value, _KINDS_OF_CONTAINERS):
            self._weigh(value, texts=True)

    def product(self, left: Any, right: Any) -> Any:
        """``left * right``, unless it is too large: a text or list many times over, a number of thousands of digits."""
        if isinstance(left, int) and isinstance(right, int):
            if left.bit_length() + right.bit_length() > MAX_BITS:
                raise ExpressionRefused(f"the number has more than {MAX_BITS:,} bits")
        elif isinstance(left, int) and hasattr(right, "__len__"):
            self.take(max(left, 0) * size_of(right))
        elif isinstance(right, int) and hasattr(left, "__len__"):
            self.take(max(right, 0) * size_of(left))
        return self.charge(left * right)

    def modulo(self, left: Any, right: Any) -> Any:
        """``left % right``; of a text, unless a place in it is thousands of columns wide."""
        if isinstance(left, str | bytes):
            for spec in _PERCENT.findall(str(left)):
                if "*" in spec:
                    raise ExpressionRefused("'*' is not allowed in a format of '%'")
                format_spec(spec)
            self.before_text(right if isinstance(right, tuple | dict) else (right,))
        return self.charge(left % right)

    def join(self, separator: str, items: Iterable[str]) -> str:
        """``separator.join(items)``."""
        parts = list(items)
        self.take(sum(map(len, parts)) + len(separator) * len(parts))
        return separator.join(parts)

    def replace(self, value: str, old: str, new: str, count: int = -1) -> str:
        """``value.replace(old, new, count)``."""
        self.take(len(new) * value.count(old))
        return value.replace(old, new, count)

    def count_steps(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, a step for each."""
        for item in items:
            self.step()
            yield item


def size_of(value: Any) -> int:
    """What a repetition of a value costs: the characters of a text, :data:`ITEM` for each item of anything else."""
    return len(value) if isinstance(value, str | bytes) else ITEM * len(value)


def check_made(value: Any) -> Any:
    """``value``, unless it is a text of more than :data:`MAX_TEXT` characters.

    Raises:
        ExpressionRefused: it is.
    """
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ExpressionRefused(f"it makes a text of more than {MAX_TEXT:,} characters")
    return value


def _items(container: Any, texts: bool) -> Iterable[Any]:
    """What is in a container: of a dict the values, and where texts count the keys too."""
    if not isinstance(container, dict):
        return container  # type: ignore[no-any-return]
    return chain(container, container.values()) if texts else container.values()


def check_text(value: Any) -> None:
    """Refuse to make a text of a value that would be longer than :data:`MAX_TEXT`.

    Raises:
        ExpressionRefused: it would be.
    """
    if isinstance(value, _KINDS_OF_CONTAINERS):
        budget = Budget()
        budget.size = MAX_TEXT
        try:
            budget.before_text(value)
        except ExpressionRefused:
            raise ExpressionRefused(f"it makes a text of more than {MAX_TEXT:,} characters") from None


def check_width(width: Any) -> None:
    """Refuse a number of columns, places or items that is larger than :data:`MAX_WIDTH`.

    Raises:
        ExpressionRefused: it is.
    """
    if isinstance(width, int) and width > MAX_WIDTH:
        raise ExpressionRefused(f"{width:,} columns or items are more than {MAX_WIDTH:,}")


def format_spec(spec: str) -> str:
    """A format specification, unless it asks for thousands of columns.

    Raises:
        ExpressionRefused: it does.
    """
    if any(int(number) > MAX_WIDTH for number in re.findall(r"\d+", spec)):
        raise ExpressionRefused(f"the format {spec!r} asks for more than {MAX_WIDTH:,} columns")
    return spec


def power(base: Any, exponent: Any) -> Any:
    """``base ** exponent``, unless it has tens of thousands of digits.

    Raises:
        ExpressionRefused: it has.
    """
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > MAX_BITS:
        raise ExpressionRefused(f"the number has more than {MAX_BITS:,} bits")
    return base**exponent
