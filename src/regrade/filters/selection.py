"""Filters that choose among the repeats of an answer.

Behaviour: lm-evaluation-harness 0.4.0 to 0.4.13, ``lm_eval/filters/selection.py``.
"""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import Any

from regrade.filters.filter import Filter
from regrade.registry import register


@register("filter", "take_first")
class TakeFirstFilter(Filter):
    """Take the first of the repeats (the first character, if an earlier filter left a single text)."""

    uses_doc = False

    def apply(self, responses: Any, doc: Any) -> Any:
        return responses[0]


@register("filter", "take_first_k")
class TakeFirstKFilter(Filter):
    """Keep the first ``k`` repeats.

    Args:
        k: How many; a request with fewer raises ``ValueError``.
    """

    uses_doc = False

    def __init__(self, k: int) -> None:
        if not isinstance(k, int):
            raise TypeError(f"k must be a whole number, not {type(k).__name__}")
        self.k = k

    def apply(self, responses: Any, doc: Any) -> Any:
        if len(responses) < self.k:
            raise ValueError(f"take_first_k needs {self.k} repeats of an answer, this one has {len(responses)}")
        return responses[: self.k]


@register("filter", "majority_vote")
class MajorityVoteFilter(Filter):
    """Keep the most frequent of the repeats, as a list of one; of several equally frequent ones, the first seen."""

    uses_doc = False

    def prepare(self) -> None:
        import_module("heapq")  # most_common does

    def apply(self, responses: Any, doc: Any) -> Any:
        return [Counter(responses).most_common(1)[0][0]]
