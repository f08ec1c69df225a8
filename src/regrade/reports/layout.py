"""The JSON of ``--json`` and ``results.json``: lm-evaluation-harness's results layout, plus intervals and counts."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from regrade import __version__
from regrade.recorded_values import encode_other
from regrade.schema import FunctionRef

if TYPE_CHECKING:
    from regrade.rows.source import Source
    from regrade.schema import Recipe
    from regrade.scoring.options import Options
    from regrade.scoring.results import Result, SourceScores
    from regrade.scoring.scores import ScoredSources

SCHEMA_VERSION = 2
"""2: the values of task groups stand in ``results`` and ``groups``, as in the harness's files, and the breakdown by
``--by`` in ``by``; 1 had them in ``task_groups`` and ``groups``."""


def results_layout(scores: ScoredSources) -> dict[str, Any]:
    """The scores as one JSON object: what the harness's results files hold, as far as it is known, and more.

    ``results`` has per task and task group the keys that the harness uses (``metric,filter``, ``metric_stderr,filter``,
    ``alias``, ``sample_len``); ``groups`` those of the task groups once more; ``intervals`` and ``counts`` have the
    same tasks and keys; ``by`` the breakdown by ``--by``. Where several runs or parts have the same task, the key of
    all but the largest part of a file is ``task@run`` or ``task (part)``; ``runs`` says what a key stands for.
    """
    keys = _task_keys(scores.parts)
    layout: dict[str, Any] = {"results": {}}
    if scores.task_groups:
        layout["groups"] = {}
    layout |= {
        name: {} for name in ("group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples")
    }
    layout |= _run_facts(scores)
    layout |= {name: {} for name in ("intervals", "counts", "by", "methods", "runs")}
    layout |= {name: [] for name in ("notes", "malformed", "unevaluated", "failures")}
    _add_groups(layout, scores, keys)
    sources = {(source.path, source.task, source.run.name): source for source in scores.sources}
    for part, key in zip(scores.parts, keys, strict=True):
        _add_part(layout, part, key, scores.options.level)
        source = sources.get((part.path, part.task, part.run))
        if source is not None and source.recipe is not None:
            layout["configs"][key] = _config(source, source.recipe, part, scores.options)
            version, shots = source.recipe.version, (source.config or source.recipe.metadata).get("num_fewshot")
            facts = source.options.get("facts") or {}
            layout["versions"] |= {key: found} if (found := facts.get("version", version)) is not None else {}
            layout["n-shot"] |= {key: found} if isinstance(found := facts.get("n-shot", shots), int) else {}
    layout["unreadable"] = [msgspec.to_builtins(bad) for bad in scores.unreadable]
    options = msgspec.to_builtins(scores.options)
    options["read"].pop("chunk_bytes", None)  # how the work was cut up changes no number, so it is not told
    layout["options"] = {name: value for name, value in options.items() if value not in (None, [], {}, False)}
    layout["regrade"] = {"version": __version__, "schema": SCHEMA_VERSION, "exit_code": int(scores.exit_code)}
    return layout


def _add_part(layout: dict[str, Any], part: SourceScores, key: str, level: float) -> None:
    """Add what a task of a run is worth."""
    layout["results"][key] = _values(part)
    layout["higher_is_better"][key] = {result.metric: result.higher_is_better for result in part.whole}
    original = part.counts.samples if part.counts.expected is None else part.counts.expected
    layout["n-samples"][key] = {"original": original, "effective": part.counts.selected}
    layout["intervals"][key] = {
        r.key: {"low": r.interval[0], "high": r.interval[1], "level": level, "method": r.interval_method}
        for r in part.whole
        if r.interval is not None
    }
    layout["counts"][key] = _counts(part)
    layout["methods"][key] = {r.key: {"method": r.method, "reason": r.reason} for r in part.whole}
    if any(r.group for r in part.results):
        layout["by"][key] = _breakdown(part)
    layout["runs"][key] = {"task": part.task, "run": part.run, "part": part.part, "file": part.path}
    layout["notes"] += [f"{key}: {note}" for note in part.notes]
    layout["malformed"] += [msgspec.to_builtins(row) for row in part.malformed]
    layout["unevaluated"] += [msgspec.to_builtins(row) for row in part.unevaluated]
    layout["failures"] += [msgspec.to_builtins(failure) for failure in part.failures]


def _add_groups(layout: dict[str, Any], scores: ScoredSources, keys: list[str]) -> None:
    """Add the values of task groups, before those of their tasks, as the harness does."""
    of_part = {(part.task, part.run): key for part, key in zip(scores.parts, keys, strict=True) if part.main}
    several = len({group.run for group in scores.task_groups}) > 1
    names = {(group.name, group.run) for group in scores.task_groups}

    def key_of(name: str, run: str) -> str:
        """The key of a group or task of a run."""
        if (name, run) in names and several:
            return f"{name}@{run}"
        return of_part.get((name, run), name)

    for group in scores.task_groups:
        key, tasks = key_of(group.name, group.run), set(group.tasks)
        values = {"alias": group.name, "sample_len": group.samples, **_finite_stderr(group.values)}
        layout["results"][key] = layout["groups"][key] = values
        layout["higher_is_better"][key] = {
            result.metric: result.higher_is_better
            for part in scores.parts
            if part.main and part.run == group.run and part.task in tasks
            for result in part.whole
        }
        layout["group_subtasks"][key] = [key_of(name, group.run) for name in group.members]
        layout["methods"][key] = {
            name: {"method": "recomputed", "reason": group.reasons.get(name)}
            for name in group.values
            if not name.partition(",")[0].endswith("_stderr")
        }
        layout["notes"] += [f"{key}: {name}: {reason}" for name, reason in group.reasons.items()]


def _run_facts(scores: ScoredSources) -> dict[str, Any]:
    """What the harness says of the run as a whole; of several runs what they have in common."""
    models = list(dict.fromkeys(source.run.model or source.run.name for source in scores.sources))
    facts: dict[str, Any] = {"config": {"model": "regrade", "model_args": {"model": ", ".join(models)}}}
    iterations = {source.options.get("bootstrap_iterations") for source in scores.sources}
    if scores.options.bootstrap_iterations is not None:
        iterations = {scores.options.bootstrap_iterations}
    if len(iterations) == 1 and None not in iterations:
        facts["config"]["bootstrap_iters"] = iterations.pop()
    facts["config"]["limit"] = scores.options.limit
    facts["git_hash"] = None
    dates = {source.run.date for source in scores.sources}
    if len(dates) == 1 and (seconds := _seconds(dates.pop())) is not None:
        facts["date"] = int(seconds) if seconds == int(seconds) else seconds  # no fraction that nobody measured
    versions = {source.recipe.harness_version for source in scores.sources if source.recipe is not None} - {None}
    if len(versions) == 1:
        facts["lm_eval_version"] = versions.pop()
    facts["model_name"] = ", ".join(models)
    return facts


def _seconds(date: str | None) -> float | None:
    """Seconds since 1970 of an ISO 8601 time, taken as UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(date or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _config(source: Source, recipe: Recipe, part: SourceScores, options: Options) -> dict[str, Any]:
    """A task's configuration as recorded, with the metrics and filters that were applied."""
    config: dict[str, Any] = {"task": part.task, **(source.config or {"output_type": recipe.output_type})}
    if options.metrics is not None or "metric_list" not in config:
        aggregations = {spec.name: spec.aggregation for spec in recipe.metrics}
        config["metric_list"] = [
            {
                "metric": result.metric,
                **({"aggregation": found} if isinstance(found := aggregations.get(result.metric), str) else {}),
                "higher_is_better": result.higher_is_better,
            }
            for result in {result.metric: result for result in part.whole}.values()
        ]
    if options.filters is not None:
        config["filter_list"] = [
            {
                "name": pipeline.name,
                "filter": [
                    {"function": step.function if isinstance(step.function, str) else step.function.name}
                    | {name: value for name, value in step.arguments.items() if not isinstance(value, FunctionRef)}
                    for step in pipeline.steps
                ],
            }
            for pipeline in recipe.filters
        ]
    return config


def _finite_stderr(values: dict[str, Any]) -> dict[str, Any]:
    """The same values, ``"N/A"`` for standard errors that are no numbers: the harness's table formats all others."""
    return {
        key: "N/A" if key.partition(",")[0].endswith("_stderr") and not _finite(value) else value
        for key, value in values.items()
    }


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def encode(layout: dict[str, Any]) -> bytes:
    """The layout as indented JSON, in which ``not_finite`` names the values that are null because they are NaN or
    infinite, which JSON has no way to write.
    """
    not_finite: dict[str, str] = {}
    plain = _plain(layout, "", not_finite)
    if not_finite:
        plain["not_finite"] = not_finite
    return msgspec.json.format(msgspec.json.encode(plain), indent=2)


def _plain(value: Any, place: str, not_finite: dict[str, str]) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        not_finite[place] = str(value)
        return None
    if isinstance(value, dict):
        return {
            str(key): _plain(item, f"{place}/{key}" if place else str(key), not_finite) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, f"{place}/{number}", not_finite) for number, item in enumerate(value)]
    if isinstance(value, str | int | None):
        return value
    found = encode_other(value)
    return found if isinstance(found, str) else _plain(found, place, not_finite)


def _task_keys(parts: list[SourceScores]) -> list[str]:
    """A key per part: the task's name where that is unique."""
    runs: dict[str, set[tuple[str, str]]] = {}
    for part in parts:
        runs.setdefault(part.task, set()).add((part.run, part.path))
    keys: dict[str, None] = {}
    for part in parts:
        key = f"{part.task}@{part.run}" if len(runs[part.task]) > 1 else part.task
        if not part.main:
            key = f"{key} ({part.part})"
        number = 2
        unique = key
        while unique in keys:
            unique, number = f"{key}#{number}", number + 1
        keys[unique] = None
    return list(keys)


def _values(part: SourceScores) -> dict[str, Any]:
    values: dict[str, Any] = {"alias": part.task, "sample_len": part.counts.selected}
    for result in part.whole:
        if result.method != "unavailable":
            values |= _value_and_errors(result)
    return values


def _value_and_errors(result: Result) -> dict[str, Any]:
    values = _finite_stderr({result.key: result.value, f"{result.metric}_stderr,{result.filter}": result.stderr})
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


def _breakdown(part: SourceScores) -> list[dict[str, Any]]:
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
