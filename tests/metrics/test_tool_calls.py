"""Calls of tools, against references and against schemas."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from regrade.errors import UnavailableError
from regrade.metrics.evaluate import evaluate
from regrade.metrics.structured.reflection import ReflectionToolCallingMetric, ReflectionToolCallingMetricSyntactic
from regrade.metrics.structured.tool_calls import MultiTurnToolCallingMetric, ToolCallingMetric, schema_flaws

pytest.importorskip("jsonschema")

ADD: dict[str, Any] = {
    "name": "add",
    "parameters": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "how": {"enum": ["exactly", "roughly"]}},
        "required": ["a"],
        "additionalProperties": False,
    },
}
TOOLS = {"__tools__": [{"type": "function", "function": ADD}], "tools": [ADD]}


def call(name: str = "add", **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def measured(prediction: Any, *references: Any) -> list[float]:
    return list(ToolCallingMetric().statistics(prediction, list(references), TOOLS).values())


@pytest.mark.parametrize(
    ("prediction", "references", "exact", "name", "recall", "precision", "values", "schema"),
    [
        (call(a=1, b=2), [call(b=2, a=1)], 1, 1, 1, 1, 1, 1),
        (call(a=1, b=3), [call(a=1, b=2)], 0, 1, 1, 1, 0.5, 1),
        (call(a=1, c=3), [call(a=1, b=2)], 0, 1, 0.5, 0.5, 0.5, 0),
        (call("subtract", a=1), [call(a=1)], 0, 0, 1, 1, 1, 0),
        (call(), [call()], 1, 1, 1, 1, 1, 0),  # the schema asks for a
        (call(), [call(a=1)], 0, 1, 0, 0, 0, 0),
        (call(a=1), [call()], 0, 1, 1, 0, 0, 1),
        (call(a=1), [call(b=1), call(a=1, b=2)], 0, 1, 0.5, 1, 1, 1),  # the best of each
        (call(a="1"), [call(a=1)], 0, 1, 1, 1, 0, 0),
    ],
)
def test_by_hand(
    prediction: Any,
    references: list[Any],
    exact: float,
    name: float,
    recall: float,
    precision: float,
    values: float,
    schema: float,
) -> None:
    assert measured(prediction, *references) == [exact, name, recall, precision, values, schema]


def test_means_with_intervals() -> None:
    calls = [call(a=1), call(a=2), call(a=3)]
    totals, _ = evaluate([ToolCallingMetric()], calls, [[call(a=1)], [call(a=0)], [call(a=0)]], [TOOLS] * 3)
    assert totals["exact_match"] == totals["score"] == pytest.approx(1 / 3)
    assert totals["argument_schema_validation_ci_low"] == 1.0


def test_several_turns() -> None:
    metric = MultiTurnToolCallingMetric()
    assert metric.statistics([call(a=1), call(b=1)], [], TOOLS) == {"argument_schema_validation": 0.5}
    with pytest.raises(ValueError, match="no call"):
        metric.statistics([], [], TOOLS)


def test_what_is_no_call() -> None:
    with pytest.raises(ValueError, match="must be of type ToolCall"):
        measured("add(1)", call(a=1))


def test_a_schema_that_is_none_takes_nothing() -> None:
    assert schema_flaws({"type": "a number"}, {}) is None
    broken = {"__tools__": [{"function": {"name": "add", "parameters": {"type": "a number"}}}]}
    assert ToolCallingMetric().measure(call(a=1), [call(a=1)], broken)["argument_schema_validation"] == 0.0


@pytest.mark.parametrize(
    ("prediction", "tools", "flaws"),
    [
        (call(a=1), [ADD], set()),
        (call(a="x"), [ADD], {"incorrect_parameter_type", "json_schema_violation"}),
        (call(b=1), [ADD], {"missing_required_parameter", "json_schema_violation"}),
        (call(a=1, z=1), [ADD], {"non_existent_parameter", "json_schema_violation"}),
        (call(a=1, how="badly"), [ADD], {"allowed_values_violation", "json_schema_violation"}),
        (call("subtract"), [ADD], {"non_existent_function"}),
        (call(a=1), [], {"empty_api_spec"}),
        (call(a=1), [{"name": "add", "parameters": {"type": "a number"}}], {"invalid_api_spec"}),
        ({"name": "", "arguments": {}}, [ADD], {"invalid_tool_call"}),
    ],
)
def test_flaws(prediction: Any, tools: list[Any], flaws: set[str]) -> None:
    scores = ReflectionToolCallingMetricSyntactic().statistics(prediction, [], {"tools": tools})
    assert {name for name, value in scores.items() if not value} - {"overall_valid"} == flaws
    assert scores["overall_valid"] == float(not flaws)


def test_what_a_model_would_think() -> None:
    assert "asks a model" in (ReflectionToolCallingMetric().needs() or "")


def test_without_jsonschema(monkeypatch: pytest.MonkeyPatch) -> None:
    from regrade.metrics.structured import tool_calls

    monkeypatch.setitem(sys.modules, "jsonschema", None)
    tool_calls._validator.cache_clear()
    assert "regrade[tools]" in (ToolCallingMetric().needs() or "")
    with pytest.raises(UnavailableError, match="jsonschema"):
        measured(call(a=1), call(a=1))
