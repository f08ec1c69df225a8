"""Whether a prediction is one of the references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from regrade.artifacts import artifact
from regrade.metrics.card_metric import InstanceMetric, MapReduceMetric, Scores
from regrade.metrics.reductions import nan_mean
from regrade.metrics.resampler import Means, Resampler


@artifact("accuracy")
class Accuracy(InstanceMetric):
    """1 where the prediction, as text, equals a reference.

    >>> Accuracy().measure(3, ["2", "3"], {})
    {'accuracy': 1.0}
    """

    main_score: str = "accuracy"

    intervals_of: ClassVar[tuple[str, ...]] = ("accuracy",)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        return {"accuracy": _found(prediction, references)}


def _found(prediction: Any, references: list[Any]) -> float:
    text = str(prediction)
    return float(any(text == str(reference) for reference in references))


@artifact("max_accuracy")
class MaxAccuracy(Accuracy):
    """1 where any sample's prediction equals a reference of its."""

    reductions: ClassVar[dict[str, list[str]] | None] = {"max": ["accuracy"]}


@artifact("accuracy_fast")
class AccuracyFast(MapReduceMetric):
    """The same as ``accuracy``, from the family of metrics with an interval for each score."""

    main_score: str = "accuracy"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> float:
        return _found(prediction, references)

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> float | None:
        return self.worst

    def averaged(self, statistics: Sequence[float], score: str) -> list[float] | None:
        return list(statistics)

    def reduce(self, statistics: Sequence[float]) -> Scores:
        return {self.main_score: nan_mean(statistics)}

    def resampler(self, statistics: Sequence[float], names: list[str]) -> Resampler:
        return Means([[value] for value in statistics], names)


@artifact("exact_match_mm")
class ExactMatchMM(InstanceMetric):
    """1 where the prediction begins with the reference, a single character: alone, after ``(``, or in words.

    >>> [ExactMatchMM().measure(text, ["b"], {})["exact_match_mm"] for text in ("B", "(B) it is", "Option B", "so B")]
    [1.0, 1.0, 1.0, 0.0]

    Source: MMStar (arXiv:2403.20330), its evaluation of multiple-choice answers.
    """

    main_score: str = "exact_match_mm"

    before: ClassVar[tuple[str, ...]] = ("", "(", "option ", "the answer is ")

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        text = _flat(prediction)
        answers = {_flat(reference) for reference in references}
        firsts = (text[len(start) : len(start) + 1] for start in self.before if text.startswith(start))
        return {self.main_score: float(any(first and first in answers for first in firsts))}


def _flat(text: Any) -> str:
    return str(text).lower().strip().replace("\n", " ")


@artifact("unsorted_list_exact_match")
class UnsortedListExactMatch(InstanceMetric):
    """1 where prediction and the first reference, both lists, hold the same items in any order.

    >>> UnsortedListExactMatch().measure(["b", "a"], [["a", "b"]], {})
    {'unsorted_list_exact_match': 1.0}
    """

    main_score: str = "unsorted_list_exact_match"

    intervals_of: ClassVar[tuple[str, ...]] = ("unsorted_list_exact_match",)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        return {self.main_score: float(sorted(prediction) == sorted(references[0]))}
