"""One task's configuration, from whatever place, as a recipe.

A configuration is the mapping that lm-evaluation-harness calls ``TaskConfig``. Functions in it are
:class:`~regrade.schema.FunctionRef`; the places it can come from (results files, task files) see to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from regrade.errors import RecipeError
from regrade.schema import FilterPipeline, FilterStep, FunctionRef, MetricSpec, OutputType, Recipe, Template

#: Metrics (and functions that compute them) that run a neural model of their own, by name.
MODEL_METRICS: dict[str, str] = {
    "bert": "BERTScore, which runs a language model",
    "bert_score": "BERTScore, which runs a language model",
    "bertscore": "BERTScore, which runs a language model",
    "bleurt": "BLEURT, which runs a neural model",
    "bleurt_score": "BLEURT, which runs a neural model",
    "comet": "COMET, which runs a neural model",
    "comet_score": "COMET, which runs a neural model",
}

#: Metrics that run the answers as programs.
CODE_METRICS: dict[str, str] = {
    "code_eval": "it runs the answers as Python programs",
    "pass_at_1": "it runs the answers as Python programs",
    "pass_at_k": "it runs the answers as Python programs",
}

_RECIPE_KEYS = frozenset(
    {"task", "output_type", "doc_to_text", "doc_to_target", "doc_to_choice", "process_results", "filter_list"}
    | {"metric_list", "target_delimiter", "repeats"}
)
_METRIC_KEYS = frozenset({"metric", "aggregation", "higher_is_better", "hf_evaluate"})
_OLD_OUTPUT_TYPES = {"greedy_until": "generate_until"}


def recipe_of(
    task: str, config: Mapping[str, Any], *, where: str | None = None, harness_version: str | None = None
) -> Recipe:
    """Make a recipe of a task's configuration.

    Args:
        task: The task's name.
        config: The configuration; functions in it are references. Unknown keys are kept as metadata.
        where: The file it comes from, for messages.
        harness_version: The version of the harness that wrote the log, if one did.

    Raises:
        RecipeError: a key has a value that can mean nothing.
    """
    place = f"{where}: task {task}" if where else f"task {task}"
    process_results = config.get("process_results")
    output_type = _output_type(config.get("output_type"), place)
    # Where answers are choices, the harness computes the metrics by name itself and calls none.
    called = output_type == "generate_until" and not isinstance(process_results, FunctionRef)
    metrics, needs = _metrics(config.get("metric_list"), place, called=called)
    filters = filter_pipelines(config.get("filter_list"), where=place)
    if isinstance(process_results, FunctionRef):
        if reason := why_not(process_results, "process_results"):
            needs["process_results"] = reason
    elif reason := _why_class(config):
        needs["process_results"] = reason
    for pipeline in filters:
        for step in pipeline.steps:
            for function in (step.function, *step.arguments.values()):
                if isinstance(function, FunctionRef) and (reason := why_not(function, f"filter {pipeline.name!r}")):
                    needs[f"filter {pipeline.name}"] = reason
    metadata = {key: value for key, value in config.items() if key not in _RECIPE_KEYS}
    delimiter = config.get("target_delimiter")
    return Recipe(
        task=task,
        output_type=output_type,
        doc_to_text=_template(config, "doc_to_text"),
        doc_to_target=_template(config, "doc_to_target"),
        doc_to_choice=_template(config, "doc_to_choice"),
        process_results=process_results if isinstance(process_results, FunctionRef) else None,
        filters=filters,
        metrics=metrics,
        target_delimiter=delimiter if isinstance(delimiter, str) else " ",
        repeats=_repeats(config.get("repeats")),
        version=_version(config),
        harness_version=harness_version,
        needs=needs,
        metadata=metadata,
    )


def why_not(ref: FunctionRef, part: str) -> str | None:
    """Say in one sentence why a function cannot run as things are; None if it can be tried."""
    match ref.origin:
        case "quoted":
            return (
                f"{part} is Python code of the task ({ref.name}), which the results file only quotes: "
                "pass --task NAME (from an installed lm-eval) or --task FILE --trust-code"
            )
        case "file":
            return f"{part} is Python code in a loose file ({ref.file}): it runs only with --trust-code"
        case _:
            return None


def filter_pipelines(entries: Any, *, where: str | None = None) -> list[FilterPipeline]:
    """The pipelines of a ``filter_list``: ``[{name, filter: [{function, ...arguments}]}]``; nothing means the default.

    Raises:
        RecipeError: an entry is of another shape.
    """
    if not entries:
        return [FilterPipeline("none", [FilterStep("take_first")])]
    if not isinstance(entries, list):
        raise _wrong("filter_list", entries, "a list of pipelines", where)
    pipelines: list[FilterPipeline] = []
    for entry in entries:
        if not isinstance(entry, Mapping) or "name" not in entry:
            raise _wrong("filter_list", entry, "a pipeline with 'name' and 'filter'", where)
        pipelines.append(FilterPipeline(str(entry["name"]), filter_steps(entry.get("filter"), where=where)))
    return pipelines


def filter_steps(entries: Any, *, where: str | None = None) -> list[FilterStep]:
    """The steps of one pipeline: ``[{function, ...arguments}]``, or a bare name for a step without arguments.

    Raises:
        RecipeError: an entry is of another shape.
    """
    steps: list[FilterStep] = []
    for entry in entries if isinstance(entries, list) else [] if entries is None else [entries]:
        if isinstance(entry, str | FunctionRef):
            steps.append(FilterStep(entry))
        elif isinstance(entry, Mapping) and isinstance(entry.get("function"), str | FunctionRef):
            arguments = {str(key): value for key, value in entry.items() if key != "function"}
            steps.append(FilterStep(entry["function"], arguments))
        else:
            raise _wrong("filter", entry, "a step with 'function'", where)
    return steps


def _metrics(entries: Any, where: str, *, called: bool) -> tuple[list[MetricSpec], dict[str, str]]:
    """The metric list, and why some of it cannot run; metrics may not be ``called`` at all."""
    metrics: list[MetricSpec] = []
    needs: dict[str, str] = {}
    if entries is not None and not isinstance(entries, list):
        raise _wrong("metric_list", entries, "a list of metrics", where)
    for entry in entries or []:
        config = {"metric": entry} if isinstance(entry, str | FunctionRef) else entry
        if not isinstance(config, Mapping) or not isinstance(config.get("metric"), str | FunctionRef):
            raise _wrong("metric_list", entry, "an entry with 'metric'", where)
        aggregation = config.get("aggregation")
        better = config.get("higher_is_better")
        spec = MetricSpec(
            metric=config["metric"],
            aggregation=aggregation if isinstance(aggregation, str | FunctionRef) else None,
            higher_is_better=better if isinstance(better, bool) else None,
            arguments={str(key): value for key, value in config.items() if key not in _METRIC_KEYS},
        )
        metrics.append(spec)
        if reason := _why_metric(spec, hub=config.get("hf_evaluate") is True, called=called):
            needs[spec.name] = reason
    return metrics, needs


def _why_metric(spec: MetricSpec, *, hub: bool, called: bool) -> str | None:
    if called:
        if isinstance(spec.metric, FunctionRef) and (reason := why_not(spec.metric, f"metric {spec.name!r}")):
            return reason
        if spec.name in MODEL_METRICS:
            return f"metric {spec.name!r} is {MODEL_METRICS[spec.name]}; only recorded values can be re-aggregated"
        if spec.name in CODE_METRICS:
            return f"metric {spec.name!r} needs code execution: {CODE_METRICS[spec.name]}"
        if hub:
            return f"metric {spec.name!r} is fetched from the Hugging Face hub by its evaluate library (hf_evaluate)"
    if isinstance(spec.aggregation, FunctionRef):
        name = spec.aggregation.name.rpartition(".")[2]
        if name in MODEL_METRICS or name in ("mbert", "arabert", "bertbase", "darijabert"):
            return f"aggregation {name!r} of metric {spec.name!r} is BERTScore, which runs a language model"
        return why_not(spec.aggregation, f"aggregation of metric {spec.name!r}")
    return None


def _why_class(config: Mapping[str, Any]) -> str | None:
    """Tasks that are Python classes have no templates and no metric list."""
    named = config.get("class")
    if named is not None or not any(
        config.get(key) is not None
        for key in ("doc_to_text", "doc_to_target", "doc_to_choice", "metric_list", "use_prompt")
    ):
        name = f" ({named.name if isinstance(named, FunctionRef) else named})" if named else ""
        return f"the task is a Python class of the harness{name}, whose scoring is no part of its configuration"
    return None


def _output_type(value: Any, where: str) -> OutputType:
    name = _OLD_OUTPUT_TYPES.get(value, value) if isinstance(value, str) else "generate_until"
    if name not in get_args(OutputType):
        raise RecipeError(
            f"output_type {name!r} is unknown", where=where, hint=f"known: {', '.join(get_args(OutputType))}"
        )
    return cast("OutputType", name)


def _template(config: Mapping[str, Any], key: str) -> Template:
    value = config.get(key)
    return value if isinstance(value, str | int | list | dict | FunctionRef) or value is None else str(value)


def _repeats(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def _version(config: Mapping[str, Any]) -> Any:
    metadata = config.get("metadata")
    for place in metadata if isinstance(metadata, list) else [metadata]:
        if isinstance(place, Mapping) and "version" in place:
            return place["version"]
    return config.get("version")


def _wrong(key: str, value: Any, wanted: str, where: str | None) -> RecipeError:
    text = repr(value)
    return RecipeError(f"{key} holds {text[:80]}{'…' if len(text) > 80 else ''}, not {wanted}", where=where)
