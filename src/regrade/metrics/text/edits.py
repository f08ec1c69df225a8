"""Metrics that count edits: of characters, and of words (speech recognition's word error rate)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from regrade.artifacts import artifact
from regrade.metrics.card_metric import InstanceMetric, Scores
from regrade.metrics.sums import SumMetric
from regrade.metrics.text.levenshtein import levenshtein

_SPACES = re.compile(r"\s\s+")


@artifact("char_edit_distance")
class CharEditDistance(InstanceMetric):
    """Characters to insert, delete or replace to make the reference of the prediction, white space aside.

    >>> CharEditDistance().measure("kit ten", ["sitting"], {})
    {'char_edit_distance': 3.0}
    """

    main_score: str = "char_edit_distance"
    prediction_type: str = "str"
    single_reference_per_prediction: bool = True

    intervals_of: ClassVar[tuple[str, ...]] = ("char_edit_distance",)
    higher_is_better: ClassVar[bool] = False

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        edits, _ = self._edits(prediction, references[0])
        return {self.main_score: float(edits)}

    @staticmethod
    def _edits(prediction: str, reference: str) -> tuple[int, int]:
        """Edits, and length of the longer text."""
        ours, theirs = "".join(prediction.split()), "".join(reference.split())
        return levenshtein(theirs, ours), max(len(ours), len(theirs))


@artifact("char_edit_distance_accuracy")
class CharEditDistanceAccuracy(CharEditDistance):
    """One less the edits per character of the longer text; 0 where both are empty, as in Unitxt.

    >>> CharEditDistanceAccuracy().measure("abcd", ["abce"], {})
    {'char_edit_dist_accuracy': 0.75}
    """

    main_score: str = "char_edit_dist_accuracy"

    intervals_of: ClassVar[tuple[str, ...]] = ("char_edit_dist_accuracy",)
    higher_is_better: ClassVar[bool] = True

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        edits, longest = self._edits(prediction, references[0])
        return {self.main_score: 1 - edits / longest if longest else 0.0}


@artifact("wer")
class Wer(SumMetric):
    """Word error rate: edits of words in all samples, per word of their references. It can exceed 1.

    Args:
        hf_metric_name: Accepted for Unitxt's sake.

    Source: Morris, Maier and Green (2004); words are parted by spaces, as the package jiwer does.

    >>> wer = Wer()
    >>> wer.reduce([wer.measure("this is the prediction", ["this is the reference"], {})])
    {'wer': 0.25}
    """

    main_score: str = "wer"
    prediction_type: str = "str"
    single_reference_per_prediction: bool = True
    hf_metric_name: str = "wer"

    higher_is_better: ClassVar[bool] = False

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> tuple[float, ...]:
        return word_errors(prediction, references[0])

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        errors, words = sums
        if not words:
            raise ValueError("the references hold no words")
        return {self.main_score: errors / words}


def word_errors(prediction: str, reference: str) -> tuple[int, int]:
    """Edits that make the words of one text those of the other, and the number of words of the reference."""
    words = _words(reference)
    return levenshtein(words, _words(prediction)), len(words)


def _words(text: str) -> list[str]:
    return [word for word in _SPACES.sub(" ", text).strip().split(" ") if word]
