"""From the joined blocks of a source to its results."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from regrade.addition import add_up
from regrade.metrics.aggregation import Aggregation
from regrade.metrics.build import aggregation_for
from regrade.metrics.column import Column
from regrade.recorded_values import plain
from regrade.rows.source import Source
from regrade.schema import FunctionRef
from regrade.scoring.block import Block, Failure, MetricBlock, PipelineBlock
from regrade.scoring.breaker import NOT_SCORED
from regrade.scoring.parts import Part
from regrade.scoring.plan import MetricPlan, Plan
from regrade.scoring.results import Result, SampleFailure, SourceScores
from regrade.versions import parse_version


class Settings:
    """How values are summarised.

    Attributes:
        limit: Samples per source at most, in the log's order; None for all.
        seed: Seed of the intervals' resamples.
        resamples: How many resamples an interval takes.
        level: The intervals' confidence level.
        bootstrap_iterations: Resamples of the harness's own bootstrap; None takes what the log recorded.
    """

    def __init__(
        self,
        *,
        limit: int | None = None,
        seed: int = 42,
        resamples: int = 1000,
        level: float = 0.95,
        bootstrap_iterations: int | None = None,
    ) -> None:
        self.limit = limit
        self.seed = seed
        self.resamples = resamples
        self.level = level
        self.bootstrap_iterations = bootstrap_iterations


def summarise(
    source: Source, block: Block, plan: Plan, settings: Settings, parts: Sequence[Part], notes: Sequence[str] = ()
) -> list[SourceScores]:
    """The scores of a source: one for each run that its file holds, in order."""
    return [_summarise_part(source, block, plan, settings, part, [*notes, *part.notes]) for part in parts]


def _summarise_part(
    source: Source, block: Block, plan: Plan, settings: Settings, part: Part, notes: list[str]
) -> SourceScores:
    chosen, cut = _chosen(block, plan, settings, part)
    scores = SourceScores(
        task=source.task,
        run=source.run.name,
        path=source.path,
        part=part.label,
        main=part.main,
        malformed=[bad for bad in block.malformed if bad.line <= cut] if part.main else [],
        unevaluated=[bad for bad in block.unevaluated if bad.line <= cut] if part.main else [],
        hash_mismatches=[found for found in block.hash_mismatches if found[0] <= cut] if part.main else [],
        notes=notes + (block.problems if part.main else []),
    )
    if cut < math.inf:
        scores.notes.append(f"only the first {settings.limit:,} samples (--limit)")
    blank = [line for line in block.blank if line <= cut] if part.main else []
    if blank:
        told = "1 row is blank and was" if len(blank) == 1 else f"{len(blank):,} rows are blank and were"
        scores.notes.append(f"{told} left out, first line {blank[0]}")
    for name, rows in chosen.items():
        scores.counts.selected = max(scores.counts.selected, len(rows))
        _Summary(source, block, plan, settings, part, name, block.pipelines[name], scores).add(rows)
    passed = sum(line <= cut for line in block.excluded) if part.main else 0
    lacking = sum(line <= cut for line in block.without_field) if part.main else 0
    counts = scores.counts
    failing = {bad.line for bad in scores.unevaluated}
    unselected = len(failing - set(block.lines)) if failing else 0
    counts.samples = counts.selected + passed + lacking + unselected
    partial = cut < math.inf or (
        plan.where is not None and (part.label is not None or not passed + lacking + unselected)
    )
    counts.repeated, counts.reused = part.repeated, part.reused
    counts.expected = None if partial or not part.main else source.expected
    counts.malformed = len(scores.malformed)
    counts.incomplete = source.options.get("incomplete")
    if counts.reused and counts.expected is not None and counts.samples > counts.expected:
        counts.incomplete = f"{counts.samples:,} rows count, but {counts.expected:,} samples were evaluated"
    counts.without_field = lacking
    counts.unevaluated = len(failing)
    return scores


def _chosen(block: Block, plan: Plan, settings: Settings, part: Part) -> tuple[dict[str, Sequence[int]], float]:
    """By pipeline the positions in its rows that count; and the last line that counts, infinite without a limit.

    Nothing beyond that line is reported, so that a result does not depend on how far the file was read.
    """
    chosen: dict[str, Sequence[int]] = {}
    cuts: list[float] = []
    for pipeline in plan.recipe.filters:
        out = block.pipelines[pipeline.name]
        rows: Sequence[int] = part.rows[pipeline.name] if part.rows is not None else range(len(out.rows))
        limited = settings.limit is not None and len(rows) > settings.limit
        chosen[pipeline.name] = rows = rows[: settings.limit] if limited else rows
        cuts.append(block.lines[out.rows[rows[-1]]] if limited else math.inf)
    return chosen, max(cuts, default=math.inf)


class _Summary:
    """Makes the results of one pipeline over the chosen rows."""

    def __init__(
        self,
        source: Source,
        block: Block,
        plan: Plan,
        settings: Settings,
        part: Part,
        name: str,
        out: PipelineBlock,
        scores: SourceScores,
    ) -> None:
        self.source, self.block, self.plan, self.settings = source, block, plan, settings
        self.part, self.name, self.out, self.scores = part, name, out, scores
        self.indices: dict[str, _Index] = {}
        self.aggregations: dict[str, Aggregation] = {}
        self.labels: dict[str, tuple[str, str]] = {}
        """Names that further scores of metrics are reported under, with the metric and the score."""

    def add(self, chosen: Sequence[int]) -> None:
        """Add the results over the pipeline's rows at ``chosen``: the whole, then by group."""
        planned = {plan.name: plan for plan in self.plan.metrics}
        found = [name for name in self.out.metrics if name not in planned]
        # A metric that measured several things at once is reported under their names instead of its own.
        expanded = {name for name, plan in planned.items() if found and plan.method == "recomputed"} - {
            *self.out.metrics
        }
        names = [*(name for name in planned if name not in expanded), *found]
        self.labels = {name: (name, "") for name in names}
        groups = self._groups(chosen) if self.block.groups else {}
        for name in names:
            block = self.out.metrics.get(name)
            metric = self.plan.metric_named(name, block.origin if block is not None else None)
            self.scores.results += self._results(metric, chosen, {})
            for group, rows in groups.items():
                by = dict(zip(self.plan.by, group, strict=True))
                self.scores.results += self._results(metric, rows, by)
            self._note_failures(metric, chosen)

    def _groups(self, chosen: Sequence[int]) -> dict[tuple[Any, ...], list[int]]:
        groups: dict[tuple[Any, ...], list[int]] = {}
        for position in chosen:
            groups.setdefault(self.block.groups[self.out.rows[position]], []).append(position)
        return dict(sorted(groups.items(), key=lambda item: [(type(v).__name__, v) for v in item[0]]))

    def _note_failures(self, metric: MetricPlan, chosen: Sequence[int]) -> None:
        block = self.out.metrics.get(metric.name)
        if block is None or not block.failures:
            return
        members = set(chosen)
        for failure in block.failures:
            if failure.row in members:
                row = self.out.rows[failure.row]
                self.scores.failures.append(
                    SampleFailure(
                        self.source.path,
                        self.block.lines[row],
                        self.block.ids[row],
                        self.name,
                        metric.name,
                        failure.reason,
                    )
                )

    def _label(self, metric: str, score: str) -> str:
        """The name of a metric's further score: its own, or a longer one where another metric reports under it."""
        label = score
        if self.labels.setdefault(label, (metric, score)) != (metric, score):
            label = f"{metric}.{score}"
            while self.labels.setdefault(label, (metric, score)) != (metric, score):
                label += "'"
        return label

    def _results(self, metric: MetricPlan, rows: Sequence[int], group: dict[str, Any]) -> list[Result]:
        """The result of a metric and those of what else its statistics give, by a longer name where one is taken."""
        unparsed = self.out.unparsed
        result = Result(
            task=self.source.task,
            run=self.source.run.name,
            part=self.part.label,
            filter=self.name,
            metric=metric.name,
            group=group,
            n=len(rows),
            unparsed=sum(unparsed[row] for row in rows) if not _all(rows, unparsed) else sum(unparsed),
            method=metric.method,
            reason=metric.reason,
            higher_is_better=metric.higher_is_better,
        )
        block = self.out.metrics.get(metric.name)
        if metric.method == "unavailable" or block is None:
            return [result]
        taken: Sequence[int]
        if _all(rows, unparsed):
            column, taken, failures = block.column, block.rows, block.failures
        else:
            index = self.indices.get(metric.name)
            if index is None:
                index = self.indices[metric.name] = _Index(block, len(unparsed))
            column, taken, failures = index.select(rows)
        settled = sum(failure.row in block.settled for failure in failures)
        result.scored, result.failed = len(column) - settled, len(failures)
        result.left_out = len(failures) - settled
        result.timed_out = sum(failure.timed_out for failure in failures)
        if self.out.stopped is not None and metric.method == "recomputed":
            passed_over = sum(failure.reason == NOT_SCORED for failure in failures)
            result.reason = f"{self.out.stopped}; {passed_over:,} not scored"
            return [result]
        aggregation = self.aggregations.get(metric.name)
        if aggregation is None:
            aggregation = self.aggregations[metric.name] = aggregation_of(metric, self.plan)
        if (needed := next((failure.reason for failure in failures if failure.lacks == "software"), None)) is not None:
            result.reason = needed  # the samples that could do without it do not stand for the others
            return [result]
        if not result.scored:
            if failures:
                result.reason = f"none of {result.n:,} samples could be scored: {failures[0].reason}"
            return [result]
        results = [result]
        clusters = None
        if self.plan.cluster is not None:
            clusters = [self.block.clusters[self.out.rows[row]] for row in taken]
            self._note_clusters(len(set(clusters)), group)
        self._fill(result, aggregation, column, clusters)
        if result.reason is None:
            for name, other in aggregation.others(column).items():
                label = self._label(metric.name, name)
                results.append(msgspec.structs.replace(result, metric=label, value=None, interval=None))
                self._fill(results[-1], other, column, clusters)
        return results

    def _fill(
        self, result: Result, aggregation: Aggregation, column: Column, clusters: Sequence[Any] | None = None
    ) -> None:
        try:
            result.value = plain(aggregation.reduce(column))
            result.stderr = plain(self._stderr(aggregation, column, result.metric))
        except Exception as error:
            result.reason = f"cannot be aggregated: {error}"
            return
        if clusters is not None:
            self._fill_clustered(result, aggregation, column, clusters)
        elif isinstance(result.value, int | float) and math.isfinite(result.value):
            interval = self._interval(aggregation, column, float(result.value))
            if interval is not None:
                result.interval_method, result.interval = interval

    def _stderr(self, aggregation: Aggregation, column: Column, metric: str) -> float | str:
        iterations = self.settings.bootstrap_iterations
        if iterations is None:
            iterations = self.source.options.get("bootstrap_iterations", 100_000)
        if aggregation.stderr == "none" or len(column) < 2 or iterations <= 0:
            return "N/A"
        if aggregation.stderr == "closed":
            return aggregation.closed_stderr(column)
        from regrade.statistics.bootstrap import harness_bootstrap_stderr

        return harness_bootstrap_stderr(
            len(column),
            aggregation.sample_resampler(column).main_replicates,
            aggregation.bootstrap_iterations(iterations, metric),
        )

    def _interval(
        self, aggregation: Aggregation, column: Column, value: float
    ) -> tuple[str, tuple[float, float]] | None:
        settings = self.settings
        policy = aggregation.interval_policy(resamples=settings.resamples, level=settings.level, seed=settings.seed)
        if policy is None or not aggregation.has_interval(column):
            return None
        averaged = None if policy.literal else aggregation.averaged(column)
        if averaged is not None and set(averaged) <= {0.0, 1.0}:
            from regrade.statistics.proportion import wilson

            low, high = wilson(add_up(averaged), len(averaged), settings.level)
            return "wilson", (low, high)
        if len(column) < 2:
            return None
        from regrade.metrics.intervals import bca_intervals

        resampler = aggregation.resampler(column)
        if len(resampler) < 2 or (policy.skips_equal and all(resampler.equal())):
            return None
        [interval] = bca_intervals(resampler, policy, None if policy.literal else [value])
        return ("bca", interval) if math.isfinite(interval[0]) else None

    def _fill_clustered(
        self, result: Result, aggregation: Aggregation, column: Column, clusters: Sequence[Any]
    ) -> None:
        """Error and interval where clusters are drawn: in closed form of means, by cluster bootstrap of others."""
        if not isinstance(result.value, int | float) or not math.isfinite(result.value):
            return
        from regrade.statistics.clustered import cluster_bootstrap, clustered_interval, clustered_stderr

        settings, averaged = self.settings, aggregation.averaged(column)
        if averaged is not None:
            method, result.clustered_stderr = "clustered", clustered_stderr(averaged, clusters)
            low, high = clustered_interval(averaged, clusters, settings.level)
        elif not aggregation.has_interval(column):
            return
        else:
            method = "clustered bca"
            result.clustered_stderr, (low, high) = cluster_bootstrap(
                aggregation.sample_resampler(column).main_replicates,
                float(result.value),
                clusters,
                resamples=settings.resamples,
                level=settings.level,
                seed=settings.seed,
            )
        if math.isfinite(low):
            result.interval_method, result.interval = method, (low, high)

    def _note_clusters(self, clusters: int, group: dict[str, Any]) -> None:
        from regrade.statistics.clustered import note_on_clusters

        note = None if group else note_on_clusters(clusters, str(self.plan.cluster))
        if note is not None and note not in self.scores.notes:
            self.scores.notes.append(note)


def _all(rows: Sequence[int], of: bytearray) -> bool:
    return isinstance(rows, range) and len(rows) == len(of)


class _Index:
    """Where the samples of a metric are, so that each of many groups costs what it holds and not the whole.

    Args:
        block: The metric's statistics.
        rows: How many rows its pipeline has.
    """

    def __init__(self, block: MetricBlock, rows: int) -> None:
        self.block = block
        self.places = array("q", [-1]) * rows
        for place, row in enumerate(block.rows):
            self.places[row] = place
        self.failures = {failure.row: failure for failure in block.failures}

    def select(self, rows: Sequence[int]) -> tuple[Column, Sequence[int], list[Failure]]:
        """The column over the pipeline's rows ``rows``, those of them that it has, and the failures among them."""
        places = sorted(place for row in rows if (place := self.places[row]) >= 0)
        failures = [self.failures[row] for row in rows if row in self.failures] if self.failures else []
        return self.block.column.take(places), [self.block.rows[place] for place in places], failures


def aggregation_of(metric: MetricPlan, plan: Plan) -> Aggregation:
    """The aggregation of a planned metric, ready to run."""

    def resolve(function: FunctionRef) -> Callable[..., Any]:
        from regrade.lm_eval.functions import resolve as resolve_function

        return resolve_function(function, plan.trust_code)

    made = aggregation_for(metric.aggregation, parse_version(plan.recipe.harness_version), resolve, metric.spec)
    made.policy = plan.recipe.metadata.get("policy")
    return made
