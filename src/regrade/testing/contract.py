"""The error that tells a broken contract, and the rules that plugins of every kind keep to."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from regrade.registry import lookup

_T = TypeVar("_T")

TOLERANCE = 1e-9
"""How far two numbers may be apart, in relation to the greater, that were computed in different ways."""


class ContractError(AssertionError):
    """A plugin that does not keep to its kind's contract.

    Attributes:
        subject: The plugin: ``metric 'set_f1'``.
        rule: What every plugin of the kind does.
        expected: What the rule asks for here.
        found: What the plugin did.
    """

    def __init__(self, subject: str, rule: str, expected: Any, found: Any) -> None:
        super().__init__(f"{subject}: {rule}: expected {shown(expected)}, found {shown(found)}")
        self.subject = subject
        self.rule = rule
        self.expected = expected
        self.found = found


class Words(str):
    """A description, shown without quotes."""

    __slots__ = ()


def shown(value: Any) -> str:
    """A value as a message has it: at most 300 characters."""
    text = str(value) if isinstance(value, Words) else repr(value)
    return text if len(text) <= 300 else text[:297] + "..."


def find_class(kind: str, plugin: str | type, base: type) -> tuple[str, type[Any]]:
    """What to call a plugin, and its class.

    Raises:
        ContractError: it is not of the kind's class.
        RecipeError: nothing of that name is registered.
    """
    cls: type[Any] = lookup(kind, plugin) if isinstance(plugin, str) else plugin
    subject = f"{kind} {plugin if isinstance(plugin, str) else cls.__name__!r}"
    subject = f"{kind} {plugin!r}" if isinstance(plugin, str) else subject
    if not issubclass(cls, base):
        raise ContractError(
            subject, f"is a subclass of {base.__name__}", base, Words(", ".join(one.__name__ for one in cls.__mro__))
        )
    return subject, cls


def check_pickles(subject: str, value: _T, what: str = "it") -> _T:
    """Return the copy that a worker would have.

    Raises:
        ContractError: it does not pickle.
    """
    try:
        copy: _T = pickle.loads(pickle.dumps(value, 5))
    except Exception as error:
        raise ContractError(
            subject,
            f"{what} can be sent to a worker process (pickled)",
            Words("a copy"),
            Words(f"{type(error).__name__}: {error}"),
        ) from error
    return copy


def check_same(subject: str, rule: str, expected: Any, found: Any, tolerance: float = 0.0) -> None:
    """Compare two values; nan is equal to nan.

    Raises:
        ContractError: they differ.
    """
    if not same(expected, found, tolerance):
        raise ContractError(subject, rule, expected, found)


def same(first: Any, second: Any, tolerance: float = 0.0) -> bool:
    """Whether two values are equal, numbers within them up to a relative tolerance."""
    if hasattr(first, "tolist") and hasattr(second, "tolist"):
        return same(first.tolist(), second.tolist(), tolerance)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key], tolerance) for key in first)
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(same(a, b, tolerance) for a, b in zip(first, second, strict=True))
    if isinstance(first, int | float) and isinstance(second, int | float):
        if math.isnan(first) or math.isnan(second):
            return math.isnan(first) and math.isnan(second)
        return first == second or math.isclose(first, second, rel_tol=tolerance, abs_tol=tolerance)
    return bool(first == second)


def splits(items: Sequence[Any]) -> list[int]:
    """Some places to cut a sequence in two: both ends' neighbours and what lies between."""
    count = len(items)
    return sorted({1, count // 3, count // 2, count - 1} & set(range(1, count)))


def outcome(function: Callable[[], Any]) -> Any:
    """What a function returns; of what it raises, type and text, so that failing alike is alike."""
    try:
        return function()
    except Exception as error:
        return Words(f"{type(error).__name__}: {error}")
