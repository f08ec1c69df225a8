"""F1, precision and recall of labels, one per sample: by class, and averaged over the classes that are references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from regrade.artifacts import ArtifactError, artifact
from regrade.metrics.card_metric import GlobalMetric, MapReduceMetric, Scores
from regrade.metrics.labels import confusion
from regrade.metrics.labels.confusion import Average, Counts, LabelPairs, counts_of
from regrade.metrics.resampler import Resampler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Pair = tuple[Any, Any]
"""A reference and a prediction."""


def averaged(average: Average, measure: str, counts: Counts) -> Floats:
    """A measure averaged over the labels that are references, (b,)."""
    return confusion.averaged(average, measure, counts, counts.gold > 0)


@artifact("f1")
class F1(GlobalMetric):
    """F1 of each class that is a reference of some sample, and their mean.

    A class that is only predicted counts against the others, and has no F1 of its own.

    Args:
        average: ``macro`` (classes alike), ``micro`` (counts of all classes together), ``weighted`` (by how often each
            is a reference); where not given, ``macro`` with the F1 of each class as ``f1_CLASS``.
        metric: ``f1``, ``precision`` or ``recall``.

    >>> F1().reduce([("cat", "cat"), ("dog", "cat")])
    {'f1_macro': 0.3333333333333333, 'f1_cat': 0.6666666666666666, 'f1_dog': 0.0}
    """

    main_score: str = "f1_macro"
    prediction_type: str = "str"
    single_reference_per_prediction: bool = True
    average: Average | None = None
    metric: Literal["f1", "precision", "recall"] = "f1"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Pair:
        return references[0], prediction

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Pair:
        return references[0], None

    def reduce(self, statistics: Sequence[Pair]) -> Scores:
        # Classes in the order in which they are first met: sums are rounded by it.
        labels = list(dict.fromkeys(gold for gold, _ in statistics))
        counts = counts_of(statistics, labels)
        scores: Scores = {self.main_score: float(averaged(self.average or "macro", self.metric, counts)[0])}
        if self.average is None:
            values = confusion.MEASURES[self.metric](counts)[0].tolist()
            scores.update({f"{self.metric}_{label}": value for label, value in zip(labels, values, strict=True)})
        return scores

    def resampler(self, statistics: Sequence[Pair], names: list[str]) -> Resampler:
        labels = list(dict.fromkeys(gold for gold, _ in statistics))
        columns: dict[str, Callable[[Counts], Floats]] = {
            self.main_score: lambda counts: averaged(self.average or "macro", self.metric, counts)
        }
        if self.average is None:
            columns |= {f"{self.metric}_{label}": _class(self.metric, code) for code, label in enumerate(labels)}
        return LabelPairs(statistics, self.reduce, _joined(columns, names), labels, names)


def _class(measure: str, code: int) -> Callable[[Counts], Floats]:
    """The measure of one class; nan in resamples in which it is no reference."""

    def score(counts: Counts) -> Floats:
        import numpy as np

        values: Floats = confusion.MEASURES[measure](counts)[:, code]
        return np.where(counts.gold[:, code] > 0, values, np.nan)

    return score


def _joined(columns: dict[str, Callable[[Counts], Floats]], names: Iterable[str]) -> Callable[[Counts], Floats]:
    chosen = [columns.get(name) for name in names]

    def score(counts: Counts) -> Floats:
        import numpy as np

        empty = np.full(len(counts.gold), np.nan)
        return np.stack([empty if column is None else column(counts) for column in chosen], axis=1)

    return score


@artifact("f1_macro")
class F1Macro(F1):
    """The mean of the classes' F1, and each of them."""


@artifact("f1_micro")
class F1Micro(F1):
    """F1 of the counts of all classes together."""

    main_score: str = "f1_micro"
    average: Average | None = "micro"


@artifact("f1_weighted")
class F1Weighted(F1):
    """The mean of the classes' F1, weighted by how often each is a reference."""

    main_score: str = "f1_weighted"
    average: Average | None = "weighted"


@artifact("f1_fast")
class F1Fast(MapReduceMetric):
    """F1 of several averages at once, from the family of metrics with an interval for each score.

    Args:
        averages: Which: ``f1`` and ``macro`` (the mean of the classes'), ``micro``, ``per_class`` (each class).
        ignore_punc: Without effect, as in Unitxt.
        ignore_case: Without effect, as in Unitxt.
    """

    main_score: str = "f1"
    averages: tuple[Literal["f1", "macro", "micro", "per_class"], ...] = ("f1", "micro", "macro", "per_class")
    ignore_punc: bool = True
    ignore_case: bool = True

    keys: ClassVar[dict[str, str]] = {"f1": "f1", "micro": "f1_micro", "macro": "f1_macro"}

    def verify(self) -> None:
        super().verify()
        if not self.averages:
            raise ArtifactError("averages must name at least one", path=("averages",))

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Pair:
        return references[0], prediction

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Pair:
        return references[0], None

    def reduce(self, statistics: Sequence[Pair]) -> Scores:
        return self._in_order(statistics, _numbers(statistics))

    def _in_order(self, statistics: Sequence[Pair], number_of: dict[Any, int]) -> Scores:
        """The scores, with classes added up in Unitxt's order, which decides about rounding: that of a Python set of
        the numbers that labels have, in which those above the size of its table come among the small ones.
        """
        label_of = list(number_of)
        labels = [label_of[number] for number in _set_order(number_of[gold] for gold, _ in statistics)]
        counts = counts_of(statistics, labels)
        return {name: float(column(counts)[0]) for name, column in self._columns(labels).items()}

    def _columns(self, labels: Sequence[Any]) -> dict[str, Callable[[Counts], Floats]]:
        columns: dict[str, Callable[[Counts], Floats]] = {}
        for average in ("f1", "micro", "macro"):
            if average in self.averages:
                columns[self.keys[average]] = _average("micro" if average == "micro" else "macro")
        if "per_class" in self.averages:
            columns |= {f"f1_{label}": _class("f1", code) for code, label in enumerate(labels)}
        return columns

    def resampler(self, statistics: Sequence[Pair], names: list[str]) -> Resampler:
        number_of = _numbers(statistics)
        labels = list(dict.fromkeys(gold for gold, _ in statistics))
        score = _joined(self._columns(labels), names)
        return LabelPairs(statistics, lambda pairs: self._in_order(pairs, number_of), score, labels, names)


def _numbers(pairs: Sequence[Pair]) -> dict[Any, int]:
    """The labels of all samples, references and predictions, numbered as they are first met."""
    return {label: number for number, label in enumerate(dict.fromkeys(label for pair in pairs for label in pair))}


def _set_order(numbers: Iterable[int]) -> list[int]:
    """The different numbers in the order of a set to which they were added one by one."""
    found: set[int] = set()
    for number in numbers:
        found.add(number)
    return list(found)


def _average(average: Average) -> Callable[[Counts], Floats]:
    return lambda counts: averaged(average, "f1", counts)


@artifact("matthews_correlation")
class MatthewsCorrelation(GlobalMetric):
    """Matthews' correlation of labels; 0 where either side has one label only.

    >>> MatthewsCorrelation().reduce([("a", "a"), ("b", "b")])
    {'matthews_correlation': 1.0}

    Source: Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient" (2004).
    """

    main_score: str = "matthews_correlation"
    prediction_type: str = "str"
    single_reference_per_prediction: bool = True

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Pair:
        return references[0], prediction

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Pair:
        return references[0], None

    def reduce(self, statistics: Sequence[Pair]) -> Scores:
        labels = list(dict.fromkeys(label for pair in statistics for label in pair))
        return {self.main_score: float(confusion.matthews(counts_of(statistics, labels))[0])}

    def resampler(self, statistics: Sequence[Pair], names: list[str]) -> Resampler:
        labels = list(dict.fromkeys(label for pair in statistics for label in pair))
        return LabelPairs(statistics, self.reduce, _joined({self.main_score: confusion.matthews}, names), labels, names)
