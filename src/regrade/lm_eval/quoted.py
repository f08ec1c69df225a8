"""Functions as results files quote them: by source text or by ``repr``. They are recognised and named, never run."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from typing import Any

from regrade.schema import FunctionRef

_SOURCE = re.compile(r"\s*(?:@[^\n]*\n\s*)*(?:async\s+)?(?:def|class)\s+(\w+)\s*[(:\[]")
_LAMBDA = re.compile(r"(?:[\w\"']+\s*[=:]\s*)?\(?\s*lambda\b[^:{]*:")
_FUNCTION = re.compile(r"<(?:bound method|built-in function|function|cyfunction)\s+([\w.<>]+)\b.*>", re.DOTALL)
_CLASS = re.compile(r"<class '([^']+)'>")
_OBJECT = re.compile(r"<([\w./\\-]+) object at 0x[0-9a-fA-F]+>")
_PARTIAL = re.compile(r"functools\.partial\((.*)\)\s*\Z", re.DOTALL)
_KEYWORD = re.compile(r",\s*([A-Za-z_]\w*)=")


def quoted_function(text: Any, *, source: bool = True) -> FunctionRef | None:
    """Recognise a function that a results file quotes.

    Args:
        text: A value of the recorded configuration.
        source: Whether source text counts too; without it only a ``repr`` does.

    Returns:
        A reference of origin ``quoted``, with the function's name and, for ``functools.partial``, the keyword arguments
        that can be read back; None if ``text`` quotes no function.
    """
    if not isinstance(text, str):
        return None
    stripped = text.strip()
    if partial := _PARTIAL.match(stripped):
        inner = quoted_function(re.split(r",\s*[A-Za-z_]\w*=", partial[1], maxsplit=1)[0], source=False)
        return FunctionRef(inner.name, partial=_keywords(partial[1])) if inner else None
    if match := _FUNCTION.fullmatch(stripped):
        return FunctionRef(match[1].rpartition(".<locals>.")[2] or match[1])
    if match := _CLASS.fullmatch(stripped) or _OBJECT.fullmatch(stripped):
        return FunctionRef(match[1].rpartition(".")[2])
    if source:
        return _from_source(text)
    return None


def _from_source(text: str) -> FunctionRef | None:
    """A function whose source was taken with ``inspect.getsource``."""
    match = _SOURCE.match(text)
    if match is not None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(textwrap.dedent(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            # A template may begin with "def f(x):" too; only Python is Python. Jinja's braces decide the rest.
            return None if "{{" in text or "{%" in text else FunctionRef(match[1])
        defined = [
            node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        return FunctionRef(defined[0].name) if len(defined) == len(tree.body) == 1 else None
    if _LAMBDA.match(text.strip()) and "{{" not in text:
        return FunctionRef("<lambda>")
    return None


def _keywords(arguments: str) -> dict[str, Any]:
    """Keyword arguments in the ``repr`` of a ``functools.partial``, as far as they are literals."""
    found: dict[str, Any] = {}
    matches = list(_KEYWORD.finditer(arguments))
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        value = arguments[match.end() : following.start() if following else None].strip()
        try:
            found[match[1]] = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            found[match[1]] = value
    return found
