"""Matthews' correlation of predicted and true classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from math import sqrt


def matthews(pairs: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Matthews' correlation coefficient, of two classes or more.

    Args:
        pairs: Per sample the predicted and the true class.

    Returns:
        -1 to 1; 0 where all predictions, or all samples, are of one class.

    Source: Gorodkin (2004), as scikit-learn's ``matthews_corrcoef``.

    >>> matthews([("a", "a"), ("b", "b"), ("b", "a"), ("b", "b")])
    0.5773502691896258
    """
    predicted = Counter(prediction for prediction, _ in pairs)
    true = Counter(truth for _, truth in pairs)
    right = sum(prediction == truth for prediction, truth in pairs)
    total = len(pairs)
    both = right * total - sum(count * true[label] for label, count in predicted.items())
    ours = total**2 - sum(count**2 for count in predicted.values())
    theirs = total**2 - sum(count**2 for count in true.values())
    return both / sqrt(ours * theirs) if ours and theirs else 0.0
