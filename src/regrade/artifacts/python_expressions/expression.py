"""Expressions and lambdas, ready to be evaluated on rows."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from regrade.artifacts.python_expressions.compiling import Compiler
from regrade.artifacts.python_expressions.functions import MODULES
from regrade.budget import Budget, ExpressionRefused, check_made

_MAX_LENGTH: Final = 20_000
_DATA: Final = (str, bytes, bool, int, float, list, dict, tuple, set, frozenset, type(None))


def _parsed(text: str) -> ast.expr:
    if len(text) > _MAX_LENGTH:
        raise ExpressionRefused(f"an expression of {len(text):,} characters is longer than {_MAX_LENGTH:,}")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionRefused(f"{text!r} is no expression of Python: {error}") from None


class PythonExpression:
    """A Python expression, compiled into functions; names in it are a row's fields.

    >>> PythonExpression("f'{a} {b}'.upper()").evaluate({"a": "to", "b": "be"})
    'TO BE'

    Args:
        text: The expression.
        imports: Modules that it names: ``re``, ``json``, ``math``, ``itertools``, ``statistics``, ``string``, ``ast``
            and ``collections`` can be had, as far as what they offer is harmless.

    Raises:
        ExpressionRefused: it is no expression, or does what expressions must not.
    """

    def __init__(self, text: str, imports: Sequence[str] = ()) -> None:
        self.text = text
        unknown = [name for name in imports if name not in MODULES]
        if unknown:
            raise ExpressionRefused(f"the module {unknown[0]!r} cannot be had; there are {', '.join(sorted(MODULES))}")
        self._budget = Budget()
        self._value = Compiler(text, self._budget, frozenset(imports)).compile(_parsed(text))

    def _run(self, scope: dict[str, Any]) -> Any:
        self._budget.renew()
        try:
            return self._value(scope)
        except ExpressionRefused as error:
            raise ExpressionRefused(f"{self.text!r}: {error}") from None
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            MemoryError,
            RecursionError,
            TypeError,
            ValueError,
            re.error,
        ) as error:
            raise ValueError(f"{self.text!r}: {type(error).__name__}: {error}") from None

    def evaluate(self, row: dict[str, Any]) -> Any:
        """The value for a row; what is lazy in Python (``map``, a generator) is a list.

        Raises:
            ExpressionRefused: it takes too many steps or makes too much.
            ValueError: it fails, or its value is no data (a function, a match).
        """
        value = self._run(row)
        if isinstance(value, _DATA):
            return dict(value) if isinstance(value, Counter) else check_made(value)
        if hasattr(value, "__iter__"):
            return self._listed(value)
        raise ValueError(f"{self.text!r} gives no data, but {type(value).__name__}")

    def _listed(self, value: Any) -> list[Any]:
        try:
            return list(self._budget.charge(list(value)))
        except ExpressionRefused:
            raise
        except Exception as error:
            raise ValueError(f"{self.text!r}: {type(error).__name__}: {error}") from None

    def holds(self, row: dict[str, Any]) -> bool:
        """Whether the value for a row counts as true.

        Raises:
            ExpressionRefused: it takes too many steps or makes too much.
            ValueError: it fails.
        """
        return bool(self._run(row))


def translate_lambda(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """A condition on rows, of the text of a Python lambda with one argument, the row.

    >>> is_english = translate_lambda("lambda x: x['language'] == 'en'")
    >>> is_english({"language": "en"}), is_english({"language": "fr"})
    (True, False)

    Raises:
        ExpressionRefused: it is no such lambda, or does what expressions must not.
    """
    tree = _parsed(text)
    if not isinstance(tree, ast.Lambda):
        raise ExpressionRefused(f"{text!r} is no lambda")
    given = tree.args
    if len(given.args) != 1 or given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults:
        raise ExpressionRefused(f"{text!r} is no lambda of one argument, the row")
    name = given.args[0].arg
    simple = _field_condition(tree.body, name)
    if simple is not None:
        return simple
    body = PythonExpression(ast.unparse(tree.body))
    body.text = text
    return lambda row: body.holds({name: row})


def _field_condition(node: ast.expr, name: str) -> Callable[[Mapping[str, Any]], bool] | None:
    """``row[field] == constant`` and ``row[field] in [constants]``, which nearly all are, without detours."""
    match node:
        case ast.Compare(
            left=ast.Subscript(value=ast.Name(id=row), slice=ast.Constant(value=field)),
            ops=[ast.Eq() | ast.In() as operator],
            comparators=[right],
        ) if row == name:
            try:
                constant = ast.literal_eval(right)
            except ValueError:
                return None
            if isinstance(operator, ast.Eq):
                return lambda row: bool(_field(row, field) == constant)
            return lambda row: bool(_field(row, field) in constant)
    return None


def _field(row: Mapping[str, Any], field: Any) -> Any:
    try:
        return row[field]
    except KeyError:
        raise ValueError(f"the row has no field {field!r}; it has {', '.join(map(str, row))}") from None
