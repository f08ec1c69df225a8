"""Paired comparison of two runs: the same samples, answered twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from regrade.errors import InputError, UsageError
from regrade.scoring.parts import main_part
from regrade.scoring.scores import Scores, SourceBlock

if TYPE_CHECKING:
    from os import PathLike

    from regrade.scoring.aggregation import Aggregation
    from regrade.scoring.column import Column
    from regrade.scoring.options import Options
    from regrade.scoring.results import Result


class Flip(msgspec.Struct, frozen=True):
    """A sample to which the two runs' values differ.

    Attributes:
        sample_id: Its id.
        a: The first run's value.
        b: The second's.
        line_a: Line in the first run's log.
        line_b: Line in the second's.
    """

    sample_id: Any
    a: Any
    b: Any
    line_a: int
    line_b: int


class ComparedMetric(msgspec.Struct, kw_only=True):
    """Two runs compared by one metric over the samples that both answered.

    Attributes:
        task: The task.
        filter: The filter pipeline.
        metric: The metric.
        a: The first run's value over the common samples.
        b: The second's.
        difference: ``b - a``.
        stderr: Standard error of the difference: Miller's paired one for means (clustered where asked for), the
            standard deviation of the paired bootstrap otherwise.
        interval: Confidence interval of the difference.
        p_value: Two-sided p-value of no difference.
        test: ``mcnemar exact`` for values 0 and 1, ``sign flip`` for other means, ``bootstrap`` otherwise.
        n: Common samples.
        only_a: Samples that only the first run has.
        only_b: Samples that only the second has.
        better: Samples that the second run got better.
        worse: Samples that it got worse.
        flips: The samples that differ, in the first log's order.
        higher_is_better: Which way is better.
    """

    task: str
    filter: str
    metric: str
    a: float
    b: float
    difference: float
    stderr: float
    interval: tuple[float, float]
    p_value: float
    test: str
    n: int
    only_a: int = 0
    only_b: int = 0
    better: int = 0
    worse: int = 0
    flips: list[Flip] = msgspec.field(default_factory=list)
    higher_is_better: bool = True

    @property
    def inside_noise(self) -> bool:
        """Whether the interval of the difference contains 0, or is not known."""
        low, high = self.interval
        return not (low > 0 or high < 0)


class Comparison(msgspec.Struct, kw_only=True):
    """Two runs compared.

    Attributes:
        name_a: The first run.
        name_b: The second.
        level: Confidence level of the intervals.
        metrics: By task, filter and metric.
        notes: What a person should know.
    """

    name_a: str
    name_b: str
    level: float
    metrics: list[ComparedMetric] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)

    def summary(self) -> str:
        """The page that ``regrade compare`` prints."""
        from regrade.reports.comparison import render_comparison

        return render_comparison(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON that ``regrade compare --json`` prints."""
        builtins: dict[str, Any] = msgspec.to_builtins(self)
        for row, metric in zip(builtins["metrics"], self.metrics, strict=True):
            row["inside_noise"] = metric.inside_noise
        return builtins


def compare(
    a: str | PathLike[str],
    b: str | PathLike[str],
    *,
    metric: str | Sequence[str] | None = None,
    filter: str | None = None,
    samples: str | PathLike[str] | None = None,
    **options: Any,
) -> Comparison:
    """Compare two runs on the samples that both answered.

    Args:
        a: The first run: a log, or a folder with one log per task.
        b: The second.
        metric: Only these metrics.
        filter: Only this filter pipeline.
        samples: A card's samples; ``a`` and ``b`` are the answers to them.
        options: As for :func:`regrade.score`.

    Raises:
        InputError: nothing is common to the two, or one holds several runs of a task.

    Example:
        >>> import regrade
        >>> result = regrade.compare("examples/results/chatty", "examples/results/careful", metric="exact_match")
        >>> result.metrics[0].metric
        'exact_match'
    """
    from regrade.scoring.score import score

    if samples is not None:
        first, second = (score(samples, answers=path, metric=metric, keep=True, **options) for path in (a, b))
    else:
        first, second = (score(path, metric=metric, keep=True, **options) for path in (a, b))
    return compare_scores(first, second, names=(str(a), str(b)), filter=filter)


def compare_paths(
    a: str, b: str, options: Options, *, filter: str | None = None, samples: str | None = None, **running: Any
) -> Comparison:
    """Compare two runs scored by the same options; see :func:`compare`."""
    from regrade.scoring.score import score_paths

    def scored(path: str) -> Scores:
        if samples is None:
            return score_paths([path], options, **running)
        with_answers = msgspec.structs.replace(options, read={**options.read, "answers": path})
        return score_paths([samples], with_answers, **running)

    first, second = scored(a), scored(b)
    return compare_scores(first, second, names=(str(a), str(b)), filter=filter)


def compare_scores(a: Scores, b: Scores, *, names: tuple[str, str], filter: str | None = None) -> Comparison:
    """Compare two scores that kept their per-sample values.

    Raises:
        InputError: they have no task and metric in common.
    """
    level = a.options.level
    result = Comparison(name_a=_name(a, names[0]), name_b=_name(b, names[1]), level=level)
    first, second = _by_task(a, names[0]), _by_task(b, names[1])
    pairs = [(task, task) for task in first if task in second]
    if not pairs and len(first) == len(second) == 1:
        pairs = [(next(iter(first)), next(iter(second)))]
        result.notes.append(f"the runs name their task differently: {pairs[0][0]} and {pairs[0][1]}")
    for only, name in ((first.keys() - second.keys(), names[0]), (second.keys() - first.keys(), names[1])):
        if only and len(pairs) < max(len(first), len(second)):
            result.notes.append(f"only in {name}: {', '.join(sorted(only))}")
    for task_a, task_b in pairs:
        result.metrics += _compare_task(
            _Side(a, first[task_a]), _Side(b, second[task_b]), task_a, filter, a.options, result
        )
    if not result.metrics:
        raise InputError(
            "the two runs have no task and metric in common",
            where=f"{names[0]}, {names[1]}",
            hint=f"tasks: {', '.join(first)} and {', '.join(second)}",
        )
    return result


class _Value(NamedTuple):
    place: int
    value: Any
    line: int
    fingerprint: int


class _Side:
    """One run's largest part of one task."""

    def __init__(self, scores: Scores, kept: SourceBlock) -> None:
        self.kept = kept
        parts = [p for p in scores.parts if p.path == kept.source.path and p.task == kept.source.task and p.main]
        self.results = parts[0].whole
        self.part = main_part(kept.parts)
        self.limit = scores.options.limit

    def values(self, result: Result) -> dict[Any, _Value]:
        """By sample id: place in the metric's column, value, line and fingerprint."""
        block, out = self.kept.block, self.kept.block.pipelines[result.filter]
        metric = out.metrics.get(result.metric)
        if metric is None:
            return {}
        chosen = range(len(out.rows)) if self.part.rows is None else self.part.rows[result.filter]
        members = set(chosen if self.limit is None else chosen[: self.limit])
        found = {}
        for place, row in enumerate(metric.rows):
            if row in members:
                position = out.rows[row]
                value = metric.values[place] if metric.values is not None else None
                found[block.ids[position]] = _Value(place, value, block.lines[position], block.fingerprints[position])
        return found

    def column(self, result: Result) -> Column:
        """The metric's statistics."""
        return self.kept.block.pipelines[result.filter].metrics[result.metric].column

    def clusters(self, result: Result, places: list[int]) -> list[Any]:
        """The clusters of the samples at ``places`` of the column."""
        block, out = self.kept.block, self.kept.block.pipelines[result.filter]
        rows = out.metrics[result.metric].rows
        return [block.clusters[out.rows[rows[place]]] for place in places]


def _by_task(scores: Scores, name: str) -> dict[str, SourceBlock]:
    found: dict[str, SourceBlock] = {}
    for kept in scores.blocks:
        task = kept.source.task
        if task in found:
            raise InputError(
                f"holds several runs of {task}",
                where=name,
                hint=f"name one log: {found[task].source.path} or {kept.source.path}",
            )
        found[task] = kept
    return found


def _name(scores: Scores, path: str) -> str:
    models = {source.run.model for source in scores.sources if source.run.model}
    return models.pop() if len(models) == 1 else path


def _compare_task(
    a: _Side, b: _Side, task: str, filter: str | None, options: Options, comparison: Comparison
) -> list[ComparedMetric]:
    theirs = {result.key: result for result in b.results}
    compared = []
    for result in a.results:
        other = theirs.get(result.key)
        if other is None or result.method == "unavailable" or other.method == "unavailable":
            continue
        if filter is not None and result.filter != filter:
            continue
        row = _compare_metric(a, b, result, other, task, options, comparison)
        if row is not None:
            compared.append(row)
    if filter is not None and not compared:
        raise UsageError(
            f"no pipeline is named {filter!r}", hint=f"pipelines: {', '.join(sorted({r.filter for r in a.results}))}"
        )
    return compared


def _compare_metric(
    a: _Side, b: _Side, result: Result, other: Result, task: str, options: Options, comparison: Comparison
) -> ComparedMetric | None:
    from regrade.scoring.summarise import aggregation_of

    values_a, values_b = a.values(result), b.values(other)
    common = [sample for sample in values_a if sample in values_b]
    if not common:
        return None
    changed = sum(values_a[s].fingerprint != values_b[s].fingerprint for s in common)
    if changed:
        comparison.notes.append(
            f"{task}: {changed} of {len(common)} common ids stand for different documents in the two runs"
        )
    origin = a.kept.block.pipelines[result.filter].metrics[result.metric].origin
    plan = a.kept.plan.metric_named(result.metric, origin)
    aggregation = aggregation_of(plan, a.kept.plan)
    places_a, places_b = ([values[s].place for s in common] for values in (values_a, values_b))
    column_a, column_b = a.column(result).take(places_a), b.column(other).take(places_b)
    clusters = a.clusters(result, places_a) if options.cluster else None
    numbers = _difference(aggregation, column_a, column_b, clusters, options)
    row = ComparedMetric(
        task=task,
        filter=result.filter,
        metric=result.metric,
        n=len(common),
        only_a=len(values_a) - len(common),
        only_b=len(values_b) - len(common),
        higher_is_better=result.higher_is_better,
        **numbers,
    )
    for sample in common:
        one, two = values_a[sample], values_b[sample]
        if one.value != two.value:
            row.flips.append(Flip(sample, one.value, two.value, one.line, two.line))
            if isinstance(one.value, int | float) and isinstance(two.value, int | float):
                improved = (two.value > one.value) == result.higher_is_better
                row.better, row.worse = row.better + improved, row.worse + (not improved)
    return row


def _difference(
    aggregation: Aggregation, a: Column, b: Column, clusters: list[Any] | None, options: Options
) -> dict[str, Any]:
    """Values, difference ``b - a``, its error, interval and p-value, by the method that fits the metric."""
    from regrade.scoring.statistics import paired, sign_tests

    if aggregation.proportion and a.width == 1:
        first, second = a.numpy()[:, 0], b.numpy()[:, 0]
        found = paired.paired_difference(second, first, clusters=clusters, level=options.level)
        if set(a.data) | set(b.data) <= {0.0, 1.0}:
            p_value, test = sign_tests.mcnemar(first, second).p_exact, "mcnemar exact"
        else:
            p_value, test = sign_tests.sign_flip_test(second - first, seed=options.seed).p_value, "sign flip"
        if clusters is not None:
            p_value, test = found.p_value, "clustered"
    else:
        found = paired.paired_bootstrap(
            lambda indices: aggregation.replicates(b, indices),
            lambda indices: aggregation.replicates(a, indices),
            (float(aggregation.reduce(b)), float(aggregation.reduce(a))),
            (aggregation.jackknife(b), aggregation.jackknife(a)),
            resamples=options.resamples,
            level=options.level,
            seed=options.seed,
        )
        p_value, test = found.p_value, "bootstrap"
    return {
        "a": found.value_b,
        "b": found.value_a,
        "difference": found.difference,
        "stderr": found.stderr,
        "interval": (found.interval.low, found.interval.high),
        "p_value": p_value,
        "test": test,
    }
