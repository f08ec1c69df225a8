"""Jinja for templates and expressions that come from data: sandboxed, and within limits of size.

Jinja's own sandbox keeps templates from attributes and calls that would run code. It does not keep them from making
gigabytes (``'a' * 10**9``, ``|center(10**9)``, a loop that doubles a text), in C code that no signal interrupts. Here
everything that can grow is counted before it is made, on a :class:`~regrade.budget.Budget` for each rendering:
operators, ``~``, filters, methods of texts and lists, blocks that are kept, and what is written. How long a rendering
may take is the time limit's business.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment
from jinja2.compiler import CodeGenerator
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment, SandboxedFormatter
from jinja2.utils import Namespace

from regrade.budget import (
    MAX_TEXT,
    MAX_WIDTH,
    Budget,
    ExpressionRefused,
    check_text,
    check_width,
    format_spec,
    power,
)

if TYPE_CHECKING:
    from jinja2 import Template, nodes
    from jinja2.compiler import Frame

_ITEM_OF_TEXT: Final = 64
"""What a character costs that becomes a text of its own, in a list."""

_PASSED: Final = (Environment, EvalContext, Context)
"""What Jinja passes to a filter before the value, where the filter wants it."""

_WIDTH_FILTERS: Final = frozenset({"batch", "center", "indent", "round", "slice", "tojson"})
_SEPARATOR_FILTERS: Final = frozenset({"indent", "tojson", "truncate", "urlize", "wordwrap", "xmlattr"})
_WIDTH_METHODS: Final = frozenset({"center", "expandtabs", "ljust", "rjust", "to_bytes", "zfill"})
_ADDING_METHODS: Final = frozenset({"add", "append", "extend", "insert", "setdefault", "update"})
_SPLITTING: Final = frozenset({"rsplit", "split", "splitlines"})
_LONGEST_SEPARATOR: Final = 1000


class _Budgets(threading.local):
    """A budget for each thread."""

    def __init__(self) -> None:
        self.budget = Budget()


class _Kept(list[str]):
    """What a block writes that is kept (``{% set %}…{% endset %}``, a macro), counted as it is written."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def append(self, text: str) -> None:
        self._budget.take(len(text))
        super().append(text)

    def extend(self, texts: Any) -> None:
        for text in texts:
            self.append(text)


class _Code(CodeGenerator):
    """Jinja's compiler, with the environment's own ``~`` and kept blocks."""

    def buffer(self, frame: Frame) -> None:
        frame.buffer = self.temporary_identifier()
        self.writeline(f"{frame.buffer} = environment.new_buffer()")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.concatenate((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Formatter(SandboxedFormatter):
    """``str.format`` without places that are thousands of columns wide."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._budget: Budget = environment.budget

    def format_field(self, value: Any, format_spec_: str) -> str:
        check_text(value)
        return str(self._budget.charge(super().format_field(value, format_spec(format_spec_))))

    def convert_field(self, value: Any, conversion: Any) -> Any:
        check_text(value)
        return super().convert_field(value, conversion)


class Limited(SandboxedEnvironment):
    """A sandboxed environment whose templates make no more than a row may."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    code_generator_class = _Code

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, finalize=_written)
        self._budgets = _Budgets()
        self.globals.pop("lipsum", None)
        self.filters = {name: self._guarded(name, made) for name, made in self.filters.items()}

    def add_filter(self, name: str, function: Callable[..., Any]) -> None:
        """Give templates one more filter."""
        self.filters[name] = self._guarded(name, function)

    @property
    def budget(self) -> Budget:
        """What is left for this thread's rendering."""
        return self._budgets.budget

    def render_within(self, template: Template, document: Mapping[str, Any]) -> str:
        """Render a template.

        Raises:
            ExpressionRefused: it makes too much.
            Exception: whatever Jinja raises.
        """
        self.budget.renew()
        parts: list[str] = []
        left = MAX_TEXT
        for text in template.root_render_func(template.new_context(dict(document))):
            left -= len(text)
            if left < 0:
                raise ExpressionRefused(f"it makes a text of more than {MAX_TEXT:,} characters")
            parts.append(text)
        return "".join(parts)

    # -- what compiled templates call --------------------------------------------------------------------------------

    def new_buffer(self) -> _Kept:
        """A list for what a block writes."""
        return _Kept(self.budget)

    def concatenate(self, parts: tuple[Any, ...]) -> str:
        """What ``~`` makes."""
        return self.budget.join("", [str(_written(part)) for part in parts])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        budget = self.budget
        if operator == "*":
            return budget.product(left, right)
        if operator == "%":
            return budget.modulo(left, right)
        if operator == "**":
            return power(left, right)
        return budget.charge(left + right)

    def call(self, context: Context, function: Any, /, *args: Any, **options: Any) -> Any:
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(owner, str | bytes | int):
            args = self._checked(owner, name, args)
        elif name in _ADDING_METHODS and isinstance(owner, list | dict | set):
            for value in args:
                self.budget.charge(value)
                check_text(value)
        return self.budget.charge(super().call(context, function, *args, **options))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        if super().wrap_str_format(value) is None:
            return None
        pattern, mapped = value.__self__, value.__name__ == "format_map"

        def formatted(*args: Any, **options: Any) -> str:
            if mapped:
                (options,), args = args, ()
            return str(_Formatter(self).vformat(pattern, args, options))

        return update_wrapper(formatted, value)

    # -- guards ------------------------------------------------------------------------------------------------------

    def _checked(self, owner: Any, name: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of a method of a text or number, unless it would make too much of them."""
        if name in _WIDTH_METHODS:
            for value in args:
                check_width(value)
            if name == "expandtabs":
                self.budget.take(owner.count("\t") * MAX_WIDTH if len(owner) > MAX_WIDTH else 0)
        elif name == "join" and args:
            items = list(self.budget.count_steps(args[0]))
            self.budget.take(sum(len(item) for item in items if isinstance(item, str)) + len(owner) * len(items))
            return (items, *args[1:])
        elif name == "replace" and len(args) >= 2 and all(isinstance(text, type(owner)) for text in args[:2]):
            self.budget.take(len(args[1]) * owner.count(args[0]))
        elif name in _SPLITTING and len(owner) > MAX_WIDTH:
            self.budget.take(len(owner) * 2)
        elif name == "translate" and isinstance(args[0], dict):
            longest = max((len(text) for text in args[0].values() if isinstance(text, str)), default=1)
            self.budget.take(len(owner) * longest)
        return args

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that makes no more than a row may."""
        special = _SPECIAL.get(name)

        def within(*args: Any, **options: Any) -> Any:
            first = 1 if args and isinstance(args[0], _PASSED) else 0
            passed, args = args[:first], args[first:]
            for value in (*args, *options.values()):
                check_text(value)
                if name in _WIDTH_FILTERS:
                    check_width(value)
            if name in _SEPARATOR_FILTERS:
                for value in (*args[1:], *options.values()):
                    if isinstance(value, str) and len(value) > _LONGEST_SEPARATOR:
                        raise ExpressionRefused(f"{name} takes at most {_LONGEST_SEPARATOR:,} characters to put in")
            if special is not None:
                args = special(self.budget, *args, **options)
            return self.budget.charge(function(*passed, *args, **options))

        return update_wrapper(within, function)


class LimitedImmutable(Limited, ImmutableSandboxedEnvironment):
    """The same, for expressions: nothing that they name can be changed."""


def _written(value: Any) -> Any:
    """``value``, which is about to be written, unless its text would be too long."""
    check_text(value._Namespace__attrs if isinstance(value, Namespace) else value)
    return value


def _list(budget: Budget, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        budget.take(len(value) * _ITEM_OF_TEXT)
        return (value,)
    return (list(budget.count_steps(value)),)


def _join(budget: Budget, value: Any, *given: Any, **options: Any) -> tuple[Any, ...]:
    items = list(budget.count_steps(value)) if not hasattr(value, "__len__") else value
    budget.take(len(str(options.get("d", given[0] if given else ""))) * len(items))
    check_text(items)
    return (items, *given)


def _replace(budget: Budget, value: Any, old: Any, new: Any, *rest: Any, **_: Any) -> tuple[Any, ...]:
    text = str(value)
    budget.take(len(str(new)) * text.count(str(old)))
    return (value, old, new, *rest)


def _format(budget: Budget, value: Any, *args: Any, **options: Any) -> tuple[Any, ...]:
    budget.modulo(str(value), options or args)
    return (value, *args)


def _sum(budget: Budget, items: Any, *rest: Any, **_: Any) -> tuple[Any, ...]:
    counted = list(budget.count_steps(items))
    budget.take(sum(len(item) for item in counted if isinstance(item, list | tuple)) * len(counted))
    return (counted, *rest)


def _sized(budget: Budget, value: Any, *args: Any, **_: Any) -> tuple[Any, ...]:
    if not hasattr(value, "__len__"):
        value = list(budget.count_steps(value))
    return (value, *args)


def _regex_replace(budget: Budget, value: str, pattern: str, replacement: str, *rest: Any, **_: Any) -> tuple[Any, ...]:
    groups = len(value) if "\\" in replacement else 0
    budget.take((len(replacement) + groups) * sum(1 for _ in re.finditer(pattern, value)))
    return (value, pattern, replacement, *rest)


_SPECIAL: Final[dict[str, Callable[..., tuple[Any, ...]]]] = {
    "list": _list,
    "join": _join,
    "replace": _replace,
    "format": _format,
    "sum": _sum,
    "slice": _sized,
    "regex_replace": _regex_replace,
}
