"""Filter pipelines that a user writes: a file of them, or ``NAME=REGEX`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regrade.errors import RecipeError, UsageError
from regrade.lm_eval.configs import filter_pipelines
from regrade.lm_eval.task_yaml import load_yaml
from regrade.patterns import compile_pattern
from regrade.schema import FilterPipeline, FilterStep


def load_filters(path: str | Path) -> list[FilterPipeline]:
    """Read filter pipelines from a YAML or JSON file.

    Three shapes are understood: a list of ``{name, filter: [{function, ...arguments}]}`` (the ``filter_list`` of a task
    file), a mapping with such a list under ``filter_list`` (a whole task file), and a mapping of a name to its steps. A
    step without arguments may be its bare name.

    Raises:
        RecipeError: the file cannot be read, is neither YAML nor JSON (with line and column), or is of another shape.
    """
    file = Path(path).expanduser()
    content = _json(file) if file.suffix.lower() == ".json" else load_yaml(file)
    if isinstance(content, Mapping) and "filter_list" in content:
        content = content["filter_list"]
    if isinstance(content, Mapping):
        content = [{"name": name, "filter": steps} for name, steps in content.items()]
    if not isinstance(content, list) or not content:
        raise RecipeError(
            "the file holds no filter pipelines",
            where=str(file),
            hint="write a list of {name: ..., filter: [{function: regex, regex_pattern: ...}, {function: take_first}]}",
        )
    pipelines = filter_pipelines(content, where=str(file))
    names = [pipeline.name for pipeline in pipelines]
    for name in names:
        if names.count(name) > 1:
            raise RecipeError(f"two filter pipelines are named {name!r}", where=str(file))
    for pipeline in pipelines:
        if not pipeline.steps:
            raise RecipeError(f"the filter pipeline {pipeline.name!r} has no steps", where=str(file))
    return pipelines


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"the file cannot be read: {error.strerror}", where=str(file)) from None
    except RecursionError:
        raise RecipeError("this is nested too deeply", where=str(file)) from None
    except json.JSONDecodeError as error:
        raise RecipeError(f"this is not JSON: {error.msg}", where=f"{file}:{error.lineno}:{error.colno}") from None
    except ValueError as error:  # not UTF-8, a number of thousands of digits
        raise RecipeError(f"this is not JSON: {error}", where=str(file)) from None


def quick_extractor(option: str) -> FilterPipeline:
    """Make the pipeline of ``--extract NAME=REGEX``: the first match of each answer, of the first answer.

    What is extracted is the expression's group, or of several the first that took part in the match, or the whole match
    where it has no group; an answer without a match is ``[invalid]``.

    Raises:
        UsageError: there is no ``=``, no name or no expression before or after it, or the expression is wrong.
    """
    name, equals, pattern = option.partition("=")
    name = name.strip()
    if not equals or not name or not pattern:
        raise UsageError(f"'{option}' is not NAME=REGEX", where="--extract", hint=r"for example: 'mine=ANSWER: (\S+)'")
    try:
        compile_pattern(pattern, name)
    except ValueError as error:
        raise UsageError(str(error), where="--extract") from None
    return FilterPipeline(name, [FilterStep("regex", {"regex_pattern": pattern}), FilterStep("take_first")])
