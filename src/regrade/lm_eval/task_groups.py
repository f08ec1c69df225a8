"""Values of lm-evaluation-harness's task groups (``mmlu`` over its 57 subjects), made of the tasks' values.

A results file does not record how a group's tasks were weighted. So both rules, by size and alike, are tried on the
file's own values: the one that gives the recorded value is taken. Where both do, the group's definition decides, and
without one the value is only told where it does not depend on the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.errors import RegradeError
from regrade.lm_eval.groups import (
    Group,
    GroupMetric,
    aggregate_group,
    averaged_members,
    group_metrics,
    leaf_tasks,
    recorded_groups,
)
from regrade.versions import Version, parse_version

if TYPE_CHECKING:
    from regrade.rows.source import Source
    from regrade.scoring.results import SourceScores

UNSAID = (0, 4, 6)
"""Up to this version of the harness results files do not say which wrote them."""
BEFORE_LEAVES = (0, 4, 3)
"""The last version that made a group's values of those of the groups within it, not of all tasks'."""
UNKNOWN = "how the group's tasks are weighted is not known"


class GroupScores(msgspec.Struct, kw_only=True):
    """The values of a group of tasks of one run.

    Attributes:
        name: The group.
        run: The run's name.
        tasks: Its tasks, through the groups within it.
        members: The tasks and groups that it names itself.
        values: By ``metric,filter`` and ``metric_stderr,filter``; None where the value is not known.
        samples: Samples of all its tasks.
        reasons: By ``metric,filter`` why the value is not known.
    """

    name: str
    run: str
    tasks: list[str]
    members: list[str]
    values: dict[str, Any] = msgspec.field(default_factory=dict)
    samples: int = 0
    reasons: dict[str, str] = msgspec.field(default_factory=dict)


def score_groups(sources: list[Source], parts: list[SourceScores]) -> list[GroupScores]:
    """The groups of each run all of whose tasks were scored."""
    scored = {(part.path, part.task, part.run): part for part in parts if part.main}
    by_run: dict[str, list[tuple[Source, SourceScores]]] = {}
    for source in sources:
        part = scored.get((source.path, source.task, source.run.name))
        if source.options.get("groups") and part is not None:
            by_run.setdefault(source.run.results_file or source.run.name, []).append((source, part))
    return [group for members in by_run.values() for group in _groups_of(members)]


def _groups_of(members: list[tuple[Source, SourceScores]]) -> list[GroupScores]:
    """The groups of one run."""
    scored = {source.task: part for source, part in members}
    source = members[0][0]
    recorded = _Recorded(source)
    found: dict[str, GroupScores] = {}
    for name, group in recorded.groups.items():
        leaves = leaf_tasks(name, recorded.groups)
        if group.metrics and leaves and all(task in scored for task in leaves):
            _add_group(name, found, scored, source, recorded)
    return [found[name] for name in recorded.groups if name in found]


def _add_group(
    name: str,
    found: dict[str, GroupScores],
    scored: Mapping[str, SourceScores],
    source: Source,
    recorded: _Recorded,
) -> None:
    """Add the values of a group, after those of groups within it that take part as they are."""
    if name in found:
        return
    values: dict[str, dict[str, Any]] = {}
    sizes: dict[str, int] = {}
    for member in averaged_members(name, recorded.groups, recorded.version):
        if member in scored:
            values[member], sizes[member] = _values(scored[member]), scored[member].counts.selected
        else:
            _add_group(member, found, scored, source, recorded)
            values[member], sizes[member] = found[member].values, found[member].samples
    leaves = leaf_tasks(name, recorded.groups)
    row = GroupScores(
        name=name,
        run=source.run.name,
        tasks=leaves,
        members=list(source.options["groups"]["group_subtasks"].get(name, [])),
        samples=sum(sizes.values()),
    )
    for metric in _available(recorded.groups[name], values):
        _fill(row, metric, values, sizes, recorded)
    found[name] = row


def _fill(
    row: GroupScores,
    metric: GroupMetric,
    values: Mapping[str, Mapping[str, Any]],
    sizes: Mapping[str, int],
    recorded: _Recorded,
) -> None:
    """Add the values of one metric of a group."""
    rules = recorded.rules(row.name, metric.metric)
    by_rule = [_aggregated(metric, rule, values, sizes, recorded.version) for rule in rules or (True, False)]
    for key, value in by_rule[0].items():
        if all(_same(other.get(key), value) for other in by_rule):
            row.values[key] = value
        else:
            row.values[key] = "N/A" if key.partition(",")[0].endswith("_stderr") else None
            if row.values[key] is None:
                row.reasons[key] = UNKNOWN


def _values(part: SourceScores) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for result in part.whole:
        if isinstance(result.value, int | float):
            values[result.key] = result.value
            values[f"{result.metric}_stderr,{result.filter}"] = result.stderr
    return values


def _available(group: Group, values: dict[str, dict[str, Any]]) -> list[GroupMetric]:
    """The group's metrics, over the filters that were applied now."""
    filters = {key.partition(",")[2] for task in values.values() for key in task}
    return [
        msgspec.structs.replace(metric, filters=[f for f in (metric.filters or []) if f in filters] or sorted(filters))
        for metric in group.metrics
    ]


def _aggregated(
    metric: GroupMetric,
    weighted: bool,
    values: Mapping[str, Mapping[str, Any]],
    sizes: Mapping[str, int],
    version: Version,
) -> dict[str, Any]:
    return aggregate_group([msgspec.structs.replace(metric, weighted=weighted)], values, sizes, version)


def _same(a: Any, b: Any) -> bool:
    from regrade.scoring.check import same

    return same(a, b)


class _Recorded:
    """What a run's results file says of its groups."""

    def __init__(self, source: Source) -> None:
        self.content: dict[str, Any] = source.options.get("groups") or {}
        self.groups = recorded_groups(self.content)
        self.version = parse_version(source.run.harness_version)
        if self.version <= UNSAID and self._reproduced(BEFORE_LEAVES) > self._reproduced(self.version):
            self.version = BEFORE_LEAVES

    def _reproduced(self, version: Version) -> int:
        """How many metrics of groups have the recorded values and standard errors by a version's rules."""
        unsaid, self.version = self.version, version
        try:
            return sum(
                bool(self._fitting(name, metric.metric)[1])
                for name, group in self.groups.items()
                for metric in group.metrics
            )
        finally:
            self.version = unsaid

    def task_values(self, group: str) -> dict[str, dict[str, Any]]:
        """The recorded values that a group's are made of; empty where the file lacks any."""
        members = averaged_members(group, self.groups, self.version)
        values = {task: self.content["results"].get(task) or {} for task in members}
        return values if all(values.values()) else {}

    def sizes(self, tasks: list[str]) -> dict[str, int] | None:
        """The recorded numbers of samples; None where the file lacks any."""
        known = self.content["sizes"]
        sizes = {name: [known.get(task) for task in leaf_tasks(name, self.groups)] for name in tasks}
        return (
            {name: sum(size or 0 for size in each) for name, each in sizes.items()}
            if all(map(all, sizes.values()))
            else None
        )

    def rules(self, group: str, metric: str) -> list[bool]:
        """Whether the tasks count by size: the rules that agree with what the file records.

        One where it is known; two where both give the recorded value and no definition says which is meant; none
        where neither does.
        """
        fitting = self.reproducing(group, metric)
        if len(fitting) == 1:
            return fitting
        defined = self.weighted_by_definition(group, metric)
        return [defined] if defined is not None else fitting

    def reproducing(self, group: str, metric: str) -> list[bool]:
        """The rules that give the recorded values of a metric of a group from those of its tasks; of two the one that
        gives the recorded standard errors, too.
        """
        fitting, exact = self._fitting(group, metric)
        return exact or fitting

    def _fitting(self, group: str, metric: str) -> tuple[list[bool], list[bool]]:
        """The rules that give the recorded values, and those of them that give the recorded standard errors."""
        values = self.task_values(group)
        entries = self.content.get("groups", {}).get(group) or {}
        recorded = {
            key: value
            for key, value in entries.items()
            if key.partition(",")[0] == metric and isinstance(value, int | float)
        }
        if not values or not recorded:
            return [], []
        sizes = self.sizes(list(values))
        found: list[tuple[bool, dict[str, Any]]] = []
        for weighted in (True, False) if sizes is not None else (False,):
            names = [key.partition(",")[2] for key in recorded]
            follows = _aggregated(GroupMetric(metric, names), weighted, values, sizes or {}, self.version)
            if all(_same(value, follows.get(key)) for key, value in recorded.items()):
                found.append((weighted, follows))
        errors = {
            key: value
            for name in (key.partition(",")[2] for key in recorded)
            if isinstance(value := entries.get(key := f"{metric}_stderr,{name}"), int | float)
        }
        exact = [rule for rule, follows in found if all(_same(errors[key], follows.get(key)) for key in errors)]
        return [rule for rule, _ in found], exact

    def weighted_by_definition(self, group: str, metric: str) -> bool | None:
        """What the group's definition says: the one that the file records, else that of the installed harness."""
        config = self.content.get("configs", {}).get(group) or {}
        try:
            metrics = group_metrics(config.get("aggregate_metric_list"))
            if not metrics:
                from regrade.lm_eval.index import find_group

                metrics = find_group(group).metrics
        except RegradeError:  # not recorded in a form that can be read, not installed, or not known there
            return None
        return next((entry.weighted for entry in metrics if entry.metric == metric), None)


class RecordedGroup(msgspec.Struct, kw_only=True):
    """A value that a results file records of a group, and what follows from its own values of the tasks.

    ``reason`` says why nothing follows, where that is so.
    """

    name: str
    key: str
    recorded: Any
    follows: Any = None
    recorded_stderr: Any = None
    follows_stderr: Any = None
    reason: str | None = None


def recorded_group_checks(source: Source) -> list[RecordedGroup]:
    """What a results file records of its groups, beside what follows by the rule that is known or reproduces it."""
    recorded = _Recorded(source)
    checks = []
    for name, group in recorded.groups.items():
        values = recorded.task_values(name)
        if not group.metrics or not values:
            continue
        entries = (recorded.content.get("groups") or {}).get(name) or {}
        sizes = recorded.sizes(list(values))
        for metric in group.metrics:
            rules = recorded.rules(name, metric.metric)
            known = bool(rules) and (sizes is not None or not rules[0])
            follows = _aggregated(metric, rules[0], values, sizes or {}, recorded.version) if known else {}
            for pipeline in metric.filters or []:
                key, stderr = f"{metric.metric},{pipeline}", f"{metric.metric}_stderr,{pipeline}"
                checks.append(
                    RecordedGroup(
                        name=name,
                        key=key,
                        recorded=entries.get(key),
                        follows=follows.get(key),
                        recorded_stderr=entries.get(stderr),
                        follows_stderr=follows.get(stderr),
                        reason=None if key in follows else UNKNOWN,
                    )
                )
    return checks
