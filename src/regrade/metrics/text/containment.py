"""How much of a reference a prediction holds: as text, as words, as sets, by edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from regrade.artifacts import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator
from regrade.metrics.card_metric import InstanceMetric, MapReduceMetric, Scores
from regrade.metrics.rates import Rates
from regrade.metrics.reductions import nan_mean
from regrade.metrics.resampler import Means, Resampler
from regrade.metrics.text.squad import rates_of_words, words


class MeanMetric(MapReduceMetric):
    """A metric whose ``measure`` gives one number, and whose score is their mean."""

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> float | None:
        return self.worst

    def averaged(self, statistics: Sequence[float], score: str) -> list[float] | None:
        return list(statistics)

    def reduce(self, statistics: Sequence[float]) -> Scores:
        return {self.main_score: nan_mean(statistics)}

    def resampler(self, statistics: Sequence[float], names: list[str]) -> Resampler:
        return Means([[value] for value in statistics], names)


def _contains(prediction: Any, references: list[Any]) -> float:
    text = str(prediction)
    return float(any(str(reference) in text for reference in references))


@artifact("string_containment")
class StringContainment(MeanMetric):
    """1 where the prediction contains a reference.

    >>> StringContainment().measure("David Gilmour is a guitarist", ["singer", "guitarist"], {})
    1.0
    """

    main_score: str = "string_containment"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> float:
        return _contains(prediction, references)


@artifact("string_containment_old")
class StringContainmentOld(InstanceMetric):
    """The same, from the family of metrics of samples' scores."""

    main_score: str = "string_containment"

    intervals_of: ClassVar[tuple[str, ...]] = ("string_containment",)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        return {"string_containment": _contains(prediction, references)}


@artifact("string_containment_ratio")
class StringContainmentRatio(InstanceMetric):
    """The share of some values of the task's data that the prediction contains.

    Args:
        field: The field of the task's data that holds the values, a list.

    >>> metric = StringContainmentRatio(field="names")
    >>> metric.measure("Ann and Bob", [], {"names": ["Ann", "Eve"]})
    {'string_containment': 0.5}
    """

    main_score: str = "string_containment"
    field: str | None = None

    needs_references: ClassVar[bool] = False

    intervals_of: ClassVar[tuple[str, ...]] = ("string_containment",)

    def verify(self) -> None:
        super().verify()
        if self.field is None:
            raise ArtifactError("the argument 'field' is needed", path=("field",))

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        if self.field not in task_data:
            raise ValueError(f"the task's data has no field {self.field!r}")
        values, text = task_data[self.field], str(prediction)
        return {self.main_score: sum(str(value) in text for value in values) / len(values)}


@artifact("token_overlap")
class TokenOverlap(InstanceMetric):
    """Precision, recall and F1 of the words that prediction and reference share; of each the best of any reference.

    >>> TokenOverlap().measure("the cat sat", ["A cat sat down!"], {})
    {'precision': 1.0, 'recall': 0.6666666666666666, 'f1': 0.8}

    Source: Rajpurkar et al., "SQuAD" (arXiv:1606.05250), and its evaluation script, version 1.1.
    """

    main_score: str = "f1"
    prediction_type: str = "str"

    reductions: ClassVar[dict[str, list[str]] | None] = {"mean": ["f1", "precision", "recall"]}
    intervals_of: ClassVar[tuple[str, ...]] = ("f1", "precision", "recall")

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        ours = words(str(prediction))
        found = [rates_of_words(ours, words(str(reference))) for reference in references]
        return dict(zip(Rates._fields, map(max, zip(*found, strict=True)), strict=True))


@artifact("jaccard_index")
class JaccardIndex(MeanMetric):
    """Shared items of two lists or sets by all their items; the best of any reference.

    >>> JaccardIndex().measure(["a", "b"], [["b", "c"]], {})
    0.3333333333333333
    """

    main_score: str = "jaccard_index"
    prediction_type: str = "Union[list, set]"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> float:
        return max(_jaccard(set(prediction), set(reference)) for reference in references)


def _jaccard(ours: set[Any], theirs: set[Any]) -> float:
    whole = ours | theirs
    if not whole:
        raise ValueError("neither the prediction nor a reference holds anything")
    return len(ours & theirs) / len(whole)


@artifact("jaccard_index_string")
class JaccardIndexString(JaccardIndex):
    """The same for texts.

    Args:
        splitter: What makes items of a text.
    """

    splitter: FieldOperator
    prediction_type: str = "str"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> float:
        items = [self.splitter.process_value(reference) for reference in references]
        return super().measure(self.splitter.process_value(prediction), items, task_data)


@artifact("anls")
class ANLS(InstanceMetric):
    """One less the share of characters to edit to get the closest reference; 0 below a threshold.

    Args:
        threshold: Similarities below it count as 0.

    >>> ANLS().measure("Unitd States", ["united states"], {})
    {'anls': 0.9230769230769231}

    Source: Biten et al., "Scene Text Visual Question Answering" (arXiv:1905.13648), section 4.
    """

    main_score: str = "anls"
    prediction_type: str = "str"
    threshold: float = 0.5

    imports: ClassVar[tuple[str, ...]] = ("regrade.metrics.text.levenshtein",)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        similarity = 1.0 - min(_edited(prediction, reference) for reference in references)
        return {self.main_score: similarity if similarity >= self.threshold else 0.0}


def _edited(prediction: str, reference: str) -> float:
    from regrade.metrics.text.levenshtein import levenshtein

    ours, theirs = (" ".join(text.strip().lower().split()) for text in (prediction, reference))
    # Lengths are those of the texts as they are, in capitals: "ß" counts twice.
    length = max(len(prediction.upper()), len(reference.upper()))
    return levenshtein(ours, theirs) / length if length else 0.0


@artifact("prediction_length")
class PredictionLength(InstanceMetric):
    """Characters of the prediction.

    >>> PredictionLength().measure("four", [""], {})
    {'prediction_length': 4}
    """

    main_score: str = "prediction_length"
    worst: ClassVar[float | None] = None
    needs_references: ClassVar[bool] = False
    prediction_type: str = "str"
    single_reference_per_prediction: bool = True

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        return {self.main_score: len(prediction)}
