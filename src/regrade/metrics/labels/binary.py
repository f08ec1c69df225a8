"""Metrics of two classes, 1 and 0, predicted by a number: F1 and accuracy at a threshold, the best of them, ROC."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from regrade.artifacts import artifact
from regrade.metrics.card_metric import GlobalMetric, InstanceMetric, Scores
from regrade.metrics.labels.confusion import ratio
from regrade.metrics.labels.thresholds import AtThresholds, Scored, Thresholds
from regrade.metrics.resampler import Resampler, Sums

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


Called = tuple[int, int | None]
"""A class, and what it was called; None where the answer could not be read."""


def _binary(references: list[Any]) -> int:
    if references[0] not in (0, 1):
        raise ValueError(f"the reference must be 0 or 1, not {references[0]!r}")
    return int(references[0])


@artifact("f1_binary")
class F1Binary(GlobalMetric):
    """F1, precision and recall of class 1, and of class 0 as ``*_neg``.

    Args:
        threshold: A prediction above it says 1.
        average: ``binary`` leaves out class 0.
        metric: Without effect, as in Unitxt.

    >>> scores = F1Binary().reduce([(1, 1), (0, 1), (0, 0)])
    >>> scores["f1_binary"], scores["precision_binary"], scores["recall_binary"]
    (0.6666666666666666, 0.5, 1.0)
    """

    main_score: str = "f1_binary"
    prediction_type: str = "Union[float, int]"
    single_reference_per_prediction: bool = True
    process_single_instances: bool = False
    threshold: float = 0.5
    average: Literal["binary"] | None = None
    metric: Literal["f1", "precision", "recall"] = "f1"

    intervals_of: ClassVar[tuple[str, ...]] = ("f1_binary", "f1_binary_neg")

    def interval_names(self, scores: Scores) -> list[str]:
        if self.ci_scores is None and self.confidence_interval_calculation:
            return [name for name in self.intervals_of if name in scores]
        return super().interval_names(scores)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        return _binary(references), int(prediction > self.threshold)

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Any:
        return _binary(references), None  # neither class

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        return self.scores_of(_cells(statistics).sum(axis=0)[None, :])

    def scores_of(self, cells: Floats) -> Scores:
        """The scores of one set of samples, of its counts, as :func:`binary_scores` takes them."""
        return {name: float(values[0]) for name, values in binary_scores(cells, negative=self.average is None).items()}

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Resampler:
        def score(cells: Floats) -> Floats:
            import numpy as np

            found = binary_scores(cells)
            nothing = np.full(len(cells), np.nan)
            return np.stack([found.get(name, nothing) for name in names], axis=1)

        return Sums(_cells(statistics), score, names)


def _cells(pairs: Sequence[Called]) -> Floats:
    """Per sample which of the six counts it adds to."""
    import numpy as np

    places = [4 + gold if called is None else 2 * gold + called for gold, called in pairs]
    cells: Floats = np.eye(6)[np.array(places, dtype=np.intp)]
    return cells


def binary_scores(cells: Floats, *, negative: bool = True) -> dict[str, Floats]:
    """F1, recall and precision of class 1, and of class 0 (``*_neg``).

    Args:
        cells: Counts (b, 4) of 0 called 0, 0 called 1, 1 called 0, 1 called 1; or (b, 6), with those of 0 and of 1
            that were called nothing, as the answer could not be read.
        negative: With those of class 0.
    """
    negatives, false_alarms, missed, found = cells.T[:4]
    unread, unread_ones = cells.T[4:] if cells.shape[1] > 4 else (0.0, 0.0)
    scores = {
        "f1_binary": ratio(2 * found, 2 * found + missed + unread_ones + false_alarms),
        "f1_binary_neg": ratio(2 * negatives, 2 * negatives + missed + false_alarms + unread),
        "recall_binary": ratio(found, found + missed + unread_ones),
        "recall_binary_neg": ratio(negatives, negatives + false_alarms + unread),
        "precision_binary": ratio(found, found + false_alarms),
        "precision_binary_neg": ratio(negatives, negatives + missed),
    }
    return {name: values for name, values in scores.items() if negative or not name.endswith("_neg")}


@artifact("f1_binary_pos_only")
class F1BinaryPosOnly(F1Binary):
    """The same without class 0.

    The interval of ``score`` is that of ``f1_binary``; Unitxt reports nan for it, and for ``f1_binary_neg``, which this
    metric does not have.
    """

    average: Literal["binary"] | None = "binary"


@artifact("precision_binary")
class PrecisionBinary(F1Binary):
    """The same, with the precision of class 1 for its score."""

    main_score: str = "precision_binary"
    metric: Literal["f1", "precision", "recall"] = "precision"


@artifact("recall_binary")
class RecallBinary(F1Binary):
    """The same, with the recall of class 1 for its score."""

    main_score: str = "recall_binary"
    metric: Literal["f1", "precision", "recall"] = "recall"


@artifact("binary_max_f1")
class BinaryMaxF1(F1Binary):
    """The best F1 of class 1, and of class 0, that a threshold gives; with that threshold, its precision and recall.

    Thresholds are the numbers predicted, rounded to three digits; a number at or above one says 1.

    >>> BinaryMaxF1().reduce([(1, 0.3), (0, 0.0), (0, 0.7), (0, 0.0)])["best_thr_maxf1"]
    0.3
    """

    main_score: str = "max_f1_binary"

    intervals_of: ClassVar[tuple[str, ...]] = ("max_f1_binary", "max_f1_binary_neg")

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> None:
        return None  # a threshold decides, and nothing has none

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        return _binary(references), prediction

    def reduce(self, statistics: Sequence[Scored]) -> Scores:
        thresholds = Thresholds(statistics, 3)
        found = binary_scores(thresholds.whole())
        scores: Scores = {}
        for sign in ("", "_neg"):
            best = self._best(statistics, thresholds.values.tolist(), found[f"f1_binary{sign}"].tolist())
            scores[f"{self.main_score}{sign}"] = float(found[f"f1_binary{sign}"][best])
            scores[f"best_thr_maxf1{sign}"] = float(thresholds.values[best])
            scores[f"recall_at_max_f1{sign}"] = float(found[f"recall_binary{sign}"][best])
            scores[f"precision_at_max_f1{sign}"] = float(found[f"precision_binary{sign}"][best])
        return scores

    @staticmethod
    def _best(statistics: Sequence[Scored], thresholds: list[float], values: list[float]) -> int:
        """The threshold of the greatest value; of several the first in the order of a Python set, as in Unitxt."""
        place = {threshold: index for index, threshold in enumerate(thresholds)}
        candidates = {round(number, 3) for _, number in statistics}
        return max((place[threshold] for threshold in candidates), key=values.__getitem__)

    def resampler(self, statistics: Sequence[Scored], names: list[str]) -> Resampler:
        if not set(names) <= set(self.intervals_of):
            return Resampler(statistics, self.reduce, names)

        def score(cells: Floats, there: Any) -> Floats:
            import numpy as np

            found = binary_scores(cells.reshape(-1, 4))
            columns = [found[name.replace("max_f1", "f1")].reshape(there.shape) for name in names]
            return np.stack([np.where(there, column, 0.0).max(axis=1) for column in columns], axis=1)

        return AtThresholds(statistics, self.reduce, score, names, digits=3)


@artifact("binary_accuracy")
class BinaryAccuracy(InstanceMetric):
    """1 where the prediction, 1 above a threshold, is the reference.

    Args:
        threshold: A prediction above it says 1.
    """

    main_score: str = "accuracy_binary"
    prediction_type: str = "Union[float, int]"
    single_reference_per_prediction: bool = True
    threshold: float = 0.5

    intervals_of: ClassVar[tuple[str, ...]] = ("accuracy_binary",)

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        return {self.main_score: float(int(prediction > self.threshold) == _binary(references))}


@artifact("binary_max_accuracy")
class BinaryMaxAccuracy(GlobalMetric):
    """The best accuracy that a threshold gives, and that threshold: the lowest, where several do.

    A number at or above it says 1. Where calling all of them 0 is best, it is 1.0, or next above the greatest number.

    >>> BinaryMaxAccuracy().reduce([(1, 0.7), (0, 0.3), (0, 0.8)])
    {'max_accuracy_binary': 0.6666666666666666, 'best_thr_max_acc': 0.7}
    """

    main_score: str = "max_accuracy_binary"
    prediction_type: str = "Union[float, int]"
    single_reference_per_prediction: bool = True
    process_single_instances: bool = False

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scored:
        return int(references[0]), prediction

    def reduce(self, statistics: Sequence[Scored]) -> Scores:
        thresholds = Thresholds(statistics)
        cells = thresholds.whole()
        right = cells[:, 0] + cells[:, 3]
        best = int(right.argmax())
        accuracy, threshold = float(right[best]), float(thresholds.values[best])
        none_called = float(cells[0, :2].sum())
        if none_called > accuracy:
            greatest = float(thresholds.values[-1])
            accuracy, threshold = none_called, 1.0 if greatest < 1 else greatest + 0.01
        return {self.main_score: accuracy / len(statistics), "best_thr_max_acc": threshold}

    def resampler(self, statistics: Sequence[Scored], names: list[str]) -> Resampler:
        if names != [self.main_score]:
            return Resampler(statistics, self.reduce, names)

        def score(cells: Floats, there: Any) -> Floats:
            import numpy as np

            right = cells[..., 0] + cells[..., 3]
            best = np.maximum(right.max(axis=1), cells[:, 0, :2].sum(axis=1))
            accuracy: Floats = (best / cells[:, 0].sum(axis=1))[:, None]
            return accuracy

        return AtThresholds(statistics, self.reduce, score, names, left_out=_best_accuracy_left_out)


def _best_accuracy_left_out(at: Thresholds) -> Floats:
    """The best accuracy without each of the samples, which counts at the thresholds that called it rightly."""
    import numpy as np

    cells = at.whole()
    right = np.append(cells[:, 0] + cells[:, 3], cells[0, :2].sum())  # at each threshold, and above all of them
    up_to = np.maximum.accumulate(right)[np.maximum(at.reached - 1, 0)]
    beyond = np.maximum.accumulate(right[::-1])[::-1][at.reached]
    best = np.maximum(up_to - (at.gold == 1), beyond - (at.gold == 0))
    accuracy: Floats = (best / (len(at.gold) - 1))[:, None]
    return accuracy


@artifact("roc_auc")
class RocAuc(GlobalMetric):
    """The area under the ROC curve: how often a sample of class 1 has a greater number than one of class 0.

    Ties count half. Nan where all samples are of one class.

    >>> RocAuc().reduce([(1, 0.8), (1, 0.3), (0, 0.3), (0, 0.1)])
    {'roc_auc': 0.875}

    Source: Fawcett, "An introduction to ROC analysis" (2006), sections 7 and 8.
    """

    main_score: str = "roc_auc"
    prediction_type: str = "float"
    single_reference_per_prediction: bool = True
    process_single_instances: bool = False

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scored:
        return references[0], prediction

    def reduce(self, statistics: Sequence[Scored]) -> Scores:
        if not {reference for reference, _ in statistics} <= {0, 1}:
            raise ValueError("references must be 0 or 1")
        cells = Thresholds(statistics).whole()
        return {self.main_score: _area(cells[:, 1], cells[:, 3])}

    def resampler(self, statistics: Sequence[Scored], names: list[str]) -> Resampler:
        def score(cells: Floats, there: Any) -> Floats:
            import numpy as np

            across, up = (np.pad(cells[..., cell], ((0, 0), (0, 1))) for cell in (1, 3))
            area = ((across[:, :-1] - across[:, 1:]) * (up[:, :-1] + up[:, 1:])).sum(axis=1) / 2
            whole = across[:, 0] * up[:, 0]
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(whole > 0, area / whole, np.nan)[:, None]

        return AtThresholds(statistics, self.reduce, score, names, rounds=True, left_out=_area_left_out)


def _area_left_out(at: Thresholds) -> Floats:
    """The area without each of the samples, of how many of the other class it is rightly above or below."""
    import numpy as np

    by_class = [np.bincount(at.own[at.gold == side], minlength=len(at.values)).astype(np.float64) for side in (0, 1)]
    below = [counts.cumsum() - counts / 2 for counts in by_class]
    zeros, ones = (float(counts.sum()) for counts in by_class)
    won = np.where(at.gold == 1, below[0][at.own], (ones - below[1])[at.own])
    everything = (by_class[1] * below[0]).sum()
    whole = np.where(at.gold == 1, (ones - 1) * zeros, ones * (zeros - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, (everything - won) / whole, np.nan)[:, None]


def _area(across: Floats, up: Floats) -> float:
    """The area by the trapezoid rule, of the counts (of class 0 and of class 1) above ascending thresholds.

    Corners only, from (0, 0) on: points between them add nothing but rounding, and scikit-learn leaves them out too.
    """
    import numpy as np

    across, up = across[::-1], up[::-1]
    if not across[-1] or not up[-1]:
        return math.nan
    if len(across) > 2:
        corner = np.concatenate([[True], (np.diff(across, 2) != 0) | (np.diff(up, 2) != 0), [True]])
        across, up = across[corner], up[corner]
    x, y = (np.concatenate([[0.0], counts]) / counts[-1] for counts in (across, up))
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2.0).sum())
