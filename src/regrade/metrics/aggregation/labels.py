"""Aggregations over pairs of labels, (gold, predicted): F1 scores and Matthews' correlation, from confusion counts.

Values are scikit-learn's (``f1_score``, ``matthews_corrcoef``; 1.9), which lm-evaluation-harness calls.
"""

from __future__ import annotations

from collections import Counter
from types import CodeType
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation, Stderr, pair
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.labels.confusion import Average, CodedPairs, Counts
    from regrade.metrics.resampler import Resampler

    Floats = NDArray[np.float64]


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

    def score(self, column: Column, counts: Counts) -> Floats:
        """Counts of b sets of samples, by the column's labels, to values (b,)."""
        raise NotImplementedError

    def reduce(self, column: Column) -> float:
        import numpy as np

        pairs = _pairs(column)
        self.check(column, np.stack([pairs.gold, pairs.called], axis=1))
        return float(self.score(column, pairs.whole())[0])

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.labels.confusion import CodedLabels

        return CodedLabels(_pairs(column), lambda counts: self.score(column, counts))


def _labels(column: Column, codes: NDArray[np.intp]) -> list[Any]:
    """The labels that occur, less the None that is none."""
    assert column.labels is not None
    found = [column.labels[code] for code in sorted(set(codes.ravel().tolist()))]
    return [label for label in found if label is not None]


def _of_classes(column: Column, counts: Counts) -> Counts:
    """The counts of what is a class."""
    import numpy as np

    from regrade.metrics.labels.confusion import Counts

    assert column.labels is not None
    if None not in column.labels:
        return counts
    kept = np.array([label is not None for label in column.labels])
    return Counts(*(array[:, kept] for array in counts))


def _pairs(column: Column) -> CodedPairs:
    import numpy as np

    from regrade.metrics.labels.confusion import CodedPairs

    assert column.labels is not None
    gold, called = np.ascontiguousarray(column.numpy().T, dtype=np.intp)
    return CodedPairs(gold, called, len(column.labels))


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

    def score(self, column: Column, counts: Counts) -> Floats:
        import numpy as np

        from regrade.metrics.labels import confusion

        assert column.labels is not None
        # Where every label is the text "1", scikit-learn takes it for the number.
        positive = next((label for label in (1, "1") if label in column.labels), None)
        if positive is None:
            return np.zeros(len(counts.right))
        return confusion.f1(counts)[:, column.labels.index(positive)]


class AveragedF1(LabelPairs):
    """An average of the labels' F1, over the labels that occur, as gold or predicted."""

    average: ClassVar[Average]

    def score(self, column: Column, counts: Counts) -> Floats:
        from regrade.metrics.labels import confusion

        counts = _of_classes(column, counts)
        return confusion.averaged(self.average, "f1", counts, (counts.gold + counts.called) > 0)


@register("aggregation", "micro_f1", "micro_f1_score")
class MicroF1(AveragedF1):
    """F1 of all labels' counts taken together; the accuracy, where each sample has one label."""

    average = "micro"


@register("aggregation", "macro_f1", "macro_f1_score")
class MacroF1(AveragedF1):
    """The mean of the F1 of each label that occurs, as gold or predicted."""

    average = "macro"


@register("aggregation", "weighted_f1", "weighted_f1_score")
class WeightedF1(AveragedF1):
    """The mean of the labels' F1, weighted by how often each is gold."""

    average = "weighted"


@register("aggregation", "matthews_corrcoef")
class MatthewsCorrelation(LabelPairs):
    """Matthews' correlation coefficient for two or more labels; 0 where one side has one label only."""

    stderr: ClassVar[Stderr] = "bootstrap"

    def score(self, column: Column, counts: Counts) -> Floats:
        from regrade.metrics.labels import confusion

        return confusion.matthews(counts)


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
