"""Groups of tasks and how their values are made of their tasks' values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from regrade.addition import add_up
from regrade.errors import RecipeError
from regrade.schema import FunctionRef, Recipe
from regrade.versions import LATEST, Version

_UNWEIGHTED_STDERR = (0, 4, 13)
_ALL_FILTERS = (0, 4, 12)
_THROUGH_GROUPS = (0, 4, 4)


class GroupMetric(msgspec.Struct, frozen=True):
    """One entry of a group's ``aggregate_metric_list``.

    Attributes:
        metric: Name of the metric.
        filters: The filter pipelines whose values are averaged; None: all there are (before 0.4.12: ``none`` alone).
        weighted: Whether each task counts by its number of samples; otherwise all count the same.
        aggregation: ``mean``, the only one there is, or a function.
    """

    metric: str
    filters: list[str] | None = None
    weighted: bool = True
    aggregation: str | FunctionRef = "mean"


class Member(msgspec.Struct, frozen=True):
    """A task, group or tag that a group names, and what the group sets differently for it."""

    name: str
    overrides: dict[str, Any] = msgspec.field(default_factory=dict)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of tasks.

    Attributes:
        name: Its name.
        alias: Its name in tables.
        members: What it consists of: names, groups within it, and tasks that only it defines.
        metrics: How its values are made; empty: it has none of its own.
        overrides: Settings for all its tasks.
        version: Its own version.
        known: Whether ``metrics`` was read where the group is defined. A results file does not record the weights.
        file: Where it is defined.
    """

    name: str
    alias: str | None = None
    members: list[Member | Group | Recipe] = msgspec.field(default_factory=list)
    metrics: list[GroupMetric] = msgspec.field(default_factory=list)
    overrides: dict[str, Any] = msgspec.field(default_factory=dict)
    version: Any = None
    known: bool = True
    file: str | None = None


def group_metrics(entries: Any, *, where: str | None = None) -> list[GroupMetric]:
    """Read an ``aggregate_metric_list``: a mapping, or a list of them.

    Raises:
        RecipeError: an entry is of another shape, or names an aggregation that does not exist.
    """
    metrics: list[GroupMetric] = []
    for entry in [entries] if isinstance(entries, Mapping) else entries or []:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("metric"), str):
            raise RecipeError(f"aggregate_metric_list holds {entry!r}, not an entry with 'metric'", where=where)
        aggregation = entry.get("aggregation", "mean")
        if aggregation != "mean" and not isinstance(aggregation, FunctionRef):
            raise RecipeError(f"aggregation {aggregation!r} of a group is unknown; there is only 'mean'", where=where)
        filters = entry.get("filter_list")
        metrics.append(
            GroupMetric(
                metric=entry["metric"],
                filters=[filters] if isinstance(filters, str) else filters,
                weighted=bool(entry.get("weight_by_size", True)),
                aggregation=aggregation,
            )
        )
    return metrics


def recorded_groups(results: Mapping[str, Any]) -> dict[str, Group]:
    """The groups that a results file records: their direct members, and the metrics and filters they have values of.

    Args:
        results: The results file's contents.

    Returns:
        By name. Weights are not recorded: what ``weighted`` says of each metric means nothing, and
        :attr:`Group.known` is False.
    """
    subtasks = results.get("group_subtasks")
    values = results.get("groups")
    groups: dict[str, Group] = {}
    for name, members in (subtasks if isinstance(subtasks, Mapping) else {}).items():
        recorded = values.get(name) if isinstance(values, Mapping) else None
        if not members and not recorded:
            continue  # since 0.4.3 each task stands here too, without members
        names = members.keys() if isinstance(members, Mapping) else members if isinstance(members, list) else []
        groups[name] = Group(
            name=name,
            alias=recorded.get("alias") if isinstance(recorded, Mapping) else None,
            members=[Member(str(member)) for member in names],
            metrics=_recorded_metrics(recorded) if isinstance(recorded, Mapping) else [],
            known=False,
        )
    return groups


def _recorded_metrics(values: Mapping[str, Any]) -> list[GroupMetric]:
    filters: dict[str, list[str]] = {}
    for key in values:
        metric, comma, name = key.partition(",")
        if comma and not metric.endswith("_stderr"):
            filters.setdefault(metric, []).append(name)
    return [GroupMetric(metric, names) for metric, names in filters.items()]


def leaf_tasks(name: str, groups: Mapping[str, Group]) -> list[str]:
    """Names of the tasks of a group, through the groups within it, in order and without repetition."""
    return list(dict.fromkeys(_leaves(name, groups, ())))


def averaged_members(name: str, groups: Mapping[str, Group], version: Version) -> list[str]:
    """What a group's values are made of: the tasks in it and in the groups within it.

    Before 0.4.4 a group within it took part as one task of as many samples, with a standard error of its own.
    """
    if version >= _THROUGH_GROUPS:
        return leaf_tasks(name, groups)
    members = groups[name].members if name in groups else []
    return [member.task if isinstance(member, Recipe) else member.name for member in members]


def _leaves(name: str, groups: Mapping[str, Group], above: tuple[str, ...]) -> Iterable[str]:
    group = groups.get(name)
    if group is None or not group.members:
        yield name
        return
    if name in above:
        raise RecipeError(f"group {name!r} contains itself ({' → '.join([*above, name])})")
    for member in group.members:
        if isinstance(member, Group):
            yield from _leaves(member.name, {**groups, member.name: member}, (*above, name))
        elif isinstance(member, Recipe):
            yield member.task
        else:
            yield from _leaves(member.name, groups, (*above, name))


def aggregate_group(
    metrics: Iterable[GroupMetric],
    values: Mapping[str, Mapping[str, Any]],
    sizes: Mapping[str, int],
    version: Version = LATEST,
) -> dict[str, Any]:
    """The values of a group, from its tasks' values.

    A weighted value is ``Σ nᵢ vᵢ / Σ nᵢ``, with the harness's standard error from the pooled variance of the tasks'
    samples, ``√(Σ (nᵢ - 1) nᵢ sᵢ² / (Σ nᵢ - k) / Σ nᵢ)`` for k tasks. An unweighted one is the plain mean with
    ``√(Σ sᵢ²) / k``; before 0.4.13 the harness used the pooled one there too. (lm_eval/api/group.py and metrics.py.) As
    in the harness of today the mean is taken even where a group names a function as aggregation.

    Args:
        metrics: What is to be aggregated.
        values: Per task of the group its values, by ``"metric,filter"`` and ``"metric_stderr,filter"``. A task that
            lacks a metric takes no part in it.
        sizes: Per task its number of samples.
        version: The harness's version to follow.

    Returns:
        Values by the same keys. A standard error is ``"N/A"`` where a task has none.
    """
    found: dict[str, Any] = {}
    for metric in metrics:
        filters = metric.filters
        if filters is None:
            filters = _filters_of(metric.metric, values.values()) if version >= _ALL_FILTERS else ["none"]
        for name in filters:
            key, stderr_key = f"{metric.metric},{name}", f"{metric.metric}_stderr,{name}"
            having = [task for task in values if key in values[task]]
            if not having:
                continue
            weights = [sizes.get(task, 0) for task in having]
            errors = [values[task].get(stderr_key, "N/A") for task in having]
            found[key] = _mean([values[task][key] for task in having], weights if metric.weighted else None)
            if any(not isinstance(error, int | float) for error in errors):
                found[stderr_key] = "N/A"
            elif metric.weighted or version < _UNWEIGHTED_STDERR:
                found[stderr_key] = _pooled_stderr(errors, weights)
            else:
                found[stderr_key] = math.sqrt(add_up(error**2 for error in errors)) / len(errors)
    return found


def _filters_of(metric: str, tasks: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({key.partition(",")[2] for task in tasks for key in task if key.startswith(f"{metric},")})


def _mean(values: list[float], sizes: list[int] | None) -> float:
    weights = sizes if sizes is not None else [1] * len(values)
    total = add_up(weights)
    return add_up(value * weight for value, weight in zip(values, weights, strict=True)) / total if total else math.nan


def _pooled_stderr(errors: list[float], sizes: list[int]) -> float:
    total = add_up(sizes)
    if total <= len(sizes):
        return math.nan
    squares = add_up((size - 1) * error**2 * size for error, size in zip(errors, sizes, strict=True))
    return math.sqrt(squares / (total - len(sizes)) / total)
