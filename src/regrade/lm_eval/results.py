"""Recipes out of results files: the ``configs`` that lm-evaluation-harness records beside its values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from regrade.errors import RecipeError
from regrade.lm_eval.configs import recipe_of
from regrade.lm_eval.quoted import quoted_function
from regrade.schema import FunctionRef, Recipe

_FUNCTION_KEYS = ("doc_to_text", "doc_to_target", "doc_to_choice", "process_docs", "custom_dataset")


def recipe_from_config(
    task: str, config: Mapping[str, Any], harness_version: str | None = None, *, chat_template: bool = False
) -> Recipe:
    """The recipe of a task, from its entry under ``configs`` of a results file.

    Functions that the file quotes (as source text or ``repr``) become references of origin ``quoted``, which never run.
    ``metadata["predict_only"]`` is True where ``--predict_only`` has overwritten the task's metrics by ``bypass``: the
    true ones must come from ``--task`` or ``--metric``.

    Args:
        task: The task's name, the key under ``configs``.
        config: The entry. Keys that are missing have the harness's defaults; unknown ones are kept as metadata.
        harness_version: The version that wrote the file, where it says (``lm_eval_version``, since 0.4.4).
        chat_template: Whether the run applied a chat template (the file's ``chat_template`` is set); then the
            continuations of multiple-choice tasks were sent without delimiter.

    Raises:
        RecipeError: the entry is no task configuration.
    """
    if not isinstance(config, Mapping):
        raise RecipeError(f"the recorded configuration is {type(config).__name__}, not a mapping", where=f"task {task}")
    read = {key: _function_or(value) if key in _FUNCTION_KEYS else value for key, value in config.items()}
    read["process_results"] = _process_results(config.get("process_results"))
    read["metric_list"] = _with_functions(config.get("metric_list"), {"metric", "aggregation"})
    read["filter_list"] = _filters(config.get("filter_list"))
    if chat_template:
        read["chat_template"] = True
    recipe = recipe_of(task, read, harness_version=harness_version)
    return _predict_only(recipe) if [metric.name for metric in recipe.metrics] == ["bypass"] else recipe


def _predict_only(recipe: Recipe) -> Recipe:
    reason = (
        "the run was made with --predict_only, which overwrote the task's metrics by 'bypass': "
        "name them with --metric, or pass the task with --task"
    )
    needs = {**recipe.needs, "bypass": reason}
    return msgspec.structs.replace(recipe, needs=needs, metadata={**recipe.metadata, "predict_only": True})


def _function_or(value: Any) -> Any:
    return quoted_function(value) or value


def _process_results(value: Any) -> FunctionRef | None:
    """Since 0.4.10 ``--predict_only`` writes the bare word ``process_results`` here, which names nothing."""
    if not isinstance(value, str) or value == "process_results":
        return None
    return quoted_function(value) or FunctionRef("process_results")


def _with_functions(entries: Any, keys: set[str]) -> Any:
    """Quoted functions under ``keys`` of each mapping in a list, as references."""
    if not isinstance(entries, list):
        return entries
    return [
        {key: _function_or(value) if key in keys else value for key, value in entry.items()}
        if isinstance(entry, Mapping)
        else _function_or(entry)
        for entry in entries
    ]


def _filters(pipelines: Any) -> Any:
    """Filters are never quoted by source: a function or class among them was written as its ``repr``."""
    if not isinstance(pipelines, list):
        return None if isinstance(pipelines, str) else pipelines
    return [
        {**pipeline, "filter": [_step(step) for step in pipeline["filter"]]}
        if isinstance(pipeline, Mapping) and isinstance(pipeline.get("filter"), list)
        else pipeline
        for pipeline in pipelines
    ]


def _step(step: Any) -> Any:
    if not isinstance(step, Mapping):
        return step
    return {key: quoted_function(value, source=False) or value for key, value in step.items()}
