"""What scoring a task's answers needs beyond a log, found by reading the task and its functions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from regrade.lm_eval.configs import MODEL_METRICS
from regrade.lm_eval.functions import package_root
from regrade.lm_eval.inspection import Finding, inspect_function
from regrade.registry import is_registered
from regrade.schema import FunctionRef, Recipe

#: The metrics and filters of the harness itself (0.4.13). It looks for other metrics on a hub; a task's code may
#: register other filters.
HARNESS_METRICS = frozenset(
    {"acc", "acc_all", "acc_bytes", "acc_mutual_info", "acc_norm", "bits_per_byte", "bleu", "brier_score", "bypass"}
    | {"byte_perplexity", "chrf", "chrf++", "exact_match", "f1", "likelihood", "mcc", "perplexity", "ter"}
    | {"word_perplexity"}
)
HARNESS_FILTERS = frozenset(
    {"custom", "format_span", "lowercase", "majority_vote", "map", "multi_choice_regex", "none", "regex", "regex_pos"}
    | {"remove_whitespace", "take_first", "take_first_k", "uppercase"}
)

UNKNOWN_METRIC = "is none of the harness's, which looks for it on the Hugging Face hub"
"""Why a metric is needed whose name is not known."""


def scoring_functions(recipe: Recipe) -> Iterator[FunctionRef]:
    """The functions that scoring a recipe's answers calls; those that only prepare prompts are not among them."""
    if recipe.process_results is not None:
        yield recipe.process_results
    for metric in recipe.metrics:
        if isinstance(metric.metric, FunctionRef) and recipe.process_results is None:
            yield metric.metric
        if isinstance(metric.aggregation, FunctionRef):
            yield metric.aggregation
    for pipeline in recipe.filters:
        for step in pipeline.steps:
            yield from (value for value in (step.function, *step.arguments.values()) if isinstance(value, FunctionRef))


def needs_of(recipe: Recipe) -> dict[str, str]:
    """Why parts of a recipe cannot run, those that only reading its functions tells included.

    Returns:
        Reasons by part: ``recipe.needs``, and one per function that runs answers as programs, loads a model or fetches
        something. Nothing is imported or run.
    """
    needs = dict(recipe.needs)
    for ref in scoring_functions(recipe):
        finding = _first(ref)
        if finding is not None:
            needs.setdefault(ref.name, f"function {ref.name!r} needs {finding.need}: {finding.what}")
        elif ref.name in MODEL_METRICS:
            needs.setdefault(ref.name, f"function {ref.name!r} is {MODEL_METRICS[ref.name]}")
    if recipe.metadata.get("unsafe_code"):
        needs.setdefault("unsafe_code", "needs code execution: the task runs the answers as programs (unsafe_code)")
    if recipe.process_results is None and recipe.output_type == "generate_until":
        for metric in recipe.metrics:
            if isinstance(metric.metric, str) and not _is_known(metric.metric):
                reason = f"metric {metric.name!r} {UNKNOWN_METRIC}"
                needs.setdefault(metric.name, reason)
    for pipeline in recipe.filters:
        for step in pipeline.steps:
            if isinstance(step.function, str) and step.function not in HARNESS_FILTERS:
                reason = f"filter {step.function!r} is none of the harness's; code of the task registers it"
                needs.setdefault(f"filter {pipeline.name}", reason)
    return needs


def _first(ref: FunctionRef) -> Finding | None:
    if ref.file is None:
        return None
    findings = inspect_function(ref.file, ref.name, package_root())
    return next((finding for finding in findings if finding.need != "the network"), None)


def with_needs(recipe: Recipe) -> Recipe:
    """The recipe, with all that :func:`needs_of` finds."""
    needs = needs_of(recipe)
    return recipe if needs == recipe.needs else msgspec.structs.replace(recipe, needs=needs)


def _is_known(metric: str) -> bool:
    """Whether a metric is the harness's, ours or a plugin's, or said to be a catalog's (``unitxt.rouge``)."""
    if metric in HARNESS_METRICS or is_registered("metric", metric):
        return True
    from regrade.metrics.named import SPELLINGS

    return metric.startswith(SPELLINGS)
