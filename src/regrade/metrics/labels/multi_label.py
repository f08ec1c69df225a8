"""F1, precision and recall of samples that have any number of labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from regrade.artifacts import artifact
from regrade.metrics.card_metric import GlobalMetric, Scores
from regrade.metrics.labels import confusion
from regrade.metrics.labels.confusion import Average, Counts
from regrade.metrics.labels.f1 import averaged
from regrade.metrics.resampler import Resampler, RoundedSums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Sets = tuple[frozenset[str], frozenset[str]]
"""The labels of a sample: those of its reference, and those predicted."""


@artifact("f1_multi_label")
class F1MultiLabel(GlobalMetric):
    """F1 of each label that is in some sample's reference, and their mean; nan where there are none.

    Labels that are only predicted do not count.

    Args:
        average: ``macro``, ``micro`` or ``weighted``; where not given, ``macro`` with the value of each label.
        metric: ``f1``, ``precision`` or ``recall``.

    >>> metric = F1MultiLabel()
    >>> metric.reduce([metric.statistics(["cat"], [["cat", "dog"]], {})])
    {'f1_macro': 0.5, 'f1_cat': 1.0, 'f1_dog': 0.0}
    """

    main_score: str = "f1_macro"
    prediction_type: str = "List[str]"
    single_reference_per_prediction: bool = True
    average: Average | None = None
    metric: Literal["f1", "precision", "recall"] = "f1"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Sets:
        return frozenset(references[0]), frozenset(prediction)

    def reduce(self, statistics: Sequence[Sets]) -> Scores:
        labels = sorted({label for gold, _ in statistics for label in gold})
        if not labels:
            return {self.main_score: math.nan}
        counts = _counted(_stack(statistics, labels).sum(axis=0)[None, :])
        scores: Scores = {self.main_score: float(averaged(self.average or "macro", self.metric, counts)[0])}
        if self.average is None:
            values = confusion.MEASURES[self.metric](counts)[0].tolist()
            scores.update({f"{self.metric}_{label}": value for label, value in zip(labels, values, strict=True)})
        return scores

    def resampler(self, statistics: Sequence[Sets], names: list[str]) -> Resampler:
        labels = sorted({label for gold, _ in statistics for label in gold})
        return _LabelSets(self, statistics, labels, names)


class _LabelSets(RoundedSums):
    """Scores of resampled sets of labels, by the sums of their indicators."""

    def __init__(self, metric: F1MultiLabel, statistics: Sequence[Sets], labels: list[str], names: list[str]) -> None:
        self.metric, self.labels = metric, labels
        super().__init__(statistics, _stack(statistics, labels), metric.reduce, self._of_counts, names)

    def _of_counts(self, sums: Floats) -> Floats:
        import numpy as np

        counts = _counted(sums)
        occurs = counts.gold > 0
        columns = []
        for name in self.names:
            if name == self.metric.main_score:
                values = averaged(self.metric.average or "macro", self.metric.metric, counts)
                columns.append(np.where(occurs.any(axis=1), values, np.nan))
                continue
            label = name.removeprefix(f"{self.metric.metric}_")
            if self.metric.average is not None or label not in self.labels:
                columns.append(np.full(len(sums), np.nan))
                continue
            code = self.labels.index(label)
            values = confusion.MEASURES[self.metric.metric](counts)[:, code]
            columns.append(np.where(occurs[:, code], values, np.nan))
        return np.stack(columns, axis=1)


def _stack(statistics: Sequence[Sets], labels: list[str]) -> Floats:
    """Per sample, for each label: is it both, is it in the reference, is it predicted: (n, 3 k)."""
    import numpy as np

    place = {label: code for code, label in enumerate(labels)}
    stack = np.zeros((len(statistics), 3, len(labels)))
    for row, (gold, called) in enumerate(statistics):
        for part, found in enumerate((gold & called, gold, called)):
            stack[row, part, [place[label] for label in found if label in place]] = 1
    return stack.reshape(len(statistics), -1)


def _counted(sums: Floats) -> Counts:
    right, gold, called = sums.reshape(len(sums), 3, -1).transpose(1, 0, 2)
    return Counts(right, gold, called)


@artifact("f1_macro_multi_label")
class F1MacroMultiLabel(F1MultiLabel):
    """The mean of the labels' F1, and each of them."""


@artifact("f1_micro_multi_label")
class F1MicroMultiLabel(F1MultiLabel):
    """F1 of the counts of all labels together."""

    main_score: str = "f1_micro"
    average: Average | None = "micro"


@artifact("precision_macro_multi_label")
class PrecisionMacroMultiLabel(F1MultiLabel):
    """The mean of the labels' precision."""

    main_score: str = "precision_macro"
    metric: Literal["f1", "precision", "recall"] = "precision"
    average: Average | None = "macro"


@artifact("precision_micro_multi_label")
class PrecisionMicroMultiLabel(F1MultiLabel):
    """Precision of the counts of all labels together."""

    main_score: str = "precision_micro"
    metric: Literal["f1", "precision", "recall"] = "precision"
    average: Average | None = "micro"


@artifact("recall_macro_multi_label")
class RecallMacroMultiLabel(F1MultiLabel):
    """The mean of the labels' recall."""

    main_score: str = "recall_macro"
    metric: Literal["f1", "precision", "recall"] = "recall"
    average: Average | None = "macro"


@artifact("recall_micro_multi_label")
class RecallMicroMultiLabel(F1MultiLabel):
    """Recall of the counts of all labels together."""

    main_score: str = "recall_micro"
    metric: Literal["f1", "precision", "recall"] = "recall"
    average: Average | None = "micro"
