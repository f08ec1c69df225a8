"""From a source and the user's options to the jobs that score it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from regrade.access import Access
from regrade.errors import RecipeError, UsageError
from regrade.files.guard import reading
from regrade.rows.guard import first_record, read_records
from regrade.rows.source import Source
from regrade.schema import FilterPipeline, FunctionRef, Recipe, Record
from regrade.scoring.block import Block
from regrade.scoring.options import Options
from regrade.scoring.plan import (
    Job,
    Method,
    Plan,
    plan_metrics,
    recipe_of,
    why_not,
    with_metrics,
    with_pipelines,
)


class Planned(NamedTuple):
    """A source and how it is scored.

    Attributes:
        source: The source, with its recipe.
        plan: How it is scored.
        recorded_filters: How many filters the run recorded.
        notes: What a person should know.
        first: Its first record.
    """

    source: Source
    plan: Plan
    recorded_filters: int
    notes: list[str]
    first: Record | None


def with_recorded(item: Planned, block: Block) -> Planned | None:
    """The same with recorded values in place of metrics whose function turned out to need what is not here.

    None where nothing turned out so, or the log has no such values.
    """
    reasons: dict[str, str] = dict(block.unavailable)
    for out in block.pipelines.values():
        for name, metric in out.metrics.items():
            needed = next((failure.reason for failure in metric.failures if failure.lacks), None)
            if needed is not None:
                reasons[name] = needed
    recorded = item.first.recorded if item.first is not None and item.plan.recorded_rows else {}
    if not reasons or not reasons.keys() <= recorded.keys():
        return None
    return item._replace(plan=_without(item.plan, reasons, "re-aggregated", own_rows=True))


def without_unavailable(item: Planned, block: Block) -> Planned:
    """The same less the metrics that could not be prepared, each with its reason."""
    if not block.unavailable:
        return item
    return item._replace(plan=_without(item.plan, block.unavailable, "unavailable", own_rows=item.plan.own_rows))


def _without(plan: Plan, reasons: dict[str, str], method: Method, own_rows: bool) -> Plan:
    metrics = [
        msgspec.structs.replace(metric, method=method, reason=reasons[metric.name])
        if metric.name in reasons
        else metric
        for metric in plan.metrics
    ]
    return msgspec.structs.replace(plan, metrics=metrics, own_rows=own_rows)


def plan_source(source: Source, options: Options) -> Planned:
    """Settle how a source is scored: its recipe, its metrics, and which of its rows count."""
    try:
        with reading(source.run.results_file or source.path, "the task's configuration cannot be read"):
            recorded = recipe = recipe_of(source, options.compat)
    except RecipeError as error:
        place = f"{source.run.results_file or source.path}, {error.where or source.task}"
        raise type(error)(error.what, where=place, hint=error.hint) from None
    notes = list(source.notes)
    if options.task is not None:
        recipe = _task_recipe(options.task, source, recorded, options.allow_paths)
    if options.compat is not None and "card" not in recipe.metadata:
        recipe = msgspec.structs.replace(recipe, harness_version=options.compat)
    if options.filters is not None:
        recipe = with_pipelines(recipe, options.filters)
        if shared := _shared_postprocessors(recipe):
            notes.append(f"references and what these filters take both go through the card's {', '.join(shared)}")
    if options.metrics is not None:
        recipe = with_metrics(recipe, options.metrics)
    recorded_rows = options.filters is None and options.metrics is None
    source = msgspec.structs.replace(source, recipe=recipe)
    first = first_record(source)
    metrics = plan_metrics(
        recipe,
        first,
        trust_code=options.trust_code,
        recorded_rows=recorded_rows,
        directions=source.options.get("higher_is_better"),
    )
    named = first is not None and first.filter is not None
    recorded_pipelines, more = _recorded_pipelines(recipe, options.trust_code)
    notes += more
    if adopted := recipe.metadata.get("adopted_from"):
        notes.append(f"the functions that the results file quotes are those of the installed {adopted}")
    own_rows = options.check or bool(recorded_pipelines) or any(m.method == "re-aggregated" for m in metrics)
    if own_rows and named and recipe.metadata.get("inferred") and first is not None:
        recipe = with_pipelines(recipe, [FilterPipeline(name, recipe.filters[0].steps) for name in _filters_of(source)])
        source = msgspec.structs.replace(source, recipe=recipe)
    plan = Plan(
        recipe=recipe,
        metrics=metrics,
        own_rows=own_rows,
        recorded_rows=recorded_rows,
        primary=first.filter if first is not None else None,
        recorded_pipelines=recorded_pipelines,
        where=options.where,
        by=options.by,
        cluster=options.cluster,
        trust_code=options.trust_code,
        keep=options.keep,
        check=options.check,
        verify_hashes=options.verify_hashes,
        answer_limit_s=options.answer_limit_s,
    )
    return Planned(source, plan, max(1, len(recorded.filters)), notes, first)


def _shared_postprocessors(recipe: Recipe) -> list[str]:
    if "card" not in recipe.metadata:
        return []
    from regrade.cards.recipe import shared_postprocessors

    return shared_postprocessors(recipe)


def _filters_of(source: Source) -> list[str]:
    """The filters that a log without a recipe names, in the order of their first rows."""
    names: dict[str, None] = {}
    for chunk in source.chunks:
        for record in read_records(source, chunk):
            if isinstance(record, Record) and record.filter is not None:
                names[record.filter] = None
    return list(names)


def _task_recipe(task: str, source: Source, recorded: Recipe, allow_paths: Sequence[str]) -> Recipe:
    """The specification that ``--task`` names, for this source's task."""
    from regrade.lm_eval.named import load_tasks

    found = load_tasks(task, Access.of_user(*allow_paths))
    recipe = found.get(source.task) or (next(iter(found.values())) if len(found) == 1 else None)
    if recipe is None:
        raise UsageError(
            f"holds {len(found)} tasks, none of them {source.task}",
            where=f"--task {task}",
            hint=f"tasks: {', '.join(list(found)[:8])}",
        )
    return msgspec.structs.replace(
        recipe, task=source.task, harness_version=recorded.harness_version or recipe.harness_version
    )


def _recorded_pipelines(recipe: Recipe, trust_code: bool) -> tuple[list[str], list[str]]:
    """Names of the pipelines that need code which may not run here, and notes that say so."""
    names, notes = [], []
    for pipeline in recipe.filters:
        parts = [part for step in pipeline.steps for part in (step.function, *step.arguments.values())]
        for part in parts:
            if isinstance(part, FunctionRef) and (reason := why_not(part, "filter", trust_code)):
                names.append(pipeline.name)
                notes.append(f"filter {pipeline.name}: what the log says it extracted is used: {reason}")
    return list(dict.fromkeys(names)), notes


def jobs_of(item: Planned) -> list[Job]:
    """A job per chunk.

    Jobs may be sent to other machines. Of the source's chunks each holds only those in which the first record is looked
    for: with all of them in each, the jobs of a file would grow with the square of its size.
    """
    source = item.source
    options = {name: value for name, value in source.options.items() if name != "groups"}  # of all tasks of the run
    source = msgspec.structs.replace(source, options=options)
    slim = msgspec.structs.replace(source, chunks=source.chunks[:1])
    kept = slim if len(source.chunks) > 1 and first_record(slim) is not None else source
    return [Job(kept, chunk, item.plan, first=number == 0) for number, chunk in enumerate(source.chunks)]
