"""What is to be scored, and how: decided once, before any chunk is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from regrade.errors import RecipeError, UnavailableError
from regrade.files.chunk import Chunk
from regrade.registry import is_registered, lookup
from regrade.rows.source import Source
from regrade.schema import RECORDED, FilterPipeline, FunctionRef, MetricSpec, Recipe, Record

Method = Literal["recomputed", "re-aggregated", "unavailable"]
"""Where a metric's per-sample values come from: from the answers, from the log's own record of them, or nowhere."""


class MetricPlan(msgspec.Struct, frozen=True):
    """How one metric is got.

    Attributes:
        name: The key under which it is reported.
        method: Where its values come from.
        spec: Its entry in the recipe; None for a metric that only the log's rows name.
        aggregation: Registered name or function: that of its entry, else the registered metric's own. "mean" for names
            that neither knows, as in the harness.
        higher_is_better: Which way is better: as its entry says, else the registered metric, else the log.
        reason: Why it is not recomputed, when it is not.
    """

    name: str
    method: Method
    spec: MetricSpec | None = None
    aggregation: str | FunctionRef = "mean"
    higher_is_better: bool = True
    reason: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a source's rows are scored.

    Attributes:
        recipe: What the task asks.
        metrics: The metrics to report, in order.
        own_rows: Score each row under the filter it was recorded with only (the recorded values belong to it),
            instead of the first filter's rows under every pipeline.
        recorded_rows: Whether the values that rows recorded may stand in for metrics that cannot be recomputed.
        primary: The filter whose rows are taken when not ``own_rows``; None where the log names no filters.
        where: Expression that a record must meet.
        by: Expressions that groups are made by.
        cluster: Expression whose value tells dependent samples.
        trust_code: Run Python from loose files.
        keep: Keep per-sample values, extracted answers and recorded values.
        recorded_pipelines: Pipelines that cannot run here; what the log says they extracted stands in.
        check: The values are to be compared with the recorded ones.
        verify_hashes: Recompute the hashes that the log recorded.
        answer_limit_s: CPU seconds that the scoring of one answer may take; 0 for no limit.
    """

    recipe: Recipe
    metrics: list[MetricPlan]
    own_rows: bool = False
    recorded_rows: bool = True
    primary: str | None = None
    where: str | None = None
    by: list[str] = msgspec.field(default_factory=list)
    cluster: str | None = None
    trust_code: bool = False
    keep: bool = False
    recorded_pipelines: list[str] = msgspec.field(default_factory=list)
    check: bool = False
    verify_hashes: bool = False
    answer_limit_s: float = 5.0

    def metric_named(self, name: str, origin: str | None = None) -> MetricPlan:
        """How the values of a name are summarised.

        Args:
            name: The name.
            origin: The planned metric that measured several things at once, this one among them; None where a task's
                own ``process_results`` returned a name that its metric list lacks.
        """
        for wanted in (name, origin):
            for metric in self.metrics:
                if metric.name == wanted:
                    return metric if wanted == name else msgspec.structs.replace(metric, name=name)
        return MetricPlan(name, "recomputed")


class Job(msgspec.Struct, frozen=True):
    """One chunk to be scored; picklable.

    Attributes:
        source: The source.
        chunk: The chunk.
        plan: How it is scored.
        first: Whether it is the first chunk of the source.
        stopped: Pipelines that are not tried any more.
        skipped: Numbers of pieces of work, as the time limit counts them, that ended a worker before.
    """

    source: Source
    chunk: Chunk
    plan: Plan
    first: bool = False
    stopped: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()

    def without(self, piece: int) -> Job:
        """The same job, less a piece of work that ended the worker which did it."""
        return msgspec.structs.replace(self, skipped=tuple(dict.fromkeys((*self.skipped, piece))))


def recipe_of(source: Source, compat: str | None = None) -> Recipe:
    """The source's recipe, compiled from its recorded configuration if need be.

    Args:
        source: The source.
        compat: What ``--compat`` says; matters for a card's samples only.
    """
    if "card" in source.options:
        from regrade.cards.recipe import card_recipe

        return card_recipe(source, compat)
    if "resolved" in source.options:
        from regrade.lm_eval.resolved import resolved_recipe

        return resolved_recipe(source.task, source.options["resolved"])
    if source.recipe is not None:
        return source.recipe
    if source.config is not None:
        from regrade.lm_eval.results import recipe_from_config

        recipe = recipe_from_config(
            source.task,
            source.config,
            source.run.harness_version,
            chat_template=bool(source.options.get("chat_template")),
        )
        if any(reference.origin == "quoted" for reference in functions_of(recipe)):
            from regrade.lm_eval.adopt import adopt_installed

            return adopt_installed(recipe, source.config)
        return recipe
    return Recipe(task=source.task, harness_version=source.run.harness_version)


def functions_of(recipe: Recipe) -> Iterator[FunctionRef]:
    """The functions that scoring by a recipe calls: filters', metrics', aggregations', and ``process_results``."""
    parts: list[Any] = [recipe.process_results]
    for spec in recipe.metrics:
        parts += [spec.metric, spec.aggregation]
    for pipeline in recipe.filters:
        for step in pipeline.steps:
            parts += [step.function, *step.arguments.values()]
    yield from (part for part in parts if isinstance(part, FunctionRef))


def plan_metrics(
    recipe: Recipe,
    first: Record | None,
    *,
    trust_code: bool,
    recorded_rows: bool,
    directions: Mapping[str, bool] | None = None,
) -> list[MetricPlan]:
    """Decide for each metric of a recipe where its values come from.

    Args:
        recorded_rows: Whether the values that rows recorded may stand in for a metric that cannot be recomputed.
        directions: Which way is better as the log recorded it, for metrics that say so nowhere else.
    """
    plans = _plan_metrics(recipe, first, trust_code, recorded_rows)
    if not directions:
        return plans
    entries = {spec.name: spec for spec in recipe.metrics}
    return [
        msgspec.structs.replace(plan, higher_is_better=directions[plan.name])
        if plan.name in directions
        and (plan.name not in entries or entries[plan.name].higher_is_better is None)
        and not is_registered("metric", plan.name)
        else plan
        for plan in plans
    ]


def _plan_metrics(recipe: Recipe, first: Record | None, trust_code: bool, recorded_rows: bool) -> list[MetricPlan]:
    recorded: dict[str, Any] = dict.fromkeys(recipe.metadata.get("recorded_metrics", ()))
    recorded |= first.recorded if first is not None else {}
    if recipe.process_results is not None:
        return _plan_process_results(recipe, recorded if recorded_rows else {}, trust_code)
    if recipe.metadata.get("inferred"):
        return [_inferred(name, recipe) for name in recorded]
    specs = [one for spec in recipe.metrics or _default_metrics(recipe) for one in _of_either_family(spec, recipe)]
    if any(spec.name == "bypass" for spec in specs) and recipe.metadata.get("predict_only"):
        return [
            MetricPlan(
                "bypass",
                "unavailable",
                reason="the log was made with --predict_only: name the metrics by --task or --metric",
            )
        ]
    return [_plan_metric(spec, recipe, recorded if recorded_rows else {}, trust_code) for spec in specs]


_FAMILIES = ("lm_eval.", "metrics.", "unitxt.")
"""How names begin that say whose metric is meant; see :mod:`regrade.metrics.named`."""


def _named(name: str, arguments: dict[str, Any]) -> list[MetricSpec]:
    if is_registered("metric", name):
        return [MetricSpec(name, arguments=arguments)]
    from regrade.metrics.named import specs_named

    return specs_named(name, arguments)


def _of_either_family(spec: MetricSpec, recipe: Recipe) -> list[MetricSpec]:
    """The entry itself, or, where a task names a metric by its family, that one's."""
    name = spec.metric
    if not isinstance(name, str) or not name.startswith(_FAMILIES) or spec.name in recipe.needs:
        return [spec]
    from regrade.metrics.named import specs_named

    return specs_named(name, spec.arguments)


def _default_metrics(recipe: Recipe) -> list[MetricSpec]:
    from regrade.metrics import default_metrics

    return default_metrics(recipe.output_type)


def _plan_metric(spec: MetricSpec, recipe: Recipe, recorded: dict[str, Any], trust_code: bool) -> MetricPlan:
    reason = recipe.needs.get(spec.name)
    # What a hub has is here too, if it is registered; other logs' metrics may bear the name of one that is here.
    fetched = reason is not None and "(hf_evaluate)" in reason
    if (
        reason is None
        or trust_code
        or (fetched and isinstance(spec.metric, str) and is_registered("metric", spec.metric))
    ):
        reason = why_not(spec.metric, "metric", trust_code) or _unfit(spec, recipe)
    aggregation, better = _own_rules(spec)
    aggregation_reason = why_not(aggregation, "aggregation", trust_code)
    if aggregation_reason is not None:
        return MetricPlan(spec.name, "unavailable", spec, aggregation, better, aggregation_reason)
    if reason is None:
        return MetricPlan(spec.name, "recomputed", spec, aggregation, better)
    if spec.name in recorded:
        return MetricPlan(spec.name, "re-aggregated", spec, aggregation, better, reason)
    return MetricPlan(spec.name, "unavailable", spec, aggregation, better, reason)


def _plan_process_results(recipe: Recipe, recorded: dict[str, Any], trust_code: bool) -> list[MetricPlan]:
    reference = recipe.process_results
    assert reference is not None
    reason = why_not(reference, "process_results", trust_code)
    plans = []
    for spec in recipe.metrics:
        aggregation, better = _own_rules(spec)
        unable = why_not(aggregation, "aggregation", trust_code)
        if unable is not None and (other := _stand_in(aggregation, recorded.get(spec.name))) is not None:
            aggregation, unable = other, None
        if unable is not None:
            plans.append(MetricPlan(spec.name, "unavailable", spec, aggregation, better, unable))
        elif reason is None:
            plans.append(MetricPlan(spec.name, "recomputed", spec, aggregation, better))
        elif spec.name in recorded:
            plans.append(MetricPlan(spec.name, "re-aggregated", spec, aggregation, better, reason))
        else:
            plans.append(MetricPlan(spec.name, "unavailable", spec, aggregation, better, reason))
    named = {plan.name for plan in plans}
    if reason is not None:
        plans += [_of_rows(name, reason) for name in recorded if name not in named]
    return plans


def _own_rules(spec: MetricSpec) -> tuple[str | FunctionRef, bool]:
    """Aggregation and direction of a metric: what its entry says, else what the metric registered by its name says.

    That is the harness's rule (``get_metric_aggregation`` and ``is_higher_better`` of ``lm_eval.api.registry``),
    whatever makes the values: the metric itself, ``process_results``, or the log.
    """
    aggregation, better = spec.aggregation, spec.higher_is_better
    if aggregation is None or better is None:
        name = spec.metric if isinstance(spec.metric, str) else spec.name
        if is_registered("metric", name):
            cls = lookup("metric", name)
            aggregation = cls.aggregation if aggregation is None else aggregation
            better = cls.higher_is_better if better is None else better
    return "mean" if aggregation is None else aggregation, better is not False


def _of_rows(name: str, reason: str | None) -> MetricPlan:
    """A metric that only the log's rows name."""
    aggregation, better = _own_rules(MetricSpec(name))
    return MetricPlan(name, "re-aggregated", None, aggregation, better, reason)


def _unfit(spec: MetricSpec, recipe: Recipe) -> str | None:
    """Why a registered metric cannot measure answers of the recipe's kind; None if it can."""
    if not isinstance(spec.metric, str):
        return None
    kinds = lookup("metric", spec.metric).output_types
    if recipe.output_type in kinds:
        return None
    return f"{spec.metric} measures {' and '.join(kinds)} tasks; this one is {recipe.output_type}"


def _inferred(name: str, recipe: Recipe) -> MetricPlan:
    """A metric that only the rows name.

    Without a recipe the reference of a choice is not known; what greedy decoding says of a continuation is.
    """
    if not is_registered("metric", name):
        return _of_rows(name, "the log has no recipe")
    cls = lookup("metric", name)
    spec = MetricSpec(name)
    sure = recipe.output_type == "loglikelihood" or (
        recipe.doc_to_target == "truth" and recipe.output_type in cls.output_types
    )
    if sure and recipe.output_type in cls.output_types:
        return MetricPlan(name, "recomputed", spec, cls.aggregation, cls.higher_is_better)
    return MetricPlan(name, "re-aggregated", spec, cls.aggregation, cls.higher_is_better, "the log has no recipe")


def why_not(part: str | FunctionRef | None, kind: str, trust_code: bool) -> str | None:
    """Why a metric, aggregation or function cannot run here; None if it can."""
    if part is None:
        return None
    if isinstance(part, str):
        if kind == "process_results" or is_registered(kind, part):
            return None
        try:
            lookup(kind, part)
        except RecipeError as error:
            return error.what
        return None
    from regrade.lm_eval.functions import resolve

    try:
        resolve(part, trust_code)
    except UnavailableError as error:
        return error.what
    return None


def _stand_in(aggregation: str | FunctionRef, value: Any) -> str | None:
    """A registered aggregation that does by its name what a function that cannot run here does.

    ``micro_f1_agg`` and ``macro_f1_agg`` are such names; the value of a sample tells whether it has one label or
    several.
    """
    if not isinstance(aggregation, FunctionRef):
        return None
    name = aggregation.name.rpartition(".")[2].removeprefix("agg_").removesuffix("_agg")
    sets = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(side, list | set) for side in value)
    name = f"{name}_sets" if sets else name
    return name if is_registered("aggregation", name) else None


def with_pipelines(recipe: Recipe, pipelines: list[FilterPipeline]) -> Recipe:
    """The recipe with other filter pipelines.

    A card's postprocessors prepare the references, whatever reads the answers; what other filters take from an answer
    goes through the same preparation.
    """
    if "card" in recipe.metadata:
        from regrade.cards.recipe import prepared_alike

        pipelines = [prepared_alike(pipeline, recipe) for pipeline in pipelines]
    return msgspec.structs.replace(recipe, filters=pipelines)


def with_metrics(recipe: Recipe, metrics: list[tuple[str, dict[str, Any]]]) -> Recipe:
    """The recipe with other metrics; one that the recipe has by that name keeps its arguments and aggregation."""
    if "card" in recipe.metadata:
        from regrade.cards.recipe import chosen_metrics

        return msgspec.structs.replace(recipe, metrics=chosen_metrics(recipe, metrics), needs={})
    only_recorded = {spec.name for spec in recipe.metrics if spec.metric == RECORDED}
    own = {spec.name: spec for spec in recipe.metrics if spec.name not in only_recorded}
    chosen = []
    for name, arguments in metrics:
        spec = own.get(name)
        if spec is None:
            chosen += _named(name, arguments)
            continue
        if arguments:
            spec = msgspec.structs.replace(spec, arguments={**spec.arguments, **arguments})
        chosen.append(spec)
    scored_by_function = recipe.process_results if all(name in own for name, _ in metrics) else None
    metadata = {key: value for key, value in recipe.metadata.items() if key != "inferred"}
    needs = {name: reason for name, reason in recipe.needs.items() if name not in only_recorded}
    return msgspec.structs.replace(
        recipe, metrics=chosen, process_results=scored_by_function, metadata=metadata, needs=needs
    )
