"""Python's expressions over the fields of a row, without Python's ``eval``: data never runs code.

Cards of Unitxt carry expressions (``len(text.split()) < 543``) and lambdas (``lambda x: x['lang'] == 'en'``). They are
parsed, and what they may do is listed: operators, comprehensions, f-strings, lambdas for ``map`` and ``sorted``, some
built-in functions, methods of texts, lists and dicts that change nothing, and functions of a few modules. Everything
else is refused before the first row, and what would take too long or too much memory is stopped.
"""

from regrade.artifacts.python_expressions.expression import PythonExpression, translate_lambda
from regrade.budget import ExpressionRefused

__all__ = ["ExpressionRefused", "PythonExpression", "translate_lambda"]
