"""What expressions may call: functions without side effects, and those that can grow, within a budget."""

from __future__ import annotations

import ast
import collections
import itertools
import json
import math
import re
import statistics
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from regrade.budget import ITEM, MAX_WIDTH, Budget, ExpressionRefused, format_spec, power

Function: TypeAlias = Callable[..., Any]

CLASSES: Final[Mapping[str, type]] = MappingProxyType(
    {kind.__name__: kind for kind in (bool, dict, float, frozenset, int, list, set, str, tuple)}
)
"""What ``isinstance`` may ask for."""

_MAX_TEMPLATE: Final = 500
_OFFERED: Final = {
    ast: "literal_eval",
    collections: "Counter",
    itertools: "chain groupby islice zip_longest",
    json: "loads",
    math: "ceil cos e exp fabs floor fsum hypot inf isclose isfinite isinf isnan log log10 log1p log2 nan pi sin sqrt "
    "tan tanh trunc",
    re: "A ASCII DOTALL I IGNORECASE M MULTILINE S U UNICODE VERBOSE X escape findall finditer fullmatch match search "
    "split",
    statistics: "fmean mean median mode stdev",
    string: "ascii_letters ascii_lowercase ascii_uppercase capwords digits punctuation whitespace",
}
_MODULES: Final[Mapping[str, Mapping[str, Any]]] = {
    module.__name__: {name: getattr(module, name) for name in names.split()} for module, names in _OFFERED.items()
}

MODULES: Final = frozenset(_MODULES)
"""What ``imports_list`` may name."""

_PLAIN: Final = (
    abs, all, any, bool, chr, dict, divmod, enumerate, filter, float, frozenset, int, len, list, map, max, min, ord,
    reversed, round, set, sorted, tuple, zip,
)  # fmt: skip

_METHODS: Final[Mapping[type, str]] = {
    str: "capitalize casefold count encode endswith find index isalnum isalpha isascii isdecimal isdigit isidentifier "
    "islower isnumeric isspace istitle isupper lower lstrip partition removeprefix removesuffix rfind rindex "
    "rpartition rsplit rstrip split splitlines startswith strip swapcase title upper",
    bytes: "decode",
    list: "copy count index",
    tuple: "count index",
    dict: "copy get items keys values",
    set: "copy difference intersection isdisjoint issubset issuperset symmetric_difference union",
    frozenset: "copy difference intersection isdisjoint issubset issuperset symmetric_difference union",
    int: "bit_length",
    float: "is_integer",
    re.Match: "end group groupdict groups span start",
    Counter: "copy get items keys most_common total values",
}


def builtins_of(budget: Budget) -> dict[str, Function]:
    """The built-in functions that expressions may call, within a budget."""

    def text(value: Any = "") -> str:
        budget.before_text(value)
        return str(value)

    def represented(value: Any) -> str:
        budget.before_text(value)
        return repr(value)

    def formatted(value: Any, spec: str = "") -> str:
        budget.before_text(value)
        return format(value, format_spec(spec))

    def numbers(*bounds: int) -> range:
        found = range(*bounds)
        if found:
            budget.take(ITEM * abs((found.stop - found.start) // found.step))
        return found

    def total(items: Iterable[Any], start: Any = 0) -> Any:
        for item in budget.count_steps(items):
            start = budget.charge(start + item)
        return start

    def raised(base: Any, exponent: Any, modulus: Any = None) -> Any:
        return power(base, exponent) if modulus is None else pow(base, exponent, modulus)

    return {
        **{function.__name__: function for function in _PLAIN},
        "str": text,
        "repr": represented,
        "format": formatted,
        "range": numbers,
        "sum": total,
        "pow": raised,
    }


def modules_of(budget: Budget) -> dict[str, dict[str, Any]]:
    """The functions and constants of modules that expressions may name, within a budget."""

    def dumped(value: Any, **options: Any) -> str:
        budget.before_text(value)
        indent = options.get("indent") or 0
        if len(indent) if isinstance(indent, str) else indent > 100:
            raise ExpressionRefused("json.dumps indents by 100 columns at most")
        return json.dumps(value, **options)

    def replaced(pattern: str, repl: Any, string: str, count: int = 0, flags: int = 0) -> str:
        if isinstance(repl, str) and "\\" in repl and len(repl) > _MAX_TEMPLATE:
            raise ExpressionRefused(f"a replacement with groups has {_MAX_TEMPLATE:,} characters at most")

        def expand(match: re.Match[str]) -> Any:
            budget.step()
            if callable(repl):
                return budget.charge(repl(match))
            return budget.charge(match.expand(repl) if "\\" in repl else repl)

        return re.sub(pattern, expand, string, count=count, flags=flags)

    def within(function: Function) -> Function:
        def items(*args: Any, **options: Any) -> Iterator[Any]:
            for item in budget.count_steps(function(*args, **options)):
                yield budget.charge(item)

        return items

    guarded: dict[str, dict[str, Any]] = {
        "json": {"dumps": dumped},
        "re": {"sub": replaced},
        "itertools": {"chain.from_iterable": itertools.chain.from_iterable}
        | {
            name: within(getattr(itertools, name))
            for name in ("accumulate", "combinations", "pairwise", "permutations", "product")
        },
    }
    return {module: {**names, **guarded.get(module, {})} for module, names in _MODULES.items()}


def methods_of(budget: Budget) -> dict[type, dict[str, Function]]:
    """The methods that expressions may call, by type, as functions of the object, within a budget."""

    def padding(method: Function) -> Function:
        def padded(value: str, width: int, *fill: str) -> Any:
            if width > MAX_WIDTH:
                raise ExpressionRefused(f"texts are padded to {MAX_WIDTH:,} columns at most")
            return method(value, width, *fill)

        return padded

    methods = {kind: {name: getattr(kind, name) for name in names.split()} for kind, names in _METHODS.items()}
    methods[bool] = methods[int]
    methods[str] |= {"join": budget.join, "replace": budget.replace}
    methods[str] |= {name: padding(getattr(str, name)) for name in ("center", "ljust", "rjust", "zfill")}
    return methods
