"""Whether calls of tools are valid, told from the tools' schemas alone, flaw by flaw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from regrade.artifacts import artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import Scores
from regrade.metrics.score_means import ScoreMeans
from regrade.metrics.structured.tool_calls import missing_package, schema_flaws

_FLAWS: Final = (
    "non_existent_function",
    "non_existent_parameter",
    "incorrect_parameter_type",
    "missing_required_parameter",
    "allowed_values_violation",
    "json_schema_violation",
    "empty_api_spec",
    "invalid_api_spec",
    "invalid_tool_call",
)
_OF_KEYWORDS: Final = {
    "additionalProperties": "non_existent_parameter",
    "type": "incorrect_parameter_type",
    "required": "missing_required_parameter",
    "enum": "allowed_values_violation",
    "const": "allowed_values_violation",
}


@artifact("reflection_tool_calling_metric_syntactic")
class ReflectionToolCallingMetricSyntactic(ScoreMeans):
    """Whether a call of a tool is free of each of nine flaws: 1 where it is, so that the mean is a share of good calls.

    The tools on offer are the task's field ``tools``: dicts with ``name`` and ``parameters``, a JSON Schema.
    ``overall_valid`` is 1 where there is no flaw at all. Unitxt asks a package for this that is not public; what is
    computed here follows the names of its scores.

    >>> tools = [{"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "number"}}}}]
    >>> scores = ReflectionToolCallingMetricSyntactic().measure(
    ...     {"name": "add", "arguments": {"a": "one", "b": 2}}, [], {"tools": tools}
    ... )
    >>> [name for name, value in scores.items() if not value]
    ['non_existent_parameter', 'incorrect_parameter_type', 'json_schema_violation', 'overall_valid']
    """

    main_score: str = "overall_valid"
    prediction_type: str = "ToolCall"

    def needs(self) -> str | None:
        return missing_package()

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        flaws = set(_flaws(prediction, task_data.get("tools") or []))
        return {**{name: float(name not in flaws) for name in _FLAWS}, "overall_valid": float(not flaws)}


def _flaws(call: dict[str, Any], tools: list[dict[str, Any]]) -> Iterator[str]:
    if not call.get("name") or not isinstance(call.get("arguments"), dict):
        yield "invalid_tool_call"
        return
    if not tools:
        yield "empty_api_spec"
        return
    if not all(isinstance(tool.get("name"), str) for tool in tools):
        yield "invalid_api_spec"
        return
    tool = next((tool for tool in tools if tool["name"] == call["name"]), None)
    if tool is None:
        yield "non_existent_function"
        return
    schema = tool.get("parameters") or {}
    if call["arguments"].keys() - schema.get("properties", call["arguments"]).keys():
        yield "non_existent_parameter"
    keywords = schema_flaws(schema, call["arguments"])
    if keywords is None:
        yield "invalid_api_spec"
        return
    if keywords:
        yield "json_schema_violation"
    yield from (_OF_KEYWORDS[keyword] for keyword in keywords if keyword in _OF_KEYWORDS)


@artifact("reflection_tool_calling_metric")
class ReflectionToolCallingMetric(ScoreMeans):
    """The same, and what a model thinks of the call; described, not carried out.

    Args:
        runtime_pipeline: Whether the model is asked for less.
    """

    main_score: str = "overall_valid"
    prediction_type: str = "ToolCall"
    runtime_pipeline: bool = True

    def needs(self) -> str | None:
        return "asks a model about each call; reflection_tool_calling_metric_syntactic is what can be told without one"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        raise UnavailableError(str(self.needs()))
