"""The JSON of ``--json`` and ``results.json``: lm-evaluation-harness's results layout, plus intervals and counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from regrade import __version__

if TYPE_CHECKING:
    from regrade.scoring.results import Result, SourceScores
    from regrade.scoring.scores import Scores

SCHEMA_VERSION = 1


def results_layout(scores: Scores) -> dict[str, Any]:
    """The scores as one JSON object.

    ``results`` has per task the keys that the harness uses (``metric,filter``, ``metric_stderr,filter``, ``alias``,
    ``sample_len``); ``intervals`` and ``counts`` have the same tasks and keys; ``groups`` the breakdown by ``--by``.
    Where several runs or parts have the same task, the key of all but the largest part of a file is ``task@run`` or
    ``task (part)``; ``runs`` says which file and run a key stands for.
    """
    keys = _task_keys(scores.parts)
    layout: dict[str, Any] = {
        "results": {},
        "intervals": {},
        "counts": {},
        "groups": {},
        "methods": {},
        "runs": {},
        "notes": [],
        "malformed": [],
        "failures": [],
    }
    for part, key in zip(scores.parts, keys, strict=True):
        layout["results"][key] = _values(part)
        layout["intervals"][key] = {
            r.key: {
                "low": r.interval[0],
                "high": r.interval[1],
                "level": scores.options.level,
                "method": r.interval_method,
            }
            for r in part.whole
            if r.interval is not None
        }
        layout["counts"][key] = _counts(part)
        layout["methods"][key] = {r.key: {"method": r.method, "reason": r.reason} for r in part.whole}
        if any(r.group for r in part.results):
            layout["groups"][key] = _groups(part)
        layout["runs"][key] = {"task": part.task, "run": part.run, "part": part.part, "file": part.path}
        layout["notes"] += [f"{key}: {note}" for note in part.notes]
        layout["malformed"] += [msgspec.to_builtins(row) for row in part.malformed]
        layout["failures"] += [msgspec.to_builtins(failure) for failure in part.failures]
    layout["unreadable"] = [msgspec.to_builtins(bad) for bad in scores.unreadable]
    if scores.task_groups:
        layout["task_groups"] = scores.task_groups
    options = msgspec.to_builtins(scores.options)
    options["read"].pop("chunk_bytes", None)  # how the work was cut up changes no number, so it is not told
    layout["options"] = {name: value for name, value in options.items() if value not in (None, [], {}, False)}
    layout["regrade"] = {"version": __version__, "schema": SCHEMA_VERSION}
    return layout


def encode(layout: dict[str, Any]) -> bytes:
    """The layout as indented JSON; numbers that JSON does not have become null."""
    return msgspec.json.format(msgspec.json.encode(_plain(layout)), indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, str | int | None):
        return value
    return _plain(value.item()) if hasattr(value, "item") else str(value)


def _task_keys(parts: list[SourceScores]) -> list[str]:
    """A key per part: the task's name where that is unique."""
    several_runs = {part.task for part in parts if len({p.run + p.path for p in parts if p.task == part.task}) > 1}
    keys: list[str] = []
    for part in parts:
        key = f"{part.task}@{part.run}" if part.task in several_runs else part.task
        if not part.main:
            key = f"{key} ({part.part})"
        number = 2
        unique = key
        while unique in keys:
            unique, number = f"{key}#{number}", number + 1
        keys.append(unique)
    return keys


def _values(part: SourceScores) -> dict[str, Any]:
    values: dict[str, Any] = {"alias": part.task, "sample_len": part.counts.selected}
    for result in part.whole:
        if result.method != "unavailable":
            values |= _value_and_errors(result)
    return values


def _value_and_errors(result: Result) -> dict[str, Any]:
    values = {result.key: result.value, f"{result.metric}_stderr,{result.filter}": result.stderr}
    if result.clustered_stderr is not None:
        values[f"{result.metric}_clustered_stderr,{result.filter}"] = result.clustered_stderr
    return values


def _counts(part: SourceScores) -> dict[str, Any]:
    counts: dict[str, Any] = msgspec.to_builtins(part.counts)
    counts["missing"] = part.counts.missing
    counts["by_metric"] = {
        r.key: {"n": r.n, "scored": r.scored, "unparsed": r.unparsed, "failed": r.failed, "timed_out": r.timed_out}
        for r in part.whole
    }
    return counts


def _groups(part: SourceScores) -> list[dict[str, Any]]:
    """One object per group: its values, and per key n and interval."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for result in part.results:
        if not result.group:
            continue
        entry = groups.setdefault(
            tuple(result.group.items()), {"by": result.group, "results": {}, "intervals": {}, "n": {}}
        )
        entry["results"] |= _value_and_errors(result)
        entry["n"][result.key] = result.n
        if result.interval is not None:
            entry["intervals"][result.key] = {"low": result.interval[0], "high": result.interval[1]}
    return list(groups.values())
