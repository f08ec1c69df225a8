"""The operator that applies a named function: one of a list, since cards name functions but bring none."""

from __future__ import annotations

import ast
import html
import json
import math
import re
import textwrap
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.places import Read, Write, is_plain, reader, writer
from regrade.artifacts.streams import Batch, Row, for_each

_OF_TEXTS: Final = """
    capitalize casefold count endswith find isalnum isalpha isascii isdigit islower isnumeric isspace istitle isupper
    join lower lstrip removeprefix removesuffix replace rfind rsplit rstrip split splitlines startswith strip swapcase
    title upper
"""
_BUILTINS: Final = (
    abs, all, any, bool, dict, divmod, float, int, len, list, max, min, repr, round, set, sorted, str, sum, tuple,
)  # fmt: skip

FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {function.__name__: function for function in _BUILTINS}
    | {f"str.{name}": getattr(str, name) for name in _OF_TEXTS.split()}
    | {f"math.{name}": getattr(math, name) for name in ("ceil", "exp", "floor", "log", "log10", "log2", "sqrt")}
    | {
        "ast.literal_eval": ast.literal_eval,
        "dict.get": dict.get,
        "dict.items": lambda value: list(value.items()),
        "dict.keys": list,
        "dict.values": lambda value: list(value.values()),
        "html.escape": html.escape,
        "html.unescape": html.unescape,
        "json.dumps": json.dumps,
        "json.loads": json.loads,
        "list.count": list.count,
        "list.index": list.index,
        "re.escape": re.escape,
        "textwrap.dedent": textwrap.dedent,
        "urllib.parse.quote": quote,
        "urllib.parse.unquote": unquote,
    }
)
"""What ``apply`` may name: pure functions of their arguments, which neither run code nor read or write anything."""


@artifact("apply")
class Apply(RowOperator, kw_only=True):
    """Stores what a named function makes of fields.

    Args:
        function: One of a list: ``str.lower``, ``str.strip`` and most of a text's methods, ``json.loads``,
            ``json.dumps``, ``len``, ``int``, ``sorted``, ``ast.literal_eval``, ``math.log``, ``html.unescape``, ...
            Functions that run code (``eval``), touch files (``open``, ``os.remove``) or differ from call to call
            (``time.time``) are not on it.
        to_field: Path of the result.
        _argv: Paths of the arguments, in order.
        _kwargs: Paths of further arguments, by name.

    >>> Apply(function="str.lower", to_field="b", _argv=["a"]).process_row({"a": "GPT-4"})
    {'a': 'GPT-4', 'b': 'gpt-4'}
    """

    function: str
    to_field: str
    _argv: list[str] = msgspec.field(default_factory=list)
    _kwargs: dict[str, str] = msgspec.field(default_factory=dict)

    def verify(self) -> None:
        if self.function.removeprefix("builtins.") not in FUNCTIONS:
            import difflib

            near = difflib.get_close_matches(self.function, FUNCTIONS, n=3)
            raise ArtifactError(
                f"the function {self.function!r} is not among those that cards may apply",
                path=("function",),
                hint=f"there are {', '.join(near or sorted(FUNCTIONS))}; cards never run code of their own",
            )

    @cached_property
    def _function(self) -> Callable[..., Any]:
        return FUNCTIONS[self.function.removeprefix("builtins.")]

    @cached_property
    def _ways(self) -> tuple[list[Read], dict[str, Read], Write]:
        named = {name: reader(path) for name, path in self._kwargs.items()}
        return [reader(path) for path in self._argv], named, writer(self.to_field)

    @property
    def by_column(self) -> bool:
        return bool(self._argv) and not self._kwargs and all(map(is_plain, [*self._argv, self.to_field]))

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        arguments = [batch.columns[field] for field in self._argv]
        return batch.with_columns({self.to_field: for_each(self._function, *arguments)})

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        reads, named, write = self._ways
        args = [read(row) for read in reads]
        options = {name: read(row) for name, read in named.items()}
        try:
            result = self._function(*args, **options)
        except (ArithmeticError, LookupError, SyntaxError, TypeError, ValueError) as error:
            raise ValueError(f"{self.function} of {', '.join(map(repr, args))[:200]}: {error}") from None
        return write(row.copy(), result)
