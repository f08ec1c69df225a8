"""A case: one record under one filter pipeline, with everything a metric may ask about it, computed once.

What lm-evaluation-harness works out between filters and metrics happens here (``ConfigurableTask.process_results``,
0.4.0 to 0.4.13): which reference counts, which choice the log-likelihoods favour. No numpy: loading it takes longer
than scoring a thousand rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from regrade.addition import add_up
from regrade.filters.filter import plain_type
from regrade.versions import Version, parse_version

if TYPE_CHECKING:
    from regrade.lm_eval.templates import TaskTemplates
    from regrade.schema import Record

NO_CHOICE = -100
"""Gold of a document whose reference is none of its choices."""

_MISSING: Any = object()


class Case:
    """One record under one filter pipeline.

    Args:
        record: The record as read.
        task: The task's templates, which make gold and choices of the document.
        extracted: Per request what the pipeline took from the answers: a text for generations (or a list, where
            the pipeline keeps several repeats), ``(loglikelihood, is_greedy)`` for choices, a float for rolling
            log-likelihoods.
        compat: The lm-evaluation-harness version to follow; the recipe's own where not given.
        shared: What depends on the record alone. Give the cases of one record (one per pipeline) the same dict, and
            gold, choices and normalised references are worked out once for all of them.

    Attributes:
        record: The record as read.
        task: The task's templates.
        extracted: Per request what the pipeline took.
        shared: What depends on the record alone; metrics may keep their own entries there, under tuples that begin
            with the metric's name.
    """

    __slots__ = ("_cache", "_compat", "extracted", "record", "shared", "task")

    def __init__(
        self,
        record: Record,
        task: TaskTemplates,
        extracted: list[Any],
        *,
        compat: Version | None = None,
        shared: dict[Any, Any] | None = None,
    ) -> None:
        self.record = record
        self.task = task
        self.extracted = extracted
        self.shared = {} if shared is None else shared
        self._compat = compat
        self._cache: dict[str, Any] = {}

    @property
    def compat(self) -> Version:
        """The lm-evaluation-harness version to follow."""
        if self._compat is None:
            self._compat = parse_version(self.task.recipe.harness_version)
        return self._compat

    @property
    def output_type(self) -> str:
        """What the task asks of a model."""
        return self.task.recipe.output_type

    # -- the reference ---------------------------------------------------------------------------------------------

    @property
    def target(self) -> Any:
        """``doc_to_target`` of the document, as it is."""
        target = self.shared.get("target", _MISSING)
        if target is _MISSING:
            target = self.shared["target"] = self.task.target(self.record)
        return target

    @property
    def choices(self) -> list[str]:
        """``doc_to_choice`` of the document."""
        choices: list[str] | None = self.shared.get("choices")
        if choices is None:
            choices = self.shared["choices"] = self.task.choices(self.record)
        return choices

    @property
    def gold(self) -> Any:
        """The reference as metrics compare it.

        For choices an index (``NO_CHOICE`` where the reference is none of them), or a list of indices where the task
        has several references. For generations the reference in the answer's type (an answer ``"72"`` makes a
        reference 72 the text ``"72"``), or a list where the task has several. Otherwise ``target``.

        Raises:
            TypeError, ValueError, IndexError: the document's reference does not fit its task.
        """
        if self.output_type == "generate_until":
            return self._generation_gold()
        if self.output_type == "multiple_choice":
            gold = self.shared.get("gold", _MISSING)
            if gold is _MISSING:
                gold = self.shared["gold"] = self._choice_gold()
            return gold
        return self.target

    def _choice_gold(self) -> Any:
        task, choices = self.task, self.choices
        gold = task.text(self.record) if task.multiple_input else self.target
        if isinstance(gold, list):
            if not task.multiple_target:
                raise TypeError(f"the first document has one reference, this one has a list of {len(gold)}")
            return [index if index < len(choices) else NO_CHOICE for index in gold]
        if task.multiple_target:
            raise TypeError(f"the first document has a list of references, this one has {gold!r}")
        if isinstance(gold, str):
            return choices.index(gold) if gold in choices else NO_CHOICE
        if isinstance(gold, int):
            return gold if gold < len(choices) else NO_CHOICE
        raise TypeError(f"the reference must be a choice or its index, not {type(gold).__name__} {gold!r}")

    def _generation_gold(self) -> Any:
        task, gold, result = self.task, self.target, self.extracted[0]
        if task.recipe.doc_to_choice is not None:
            gold = self.choices[gold]
            return [gold] if task.multiple_target and not isinstance(gold, list) else gold
        if task.multiple_target:
            return gold if type(gold) is list else list(gold)
        kind = plain_type(result)
        if type(gold) is kind:
            return gold
        if kind is list:
            # Since 0.4.8 a list of answers leaves the reference alone; before, a text became its characters.
            return list(gold) if self.compat < (0, 4, 8) and isinstance(gold, str) else gold
        return kind(gold)

    @property
    def has_many_references(self) -> bool:
        """Whether the task has several references per document, any of which will do."""
        return bool(self.task.multiple_target)

    # -- the choice ------------------------------------------------------------------------------------------------

    def _parts(self) -> tuple[list[float], list[float] | None]:
        """Log-likelihoods of the choices given the prompt, and (for mutual information) given nothing."""
        parts: tuple[list[float], list[float] | None] | None = self._cache.get("parts")
        if parts is None:
            values = [pair[0] for pair in self.extracted]
            count = len(self.choices)
            if len(values) == 2 * count:
                # Before 0.4.9 the harness took every second request to be unconditional; since then the second half.
                interleaved = self.compat < (0, 4, 9)
                parts = (values[::2], values[1::2]) if interleaved else (values[:count], values[count:])
            elif len(values) == count:
                parts = values, None
            else:
                raise ValueError(f"{len(values)} log-likelihoods for {count} choices")
            self._cache["parts"] = parts
        return parts

    @property
    def loglikelihoods(self) -> list[float]:
        """Per choice its log-likelihood in nats, given the prompt."""
        return self._parts()[0]

    @property
    def unconditional(self) -> list[float]:
        """Per choice its log-likelihood without the prompt, for mutual information.

        Raises:
            ValueError: the log holds no such requests.
        """
        values = self._parts()[1]
        if values is None:
            raise ValueError("mutual information needs the choices' unconditional log-likelihoods; none were recorded")
        return values

    @property
    def greedy(self) -> list[bool]:
        """Per request whether greedy decoding would have produced the continuation."""
        return [bool(pair[1]) for pair in self.extracted]

    @property
    def predicted(self) -> int:
        """Index of the likeliest choice."""
        index: int | None = self._cache.get("predicted")
        if index is None:
            index = self._cache["predicted"] = argmax(self.loglikelihoods)
        return index

    @property
    def predicted_norm(self) -> int:
        """Index of the likeliest choice by log-likelihood per character."""
        return argmax(_divide(self.loglikelihoods, [len(choice) for choice in self.choices]))

    @property
    def predicted_bytes(self) -> int:
        """Index of the likeliest choice by log-likelihood per UTF-8 byte."""
        return argmax(_divide(self.loglikelihoods, [len(choice.encode()) for choice in self.choices]))

    @property
    def predicted_mutual_info(self) -> int:
        """Index of the choice whose log-likelihood gains most by the prompt."""
        gains = [given - alone for given, alone in zip(self.loglikelihoods, self.unconditional, strict=True)]
        return argmax(gains)


def argmax(values: Sequence[float]) -> int:
    """Index of the first greatest value; the first nan is greater than all, as in ``numpy.argmax``.

    Raises:
        ValueError: there are no values.
    """
    total = add_up(values)
    if math.isnan(total):  # a nan, or infinities of both signs
        for index, value in enumerate(values):
            if math.isnan(value):
                return index
    return values.index(max(values))


def _divide(values: list[float], lengths: list[int]) -> list[float]:
    """Quotients as numpy has them: by a length of 0 infinity, or nan for 0 / 0."""
    return [
        value / length if length else (math.copysign(math.inf, value) if value and not math.isnan(value) else math.nan)
        for value, length in zip(values, lengths, strict=True)
    ]
