"""Values written as JSON and as Python writes them, and calls of tools."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import build
from regrade.cards.operators import FieldOperator


def result(kind: str, value: Any, **arguments: Any) -> Any:
    """What a field operator makes of a value."""
    return build({"__type__": kind, "field": "a", **arguments}, FieldOperator).process_row({"a": value})["a"]


CALL = {"name": "add", "arguments": {"a": 1}}
CALLS = '[{"name": "add", "arguments": {"a": 1}}]'
NULL = {"name": "null", "arguments": {}}


@pytest.mark.parametrize(
    ("kind", "value", "expected", "arguments"),
    [
        ("load_json", '{"a": "x\ny"}', {"a": "x\ny"}, {}),
        ("load_json", '{"a": "x\ny"}', [], {"allow_failure": True, "failure_value": []}),
        ("load_json", "[" * 100_000, None, {"allow_failure": True}),
        ("dump_json", {"é": [1, None]}, '{"\\u00e9": [1, null]}', {}),
        ("json_str_to_dict", '{"a": [1], "b": null, "c": true}', {"a": "[1]", "c": "True"}, {}),
        ("json_str_to_dict", "[1]", {}, {}),
        ("json_str_to_dict", "none", {}, {}),
        ("literal_eval", " {'a': (1, None)} ", {"a": (1, None)}, {}),
        ("literal_eval", "", "", {}),
        ("literal_eval", None, None, {}),
        ("python_call_processor", "f(1, x=[2])", {"name": "f", "arguments": {"_args": [1], "x": [2]}}, {}),
        ("tool_call_post_processor", f"<tool_call>{CALLS}</tool_call>", CALL, {}),
        ("tool_call_post_processor", '{"name": "add"}', NULL, {"failure_value": NULL}),
        ("tool_call_post_processor", "[]", NULL, {"failure_value": NULL}),
        ("tool_call_post_processor", "none", NULL, {"failure_value": NULL, "allow_failure": True}),
        ("multiple_tool_call_post_processor", CALLS, [CALL], {}),
        ("multiple_tool_call_post_processor", CALLS[1:-1], [CALL], {}),
        ("multiple_tool_call_post_processor", "[]", [], {"failure_value": [NULL]}),
        ("multiple_tool_call_post_processor", "7", [NULL], {"failure_value": [NULL]}),
    ],
)  # fmt: skip
def test_what_is_read(kind: str, value: Any, expected: Any, arguments: dict[str, Any]) -> None:
    assert result(kind, value, **arguments) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("load_json", "{"),
        ("literal_eval", "print(1)"),
        ("literal_eval", "__import__('os').remove('x')"),
        ("literal_eval", "(" * 10_000),
        ("python_call_processor", "os.remove('x')"),
        ("python_call_processor", "f(g(1))"),
        ("python_call_processor", "f(1"),
        ("python_call_processor", "1"),
        ("tool_call_post_processor", "none"),
    ],
)
def test_what_cannot_be_read_is_an_error(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"is no|Expecting"):
        result(kind, value)


@pytest.mark.parametrize("kind", ["literal_eval", "tool_call_post_processor", "multiple_tool_call_post_processor"])
def test_what_is_no_text_is_refused(kind: str) -> None:
    with pytest.raises(TypeError):
        result(kind, [1])
