"""Operators between values and their texts: JSON, and Python's literals."""

from __future__ import annotations

import json
from typing import Any

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.paths import MISSING
from regrade.cards.operators.texts.cutting import TextOperator
from regrade.cards.operators.texts.extraction import Extraction


@artifact("load_json")
class LoadJson(Extraction):
    """Reads JSON.

    >>> LoadJson(field="a").process_row({"a": '{"b": [1, 2]}'})
    {'a': {'b': [1, 2]}}

    Args:
        failure_value: Stands for a text that is no JSON, where failure is allowed.
        allow_failure: Whether a text may be no JSON; else it is an error, but line breaks within strings are not.
    """

    failure_value: Any = None
    allow_failure: bool = False

    def find(self, value: Any) -> Any:
        if not self.allow_failure:
            return json.loads(value, strict=False)
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return MISSING

    def not_found(self) -> Any:
        return self.failure_value


@artifact("dump_json")
class DumpJson(FieldOperator):
    """Writes a value as JSON.

    >>> DumpJson(field="a").process_row({"a": {"b": [1, 2]}})
    {'a': '{"b": [1, 2]}'}
    """

    def process_value(self, value: Any) -> Any:
        return json.dumps(value)


@artifact("json_str_to_dict")
class JsonStrToDict(Extraction):
    """Reads a JSON object as a dict of texts, without its nulls; what is no JSON object becomes an empty one.

    >>> JsonStrToDict(field="a").process_row({"a": '{"b": 3, "c": null}'})
    {'a': {'b': '3'}}
    """

    def find(self, value: Any) -> Any:
        try:
            read = json.loads(value)
        except (TypeError, ValueError, RecursionError):
            return MISSING
        if not isinstance(read, dict):
            return MISSING
        return {key: str(item) for key, item in read.items() if item is not None}

    def not_found(self) -> Any:
        return {}


@artifact("literal_eval")
class LiteralEval(TextOperator):
    """Reads a value that is written as Python writes it: numbers, texts, lists, dicts; nothing is run.

    Nothing, and an empty text, stay as they are.

    >>> LiteralEval(field="a").process_row({"a": "['x', 1, None]"})
    {'a': ['x', 1, None]}
    """

    def process_value(self, value: Any) -> Any:
        return value if value is None else super().process_value(value)

    def process_text(self, text: str) -> Any:
        return literal(text.strip()) if text else text


def literal(text: str) -> Any:
    """The value that a text writes as Python does.

    Raises:
        ValueError: it writes none.
    """
    import ast
    import warnings

    try:
        with warnings.catch_warnings():  # "\d" inside a quoted text is no concern of the user's
            warnings.simplefilter("ignore")
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text!r:.80} is no value as Python writes them: {error}") from None
