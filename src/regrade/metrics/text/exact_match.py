"""exact_match: whether answer and reference are the same text, after what should not count is taken out of both.

Values: lm-evaluation-harness 0.4.3 to 0.4.13 (``exact_match_hf_evaluate``), which compares numpy arrays of texts. What
follows from that is kept: a list of answers gives the share that matches, lower case is cut to the length that the
text had before (``İ`` has two characters in lower case), and trailing NUL characters do not count. An empty list of
patterns, and no other option, leaves the lists as they are, and they are equal or not as wholes.
"""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

from regrade.filters.filter import Unparsed
from regrade.metrics.case import NO_CHOICE
from regrade.metrics.metric import Metric
from regrade.patterns import compile_pattern
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.metrics.case import Case


@register("metric", "exact_match")
class ExactMatch(Metric):
    """1.0 where the answer is the reference (any of them, where there are several), else 0.0.

    Where the pipeline keeps several repeats: the share of them that are. In a multiple-choice task: whether greedy
    decoding would have produced the reference.

    Args:
        regexes_to_ignore: Patterns removed from both.
        ignore_case: Compare in lower case.
        ignore_punctuation: Remove ASCII punctuation from both.
        ignore_numbers: Remove ASCII digits from both.
    """

    output_types = ("generate_until", "multiple_choice")

    def __init__(
        self,
        regexes_to_ignore: list[str] | None = None,
        ignore_case: bool = False,
        ignore_punctuation: bool = False,
        ignore_numbers: bool = False,
    ) -> None:
        # A plain string stands for its characters, as it does in the harness.
        self.ignored = [compile_pattern(pattern, "regexes_to_ignore") for pattern in regexes_to_ignore or ()]
        self.ignore_case = bool(ignore_case)
        deleted = string.punctuation * bool(ignore_punctuation) + string.digits * bool(ignore_numbers)
        self.deleted = str.maketrans("", "", deleted) if deleted else None
        self._literal = not (self.ignored or self.ignore_case or deleted)
        self._whole_lists = self._literal and regexes_to_ignore is not None
        self._key = ("exact_match", tuple(regexes_to_ignore or ()), self.ignore_case, deleted)

    def measure(self, case: Case) -> float:
        if case.output_type == "multiple_choice":
            return _greedy_match(case)
        gold, answer = case.gold, case.extracted[0]
        kind = type(answer)
        if self._whole_lists:
            golds = gold if case.has_many_references and isinstance(gold, list) else [gold]
            return float([answer] * len(golds) == golds)
        if kind is str or kind is Unparsed:
            if type(gold) is str:
                return self._compare_texts(case, gold, answer)
            if type(gold) is list and case.has_many_references and all(type(text) is str for text in gold):
                return self._compare_with_many(case, gold, answer)
        if case.has_many_references:
            golds = gold if isinstance(gold, list) else [gold]
            return 1.0 if golds and self._compare_arrays([answer] * len(golds), golds) > 0.0 else 0.0
        return self._compare_arrays([answer], [gold])

    def _compare_texts(self, case: Case, gold: str, answer: str) -> float:
        if "\0" in gold or "\0" in answer:
            return self._compare_arrays([answer], [gold])
        if self._literal:
            return 1.0 if answer == gold else 0.0
        normal: str | None = case.shared.get(self._key)
        if normal is None:
            normal = case.shared[self._key] = self._normalise(gold)
        return 1.0 if self._normalise(answer) == normal else 0.0

    def _compare_with_many(self, case: Case, golds: list[str], answer: str) -> float:
        if "\0" in answer or any("\0" in gold for gold in golds):
            return 1.0 if self._compare_arrays([answer] * len(golds), golds) > 0.0 else 0.0
        normal: list[str] | None = case.shared.get(self._key)
        if normal is None:
            normal = case.shared[self._key] = self._normalise_all(golds)
        return 1.0 if self._normalise(answer) in normal else 0.0

    def _normalise(self, text: str) -> str:
        for pattern in self.ignored:
            text = pattern.sub("", text)
        if self.ignore_case:
            text = text.lower() if text.isascii() else text.lower()[: len(text)]
        return text if self.deleted is None else text.translate(self.deleted)

    def _normalise_all(self, texts: list[str]) -> list[str]:
        """Normalise texts that share a numpy array, where lower case may be as long as the longest of them."""
        for pattern in self.ignored:
            texts = [pattern.sub("", text) for text in texts]
        if self.ignore_case:
            width = max(map(len, texts), default=0)
            texts = [text.lower()[:width] for text in texts]
        return texts if self.deleted is None else [text.translate(self.deleted) for text in texts]

    def _compare_arrays(self, answers: list[Any], golds: list[Any]) -> float:
        """The share of positions that match when both sides are broadcast together, in numpy itself."""
        import numpy as np

        left, right = np.asarray(answers), np.asarray(golds)
        for pattern in self.ignored:
            left = np.array([pattern.sub("", text) for text in left])
            right = np.array([pattern.sub("", text) for text in right])
        if self.ignore_case:
            left, right = np.char.lower(left), np.char.lower(right)
        if self.deleted is not None:
            table: Any = self.deleted
            left, right = np.char.translate(left, table), np.char.translate(right, table)
        matches = np.asarray(left == right)
        return float(matches.mean()) if matches.size else math.nan


def _greedy_match(case: Case) -> int:
    gold, greedy = case.gold, case.greedy
    if isinstance(gold, list):
        return int(any(greedy[index] for index in gold if index != NO_CHOICE))
    return int(greedy[gold]) if gold != NO_CHOICE else 0
