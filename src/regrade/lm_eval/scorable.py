"""Whether the answers to a task can be scored, found out before a model is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from regrade.errors import RecipeError, UnavailableError
from regrade.lm_eval.needs import UNKNOWN_METRIC
from regrade.schema import FilterPipeline, FunctionRef, MetricSpec, Recipe


def check_scoring(recipe: Recipe, resolve: Callable[[FunctionRef], Callable[..., Any]]) -> list[str]:
    """Make a task's filters and metrics, and say which of them cannot be made.

    Args:
        recipe: The task.
        resolve: From a reference to a function of the task to the function.

    Returns:
        What some of the answers' scores lack; a score that needs what is not here is scored elsewhere or later.

    Raises:
        RecipeError: every pipeline of filters, or every metric, is wrong: nothing could be scored.
    """
    from regrade.filters.pipeline import Pipeline
    from regrade.metrics.build import aggregation_for, metric_for
    from regrade.versions import parse_version

    compat = parse_version(recipe.harness_version)

    def make_filters(spec: FilterPipeline) -> None:
        Pipeline(spec, compat, resolve).prepare()

    def make_metric(spec: MetricSpec) -> None:
        if not recipe.needs.get(spec.name, UNKNOWN_METRIC).endswith(UNKNOWN_METRIC):
            return  # scoring says what is missing; the answers are worth having all the same
        if recipe.process_results is None:
            kinds = metric_for(spec, recipe, compat, resolve).output_types
            if isinstance(spec.metric, str) and recipe.output_type not in kinds:
                raise RecipeError(f"{spec.name} measures {' and '.join(kinds)} tasks; this one is {recipe.output_type}")
        if spec.aggregation is not None:
            aggregation_for(spec.aggregation, compat, resolve, spec)

    filters = {spec.name: partial(make_filters, spec) for spec in recipe.filters}
    metrics = {spec.name: partial(make_metric, spec) for spec in recipe.metrics}
    return [*_wrong(recipe, "filter", filters), *_wrong(recipe, "metric", metrics)]


def _wrong(recipe: Recipe, kind: str, made: Mapping[str, Callable[[], None]]) -> list[str]:
    found: dict[str, RecipeError] = {}
    for name, make in made.items():
        try:
            make()
        except UnavailableError:
            continue
        except RecipeError as error:
            found[name] = error
    if found and len(found) == len(made):
        name, first = next(iter(found.items()))
        raise RecipeError(first.what, where=f"task {recipe.task}, {kind} {name}", hint=first.hint)
    return [f"{kind} {name}: {why.what}" for name, why in found.items()]
