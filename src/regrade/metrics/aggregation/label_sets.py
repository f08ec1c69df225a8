"""F1 over samples that have any number of labels: pairs of a gold and a predicted set.

Micro F1 counts over all labels together (as scikit-learn's ``f1_score(average="micro")`` on indicator matrices),
macro F1 is the mean of the labels' own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation, pair
from regrade.metrics.rates import rates
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler


def label_sets(value: Any) -> tuple[frozenset[Any], frozenset[Any]]:
    """A pair of collections of labels as sets.

    Raises:
        TypeError: a side is a single label, or holds something that cannot be a label.
    """
    gold, predicted = pair(value)
    for side in (gold, predicted):
        if isinstance(side, str) or not hasattr(side, "__iter__"):
            raise TypeError(f"expected a collection of labels, not {side!r}")
    return frozenset(gold), frozenset(predicted)


@register("aggregation", "micro_f1_sets")
class MicroF1Sets(Aggregation):
    """2 TP / (2 TP + FP + FN) over all labels of all samples; 0 where there are none."""

    width = 3
    of_texts = True

    def statistics(self, value: Any) -> tuple[float, float, float]:
        gold, predicted = label_sets(value)
        return float(len(gold & predicted)), float(len(predicted - gold)), float(len(gold - predicted))

    def reduce(self, column: Column) -> float:
        right, extra, missed = (add_up(column.data[place::3]) for place in range(3))
        # Through precision and recall, as tasks do it: to the last digit.
        return rates(right, right + extra, right + missed).f1

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(column.numpy(), _micro, [""])


def _micro(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    right, extra, missed = sums[:, 0], sums[:, 1], sums[:, 2]
    whole = 2 * right + extra + missed
    return np.divide(2 * right, whole, out=np.zeros(len(sums)), where=whole != 0)


@register("aggregation", "macro_f1_sets")
class MacroF1Sets(Aggregation):
    """The mean of each label's F1, over the labels that occur on either side."""

    width = 0
    of_texts = True

    def statistics(self, value: Any) -> tuple[frozenset[Any], frozenset[Any]]:
        return label_sets(value)

    def reduce(self, column: Column) -> float:
        counts: dict[Any, list[int]] = {}
        for gold, predicted in column.objects:
            for label in gold | predicted:
                count = counts.setdefault(label, [0, 0, 0])
                count[0 if label in gold and label in predicted else 1 if label in predicted else 2] += 1
        in_order = (counts[label] for label in sorted(counts, key=str))
        scores = [rates(right, right + extra, right + missed).f1 for right, extra, missed in in_order]
        return add_up(scores) / len(scores) if scores else 0.0
