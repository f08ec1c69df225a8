"""F1 of lists of elements: entities of a text, key points; in all, and by group (the type of an entity)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.addition import add_up
from regrade.artifacts import artifact
from regrade.metrics.card_metric import CardMetric, GlobalMetric, Scores
from regrade.metrics.rates import f1_of_rates

if TYPE_CHECKING:
    from regrade.metrics.resampler import Resampler

Group = Hashable
Counts = tuple[Group, bool, int, int, int, int]
"""What a sample adds to a group: the group, whether it is among the sample's references, then numerator and
denominator of precision, and of recall."""

_LARGEST_TABLE = 1 << 25
"""Numbers (256 MB) that resampling may hold as a table of samples and groups."""


class CustomF1(GlobalMetric):
    """F1, precision and recall of elements: micro (all elements) and macro (the mean over groups of references).

    Besides, ``f1_GROUP`` for each group, and ``in_classes_support``, the share of predicted elements whose group
    occurs in references. Subclasses say what group an element is of, and what it is compared by.

    Args:
        zero_division: Stands for a share of nothing.
        report_per_group_scores: Whether to report ``f1_GROUP``.
    """

    main_score: str = "f1_micro"
    single_reference_per_prediction: bool = True
    zero_division: float = 0.0
    report_per_group_scores: bool = True

    groups: ClassVar[frozenset[Group] | None] = None
    """The groups that count; those of the references if None."""

    def group(self, element: Any, task_data: dict[str, Any]) -> Group:
        """The group of an element."""
        raise NotImplementedError

    def representation(self, element: Any, task_data: dict[str, Any]) -> Hashable:
        """What the element is compared by."""
        raise NotImplementedError

    def ignores(self, element: Any, task_data: dict[str, Any]) -> bool:
        """Whether the element stands for nothing."""
        return False

    def matches(self, these: Counter[Any], those: Counter[Any]) -> int:
        """How many of these elements, of one group, are among those."""
        return sum((these & those).values())

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> tuple[Counts, ...]:
        theirs, ours = self._grouped(references[0], task_data), self._grouped(prediction, task_data)
        none: Counter[Any] = Counter()
        return tuple(
            (
                group,
                group in theirs,
                self.matches(ours.get(group, none), theirs.get(group, none)),
                ours.get(group, none).total(),
                self.matches(theirs.get(group, none), ours.get(group, none)),
                theirs.get(group, none).total(),
            )
            for group in {**theirs, **ours}
        )

    def _grouped(self, elements: Any, task_data: dict[str, Any]) -> dict[Group, Counter[Any]]:
        grouped: dict[Group, Counter[Any]] = {}
        for element in elements if isinstance(elements, list) else [elements]:
            if not self.ignores(element, task_data):
                group = self.group(element, task_data)
                grouped.setdefault(group, Counter())[self.representation(element, task_data)] += 1
        return grouped

    def reduce(self, statistics: Sequence[tuple[Counts, ...]]) -> Scores:
        totals: dict[Group, list[int]] = {}
        for sample in statistics:
            for group, *counts in sample:
                known = totals.setdefault(group, [0, 0, 0, 0, 0])
                totals[group] = [a + b for a, b in zip(known, counts, strict=True)]
        return self._scores(totals)

    def _scores(self, totals: Mapping[Group, Sequence[float]]) -> Scores:
        """Scores of the sums of counts by group."""
        scores: Scores = {}
        by_group = []
        everything = [0.0, 0.0, 0.0, 0.0]
        unknown = 0.0
        for group, (referred, *counts) in totals.items():
            everything = [a + b for a, b in zip(everything, counts, strict=True)]
            if group in self.groups if self.groups is not None else referred:
                found = self._rates(counts)
                by_group.append(found)
                if self.report_per_group_scores:
                    scores[f"f1_{group}"] = found[0]
            else:
                unknown += counts[1]
        rates = ("f1", "recall", "precision")
        for place, name in enumerate(rates):
            mean = add_up(found[place] for found in by_group) / len(by_group) if by_group else self.zero_division
            scores[f"{name}_macro"] = mean
        scores["in_classes_support"] = 1 - unknown / everything[1] if everything[1] else 1.0
        for name, rate in zip(rates, self._rates(everything), strict=True):
            scores[f"{name}_micro"] = rate
        return scores

    def _rates(self, counts: Sequence[float]) -> tuple[float, float, float]:
        """F1, recall and precision."""
        right, predicted, found, there = counts
        precision = right / predicted if predicted else self.zero_division
        recall = found / there if there else self.zero_division
        f1 = f1_of_rates(precision, recall) if precision + recall else self.zero_division
        return f1, recall, precision

    def resampler(self, statistics: Sequence[tuple[Counts, ...]], names: list[str]) -> Resampler:
        groups = list(dict.fromkeys(group for sample in statistics for group, *_ in sample))
        if not 0 < len(statistics) * len(groups) * 5 <= _LARGEST_TABLE:
            return super().resampler(statistics, names)
        from regrade.metrics.resampler import RoundedSums
        from regrade.metrics.sums import rowwise

        places = {group: 5 * place for place, group in enumerate(groups)}
        table = []
        for sample in statistics:
            row = [0] * (5 * len(groups))
            for group, *counts in sample:
                row[places[group] : places[group] + 5] = counts
            table.append(row)

        def scores(sums: Sequence[float]) -> Scores:
            found = self._scores({group: sums[at : at + 5] for group, at in places.items() if any(sums[at : at + 5])})
            return {name: found.get(name, float("nan")) for name in names}

        return RoundedSums(statistics, table, self.reduce, lambda sums: rowwise(scores, sums, names), names)


class _Typed(CustomF1):
    """Elements that are pairs of a text and its type."""

    prediction_type: str = "List[Tuple[str, str]]"

    def group(self, element: Any, task_data: dict[str, Any]) -> Group:
        kind: Group = element[1]
        return kind

    def representation(self, element: Any, task_data: dict[str, Any]) -> Hashable:
        return tuple(element)


@artifact("ner")
class NER(_Typed):
    """F1 of entities, given as pairs (text, type); both must be equal.

    >>> ner = NER(report_per_group_scores=False)
    >>> found = ner.measure([("Dalia", "Person"), ("IBM", "Org")], [[("Dalia", "Person")]], {})
    >>> scores = ner.reduce([found])
    >>> scores["precision_micro"], scores["recall_micro"], scores["in_classes_support"]
    (0.5, 1.0, 0.5)
    """


@artifact("kpa")
class KPA(CustomF1):
    """F1 of key points: each sample has one in its field ``keypoint``, and the prediction ``none`` is no key point.

    >>> kpa = KPA()
    >>> found = [kpa.measure(text, ["yes"], {"keypoint": point}) for text, point in (("yes", "cost"), ("none", "size"))]
    >>> kpa.reduce(found)["f1_micro"]
    0.6666666666666666
    """

    prediction_type: str = "str"

    def group(self, element: Any, task_data: dict[str, Any]) -> Group:
        point: Group = task_data["keypoint"]
        return point

    def representation(self, element: Any, task_data: dict[str, Any]) -> Hashable:
        point: Hashable = task_data["keypoint"]
        return point

    def ignores(self, element: Any, task_data: dict[str, Any]) -> bool:
        return bool(element == "none")


class CustomF1Fuzzy(_Typed):
    """F1 of pairs (text, type) whose texts need only be alike: each is matched to the most similar one of its type.

    Args:
        min_score_for_match: How similar two texts must be, 0 to 1.
    """

    min_score_for_match: float

    def similarity(self, one: str, other: str) -> float:
        """How alike two texts are, 0 to 1."""
        raise NotImplementedError

    def matches(self, these: Counter[Any], those: Counter[Any]) -> int:
        total = 0
        for this, count in these.items():
            best, nearest = self.min_score_for_match, None
            for that in those:
                similarity = self.similarity(this[0], that[0])
                if similarity >= best:
                    best, nearest = similarity, that
            if nearest is not None:
                total += min(count, those[nearest])
        return total


@artifact("fuzzy_ner")
class FuzzyNer(CustomF1Fuzzy):
    """F1 of entities whose texts have the same characters to 75 percent and more, in order.

    Source: Ratcliff and Obershelp's similarity in whole percent, as the package fuzzywuzzy's ``ratio``.

    >>> ner = FuzzyNer()
    >>> ner.reduce([ner.measure([["Jane Doe", "Person"]], [[["Jane Do", "Person"]]], {})])["f1_micro"]
    1.0
    """

    imports: ClassVar[tuple[str, ...]] = ("difflib",)

    min_score_for_match: float = 0.750001

    def similarity(self, one: str, other: str) -> float:
        if one == other:
            return 1.0
        if not one or not other:
            return 0.0
        from difflib import SequenceMatcher

        return round(100 * SequenceMatcher(None, one, other).ratio()) / 100


@artifact("metric_based_ner")
class MetricBasedNer(CustomF1Fuzzy):
    """F1 of entities whose texts score high enough by another metric.

    Args:
        metric: The metric; its main score of one text against the other is their similarity.
        min_score_for_match: How similar two texts must be.
    """

    metric: CardMetric
    min_score_for_match: float = 0.75

    def similarity(self, one: str, other: str) -> float:
        scores, _ = self.metric.evaluate([(one, [other], {"ground_truth": other, "reference": other})], intervals=False)
        similarity: float = scores["score"]
        return similarity
