"""Metrics over log-likelihoods: of choices, of a continuation, of a whole document.

The harness measures all of these itself and calls no function, so arguments in a task's metric list have no effect.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

from regrade.metrics.metric import Passthrough
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.metrics.case import Case


def _right(case: Case, predicted: int) -> float:
    gold = case.gold
    if case.has_many_references:
        return 1.0 if predicted in gold else 0.0
    return 1.0 if predicted == gold else 0.0


@register("metric", "acc")
class Accuracy(Passthrough):
    """Whether the likeliest choice is right (1.0 or 0.0); of one continuation, whether it is greedy (1 or 0)."""

    output_types = ("multiple_choice", "loglikelihood")

    def measure(self, case: Case) -> Any:
        if case.output_type == "loglikelihood":
            greedy = case.extracted[0][1]
            if greedy is None:
                raise ValueError("the server did not say whether the continuation is the likeliest (no top_logprobs)")
            return int(greedy)
        if case.output_type == "generate_until":
            return super().measure(case)
        return _right(case, case.predicted)


@register("metric", "acc_norm")
class NormalisedAccuracy(Passthrough):
    """Whether the choice that is likeliest per character is right."""

    output_types = ("multiple_choice",)

    def measure(self, case: Case) -> float:
        return _right(case, case.predicted_norm)


@register("metric", "acc_bytes")
class ByteAccuracy(Passthrough):
    """Whether the choice that is likeliest per UTF-8 byte is right."""

    output_types = ("multiple_choice",)

    def measure(self, case: Case) -> float:
        return _right(case, case.predicted_bytes)


@register("metric", "acc_mutual_info")
class MutualInformationAccuracy(Passthrough):
    """Whether the choice that gains most by the prompt is right: log P(choice | prompt) - log P(choice)."""

    output_types = ("multiple_choice",)

    def measure(self, case: Case) -> float:
        return _right(case, case.predicted_mutual_info)


@register("metric", "likelihood")
class Likelihood(Passthrough):
    """The gold index and every choice's log-likelihood, for an aggregation of the task's own."""

    worst = None
    output_types = ("multiple_choice",)

    def measure(self, case: Case) -> tuple[Any, tuple[float, ...]]:
        return case.gold, tuple(case.loglikelihoods)


@register("metric", "brier_score")
class BrierScore(Passthrough):
    """The gold index and the choices' probabilities (softmax of their log-likelihoods)."""

    aggregation = "brier_score"
    higher_is_better = False
    output_types = ("multiple_choice",)

    def prepare(self) -> None:
        import_module("numpy")

    def measure(self, case: Case) -> tuple[Any, list[float]]:
        import numpy as np

        values = np.asarray(case.loglikelihoods, dtype=np.float64)
        powers = np.exp(values - values.max())
        return case.gold, (powers / powers.sum()).tolist()

    def unanswered(self, case: Case) -> Any:
        count, gold = len(case.choices), case.gold
        if count < 2 or not isinstance(gold, int):
            return None
        certain = [0.0] * count
        certain[gold - 1] = 1.0  # another choice, for certain
        return gold, certain


@register("metric", "perplexity")
class Perplexity(Passthrough):
    """The log-likelihood of one continuation, in nats."""

    aggregation = "perplexity"
    higher_is_better = False
    worst = None
    output_types = ("loglikelihood",)

    def measure(self, case: Case) -> float:
        value: float = case.extracted[0][0]
        return value


_SPACES = re.compile(r"\s+")


def _rolling(case: Case) -> float:
    (value,) = case.extracted
    loglikelihood: float = value
    return loglikelihood


@register("metric", "word_perplexity")
class WordPerplexity(Passthrough):
    """The log-likelihood of a document and its number of words, split at white space (empty ends count)."""

    aggregation = "weighted_perplexity"
    higher_is_better = False
    worst = None
    output_types = ("loglikelihood_rolling",)

    def measure(self, case: Case) -> tuple[float, int]:
        return _rolling(case), len(_SPACES.split(case.target))


@register("metric", "byte_perplexity")
class BytePerplexity(Passthrough):
    """The log-likelihood of a document and its number of UTF-8 bytes."""

    aggregation = "weighted_perplexity"
    higher_is_better = False
    worst = None
    output_types = ("loglikelihood_rolling",)

    def measure(self, case: Case) -> tuple[float, int]:
        return _rolling(case), len(case.target.encode())


@register("metric", "bits_per_byte")
class BitsPerByte(BytePerplexity):
    """As `BytePerplexity`; its aggregation gives bits."""

    aggregation = "bits_per_byte"
