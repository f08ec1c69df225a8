"""Operators that read the calls of tools in a model's answer."""

from __future__ import annotations

import json
from typing import Any

from regrade.artifacts.artifact import artifact
from regrade.artifacts.paths import MISSING
from regrade.artifacts.type_strings import isoftype
from regrade.artifacts.type_strings.names import ToolCall
from regrade.cards.operators.texts.cutting import TextOperator
from regrade.cards.operators.texts.extraction import TextExtraction


@artifact("python_call_processor")
class PythonCallProcessor(TextOperator):
    """Reads a call as Python writes it, with literals for arguments; nothing is called.

    >>> PythonCallProcessor(field="a").process_row({"a": "add(2, to=3)"})
    {'a': {'name': 'add', 'arguments': {'to': 3, '_args': [2]}}}
    """

    def process_text(self, text: str) -> Any:
        import ast

        try:
            call = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise ValueError(f"{text!r:.80} is no call: {error}") from None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError(f"{text!r:.80} is no call of a function by its name")
        arguments: dict[Any, Any] = {keyword.arg: _value(keyword.value) for keyword in call.keywords}
        if call.args:
            arguments["_args"] = [_value(argument) for argument in call.args]
        return {"name": call.func.id, "arguments": arguments}


def _value(node: Any) -> Any:
    import ast

    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        raise ValueError(f"an argument is no literal: {ast.unparse(node):.60}") from None


class _ToolCalls(TextExtraction):
    failure_value: Any = None
    allow_failure: bool = False

    def read(self, text: str) -> Any:
        if not self.allow_failure:
            return json.loads(text, strict=False)
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return MISSING

    def not_found(self) -> Any:
        return self.failure_value


@artifact("tool_call_post_processor")
class ToolCallPostProcessor(_ToolCalls):
    """Reads the one call of a tool in an answer, from its first bracket to its last.

    No call, several, or another kind of value give ``failure_value``.

    >>> answer = '<tool_call>[{"name": "add", "arguments": {"a": 2}}]</tool_call>'
    >>> ToolCallPostProcessor(field="a").process_row({"a": answer})
    {'a': {'name': 'add', 'arguments': {'a': 2}}}

    Args:
        failure_value: Stands for an answer without exactly one call.
        allow_failure: Whether an answer may hold no JSON; else that is an error.
    """

    def find_in(self, text: str) -> Any:
        read = self.read(extract_possible_json_str(text))
        if isinstance(read, list) and len(read) == 1:
            read = read[0]
        return read if isoftype(read, ToolCall) else MISSING


@artifact("multiple_tool_call_post_processor")
class MultipleToolCallPostProcessor(_ToolCalls):
    """Reads the calls of tools in an answer that is JSON: a list of them, or a single one.

    >>> MultipleToolCallPostProcessor(field="a").process_row({"a": '{"name": "now", "arguments": {}}'})
    {'a': [{'name': 'now', 'arguments': {}}]}

    Args:
        failure_value: Stands for an answer with something else.
        allow_failure: Whether an answer may hold no JSON; else that is an error.
    """

    def find_in(self, text: str) -> Any:
        read = self.read(text)
        if isoftype(read, list[ToolCall]):
            return read
        return [read] if isoftype(read, ToolCall) else MISSING


def extract_possible_json_str(text: str) -> str:
    """The part of a text from its first brace or bracket to its last, or as much of it as there is.

    >>> extract_possible_json_str('call: {"a": [1]}.')
    '{"a": [1]}'
    """
    start = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=0)
    end = max((place for place in (text.rfind("}"), text.rfind("]")) if place >= 0), default=len(text) - 1)
    return text[start : end + 1]
