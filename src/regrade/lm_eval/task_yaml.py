"""Task and group files of lm-evaluation-harness: YAML with ``include`` and ``!function``."""

from __future__ import annotations

import importlib.util
from collections.abc import Hashable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from regrade.access import Access
from regrade.errors import RecipeError
from regrade.lm_eval.configs import recipe_of
from regrade.lm_eval.functions import in_harness, in_package, package_root
from regrade.lm_eval.groups import Group, Member, group_metrics
from regrade.lm_eval.needs import with_needs
from regrade.schema import FunctionRef, Recipe

_GROUP_KEYS = frozenset(
    {"group", "group_alias", "task", "aggregate_metric_list", "metadata", "class", "tag", "task_list"}
)

DUPLICATES = "duplicate_keys"
"""The metadata key that lists keys which a file has twice (``file:line: key``); the last one counts."""


def load_task_file(
    path: str | Path, overrides: Mapping[str, Any] | None = None, access: Access | None = None
) -> Recipe | Group:
    """Load a task or group file.

    Args:
        path: The file. Files it includes are found beside it, or as ``lm_eval/tasks/...`` in the installed harness.
        overrides: Settings that take the place of the file's own.
        access: What it may include; if not given, files below its own folder and the working folder.

    Raises:
        RecipeError: the file cannot be read, is not YAML, includes itself or holds no task; with line and column.
    """
    file = Path(path).expanduser()
    config = {**load_config(file, access), **(overrides or {})}
    return group_of(config, file) if is_group(config) else task_of(config, file)


def is_group(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is a group's: it has ``group`` and no task of its own.

    Before 0.4.4 ``group: name`` beside ``task: name`` was what ``tag`` is now; such a file is a task.
    """
    return "group" in config and "class" not in config and not isinstance(config.get("task"), str)


def task_of(config: Mapping[str, Any], file: Path) -> Recipe:
    """The recipe of a task's configuration that :func:`load_config` has read from ``file``."""
    name = config.get("task")
    rest = {key: value for key, value in config.items() if key != "task_list"}
    return with_needs(recipe_of(name if isinstance(name, str) else file.stem, rest, where=str(file)))


def group_of(config: Mapping[str, Any], file: Path, name: str | None = None) -> Group:
    """The group of a configuration that :func:`load_config` has read from ``file``.

    Raises:
        RecipeError: a member or metric of it can mean nothing.
    """
    own = name or str(config.get("group"))
    metadata = config.get("metadata")
    tasks = config.get("task")
    members = [_member(entry, own, file) for entry in (tasks if isinstance(tasks, list) else [tasks] if tasks else [])]
    return Group(
        name=own,
        alias=config.get("group_alias"),
        members=members,
        metrics=group_metrics(config.get("aggregate_metric_list"), where=str(file)),
        overrides={key: value for key, value in config.items() if key not in _GROUP_KEYS and key != DUPLICATES},
        version=metadata.get("version") if isinstance(metadata, Mapping) else None,
        file=str(file),
    )


def _member(entry: Any, group: str, file: Path) -> Member | Group | Recipe:
    if isinstance(entry, str):
        return Member(entry)
    if isinstance(entry, Mapping) and isinstance(entry.get("group"), str) and isinstance(entry.get("task"), list):
        return group_of(entry, file, f"{group}::{entry['group']}")
    if isinstance(entry, Mapping) and isinstance(entry.get("group"), str):
        return Member(entry["group"], {key: value for key, value in entry.items() if key != "group"})
    if isinstance(entry, Mapping) and isinstance(entry.get("task"), str):
        rest = {key: value for key, value in entry.items() if key != "task"}
        if "doc_to_text" in rest or "dataset_path" in rest:  # whole in itself, unless an index knows the name
            return recipe_of(f"{group}::{entry['task']}", {**rest, "task": entry["task"]}, where=str(file))
        return Member(entry["task"], rest)
    if isinstance(entry, Mapping):  # tasks without a name, in files that no version of today loads
        return recipe_of(f"{group}::{entry.get('dataset_name') or 'task'}", entry, where=str(file))
    raise RecipeError(
        f"group {group!r} has the member {entry!r}, which is neither a name nor a mapping", where=str(file)
    )


def load_config(path: str | Path, access: Access | None = None) -> dict[str, Any]:
    """Read a task or group file with everything it includes.

    Functions are :class:`~regrade.schema.FunctionRef`, found relative to the file that names them; other unknown tags
    are ignored. Included files yield to the file that includes them, and earlier ones to later.

    Args:
        path: The file.
        access: What it may include; if not given, files below its own folder and the working folder.

    Raises:
        AccessDenied: an included file lies elsewhere.
        RecipeError: a file cannot be read, is not YAML, or includes itself.
    """
    file = Path(path).expanduser()
    allowed = Access.of_user(file.parent) if access is None else access
    return dict(_load(file.resolve(), (), allowed))


def parse_file(path: Path) -> dict[str, Any]:
    """One file's own mapping, without what it includes.

    Raises:
        RecipeError: the file cannot be read, or is no YAML mapping.
    """
    try:
        return _parse(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise RecipeError(f"the task file cannot be read: {error.strerror}", where=str(path)) from None


def _included(path: Path, name: str) -> Path:
    """Where an included file is: beside the one that names it; else, named by its package, in the installed harness."""
    beside = (path.parent / name).resolve()
    root = package_root()
    if not beside.is_file() and root is not None and name.startswith("lm_eval/"):
        installed = (root.parent / name).resolve()
        return installed if in_harness(installed) and installed.is_file() else beside
    return beside


def _load(path: Path, above: tuple[Path, ...], access: Access) -> dict[str, Any]:
    if path in above:
        raise RecipeError(
            f"the file includes itself ({' → '.join(str(p.name) for p in [*above, path])})", where=str(path)
        )
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        place = str(above[-1]) if above else str(path)
        what = f"the included file {path} cannot be read" if above else "the task file cannot be read"
        raise RecipeError(f"{what}: {error.strerror}", where=place) from None
    config = dict(_parse(path, stamp))
    includes = config.pop("include", None)
    if includes is None:
        return config
    merged: dict[str, Any] = {}
    for include in includes if isinstance(includes, list) else [includes]:
        beside = _included(path, str(include))
        if not in_harness(beside):
            access.path(beside)
        included = _load(beside, (*above, path), access)
        included.pop("task_list", None)
        merged.update(included)
    duplicates = [*merged.get(DUPLICATES, []), *config.get(DUPLICATES, [])]
    merged.update(config)
    if duplicates:
        merged[DUPLICATES] = duplicates
    return merged


@lru_cache(maxsize=256)
def _parse(path: Path, stamp: int) -> dict[str, Any]:
    """One file's own mapping; ``stamp`` tells versions of the file apart."""
    duplicates: list[str] = []
    config = load_yaml(path, duplicates)
    if not isinstance(config, dict):
        kind = "nothing" if config is None else type(config).__name__
        raise RecipeError(f"a task file is a mapping; this one holds {kind}", where=str(path))
    if duplicates:
        config[DUPLICATES] = duplicates
    return config


def load_yaml(path: Path, duplicates: list[str] | None = None) -> Any:
    """Read a YAML file in which ``!function`` may stand.

    Args:
        path: The file.
        duplicates: Takes keys that a mapping has twice, as ``file:line: key``.

    Raises:
        RecipeError: the file cannot be read, or is not YAML; with line and column.
    """
    import yaml

    try:
        loader = _loader_class()(path.read_bytes())
        loader.path = path
        loader.duplicates = [] if duplicates is None else duplicates
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except OSError as error:
        raise RecipeError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise RecipeError(f"this is not YAML: {error.problem or error.context}", where=place) from None
    except (yaml.YAMLError, ValueError) as error:
        raise RecipeError(f"this is not YAML: {error}", where=str(path)) from None


@lru_cache(maxsize=1)
def _loader_class() -> Any:
    import yaml

    class TaskLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """YAML of task files: ``!function`` makes references, other local tags are ignored."""

        path: Path
        duplicates: list[str]

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            seen: set[str] = set()
            for key, _ in getattr(node, "value", []):
                if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                    if key.value in seen:
                        self.duplicates.append(f"{self.path}:{key.start_mark.line + 1}: {key.value}")
                    seen.add(key.value)
            mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
            return mapping

        def function(self, node: Any) -> FunctionRef:
            return function_ref(str(self.construct_scalar(node)), self.path)

        def ignore_tag(self, suffix: str, node: Any) -> Any:
            if isinstance(node, yaml.MappingNode):
                return self.construct_mapping(node, deep=True)
            if isinstance(node, yaml.SequenceNode):
                return self.construct_sequence(node, deep=True)
            return self.construct_scalar(node)

    TaskLoader.add_constructor("!function", TaskLoader.function)
    TaskLoader.add_multi_constructor("!", TaskLoader.ignore_tag)
    return TaskLoader


def function_ref(spec: str, path: Path) -> FunctionRef:
    """The function that ``!function module.name`` means in a file.

    It is sought in ``module.py`` beside the file, then in an installed package. Its origin is ``package`` where its
    file lies in the installed harness, or where both files lie in installed packages; anything else is a loose
    ``file``: a task file from somewhere must not reach for any function that happens to be installed.

    Args:
        spec: ``module.name``, ``folder.module.name`` or ``package.module.name``.
        path: The file that says it.
    """
    parts = spec.strip().split(".")
    for cut in range(len(parts) - 1, 0, -1):
        beside = path.parent.joinpath(*parts[:cut]).with_suffix(".py")
        if beside.is_file():
            return FunctionRef(".".join(parts[cut:]), str(beside), "package" if _installed(beside.parent) else "file")
    for cut in range(len(parts) - 1, 0, -1):
        found = _in_installed_package(tuple(parts[:cut]))
        if found is not None:
            allowed = in_harness(found) or (_installed(found.parent) and _installed(path.parent))
            return FunctionRef(".".join(parts[cut:]), str(found), "package" if allowed else "file")
    missing = path.parent.joinpath(*parts[:-1]).with_suffix(".py")
    return FunctionRef(parts[-1], str(missing), "package" if _installed(path.parent) else "file")


@lru_cache(maxsize=4096)
def _installed(directory: Path) -> bool:
    return in_package(directory)


@lru_cache(maxsize=256)
def _in_installed_package(module: tuple[str, ...]) -> Path | None:
    """The file of a module, found without importing any package."""
    try:
        spec = importlib.util.find_spec(module[0])
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin in (None, "built-in", "frozen"):
        return None
    origin = Path(str(spec.origin))
    if len(module) == 1:
        return origin
    inside = origin.parent.joinpath(*module[1:])
    return next((place for place in (inside.with_suffix(".py"), inside / "__init__.py") if place.is_file()), None)
