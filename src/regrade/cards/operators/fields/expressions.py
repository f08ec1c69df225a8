"""Operators whose condition or value is an expression of Python over a row's fields."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.places import Write, writer
from regrade.artifacts.python_expressions import ExpressionRefused, PythonExpression
from regrade.artifacts.streams import Row
from regrade.cards.operators.streams.filters import RowFilter


def _compiled(expression: str, imports: list[str]) -> PythonExpression:
    try:
        return PythonExpression(expression, imports)
    except ExpressionRefused as error:
        raise ArtifactError(str(error), path=("expression",)) from None


@artifact("execute_expression")
class ExecuteExpression(RowOperator, kw_only=True):
    """Stores the value of a Python expression; the names in it are the row's fields.

    Nothing is evaluated by Python itself: the expression is parsed, and may do what
    ``regrade.artifacts.python_expressions`` lists.

    Args:
        expression: The expression.
        imports_list: Modules it names (``re``, ``json``, ``math``, ``itertools``, ...).
        to_field: Path of the value.

    >>> ExecuteExpression(expression="a + ' ' + b.upper()", to_field="c").process_row({"a": "so", "b": "it is"})
    {'a': 'so', 'b': 'it is', 'c': 'so IT IS'}
    """

    expression: str
    imports_list: list[str] = msgspec.field(default_factory=list)
    to_field: str

    def verify(self) -> None:
        _ = self._expression

    @cached_property
    def _expression(self) -> PythonExpression:
        return _compiled(self.expression, self.imports_list)

    @cached_property
    def _write(self) -> Write:
        return writer(self.to_field)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        value: Any = self._expression.evaluate(row)
        return self._write(row.copy(), value)


@artifact("filter_by_expression")
class FilterByExpression(RowFilter, kw_only=True):
    """Keeps the rows for which a Python expression over their fields is true.

    Nothing is evaluated by Python itself: the expression is parsed, and may do what
    ``regrade.artifacts.python_expressions`` lists. A row without a field that it names is an error.

    Args:
        expression: The condition.
        imports_list: Modules it names (``re``, ``json``, ``math``, ``itertools``, ...).
        error_on_filtered_all: If no row of a stream stays, that is an error.

    >>> rows = [{"text": "a b c"}, {"text": "a"}]
    >>> list(FilterByExpression(expression="len(text.split()) > 2").process(rows))
    [{'text': 'a b c'}]
    """

    expression: str
    imports_list: list[str] = msgspec.field(default_factory=list)

    def verify(self) -> None:
        _ = self._expression

    @cached_property
    def _expression(self) -> PythonExpression:
        return _compiled(self.expression, self.imports_list)

    def keeps(self, row: Row) -> bool:
        return self._expression.holds(row)

    def describe(self) -> str:
        return self.expression
