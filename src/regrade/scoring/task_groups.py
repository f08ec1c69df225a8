"""Values of lm-evaluation-harness's task groups (``mmlu`` over its 57 subjects), made of the tasks' values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.recipes.lm_eval.groups import Group, aggregate_group, leaf_tasks, recorded_groups
from regrade.versions import parse_version

if TYPE_CHECKING:
    from regrade.rows.source import Source
    from regrade.scoring.results import SourceScores


def group_values(sources: list[Source], parts: list[SourceScores]) -> dict[str, dict[str, Any]]:
    """The groups of each run all of whose tasks were scored.

    Returns:
        By group (``group@run`` where several runs have it) its values by ``metric,filter``, and ``sample_len``.
    """
    by_run: dict[str, list[tuple[Source, SourceScores]]] = {}
    for source in sources:
        if source.options.get("groups"):
            mine = [part for part in parts if part.path == source.path and part.task == source.task and part.main]
            if mine:
                by_run.setdefault(source.run.results_file or source.run.name, []).append((source, mine[0]))
    found: dict[str, dict[str, Any]] = {}
    for members in by_run.values():
        scored = {source.task: part for source, part in members}
        source = members[0][0]
        groups = recorded_groups(source.options["groups"])
        for name, group in groups.items():
            leaves = leaf_tasks(name, groups)
            if not group.metrics or not leaves or any(task not in scored for task in leaves):
                continue
            values = {task: _values(scored[task]) for task in leaves}
            sizes = {task: scored[task].counts.selected for task in leaves}
            key = name if len(by_run) == 1 else f"{name}@{source.run.name}"
            found[key] = {
                **aggregate_group(_available(group, values), values, sizes, parse_version(source.run.harness_version)),
                "sample_len": sum(sizes.values()),
            }
    return found


def _values(part: SourceScores) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for result in part.whole:
        if isinstance(result.value, int | float):
            values[result.key] = result.value
            values[f"{result.metric}_stderr,{result.filter}"] = result.stderr
    return values


def _available(group: Group, values: dict[str, dict[str, Any]]) -> list[Any]:
    """The group's metrics, over the filters that were applied now."""
    import msgspec

    filters = {key.partition(",")[2] for task in values.values() for key in task}
    return [
        msgspec.structs.replace(metric, filters=[f for f in (metric.filters or []) if f in filters] or sorted(filters))
        for metric in group.metrics
    ]


def recorded_group_checks(source: Source) -> list[tuple[str, str, Any, Any, Any, Any]]:
    """What a results file records of its groups, and what follows from its own values of their tasks.

    Returns:
        Tuples of group, ``metric,filter``, recorded value, value that follows, recorded standard error, and the one
        that follows.
    """
    content = source.options.get("groups") or {}
    groups = recorded_groups(content)
    checks = []
    for name, group in groups.items():
        leaves = leaf_tasks(name, groups)
        values = {task: content["results"][task] for task in leaves if task in content["results"]}
        if not group.metrics or len(values) < len(leaves):
            continue
        sizes = {task: (content["sizes"].get(task) or 0) for task in leaves}
        follows = aggregate_group(group.metrics, values, sizes, parse_version(source.run.harness_version))
        recorded = (content.get("groups") or {}).get(name) or {}
        for key, value in recorded.items():
            metric, comma, pipeline = key.partition(",")
            if comma and not metric.endswith("_stderr") and key in follows:
                stderr = f"{metric}_stderr,{pipeline}"
                checks.append((name, key, value, follows[key], recorded.get(stderr), follows.get(stderr)))
    return checks
