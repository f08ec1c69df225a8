"""The tasks that a person names: by a file, or by a name of the installed harness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from regrade.access import Access
from regrade.lm_eval.groups import Group
from regrade.schema import MetricSpec, Recipe


def load_tasks(task: str, access: Access | None = None) -> dict[str, Recipe]:
    """The recipes of a task file, of a group file, or of a task, group or tag of the installed lm-eval.

    Members that a group's file names are looked for in the files beside it, then in the installed lm-eval.

    Args:
        task: The file or name.
        access: What the file may include, besides what lies below its own folder; if not given, what a command line
            allows.

    Raises:
        RecipeError: no such task or file, or it is wrong.
        UnavailableError: lm-eval is not installed.
    """
    path = task_file(task)
    if path is None:
        from regrade.lm_eval.index import find_tasks

        return find_tasks(task)
    from regrade.lm_eval.task_yaml import load_task_file

    allowed = Access.of_user(path.parent) if access is None else access.below(path.parent)
    loaded = load_task_file(path, access=allowed)
    return {loaded.task: loaded} if isinstance(loaded, Recipe) else dict(_members(loaded, path.parent, {}, allowed))


def task_file(task: str) -> Path | None:
    """The file that a person means by a task; None where it is a name."""
    path = Path(task).expanduser()
    return path if path.suffix in (".yaml", ".yml") or path.is_file() else None


def _members(group: Group, folder: Path, overrides: Mapping[str, Any], access: Access) -> Iterator[tuple[str, Recipe]]:
    from regrade.lm_eval.index import TaskIndex, installed_index

    settings = {**group.overrides, **overrides}
    beside: TaskIndex | None = None
    for member in group.members:
        if isinstance(member, Recipe):
            yield member.task, member
        elif isinstance(member, Group):
            yield from _members(member, folder, settings, access)
        else:
            beside = beside if beside is not None else TaskIndex.scan(folder, access)
            index = beside if member.name in beside.entries else installed_index()
            yield from index.tasks(member.name, {**settings, **member.overrides}).items()


def config_of(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the configuration that it was made of, for whoever keeps or hands on the task whole.

    Functions in it are :class:`~regrade.schema.FunctionRef`; what the recipe was not told is left out.
    """
    config: dict[str, Any] = {"task": recipe.task, **recipe.metadata, "output_type": recipe.output_type}
    for name in ("doc_to_text", "doc_to_target", "doc_to_choice", "process_results"):
        if (value := getattr(recipe, name)) is not None:
            config[name] = value
    config |= {"target_delimiter": recipe.target_delimiter, "repeats": recipe.repeats}
    if recipe.metrics:
        config["metric_list"] = [_metric(spec, recipe) for spec in recipe.metrics]
    default = Recipe(task=recipe.task).filters
    if recipe.filters != default:
        config["filter_list"] = [
            {
                "name": pipeline.name,
                "filter": [{"function": step.function, **step.arguments} for step in pipeline.steps],
            }
            for pipeline in recipe.filters
        ]
    return config


def _metric(spec: MetricSpec, recipe: Recipe) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "metric": spec.metric,
        "aggregation": spec.aggregation,
        "higher_is_better": spec.higher_is_better,
    }
    told = {key: value for key, value in entry.items() if value is not None}
    if "(hf_evaluate)" in recipe.needs.get(spec.name, ""):
        told["hf_evaluate"] = True
    return {**told, **spec.arguments}
