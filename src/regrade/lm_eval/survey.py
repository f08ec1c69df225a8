"""What the tasks of the installed ``lm-eval`` need to be scored: a log alone, the package's functions, or more."""

from __future__ import annotations

from collections import Counter
from typing import Literal, TypeAlias

import msgspec

from regrade.errors import RecipeError
from regrade.lm_eval.index import TaskIndex, installed_index
from regrade.lm_eval.needs import scoring_functions
from regrade.schema import Recipe

Class: TypeAlias = Literal["log", "functions", "more"]
"""``log``: log and results file are enough. ``functions``: besides, Python functions of the package. ``more``: besides,
what no log can give: a model, a hub, a dataset, running the answers as programs, a Python class of the harness."""


class Survey(msgspec.Struct, frozen=True):
    """Tasks counted by what they need.

    Attributes:
        classes: Number of tasks by class.
        reasons: Number of tasks of the class ``more`` by reason.
        unreadable: Tasks whose file is no valid task, with the reason.
    """

    classes: dict[Class, int]
    reasons: dict[str, int]
    unreadable: dict[str, str]

    @property
    def total(self) -> int:
        """Number of tasks."""
        return sum(self.classes.values()) + len(self.unreadable)


def classify(recipe: Recipe) -> Class:
    """Say what scoring the answers to a task takes, whose recipe comes from a task file."""
    if recipe.needs:
        return "more"
    return "functions" if any(True for _ in scoring_functions(recipe)) else "log"


def survey(index: TaskIndex | None = None) -> Survey:
    """Count the tasks of an index by what they need; some seconds for the whole package.

    Args:
        index: The index; the installed package's by default.

    Raises:
        UnavailableError: ``lm-eval`` is not installed.
    """
    tasks = index or installed_index()
    classes: Counter[Class] = Counter()
    reasons: Counter[str] = Counter()
    unreadable: dict[str, str] = {}
    for name, entry in tasks.entries.items():
        if entry.kind in ("group", "tag"):
            continue
        try:
            recipe = tasks.task(name)
        except RecipeError as error:
            unreadable[name] = error.what
            continue
        kind = classify(recipe)
        classes[kind] += 1
        if kind == "more":
            reasons.update({_sort(reason) for reason in recipe.needs.values()})
    return Survey(dict(classes), dict(reasons.most_common()), unreadable)


def _sort(reason: str) -> str:
    """What kind of reason it is."""
    for mark, sort in {
        "code execution": "code execution",
        "Python class": "a Python class of the harness",
        "BERTScore": "a model",
        "BLEURT": "a model",
        "COMET": "a model",
        "a model": "a model",
        "hub": "the hub",
        "a dataset": "a dataset",
        "registers it": "a filter registered by code",
        "loose file": "code of a loose file",
    }.items():
        if mark in reason:
            return sort
    return "other"
