"""Calls of tools against reference calls, and against the schemas of the tools."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

from regrade import extras
from regrade.addition import add_up
from regrade.artifacts import artifact
from regrade.metrics.card_metric import Scores
from regrade.metrics.score_means import ScoreMeans

_USE = "checking calls against the schemas of tools"


@artifact("tool_calling_metric")
class ToolCallingMetric(ScoreMeans):
    """A call of a tool against reference calls; of several references the best counts, for each score by itself.

    The tools on offer are the field ``__tools__`` of the task, as chat completions have them.

    Scores: ``exact_match``; ``tool_name_accuracy``; ``argument_name_recall`` and ``argument_name_precision`` (shared
    names per name of the reference, and of the prediction); ``argument_value_precision`` (arguments whose value is
    that of the reference); ``argument_schema_validation`` (whether the tool exists and its schema takes the
    arguments).

    >>> tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    >>> call = {"name": "add", "arguments": {"a": 1, "b": 2}}
    >>> scores = ToolCallingMetric().measure(call, [{"name": "add", "arguments": {"a": 1}}], {"__tools__": tools})
    >>> scores["tool_name_accuracy"], scores["argument_name_recall"], scores["argument_name_precision"]
    (1.0, 1.0, 0.5)
    """

    main_score: str = "exact_match"
    prediction_type: str = "ToolCall"

    score_names: ClassVar[tuple[str, ...]] = (
        *("exact_match", "tool_name_accuracy", "argument_name_recall", "argument_name_precision"),
        *("argument_value_precision", "argument_schema_validation"),
    )

    def needs(self) -> str | None:
        return missing_package()

    def prepare(self) -> None:
        super().prepare()
        _load_validator()

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        ours = prediction["arguments"]
        call = _canonical(prediction)
        recall = precision = values = 0.0
        for reference in references:
            theirs = reference["arguments"]
            shared = len(ours.keys() & theirs.keys())
            equal = sum(key in theirs and _canonical(value) == _canonical(theirs[key]) for key, value in ours.items())
            recall = max(recall, shared / len(theirs) if theirs else 1.0)
            nothing_asked = float(not theirs)
            precision = max(precision, shared / len(ours) if ours else nothing_asked)
            values = max(values, equal / len(ours) if ours else nothing_asked)
        return {
            "exact_match": float(any(call == _canonical(reference) for reference in references)),
            "tool_name_accuracy": float(any(prediction["name"] == reference["name"] for reference in references)),
            "argument_name_recall": recall,
            "argument_name_precision": precision,
            "argument_value_precision": values,
            "argument_schema_validation": fits_schema(prediction, task_data["__tools__"]),
        }


@artifact("multi_turn_tool_calling_metric")
class MultiTurnToolCallingMetric(ScoreMeans):
    """The share of calls of tools that the schemas of the tools take; the tools are the task's field ``__tools__``.

    >>> tools = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    >>> calls = [{"name": "add", "arguments": {}}, {"name": "subtract", "arguments": {}}]
    >>> MultiTurnToolCallingMetric().measure(calls, [], {"__tools__": tools})
    {'argument_schema_validation': 0.5}
    """

    main_score: str = "argument_schema_validation"
    needs_references: ClassVar[bool] = False
    prediction_type: str = "List[ToolCall]"

    def needs(self) -> str | None:
        return missing_package()

    def prepare(self) -> None:
        super().prepare()
        _load_validator()

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        if not prediction:
            raise ValueError("there is no call of a tool to check")
        fits = [fits_schema(call, task_data["__tools__"]) for call in prediction]
        return {"argument_schema_validation": add_up(fits) / len(fits)}


def _load_validator() -> None:
    """Import what checks calls against schemas, and use it once."""
    schema_flaws({"type": "object"}, {})


def fits_schema(call: dict[str, Any], tools: Sequence[dict[str, Any]]) -> float:
    """1 where the tool exists and its JSON Schema takes the call's arguments, else 0.

    Raises:
        UnavailableError: the package jsonschema is not here.
    """
    parameters = None
    for tool in tools:
        if tool["function"]["name"] == call["name"]:
            parameters = tool["function"]["parameters"]
    if parameters is None:
        return 0.0
    return float(schema_flaws(parameters, call["arguments"]) == [])


def schema_flaws(schema: Any, value: Any) -> list[str] | None:
    """The keywords of a JSON Schema (``type``, ``required``, ...) that a value violates; None if it is no schema.

    Raises:
        UnavailableError: the package jsonschema is not here.
    """
    validator = _validator(_canonical(schema))
    return None if validator is None else [str(flaw.validator) for flaw in validator.iter_errors(value)]


def missing_package() -> str | None:
    """What is missing to check calls against schemas."""
    return extras.find_missing("jsonschema", to=_USE)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Any:
    """The validator of a schema, given as JSON; None if it is no schema."""
    package = extras.require("jsonschema", to=_USE)
    parsed = json.loads(schema)
    kind = package.validators.validator_for(parsed, default=package.Draft202012Validator)
    try:
        kind.check_schema(parsed)
    except package.SchemaError:
        return None
    return kind(parsed)
