"""Scoring a chunk: read, filter, measure, in one go and in one process."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regrade.budget import MAX_TEXT
from regrade.errors import (
    ExpressionError,
    TimeLimitExceeded,
    UnavailableError,
)
from regrade.files.guard import malformed_row, reading
from regrade.filters import Pipeline
from regrade.filters.filter import Unparsed
from regrade.lm_eval.templates import TaskTemplates
from regrade.memory_limit import limited_memory
from regrade.metrics import Metric
from regrade.metrics.aggregation import Aggregation
from regrade.metrics.build import aggregation_for, metric_for
from regrade.metrics.case import Case
from regrade.metrics.column import Column
from regrade.registry import lookup, times_replaced
from regrade.rows.guard import first_record, read_records
from regrade.rows.source import Reader
from regrade.schema import Blank, FilterPipeline, FilterStep, FunctionRef, Malformed, Record, Unanswered
from regrade.scoring.block import Block, Failure, MetricBlock, PipelineBlock, failure_of, reason_of_error
from regrade.scoring.breaker import NOT_SCORED, is_over
from regrade.scoring.conditions import Conditions
from regrade.scoring.extracted import check_likelihoods, check_size, found_nothing
from regrade.scoring.plan import Job, MetricPlan, Plan
from regrade.scoring.recorded_hashes import wrong_hashes
from regrade.time_limit import TimeLimit
from regrade.versions import parse_version

if TYPE_CHECKING:
    from regrade.progress import CancelToken


class _Latest(threading.local):
    """What scored the last chunk in this thread: the next one is mostly of the same source."""

    scorer: _Scorer | None = None
    key: tuple[str, str, int] | None = None


_latest = _Latest()


def score_chunk(job: Job, cancel: CancelToken | None = None) -> Block:
    """Score the records of one chunk.

    Args:
        job: The chunk, and how it is scored.
        cancel: Looked at between rows.

    Raises:
        Cancelled: the work is to end.
        RegradeError: nothing of it can be scored.
    """
    with reading(job.source.path, "cannot be scored"):
        return _score_chunk(job, cancel)


def _score_chunk(job: Job, cancel: CancelToken | None) -> Block:
    key = job.source.path, job.source.task, times_replaced()
    scorer = _latest.scorer
    if scorer is None or _latest.key != key or scorer.plan != job.plan:
        scorer, _latest.key = _Scorer(job), key
        _latest.scorer = scorer
    with limited_memory():
        return scorer.score(job, cancel)


_INFINITY = math.inf


class _Measure:
    """A metric of the plan made ready: what measures it and what aggregates it."""

    def __init__(
        self, plan: MetricPlan, metric: Metric | None, aggregation: Aggregation, origin: str | None = None
    ) -> None:
        self.name = plan.name
        self.origin = origin
        self.metric = metric
        self.aggregation = aggregation
        self.recorded = plan.method == "re-aggregated"

    def block(self, keep: bool) -> MetricBlock:
        column = Column(self.aggregation.width, labelled=self.aggregation.labelled)
        return MetricBlock(column, keep=keep, origin=self.origin)


class RecordedPipeline:
    """A pipeline that cannot run here: what the log says it extracted is taken."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Scorer:
    """Everything of a plan that is made once per process: compiled filters, metrics and templates."""

    def __init__(self, job: Job) -> None:
        self.plan: Plan = job.plan
        recipe = job.plan.recipe
        self.compat = compat = parse_version(recipe.harness_version)

        def resolve(reference: FunctionRef) -> Callable[..., Any]:
            from regrade.lm_eval.functions import resolve as resolve_function

            return resolve_function(reference, job.plan.trust_code)

        self.reader: Reader = lookup("reader", job.source.reader)()
        self.reader.only_filter = None if job.plan.own_rows else job.plan.primary
        self.templates = TaskTemplates(
            recipe, first_record(job.source), resolve=resolve, limit_s=job.plan.answer_limit_s
        )
        if recipe.metadata.get("postprocessors"):
            from regrade.cards.references import processed_references

            self.templates.replace_target(lambda record: processed_references(record, recipe))
        recorded = set(job.plan.recorded_pipelines)
        self.pipelines = [
            RecordedPipeline(pipeline.name) if pipeline.name in recorded else Pipeline(pipeline, compat, resolve)
            for pipeline in recipe.filters
        ]
        self.process_results = (
            resolve(recipe.process_results)
            if recipe.process_results and any(m.method == "recomputed" for m in job.plan.metrics)
            else None
        )
        self.measures: dict[str, _Measure] = {}
        for plan in job.plan.metrics:
            if plan.method != "unavailable":
                metric = None
                if plan.method == "recomputed" and self.process_results is None and plan.spec is not None:
                    metric = metric_for(plan.spec, recipe, compat, resolve)
                aggregation = aggregation_for(plan.aggregation, compat, resolve, plan.spec)
                self.measures[plan.name] = _Measure(plan, metric, aggregation)
        self.unavailable: dict[str, str] = {}
        self.computed = [m for m in self.measures.values() if m.metric is not None and self._prepare(m.metric, m.name)]
        self.recorded = [m for m in self.measures.values() if m.recorded]
        self.keeping = {}
        if any(m.metric is not None and m.metric.over_repeats for m in self.computed):
            self.keeping = {
                spec.name: Pipeline(FilterPipeline(spec.name, spec.steps[:-1]), compat, resolve)
                for spec in recipe.filters
                if spec.name not in recorded and spec.steps and spec.steps[-1] == FilterStep("take_first")
            }
        self.mean = aggregation_for("mean", compat, resolve)
        self.of_likelihoods = recipe.output_type != "generate_until"
        self.others: dict[str, _Measure] = {}
        self.conditions = Conditions(job.plan)
        self.plain_rows = not (job.plan.by or job.plan.cluster or job.plan.check or job.plan.verify_hashes)
        """Whether a row is its id, line and document, and nothing else is wanted of it."""
        self.keep_values = job.plan.keep or job.plan.check
        self.stopped: set[str] = set()
        self.from_start = False
        for pipeline in (*self.pipelines, *self.keeping.values()):
            if isinstance(pipeline, Pipeline):
                pipeline.prepare()
        if self.computed and "card" in recipe.metadata:
            from regrade.cards.references import prepare

            prepare(recipe)

    def _prepare(self, metric: Metric, name: str) -> bool:
        """Let a metric do what is done once; False, and the reason is kept, where it cannot."""
        try:
            metric.prepare()
        except Exception as error:
            self.unavailable[name] = reason_of_error(error)
            del self.measures[name]
            return False
        return True

    def score(self, job: Job, cancel: CancelToken | None = None) -> Block:
        block = Block()
        plan = self.plan
        block.unavailable |= self.unavailable
        block.problems += [
            f"{part}: {fault}; what the log recorded is taken" for part, fault in self.templates.faults.items()
        ]
        self.stopped, self.from_start = set(job.stopped), job.first
        conditions = self.conditions
        conditions.begin(job)
        for pipeline in self.pipelines:
            block.pipelines[pipeline.name] = PipelineBlock(keep=plan.keep)
        line = 0
        with TimeLimit(plan.answer_limit_s, job.skipped) as timer:
            for record in read_records(job.source, job.chunk, self.reader):
                line = record.line
                if cancel is not None:
                    cancel.check()
                if isinstance(record, Malformed):
                    if type(record) is Blank:
                        block.blank.append(line)
                    else:
                        block.malformed.append(record)
                    continue
                if not plan.own_rows and record.filter is not None and record.filter != plan.primary:
                    continue
                try:
                    if conditions.where is not None and not conditions.select(record, block, timer):
                        continue
                    self._add_row(record, block, timer)
                except ExpressionError:
                    raise
                except Exception as error:  # parts of a row are decoded when they are asked for
                    block.malformed.append(malformed_row(job.source.path, line, error))
                    continue
                own = record.filter if plan.own_rows else None
                shared: dict[Any, Any] = {}
                for pipeline in self.pipelines:
                    if own is None or pipeline.name == own:
                        self._score_row(record, pipeline, shared, block, timer)
        block.line_count = max(self.reader.lines_read, line)
        return block

    def _add_row(self, record: Record, block: Block, timer: TimeLimit) -> None:
        """Note a row; one of which a part cannot be read leaves no trace."""
        fingerprint = record.fingerprint
        if self.plain_rows:
            block.ids.append(record.sample_id)
            block.lines.append(record.line)
            block.fingerprints.append(fingerprint)
            block.filters.append(block.filter_code(record.filter))
            return
        recorded = record.recorded if self.plan.check else {}
        conditions = self.conditions
        groups = tuple([conditions.group(one, record, block, timer) for one in conditions.by]) if conditions.by else ()
        cluster = None if conditions.cluster is None else conditions.group(conditions.cluster, record, block, timer)
        wrong = wrong_hashes(record) if self.plan.verify_hashes else None
        block.ids.append(record.sample_id)
        block.lines.append(record.line)
        block.fingerprints.append(fingerprint)
        block.filters.append(block.filter_code(record.filter))
        if conditions.by:
            block.groups.append(groups)
        if conditions.cluster is not None:
            block.clusters.append(cluster)
        if self.plan.check:
            block.recorded.append(recorded)
        if wrong:
            block.hash_mismatches.append((record.line, ", ".join(wrong)))

    def _score_row(
        self,
        record: Record,
        pipeline: Pipeline | RecordedPipeline,
        shared: dict[Any, Any],
        block: Block,
        timer: TimeLimit,
    ) -> None:
        """Apply one pipeline to a record and measure what comes out; a failure costs this row and no other."""
        out = block.pipelines[pipeline.name]
        row = len(out.rows)
        out.rows.append(len(block.ids) - 1)
        if type(record) is Unanswered or (self.stopped and pipeline.name in self.stopped):
            self._pass_over(record, row, pipeline.name in self.stopped, shared, out, timer)
            return
        values: list[tuple[_Measure, Any]] = []
        failures: list[tuple[_Measure, Failure]] = []
        extracted: Any = None
        unparsed = 0
        try:
            timer.start()
            if isinstance(pipeline, RecordedPipeline):
                extracted = record.extracted
            else:
                extracted = pipeline.apply(record.answers, record.scope if pipeline.uses_doc else None)
            unparsed = found_nothing(extracted)
            if self.of_likelihoods:
                check_likelihoods(extracted)
            if len(extracted) != 1 or (type(extracted[0]) is str and len(extracted[0]) > MAX_TEXT):
                check_size(extracted, record)
            if self.process_results is not None:
                found = dict(self.process_results(record.doc, extracted))
                values = [(self._named(name), value) for name, value in found.items()]
            elif self.computed:
                self._measure_case(record, pipeline, extracted, shared, values, failures, row)
            timer.finish()
        except Exception as error:
            timer.stop()
            failures = self._fail(failure_of(row, timer.error() if timer.exceeded else error))
            values = []
            if timer.exceeded:
                self._count_late(row, pipeline.name, extracted, shared, out)
        out.unparsed.append(unparsed)
        if out.extracted is not None:
            out.extracted.append(extracted)
        self._keep(record, row, out, values, failures)
        for measure, failure in failures:
            self._add_failure(measure, failure, record, shared, out, timer)

    def _pass_over(
        self, record: Record, row: int, stopped: bool, shared: dict[Any, Any], out: PipelineBlock, timer: TimeLimit
    ) -> None:
        """Count a row as failed that is not tried: its pipeline is stopped, or its request failed."""
        out.unparsed.append(0)
        if out.extracted is not None:
            out.extracted.append(None)
        self._keep(record, row, out, [], [])
        for measure in self.measures.values():
            if stopped and not measure.recorded:
                self._metric_block(measure, out).failures.append(Failure(row, NOT_SCORED, timed_out=True))
            elif type(record) is Unanswered and not measure.recorded:
                self._add_failure(measure, Failure(row, record.reason), record, shared, out, timer)

    def _measure_case(
        self,
        record: Record,
        pipeline: Pipeline | RecordedPipeline,
        extracted: Any,
        shared: dict[Any, Any],
        values: list[tuple[_Measure, Any]],
        failures: list[tuple[_Measure, Failure]],
        row: int,
    ) -> None:
        case = Case(record, self.templates, extracted, compat=self.compat, shared=shared)
        keeping = self._keeping_case(record, pipeline, shared) if self.keeping else case
        for measure in self.computed:
            over_repeats = measure.metric is not None and measure.metric.over_repeats
            self._measure(measure, keeping if over_repeats else case, values, failures, row)

    def _fail(self, failure: Failure) -> list[tuple[_Measure, Failure]]:
        """The failure of every metric that is computed here."""
        return [(measure, failure) for measure in self.measures.values() if not measure.recorded]

    def _count_late(self, row: int, pipeline: str, extracted: Any, shared: dict[Any, Any], out: PipelineBlock) -> None:
        """Count a row that ran into the time limit, and stop a pipeline of which too many did."""
        if extracted is not None and "target" not in shared:
            shared["late"] = True  # the templates took the time, and would again
        out.late.append(row)
        if is_over(out.late, self.from_start):
            self.stopped.add(pipeline)

    def _keep(
        self,
        record: Record,
        row: int,
        out: PipelineBlock,
        values: list[tuple[_Measure, Any]],
        failures: list[tuple[_Measure, Failure]],
    ) -> None:
        """Keep what was measured of a row, and what its log recorded; what cannot be kept is added to ``failures``."""
        if self.recorded:
            try:
                recorded = record.recorded
            except Exception as error:
                recorded = {}
                failures += [(measure, failure_of(row, error)) for measure in self.recorded]
            values += [(m, recorded[m.name]) for m in self.recorded if m.name in recorded]
        for measure, value in values:
            aggregation = measure.aggregation
            try:
                statistics = aggregation.statistics(aggregation.read(value) if measure.recorded else value)
                metric = out.metrics.get(measure.name) or self._metric_block(measure, out)
                metric.column.append(statistics)
            except Exception as error:
                failures.append((measure, failure_of(row, error)))
                continue
            metric.rows.append(row)
            if metric.values is not None:
                metric.values.append(aggregation.shown(value))

    def _add_failure(
        self,
        measure: _Measure,
        failure: Failure,
        record: Record,
        shared: dict[Any, Any],
        out: PipelineBlock,
        timer: TimeLimit,
    ) -> None:
        """Count a failure, with the value that the metric gives such a sample."""
        worst = None if failure.lacks else self._worst(measure, record, shared, timer)
        found = worst if type(worst) is dict else {measure.name: worst}
        for name, value in found.items():
            of_metric = failure.shift(0)
            of_metric.worst = value
            named = measure if name == measure.name else self._named(name, measure)
            self._metric_block(named, out).failures.append(of_metric)

    def _worst(self, measure: _Measure, record: Record, shared: dict[Any, Any], timer: TimeLimit) -> Any:
        """What a metric gives a sample that cannot be scored; None where it gives none."""
        try:
            if measure.metric is None:
                return measure.aggregation.worst_of(record.doc)
            if "late" in shared:
                return measure.metric.worst
            timer.start()
            try:
                case = Case(record, self.templates, [Unparsed("")], compat=self.compat, shared=shared)
                worst = measure.metric.unanswered(case)
                timer.finish()
                return worst
            finally:
                timer.stop()
        except Exception:
            return None

    def _keeping_case(self, record: Record, pipeline: Pipeline | RecordedPipeline, shared: dict[Any, Any]) -> Case:
        """What metrics over repeats see: the pipeline without the ``take_first`` at its end."""
        keeping = self.keeping.get(pipeline.name, pipeline)
        if isinstance(keeping, RecordedPipeline):
            extracted = record.extracted
        else:
            extracted = keeping.apply(record.answers, record.scope)
        return Case(record, self.templates, extracted, compat=self.compat, shared=shared)

    def _measure(
        self,
        measure: _Measure,
        case: Case,
        values: list[tuple[_Measure, Any]],
        failures: list[tuple[_Measure, Failure]],
        row: int,
    ) -> None:
        assert measure.metric is not None
        try:
            value = measure.metric.measure(case)
        except TimeLimitExceeded:
            raise
        except Exception as error:
            value = None if isinstance(error, UnavailableError) else _of_unread(measure.metric, case)
            if value is None:
                failures.append((measure, failure_of(row, error)))
                return
        if type(value) is dict:
            values += [(self._named(name, measure), item) for name, item in value.items()]
        else:
            values.append((measure, value))

    def _named(self, name: str, source: _Measure | None = None) -> _Measure:
        """The measure of a value that a function returned by name; a name that the plan does not know gets its source's
        aggregation, or (as in the harness) the mean.
        """
        measure = self.measures.get(name) or self.others.get(name)
        if measure is None:
            aggregation = source.aggregation if source is not None else self.mean
            origin = source.name if source is not None else None
            measure = self.others[name] = _Measure(MetricPlan(name, "recomputed"), None, aggregation, origin)
        return measure

    def _metric_block(self, measure: _Measure, out: PipelineBlock) -> MetricBlock:
        block = out.metrics.get(measure.name)
        if block is None:
            block = out.metrics[measure.name] = measure.block(self.keep_values)
        return block


def _of_unread(metric: Metric, case: Case) -> Any:
    """What a metric gives an answer in which the filters found nothing, where it cannot measure what they left.

    None where they found something, or it gives nothing.
    """
    if not found_nothing(case.extracted):
        return None
    try:
        return metric.unanswered(Case(case.record, case.task, [Unparsed("")], compat=case.compat, shared=case.shared))
    except TimeLimitExceeded:
        raise
    except Exception:
        return None
