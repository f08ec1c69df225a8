"""How a judge is asked for its verdict, and the steps that read it."""

from __future__ import annotations

from typing import Any, Final

from regrade.judging.judge import Judge, Option

TOOL: Final = "give_verdict"
"""Name of the tool that a judge calls."""

FIELDS: Final = {"rating": "rating", "pairwise": "better", "choice": "choice"}
"""The verdict's field in a JSON object, by mode."""


def wording(judge: Judge, options: list[Option]) -> str:
    """How the verdict is to be given, for the judge to read."""
    brackets = _brackets(judge, options)
    if judge.form == "text":
        return f"Explain your judgement first. Then finish with {brackets}."
    fields = '"explanation" (your reasons) and '
    fields += {
        "rating": f'"rating" (a number from {judge.lowest:g} to {judge.highest:g})',
        "pairwise": '"better" ("A", "B" or "tie")',
        "choice": '"choice" (' + ", ".join(f'"{option.name}"' for option in options) + ")",
    }[judge.mode]
    if judge.form == "json_schema":
        return f"Answer with one JSON object and nothing else. Its fields are {fields}."
    return (
        f"Call the tool {TOOL} with {fields}. If there is no such tool, write your reasons and finish with {brackets}."
    )


def _brackets(judge: Judge, options: list[Option]) -> str:
    if judge.mode == "rating":
        middle = (judge.lowest + judge.highest) // 2
        return f"your rating in double square brackets, for example [[{middle:g}]]"
    if judge.mode == "pairwise":
        return "[[A]] if assistant A is better, [[B]] if assistant B is better, or [[C]] if neither is"
    names = " or ".join(f"[[{option.name}]]" for option in options)
    return f"your choice in double square brackets: {names}"


def parameters(judge: Judge, options: list[Option]) -> dict[str, Any]:
    """What is sent with the question so that the verdict comes in its form."""
    if judge.form == "text":
        return {}
    schema = verdict_schema(judge, options)
    if judge.form == "json_schema":
        return {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "verdict", "strict": True, "schema": schema},
            }
        }
    function = {"name": TOOL, "description": "Give the verdict.", "parameters": schema}
    return {
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": TOOL}},
    }


def verdict_schema(judge: Judge, options: list[Option]) -> dict[str, Any]:
    """The JSON Schema of a verdict: the explanation comes first, so that it is written first."""
    verdict: dict[str, Any] = {"type": "string"}
    if judge.mode == "rating":
        verdict = {"type": "number", "minimum": judge.lowest, "maximum": judge.highest}
    elif judge.mode == "pairwise":
        verdict["enum"] = ["A", "B", "tie"]
    else:
        verdict["enum"] = [option.name for option in options]
    field = FIELDS[judge.mode]
    return {
        "type": "object",
        "properties": {"explanation": {"type": "string"}, field: verdict},
        "required": ["explanation", field],
        "additionalProperties": False,
    }


def steps(judge: Judge, options: list[Option], repeats: int) -> list[dict[str, Any]]:
    """The filter steps that read a verdict: ``[{function, ...arguments}]``."""
    read: list[dict[str, Any]]
    if judge.filters is not None:
        read = judge.filters
        if judge.mode == "rating":  # whatever reads it, a rating outside of the scale is none
            within = {"function": "within_scale", "lowest": judge.lowest, "highest": judge.highest}
            last = len(read) - 1 if read and read[-1].get("function") == "take_first" else len(read)
            read = [*read[:last], within, *read[last:]]
    else:
        arguments: dict[str, Any] = {"mode": judge.mode, "form": judge.form}
        if judge.mode == "rating":
            arguments |= {"lowest": judge.lowest, "highest": judge.highest}
        if judge.mode == "choice":
            arguments |= {"options": [option.name for option in options]}
        read = [{"function": "verdict", **arguments}]
    if read and read[-1].get("function") == "take_first":
        return read
    if repeats == 1:
        return [*read, {"function": "take_first"}]
    return [*read, {"function": "mean_of_parsed" if judge.mode == "rating" else "majority_of_parsed"}]
