"""Aggregations over pairs of labels, (gold, predicted): F1 scores and Matthews' correlation, from confusion counts.

Values are scikit-learn's (``f1_score``, ``matthews_corrcoef``; 1.9), which lm-evaluation-harness calls.
"""

from __future__ import annotations

from collections import Counter
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation, Stderr, pair
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column

    Floats = NDArray[np.float64]
    Indices = NDArray[np.integer[Any]]

_MOST_PAIRS = 64
"""Up to so many cells a confusion matrix is counted whole; beyond, its margins and diagonal are counted one by one."""
_BLOCK = 1 << 21
"""Counts held at a time."""


class Tallies(NamedTuple):
    """Of b sets of samples, per label: how many are it and are called it, how many are it, how many are called it.

    Each array is (b, k) for k labels.
    """

    right: Floats
    gold: Floats
    predicted: Floats


class LabelPairs(Aggregation):
    """An aggregation of (gold, predicted) pairs that depends on their confusion matrix alone.

    None for the predicted label stands for an answer of which no label could be read. It is no class: its gold label
    was missed, and nothing was called by a wrong one.
    """

    width = 2
    of_texts = True
    labelled = True

    def statistics(self, value: Any) -> tuple[Any, Any]:
        gold, predicted = pair(value)
        hash(gold), hash(predicted)
        return gold, predicted

    def check(self, column: Column, codes: NDArray[np.intp]) -> None:
        """Raise ValueError where scikit-learn would not take these labels."""
        assert column.labels is not None
        labels = _labels(column, codes)
        texts = [isinstance(label, str) for label in labels]
        if any(texts) and not all(texts):
            raise ValueError(f"labels are both texts and numbers: {_some(labels)}")
        fractions = [label for label in labels if isinstance(label, float) and not label.is_integer()]
        if fractions:
            raise ValueError(f"labels must be texts or whole numbers, not {_some(fractions)}")

    def score(self, column: Column, tallies: Tallies) -> Floats:
        """Tallies of b sets of samples to values (b,)."""
        raise NotImplementedError

    def reduce(self, column: Column) -> float:
        import numpy as np

        codes = _codes(column)
        self.check(column, codes)
        return float(self.score(column, _tally(column, codes, np.arange(len(codes))[None, :]))[0])

    def replicates(self, column: Column, indices: Indices) -> Floats:
        import numpy as np

        codes = _codes(column)
        rows = max(1, _BLOCK // _label_count(column))
        blocks = [indices[start : start + rows] for start in range(0, len(indices), rows)]
        return np.concatenate([self.score(column, _tally(column, codes, block)) for block in blocks])

    def jackknife(self, column: Column) -> Floats:
        import numpy as np

        codes = _codes(column)
        kinds, kind_of = np.unique(codes, axis=0, return_inverse=True)
        whole = _tally(column, codes, np.arange(len(codes))[None, :])
        values = np.empty(len(kinds))
        for i, (gold, predicted) in enumerate(kinds.tolist()):
            less = Tallies(*(array.copy() for array in whole))
            less.gold[0, gold] -= 1
            less.predicted[0, predicted] -= 1
            less.right[0, gold] -= gold == predicted
            values[i] = self.score(column, less)[0]
        return values[kind_of.ravel()]


def _labels(column: Column, codes: NDArray[np.intp]) -> list[Any]:
    """The labels that occur, less the None that is none."""
    assert column.labels is not None
    found = [column.labels[code] for code in sorted(set(codes.ravel().tolist()))]
    return [label for label in found if label is not None]


def _of_classes(column: Column, tallies: Tallies) -> Tallies:
    """The tallies of what is a class."""
    import numpy as np

    assert column.labels is not None
    if None not in column.labels:
        return tallies
    kept = np.array([label is not None for label in column.labels])
    return Tallies(*(array[:, kept] for array in tallies))


def _label_count(column: Column) -> int:
    assert column.labels is not None
    return len(column.labels)


def _codes(column: Column) -> NDArray[np.intp]:
    import numpy as np

    return column.numpy().astype(np.intp)


def _tally(column: Column, codes: NDArray[np.intp], indices: Indices) -> Tallies:
    import numpy as np

    count = _label_count(column)
    gold, predicted = codes[:, 0], codes[:, 1]
    if count * count <= _MOST_PAIRS:
        cells = _histogram(gold * count + predicted, indices, count * count).reshape(-1, count, count)
        return Tallies(np.einsum("bii->bi", cells).copy(), cells.sum(axis=2), cells.sum(axis=1))
    right = np.where(gold == predicted, gold, count)
    return Tallies(
        _histogram(right, indices, count + 1)[:, :count],
        _histogram(gold, indices, count),
        _histogram(predicted, indices, count),
    )


def _histogram(kinds: NDArray[np.intp], indices: Indices, count: int) -> Floats:
    """How often each of ``count`` kinds is drawn by each row of ``indices``, (b, count)."""
    import numpy as np

    drawn = kinds.take(indices)
    drawn += (np.arange(len(indices)) * count)[:, None]
    tallies = np.bincount(drawn.ravel(), minlength=len(indices) * count)
    return tallies.reshape(-1, count).astype(np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``, 0 where ``whole`` is 0 (scikit-learn's ``zero_division`` default)."""
    import numpy as np

    ratio: Floats = np.divide(part, whole, out=np.zeros(np.shape(whole)), where=whole != 0)
    return ratio


def _f1_per_label(tallies: Tallies) -> Floats:
    return _ratio(2 * tallies.right, tallies.gold + tallies.predicted)


@register("aggregation", "f1")
class F1(LabelPairs):
    """F1 of label 1 (or True) against one other label.

    As in the harness, samples with more labels, or with two of which neither is 1, are an error.
    """

    stderr: ClassVar[Stderr] = "bootstrap"

    def check(self, column: Column, codes: NDArray[np.intp]) -> None:
        super().check(column, codes)
        assert column.labels is not None
        labels = _labels(column, codes)
        if len(labels) > 2:
            raise ValueError(
                f"f1 compares two labels, these are {len(labels)}: {_some(labels)}; "
                "use micro_f1, macro_f1 or weighted_f1 for several, token_f1 for the words of a text"
            )
        if len(labels) == 2 and 1 not in labels:
            raise ValueError(f"f1 is that of label 1, but the labels are {_some(labels)}")

    def score(self, column: Column, tallies: Tallies) -> Floats:
        import numpy as np

        assert column.labels is not None
        # Where every label is the text "1", scikit-learn takes it for the number.
        positive = next((label for label in (1, "1") if label in column.labels), None)
        if positive is None:
            return np.zeros(len(tallies.right))
        return _f1_per_label(tallies)[:, column.labels.index(positive)]


@register("aggregation", "micro_f1", "micro_f1_score")
class MicroF1(LabelPairs):
    """F1 of all labels' counts taken together; the accuracy, where each sample has one label."""

    def score(self, column: Column, tallies: Tallies) -> Floats:
        tallies = _of_classes(column, tallies)
        return _ratio(2 * tallies.right.sum(axis=1), tallies.gold.sum(axis=1) + tallies.predicted.sum(axis=1))


@register("aggregation", "macro_f1", "macro_f1_score")
class MacroF1(LabelPairs):
    """The mean of the F1 of each label that occurs, as gold or predicted."""

    def score(self, column: Column, tallies: Tallies) -> Floats:
        tallies = _of_classes(column, tallies)
        occurs = (tallies.gold + tallies.predicted) > 0
        return _ratio(_f1_per_label(tallies).sum(axis=1), occurs.sum(axis=1).astype(float))


@register("aggregation", "weighted_f1", "weighted_f1_score")
class WeightedF1(LabelPairs):
    """The mean of the labels' F1, weighted by how often each is gold."""

    def score(self, column: Column, tallies: Tallies) -> Floats:
        return _ratio((_f1_per_label(tallies) * tallies.gold).sum(axis=1), tallies.gold.sum(axis=1))


@register("aggregation", "matthews_corrcoef")
class MatthewsCorrelation(LabelPairs):
    """Matthews' correlation coefficient for two or more labels; 0 where one side has one label only.

    Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient" (2004).
    """

    stderr: ClassVar[Stderr] = "bootstrap"

    def score(self, column: Column, tallies: Tallies) -> Floats:
        import numpy as np

        n = tallies.gold.sum(axis=1)
        both = tallies.right.sum(axis=1) * n - (tallies.gold * tallies.predicted).sum(axis=1)
        gold = n**2 - (tallies.gold**2).sum(axis=1)
        predicted = n**2 - (tallies.predicted**2).sum(axis=1)
        return _ratio(both, np.sqrt(predicted * gold))


@register("aggregation", "acc_all")
class AllRight(Aggregation):
    """The share of questions all of whose answers are judged rightly (SuperGLUE's MultiRC).

    A value is a pair of what was predicted (a truth value) and the document, with ``idx`` and ``label``.
    """

    width = 3
    labelled = True
    stderr: ClassVar[Stderr] = "closed"

    def statistics(self, value: Any) -> tuple[Any, Any, bool]:
        predicted, doc = pair(value)
        return doc["idx"]["paragraph"], doc["idx"]["question"], bool((doc["label"] == 1) == predicted)

    def reduce(self, column: Column) -> float:
        questions: dict[Any, bool] = {}
        for paragraph, question, right in column.rows():
            questions[paragraph, question] = questions.get((paragraph, question), True) and bool(right)
        return add_up(questions.values()) / len(questions)

    def closed_stderr(self, column: Column) -> float:
        from regrade.statistics.harness import mean_stderr

        # By question number alone, as in the harness: questions of different paragraphs fall together here.
        questions: dict[Any, bool] = {}
        for _, question, right in column.rows():
            questions[question] = questions.get(question, True) and bool(right)
        return mean_stderr([int(right) for right in questions.values()])


def _some(labels: list[Any]) -> str:
    """The first labels, for a message; long texts, which are hardly labels, are cut."""
    texts = [repr(label) for label in labels[:5]]
    shown = ", ".join(text if len(text) <= 32 else f"{text[:30]}…{text[-1]}" for text in texts)
    return shown + (", …" if len(labels) > 5 else "")


def averaged_f1(function: Any) -> str | None:
    """The name of our F1 where ``function`` does nothing but call scikit-learn's with one kind of average; else None.

    Dozens of harness tasks bring such a function of their own.
    """
    code = getattr(function, "__code__", None)
    if code is None or any(isinstance(const, CodeType) for const in code.co_consts):
        return None
    if not set(code.co_names) <= {"f1_score", "list", "zip", "sklearn.metrics"}:
        return None
    called = getattr(function, "__globals__", {}).get("f1_score")
    local = "sklearn.metrics" in code.co_names
    if not local and not str(getattr(called, "__module__", "")).startswith("sklearn.metrics"):
        return None
    averages = Counter(const for const in code.co_consts if const in ("micro", "macro", "weighted"))
    strings = [const for const in code.co_consts if isinstance(const, str) and const not in (*averages, "strict")]
    if len(averages) != 1 or (strings and strings != [function.__doc__]) or ("average",) not in code.co_consts:
        return None
    return f"{next(iter(averages))}_f1"
