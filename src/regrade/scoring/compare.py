"""Paired comparison of two runs: the same samples, answered twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.errors import InputError, RegradeError, UsageError
from regrade.files.guard import reason_of
from regrade.registry import lookup
from regrade.scoring.comparison import ComparedMetric, ComparedRuns, Flip
from regrade.scoring.pairing import Pairing, Samples, pair_samples
from regrade.scoring.parts import main_part
from regrade.scoring.scores import ScoredSources, SourceBlock

if TYPE_CHECKING:
    from regrade.metrics.aggregation import Aggregation
    from regrade.metrics.column import Column
    from regrade.scoring.options import Options
    from regrade.scoring.results import Result
    from regrade.statistics.bootstrap import Floats, Replicate
    from regrade.statistics.paired import Comparison as PairedComparison


def compare_paths(
    a: str,
    b: str,
    options: Options,
    *,
    filter: str | None = None,
    samples: str | None = None,
    correction: bool = True,
    **running: Any,
) -> ComparedRuns:
    """Compare two runs scored by the same options; see :func:`compare`."""
    from regrade.scoring.score import score_paths

    def scored(path: str) -> ScoredSources:
        if samples is None:
            return score_paths([path], options, **running)
        with_answers = msgspec.structs.replace(options, read={**options.read, "answers": path})
        return score_paths([samples], with_answers, **running)

    first, second = scored(a), scored(b)
    return compare_scores(first, second, names=(str(a), str(b)), filter=filter, correction=correction)


def compare_scores(
    a: ScoredSources, b: ScoredSources, *, names: tuple[str, str], filter: str | None = None, correction: bool = True
) -> ComparedRuns:
    """Compare two scores that kept their per-sample values.

    Raises:
        InputError: they have no task and metric in common, or no sample that is known to be the same.
    """
    called = _name(a, names[0]), _name(b, names[1])
    name_a, name_b = called if called[0] != called[1] else names
    result = ComparedRuns(name_a=name_a, name_b=name_b, level=a.options.level)
    first, second = _by_task(a, names[0]), _by_task(b, names[1])
    pairs = [(task, task) for task in first if task in second]
    if not pairs and len(first) == len(second) == 1:
        pairs = [(next(iter(first)), next(iter(second)))]
        result.notes.append(f"the runs name their task differently: {pairs[0][0]} and {pairs[0][1]}")
    for only, name in ((first.keys() - second.keys(), names[0]), (second.keys() - first.keys(), names[1])):
        if only and len(pairs) < max(len(first), len(second)):
            result.losses.append(f"only in {name}: {', '.join(sorted(only))}")
    for scores, name in zip((a, b), names, strict=True):
        result.losses += [f"{name}: unreadable: {bad.file}: {bad.reason}" for bad in scores.unreadable]
        result.losses += [loss for part in scores.parts if part.main for loss in part.losses(f"{name}, {part.task}")]
    if a.options.read.get("failures_are_wrong"):
        result.notes.append("samples whose request failed count as wrong, as far as a run tells (--failures-are-wrong)")
    refused: list[InputError] = []
    for task_a, task_b in pairs:
        sides = _Side(a, first[task_a]), _Side(b, second[task_b])
        for side, name in zip(sides, names, strict=True):
            result.notes += [f"{name}: {note}" for note in side.part.notes]
        try:
            result.metrics += _compare_task(*sides, task_a, filter, a.options, result)
        except InputError as error:
            refused.append(error)
            result.losses.append(f"{task_a}: not compared: {error.what}")
    if not result.metrics and not (result.stopped and not refused):
        if refused:
            raise InputError(refused[0].what, where=f"{names[0]}, {names[1]}", hint=refused[0].hint)
        raise InputError(
            "the two runs have no task and metric in common",
            where=f"{names[0]}, {names[1]}",
            hint=f"tasks: {', '.join(first)} and {', '.join(second)}",
        )
    if correction:
        _correct(result)
    return result


def _correct(comparison: ComparedRuns) -> None:
    """Correct the p-values of a comparison for their number, where there are several, and tell it."""
    from regrade.statistics.multiple import holm

    adjusted = holm([metric.p_value for metric in comparison.metrics])
    tests = sum(not math.isnan(p_value) for p_value in adjusted)
    if tests < 2:
        return
    for metric, p_value in zip(comparison.metrics, adjusted, strict=True):
        metric.adjusted_p = p_value
    comparison.notes.append(
        f"{tests:,} tests: verdicts follow the p-values corrected for that many (Holm); --no-correction leaves it out"
    )


class _Side:
    """One run's largest part of one task."""

    def __init__(self, scores: ScoredSources, kept: SourceBlock) -> None:
        self.kept = kept
        parts = [p for p in scores.parts if p.path == kept.source.path and p.task == kept.source.task and p.main]
        self.results = parts[0].whole
        self.part = main_part(kept.parts)
        self.limit = scores.options.limit

    def rows(self, filter: str) -> Sequence[int]:
        """The positions that count in a pipeline's rows."""
        out = self.kept.block.pipelines[filter]
        chosen: Sequence[int] = range(len(out.rows)) if self.part.rows is None else self.part.rows[filter]
        return chosen if self.limit is None else chosen[: self.limit]

    def reason_stopped(self, result: Result) -> str | None:
        """Why a result's pipeline was stopped, so that too little was scored to compare; None where it was not."""
        return self.kept.block.pipelines[result.filter].stopped if result.method == "recomputed" else None

    def positions(self, filter: str) -> list[int]:
        """The block's rows that these are."""
        out = self.kept.block.pipelines[filter]
        return [out.rows[row] for row in self.rows(filter)]

    def samples(self, filter: str) -> Samples:
        """Ids and documents of these rows."""
        block, positions = self.kept.block, self.positions(filter)
        return Samples([block.ids[row] for row in positions], [block.fingerprints[row] for row in positions])

    def places(self, result: Result) -> list[int]:
        """For each of these rows its place in the metric's column; -1 where it has no value."""
        metric = self.kept.block.pipelines[result.filter].metrics[result.metric]
        where = {row: place for place, row in enumerate(metric.rows)}
        return [where.get(row, -1) for row in self.rows(result.filter)]

    def values(self, result: Result) -> list[Any] | None:
        """The metric's values, by place in its column."""
        return self.kept.block.pipelines[result.filter].metrics[result.metric].values

    def column(self, result: Result) -> Column:
        """The metric's statistics."""
        return self.kept.block.pipelines[result.filter].metrics[result.metric].column

    def documents(self, filter: str) -> list[int]:
        """Checksums of these rows' documents that do not depend on how a log spells them."""
        from regrade.scoring.file_rows import document_checksums

        lines, positions = self.kept.block.lines, self.positions(filter)
        found = document_checksums(self.kept.source, {lines[row] for row in positions})
        return [found[lines[row]] for row in positions]


def _by_task(scores: ScoredSources, name: str) -> dict[str, SourceBlock]:
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


def _name(scores: ScoredSources, path: str) -> str:
    models = {source.run.model for source in scores.sources if source.run.model}
    return models.pop() if len(models) == 1 else path


def _compare_task(
    a: _Side, b: _Side, task: str, filter: str | None, options: Options, comparison: ComparedRuns
) -> list[ComparedMetric]:
    theirs = {result.key: result for result in b.results}
    pairings: dict[str, Pairing] = {}
    compared = []
    for result in a.results:
        other = theirs.get(result.key)
        if other is None or result.method == "unavailable" or other.method == "unavailable":
            continue
        if filter is not None and result.filter != filter:
            continue
        if any(result.metric not in side.kept.block.pipelines[result.filter].metrics for side in (a, b)):
            continue
        if reasons := [side.reason_stopped(of) for side, of in ((a, result), (b, other)) if side.reason_stopped(of)]:
            comparison.stopped = True
            comparison.losses.append(f"{task}: {result.key} not compared: {reasons[0]}")
            continue
        pairing = pairings.get(result.filter)
        if pairing is None:
            pairing = pairings[result.filter] = _pair(a, b, result.filter)
            comparison.notes += [f"{task}: {pairing.note}"] if pairing.note else []
            if not pairing.pairs:
                raise InputError("no sample is in both runs", hint="samples are paired by their ids")
        try:
            row = _compare_metric(a, b, result, other, task, options, pairing, comparison.notes)
        except RegradeError:
            raise
        except Exception as error:  # values that cannot be aggregated are said to be such, and the others compared
            comparison.notes.append(f"{task}: {result.key} cannot be compared: {reason_of(error)}")
            continue
        if row is not None:
            compared.append(row)
    if filter is not None and not compared and not comparison.stopped:
        raise UsageError(
            f"no pipeline is named {filter!r}", hint=f"pipelines: {', '.join(sorted({r.filter for r in a.results}))}"
        )
    return compared


def _pair(a: _Side, b: _Side, filter: str) -> Pairing:
    """Pair two sides' samples under one pipeline."""

    def read() -> tuple[Sequence[int] | None, Sequence[int] | None]:
        readers = [lookup("reader", side.kept.source.reader) for side in (a, b)]
        if all(reader.whole_doc for reader in readers):
            return a.documents(filter), b.documents(filter)
        if readers[0] is readers[1]:
            return a.samples(filter).documents, b.samples(filter).documents
        return None, None

    return pair_samples(a.samples(filter), b.samples(filter), read)


def _compare_metric(
    a: _Side,
    b: _Side,
    result: Result,
    other: Result,
    task: str,
    options: Options,
    pairing: Pairing,
    notes: list[str],
) -> ComparedMetric | None:
    from regrade.scoring.summarise import aggregation_of

    rows_a, rows_b = a.places(result), b.places(other)
    scored = [(i, j) for i, j in pairing.pairs if rows_a[i] >= 0 and rows_b[j] >= 0]
    if not scored:
        return None
    origin = a.kept.block.pipelines[result.filter].metrics[result.metric].origin
    plan = a.kept.plan.metric_named(result.metric, origin)
    aggregation = aggregation_of(plan, a.kept.plan)
    column_a = a.column(result).take([rows_a[i] for i, _ in scored])
    column_b = b.column(other).take([rows_b[j] for _, j in scored])
    positions_a, positions_b = a.positions(result.filter), b.positions(other.filter)
    clusters = [a.kept.block.clusters[positions_a[i]] for i, _ in scored] if options.cluster else None
    if clusters is not None:
        from regrade.statistics.clustered import note_on_clusters

        note = note_on_clusters(len(set(clusters)), str(options.cluster))
        notes += [f"{task}: {note}"] if note is not None else []
    row = ComparedMetric(
        task=task,
        filter=result.filter,
        metric=result.metric,
        whole_a=result.value,
        whole_b=other.value,
        level=options.level,
        n=len(scored),
        n_a=len(rows_a),
        n_b=len(rows_b),
        only_a=len(rows_a) - len(pairing.pairs),
        only_b=len(rows_b) - len(pairing.pairs),
        unscored=len(pairing.pairs) - len(scored),
        higher_is_better=result.higher_is_better,
        **_difference(aggregation, column_a, column_b, clusters, options),
    )
    values_a, values_b = a.values(result), b.values(other)
    if values_a is not None and values_b is not None:
        for i, j in scored:
            one, two = values_a[rows_a[i]], values_b[rows_b[j]]
            if one != two:
                sample = a.kept.block.ids[positions_a[i]]
                lines = a.kept.block.lines[positions_a[i]], b.kept.block.lines[positions_b[j]]
                row.flips.append(Flip(sample, one, two, *lines))
                if isinstance(one, int | float) and isinstance(two, int | float):
                    improved = (two > one) == result.higher_is_better
                    row.better, row.worse = row.better + improved, row.worse + (not improved)
    return row


def _difference(
    aggregation: Aggregation, a: Column, b: Column, clusters: list[Any] | None, options: Options
) -> dict[str, Any]:
    """Values, difference ``b - a``, its error, interval and p-value, by the method that fits the metric."""
    from regrade.statistics.paired import paired_bootstrap

    if aggregation.proportion and a.width == 1:
        return _difference_of_means(a.numpy()[:, 0], b.numpy()[:, 0], clusters, options)
    (values_a, left_out_a), (values_b, left_out_b) = (_resampling(aggregation, one, clusters) for one in (a, b))
    found = paired_bootstrap(
        values_b,
        values_a,
        (float(aggregation.reduce(b)), float(aggregation.reduce(a))),
        (left_out_b, left_out_a),
        resamples=options.resamples,
        level=options.level,
        seed=options.seed,
    )
    return _fields(found, "bootstrap" if clusters is None else "clustered bootstrap")


def _difference_of_means(first: Floats, second: Floats, clusters: list[Any] | None, options: Options) -> dict[str, Any]:
    """The difference of means: of zeros and ones by Tango's interval and McNemar's test, else by the paired t-test's
    interval and sign flips.

    Clusters have the clustered error and its test. Where the error is 0, because all clusters differ alike, signs of
    whole clusters are flipped, and zeros and ones have the interval of as many samples as there are clusters.
    """
    from regrade.statistics import sign_tests
    from regrade.statistics.clustered import sum_by_cluster
    from regrade.statistics.paired import paired_difference
    from regrade.statistics.paired_proportions import agreeing_interval, compare_proportions

    binary = all(((one == 0) | (one == 1)).all() for one in (first, second))
    if clusters is None and binary:
        return _fields(compare_proportions(second, first, level=options.level), "mcnemar exact")
    found = paired_difference(second, first, clusters=clusters, level=options.level)
    if clusters is None:
        p_value = sign_tests.sign_flip_test(second - first, seed=options.seed).p_value
        return _fields(replace(found, p_value=p_value), "sign flip")
    if found.stderr:
        return _fields(found, "clustered")
    p_value = sign_tests.sign_flip_test(sum_by_cluster(second - first, clusters), seed=options.seed).p_value
    if binary:
        counts, groups = sign_tests.mcnemar(second, first), len(set(clusters))
        of_each = groups / found.n
        interval = agreeing_interval(counts.only_a * of_each, counts.only_b * of_each, groups, p_value, options.level)
        found = replace(found, interval=interval)
    return _fields(replace(found, p_value=p_value), "clustered sign flip")


def _fields(found: PairedComparison, test: str) -> dict[str, Any]:
    """The fields of a compared metric that a comparison of b with a fills."""
    return {
        "a": found.value_b,
        "b": found.value_a,
        "difference": found.difference,
        "stderr": found.stderr,
        "interval": (found.interval.low, found.interval.high),
        "p_value": found.p_value,
        "test": test,
    }


def _resampling(aggregation: Aggregation, column: Column, clusters: list[Any] | None) -> tuple[Replicate, Floats]:
    """The values of resamples by their indices, and those with one part left out: samples, or clusters of them."""
    resampler = aggregation.sample_resampler(column)
    if clusters is None:
        return resampler.main_replicates, resampler.jackknife()[:, 0]
    from regrade.statistics.clustered import resampling_of_clusters

    return resampling_of_clusters(resampler.main_replicates, clusters)
