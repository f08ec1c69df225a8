"""Which documents a task of lm-evaluation-harness shows as examples, drawn as the harness 0.4.13 draws them.

The draws of one run follow one another from one seed, document by document, so a document's examples depend on how many
documents were before it: all of them must be drawn for, in order. (lm_eval/api/samplers.py and task.py.)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from regrade.errors import RecipeError, UsageError
from regrade.schema import FunctionRef, Recipe, Template

DEFAULT_SEED: Final = 1234
"""The harness's own, where ``--seed`` names none."""


class Shots(msgspec.Struct, frozen=True, kw_only=True):
    """How a task's examples are chosen and written: its ``fewshot_config``, with the task's own for what it leaves out.

    Attributes:
        count: How many there are before each document.
        sampler: ``default`` (drawn) or ``first_n``, or a class of the harness's kind.
        split: The split they come from; None where ``samples`` or another split has them.
        process_docs: What makes documents of the rows of ``split``.
        samples: The examples themselves, or a function that gives them.
        doc_to_text: Makes an example's question.
        doc_to_choice: Makes its choices.
        doc_to_target: Makes its answer.
        gen_prefix: What its answer begins with.
        fewshot_delimiter: Stands behind each example.
        target_delimiter: Stands between question and answer.
    """

    count: int = 0
    sampler: str | FunctionRef = "default"
    split: str | None = None
    process_docs: FunctionRef | None = None
    samples: list[Any] | FunctionRef | None = None
    doc_to_text: Template = None
    doc_to_choice: Template = None
    doc_to_target: Template = None
    gen_prefix: str | None = None
    fewshot_delimiter: str = "\n\n"
    target_delimiter: str = " "


_IGNORED: Final = frozenset(("fewshot_indices", "num_fewshot"))
"""Of no effect in 0.4.13: indices are not handed on, and the number is the task's."""


def shots_of(recipe: Recipe, count: int | None = None) -> Shots:
    """How a task's examples are chosen.

    Args:
        recipe: The task.
        count: How many there are to be; None for the task's own number.

    Raises:
        RecipeError: its ``fewshot_config`` says what means nothing.
    """
    config = recipe.metadata
    own = config.get("fewshot_config") or {}
    known = {field.name for field in msgspec.structs.fields(Shots)} - {"count"} | _IGNORED
    if not isinstance(own, Mapping) or (unknown := sorted(own.keys() - known)):
        what = f"knows no {unknown[0]!r}" if isinstance(own, Mapping) else "is no mapping"
        raise RecipeError(f"fewshot_config {what}", where=f"task {recipe.task}")
    inherited = {
        "split": config.get("fewshot_split"),
        "process_docs": config.get("process_docs"),
        "doc_to_text": recipe.doc_to_text,
        "doc_to_choice": recipe.doc_to_choice,
        "doc_to_target": recipe.doc_to_target,
        "gen_prefix": config.get("gen_prefix"),
        "fewshot_delimiter": config.get("fewshot_delimiter", "\n\n"),
        "target_delimiter": recipe.target_delimiter,
    }
    chosen = {key: value for key, value in own.items() if key not in _IGNORED}
    wanted = count if count is not None else config.get("num_fewshot")
    return Shots(**{**inherited, **chosen, "count": int(wanted or 0)})


class Draws:
    """Gives each document its examples, in the order in which documents are asked about.

    Args:
        pool: The documents that may be examples.
        sampler: ``default`` or ``first_n``.
        seed: Of the draws.
        task: What to call the task in messages.

    >>> draws = Draws([{"q": n} for n in range(9)], seed=1234)
    >>> [doc["q"] for doc in draws.take(3)], [doc["q"] for doc in draws.take(3)]
    ([7, 1, 0], [1, 0, 5])
    """

    def __init__(
        self, pool: Sequence[Any], sampler: str = "default", seed: int | None = DEFAULT_SEED, task: str = ""
    ) -> None:
        if sampler not in ("default", "first_n"):
            raise RecipeError(f"there is no sampler {sampler!r}", where=f"task {task}", hint="default or first_n")
        self.pool = list(pool)
        self.sampler = sampler
        self.task = task
        self._random = random.Random(seed)

    def take(self, count: int, but: Any = None) -> list[Any]:
        """The examples of the next document.

        Args:
            count: How many.
            but: The document itself, where it may be among those that are drawn from.

        Raises:
            UsageError: there are not as many.
        """
        if count == 0:
            return []
        try:
            return self._first(count, but) if self.sampler == "first_n" else self._drawn(count, but)
        except ValueError:
            raise UsageError(
                f"{count} examples are wanted, and there are {len(self.pool)} documents to take them from",
                where=f"task {self.task}",
                hint="--num-demos asks for fewer",
            ) from None

    def _first(self, count: int, but: Any) -> list[Any]:
        pool = self.pool if but is None else [doc for doc in self.pool if doc != but]
        if count > len(pool):
            raise ValueError
        return pool[:count]

    def _drawn(self, count: int, but: Any) -> list[Any]:
        if not but:
            return self._random.sample(self.pool, count)
        # One more than wanted, so that there are enough when the document itself is among them.
        drawn = [doc for doc in self._random.sample(self.pool, count + 1) if doc != but][:count]
        if len(drawn) < count:  # it was there several times
            drawn = self._random.sample([doc for doc in self.pool if doc != but], count)
        return drawn


def inline_samples(shots: Shots, resolve: Callable[[FunctionRef], Callable[..., Any]]) -> list[Any] | None:
    """The examples that a task itself holds, or None where it names a split, or nothing.

    Raises:
        RecipeError: they are no list.
        UnavailableError: they are made by a function that may not run.
    """
    if shots.split is not None or shots.samples is None:
        return None
    found = resolve(shots.samples)() if isinstance(shots.samples, FunctionRef) else shots.samples
    if not isinstance(found, list):
        raise RecipeError("fewshot_config.samples must be a list of documents, or a function that returns one")
    return found
