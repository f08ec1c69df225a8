"""Metrics over gold and predicted labels; their aggregations count confusions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.metrics.metric import Metric, Passthrough
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.metrics.case import Case


def _labels(case: Case) -> Any:
    if case.output_type == "multiple_choice":
        return case.gold, case.predicted
    return [_gold_label(case), case.extracted[0]]


def _gold_label(case: Case) -> Any:
    """The gold label; of a list of one reference, as cards have them, that one."""
    gold = case.gold
    alone = isinstance(gold, list) and len(gold) == 1 and not isinstance(case.extracted[0], list)
    return gold[0] if alone and case.output_type == "generate_until" else gold


class Labelled(Passthrough):
    """A metric of gold and predicted labels: where no label can be read of an answer, none was predicted."""

    def unanswered(self, case: Case) -> Any:
        return _gold_label(case), None


@register("metric", "mcc")
class Mcc(Labelled):
    """The gold and the predicted label, for Matthews' correlation coefficient."""

    aggregation = "matthews_corrcoef"
    output_types = ("multiple_choice", "generate_until")

    def measure(self, case: Case) -> Any:
        return _labels(case)


@register("metric", "f1")
class F1(Labelled):
    """The gold and the predicted label, for an F1 score.

    Args:
        average: In a generation task: makes the value each answer's own F1, as with ``hf_evaluate: true``, which is 1.0
            for an equal label and 0.0 for another. (``binary``: 1.0 only where both are label 1.)
        arguments: No effect, as in the harness.
    """

    aggregation = "f1"
    output_types = ("multiple_choice", "generate_until")

    def __init__(self, average: str | None = None, **arguments: Any) -> None:
        super().__init__()
        self.average = average

    def measure(self, case: Case) -> Any:
        if self.average is None or case.output_type == "multiple_choice":
            return _labels(case)
        gold, answer = (int(label) for label in _labels(case))
        return float(gold == answer and (self.average != "binary" or gold == 1))

    def unanswered(self, case: Case) -> Any:
        if self.average is None or case.output_type == "multiple_choice":
            return super().unanswered(case)
        return 0.0


@register("metric", "accuracy")
class LabelAccuracy(Metric):
    """Whether a generated label, a whole number, is the right one: ``accuracy`` of Hugging Face's evaluate library."""

    def measure(self, case: Case) -> float:
        gold, answer = _labels(case)
        return float(int(gold) == int(answer))


@register("metric", "acc_all")
class AccuracyOfAll(Passthrough):
    """Whether choice 1 is predicted, and the document, for the share of questions with all answers judged rightly."""

    aggregation = "acc_all"
    output_types = ("multiple_choice",)

    def measure(self, case: Case) -> tuple[bool, Any]:
        return case.predicted == 1, case.record.doc

    def unanswered(self, case: Case) -> tuple[bool, Any]:
        doc = case.record.doc
        return doc["label"] != 1, doc
