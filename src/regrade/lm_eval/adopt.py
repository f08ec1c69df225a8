"""Finding a quoted function in the installed harness.

A results file quotes the Python functions of its task as source text. That text never runs; but where the installed
lm-eval package has the very same function, the package's own may. A log of a task that includes one of the harness's
(``include: .../ifeval.yaml``) is scored so without naming the task.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from regrade.lm_eval.functions import package_root
from regrade.schema import FunctionRef, Recipe


def adopt_installed(recipe: Recipe, config: Mapping[str, Any]) -> Recipe:
    """The recipe, with quoted functions replaced by those of the installed harness that read the same.

    All functions of a task that score must be in one file; where several files have them all, the choice must not
    matter (the files are equal) or the task's name must begin with the name of one's folder.

    Args:
        recipe: A recipe out of a results file.
        config: The recorded configuration it was made from, with the functions' source texts.
    """
    quoted = dict(_quoted(recipe, config))
    root = package_root()
    if not quoted or root is None:
        return recipe
    file = _home(tuple(sorted(set(quoted.values()))), recipe.task, root)
    if file is None:
        return recipe

    def adopted(reference: Any) -> Any:
        if isinstance(reference, FunctionRef) and reference.name in quoted:
            return FunctionRef(reference.name, str(file), "package", reference.partial)
        return reference

    metrics = [
        msgspec.structs.replace(spec, metric=adopted(spec.metric), aggregation=adopted(spec.aggregation))
        for spec in recipe.metrics
    ]
    return msgspec.structs.replace(
        recipe,
        process_results=adopted(recipe.process_results),
        metrics=metrics,
        needs={part: reason for part, reason in recipe.needs.items() if not _mentions(reason, quoted)},
        metadata={**recipe.metadata, "adopted_from": str(file.relative_to(root.parent))},
    )


def _mentions(reason: str, names: Mapping[str, str]) -> bool:
    return any(f"({name})" in reason for name in names)


def _quoted(recipe: Recipe, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and source text of each quoted function that scores."""
    if isinstance(recipe.process_results, FunctionRef) and recipe.process_results.origin == "quoted":
        yield from _source(recipe.process_results, config.get("process_results"))
    entries = config.get("metric_list")
    for spec, entry in zip(recipe.metrics, entries if isinstance(entries, list) else [], strict=False):
        for part in ("metric", "aggregation"):
            reference = getattr(spec, part)
            if isinstance(reference, FunctionRef) and reference.origin == "quoted" and isinstance(entry, Mapping):
                yield from _source(reference, entry.get(part))


def _source(reference: FunctionRef, text: Any) -> Iterator[tuple[str, str]]:
    if isinstance(text, str) and f"def {reference.name}" in text:
        yield reference.name, textwrap.dedent(text).strip()


@lru_cache(maxsize=64)
def _home(sources: tuple[str, ...], task: str, root: Path) -> Path | None:
    """The file below the package's tasks that has all the source texts."""
    longest = max(sources, key=len).encode()
    found = []
    for path in sorted((root / "tasks").rglob("*.py")):
        content = path.read_bytes()
        if longest in content and all(source.encode() in content for source in sources):
            found.append((path, content))
    if not found:
        return None
    if all(content == found[0][1] for _, content in found):
        return found[0][0]
    fitting = [path for path, _ in found if task.startswith(path.parent.name)]
    return max(fitting, key=lambda path: len(path.parent.name)) if fitting else None
