"""Scores by groups of samples: a question and its paraphrases, the turns of a dialog.

:class:`GroupMean` and its fixed kin reduce the scores of each group (``group_id`` in the task's data) and take the mean
over groups. Resamples of the former draw samples, so that groups change; of *fixed* groups they draw groups as a whole.
:class:`GroupMetric` does the same for any metric of samples' scores.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import msgspec

from regrade.artifacts import artifact
from regrade.artifacts.paths import get_path
from regrade.metrics.card_metric import CardMetric, InstanceMetric, MapReduceMetric, Scores
from regrade.metrics.groups import effect_sizes
from regrade.metrics.reductions import GroupMean as GroupMeanReduction
from regrade.metrics.reductions import GroupReduction, nan_mean
from regrade.metrics.resampler import Means, Resampler
from regrade.metrics.text.accuracy import Accuracy
from regrade.metrics.text.containment import StringContainmentOld, TokenOverlap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Member(NamedTuple):
    """The statistics of a sample that belongs to a group."""

    scores: Scores
    group: str
    kind: str


if TYPE_CHECKING:
    _Mixed = InstanceMetric
else:
    _Mixed = object  # its fields are those of the metric that it is mixed into


class Grouped(_Mixed):
    """Mixed into a metric of samples' scores: reduces groups, and takes the mean of what comes out.

    The task's data of each sample has ``group_id``, and ``variant_type`` where kinds are told apart.

    Attributes:
        group_function: What a group's scores, or its scores by kind, are reduced to.
        group_name: What that is called.
        by_kind: Whether kinds are told apart.
        fixed: Whether resamples draw groups as a whole.
        group_scores: The scores that are reduced; the main one, where none are named.
    """

    group_function: ClassVar[Callable[[Any], float]] = staticmethod(nan_mean)
    group_name: ClassVar[str] = "mean"
    by_kind: ClassVar[bool] = False
    fixed: ClassVar[bool] = False
    group_scores: ClassVar[tuple[str, ...]] = ()

    def statistics(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Member:
        for field in ("group_id", *(("variant_type",) if self.by_kind else ())):
            if field not in task_data:
                raise KeyError(f"the task's data has no field {field!r}, which groups are made by")
        kind = str(task_data["variant_type"]) if self.by_kind else ""
        scores = super().statistics(prediction, references, task_data)
        return Member(scores, str(task_data["group_id"]), kind)

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Member | None:
        scores = super().unanswered(references, task_data)
        kind = str(task_data["variant_type"]) if self.by_kind else ""
        return None if scores is None else Member(scores, str(task_data["group_id"]), kind)

    def instance_scores(self, statistics: Member) -> Scores:
        return dict(statistics.scores)

    def global_name(self, score: str) -> str:
        return f"{'fixed_' if self.fixed else ''}group_{self.group_name}_{self.score_prefix}{score}"

    @cached_property
    def _names(self) -> list[str]:
        return list(self.group_scores or [self.main_score])

    def of_groups(self, statistics: Sequence[Member], names: Sequence[str]) -> list[list[float]]:
        """The scores ``names`` of each group, groups in the order of their ids."""
        groups: dict[str, dict[str, list[Scores]]] = {}
        for scores, group, kind in statistics:
            groups.setdefault(group, {}).setdefault(kind, []).append(scores)
        reduce = type(self).group_function
        found = []
        for group in sorted(groups):
            values = []
            for name in names:
                by_kind = {kind: [scores[name] for scores in members] for kind, members in groups[group].items()}
                values.append(float(reduce(by_kind if self.by_kind else by_kind[""])))
            found.append(values)
        return found

    def reduce(self, statistics: Sequence[Member]) -> Scores:
        columns = zip(*self.of_groups(statistics, self._names), strict=True)
        return {name: nan_mean(column) for name, column in zip(self._names, columns, strict=True)}

    def interval_names(self, scores: Scores) -> list[str]:
        return [name for name in super().interval_names(scores) if name in scores]

    def resampler(self, statistics: Sequence[Member], names: list[str]) -> Resampler:
        if self.fixed:
            return Means(self.of_groups(statistics, names), names)
        return _Regrouped(self, statistics, names)


class _Regrouped(Resampler):
    """Means over the means of groups, of resampled samples."""

    rounds: ClassVar[bool] = True

    def __init__(self, metric: Grouped, members: Sequence[Member], names: list[str]) -> None:
        import numpy as np

        def reduce(drawn: Sequence[Member]) -> Scores:
            columns = zip(*metric.of_groups(drawn, names), strict=True)
            return {name: nan_mean(column) for name, column in zip(names, columns, strict=True)}

        super().__init__(members, reduce, names)
        ids = {group: code for code, group in enumerate(sorted({member.group for member in members}))}
        self.size = len(ids)
        self.groups = np.array([ids[member.group] for member in members], dtype=np.intp)
        self.values = np.array([[member.scores[name] for name in names] for member in members], dtype=np.float64).T

    def equal(self) -> list[bool]:
        import numpy as np

        return [len(set(column[~np.isnan(column)].tolist())) == 1 for column in self.values]

    def replicates(self, indices: NDArray[Any]) -> NDArray[np.float64]:
        import numpy as np

        cells = (self.groups.take(indices) + (np.arange(len(indices)) * self.size)[:, None]).ravel()
        means = np.empty((len(indices), len(self.names)))
        for place, column in enumerate(self.values):
            means[:, place] = self._means(cells, column.take(indices).ravel(), len(indices))
        return means

    def _means(self, cells: NDArray[Any], values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
        """Means over groups of the means in groups, of what is not nan, (rows,)."""
        import numpy as np

        there = ~np.isnan(values)
        counts = np.bincount(cells[there], minlength=rows * self.size)
        sums = np.bincount(cells[there], weights=values[there], minlength=rows * self.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (sums / counts).reshape(rows, self.size)
            filled = counts.reshape(rows, self.size) > 0
            means: NDArray[np.float64] = np.where(filled, found, 0.0).sum(axis=1) / filled.sum(axis=1)
        return means

    def jackknife(self) -> NDArray[np.float64]:
        import numpy as np

        found = []
        for column in self.values:
            there = ~np.isnan(column)
            counts = np.bincount(self.groups[there], minlength=self.size).astype(np.float64)
            sums = np.bincount(self.groups[there], weights=column[there], minlength=self.size)
            with np.errstate(divide="ignore", invalid="ignore"):
                means = np.where(counts > 0, sums / counts, 0.0)
                own_counts, own_sums = counts[self.groups] - there, sums[self.groups] - np.where(there, column, 0.0)
                own = np.where(own_counts > 0, own_sums / own_counts, 0.0)
                filled = (counts > 0).sum() - ((own_counts == 0) & there)
                found.append((means.sum() - np.where(there, means[self.groups] - own, 0.0)) / filled)
        return np.stack(found, axis=1)


def _compared(function: Callable[..., float]) -> Callable[[Any], float]:
    return partial(function, control_subgroup_types=["original"], comparison_subgroup_types=["paraphrase"])


def _absolute(scores: Any, function: Callable[[Any], float]) -> float:
    return abs(function(scores))


_BASELINE = partial(effect_sizes.mean_subgroup_score, subgroup_types=["original"])
_PARAPHRASE = partial(effect_sizes.mean_subgroup_score, subgroup_types=["paraphrase"])
_DROP = _compared(effect_sizes.performance_drop_rate)
_COHEN = _compared(effect_sizes.normalized_cohens_h)
_HEDGES = _compared(effect_sizes.normalized_hedges_g)
_ABSOLUTE_COHEN = partial(_absolute, function=_COHEN)
_ABSOLUTE_HEDGES = partial(_absolute, function=_HEDGES)


class _Fixed(Grouped):
    """Groups of one kind, drawn as a whole."""

    fixed: ClassVar[bool] = True


class _Baseline(_Fixed):
    """The mean of a group's originals."""

    by_kind: ClassVar[bool] = True
    group_name: ClassVar[str] = "mean_baseline"
    group_function: ClassVar[Callable[[Any], float]] = _BASELINE


class _Paraphrase(_Fixed):
    """The mean of a group's paraphrases."""

    by_kind: ClassVar[bool] = True
    group_name: ClassVar[str] = "mean_paraphrase"
    group_function: ClassVar[Callable[[Any], float]] = _PARAPHRASE


class _Drop(_Fixed):
    """By what share scores fall from original to paraphrase."""

    by_kind: ClassVar[bool] = True
    group_name: ClassVar[str] = "pdr_paraphrase"
    group_function: ClassVar[Callable[[Any], float]] = _DROP


class _Cohen(_Fixed):
    """Cohen's h from original to paraphrase."""

    by_kind: ClassVar[bool] = True
    group_name: ClassVar[str] = "norm_cohens_h_paraphrase"
    group_function: ClassVar[Callable[[Any], float]] = _COHEN


class _Hedges(_Fixed):
    """Hedges' g from original to paraphrase."""

    by_kind: ClassVar[bool] = True
    group_name: ClassVar[str] = "norm_hedges_g_paraphrase"
    group_function: ClassVar[Callable[[Any], float]] = _HEDGES


class _AbsoluteCohen(_Cohen):
    """The same without its sign."""

    group_name: ClassVar[str] = "absval_norm_cohens_h_paraphrase"
    group_function: ClassVar[Callable[[Any], float]] = _ABSOLUTE_COHEN


class _AbsoluteHedges(_Hedges):
    """The same without its sign."""

    group_name: ClassVar[str] = "absval_norm_hedges_g_paraphrase"
    group_function: ClassVar[Callable[[Any], float]] = _ABSOLUTE_HEDGES


@artifact("group_mean_accuracy")
class GroupMeanAccuracy(Grouped, Accuracy):
    """The mean over groups of their mean accuracy.

    >>> metric = GroupMeanAccuracy()
    >>> right, wrong = (metric.statistics("a", [text], {"group_id": group}) for text, group in (("a", 1), ("b", 2)))
    >>> metric.reduce([right, right, wrong])
    {'accuracy': 0.5}
    """


@artifact("group_mean_string_containment")
class GroupMeanStringContainment(Grouped, StringContainmentOld):
    """The mean over groups of the share of samples that contain a reference."""


@artifact("group_mean_token_overlap")
class GroupMeanTokenOverlap(Grouped, TokenOverlap):
    """The mean over groups of mean precision, recall and F1 of shared words."""

    group_scores: ClassVar[tuple[str, ...]] = ("f1", "precision", "recall")


@artifact("fixed_group_mean_accuracy")
class FixedGroupMeanAccuracy(_Fixed, Accuracy):
    """The mean over groups of their accuracy."""


@artifact("fixed_group_mean_string_containment")
class FixedGroupMeanStringContainment(_Fixed, StringContainmentOld):
    """The mean over groups of their share that contain a reference."""


@artifact("fixed_group_mean_baseline_accuracy")
class FixedGroupMeanBaselineAccuracy(_Baseline, Accuracy):
    """The mean over groups of the accuracy of their originals."""


@artifact("fixed_group_mean_baseline_string_containment")
class FixedGroupMeanBaselineStringContainment(_Baseline, StringContainmentOld):
    """The mean over groups of the share that contain a reference of their originals."""


@artifact("fixed_group_mean_paraphrase_accuracy")
class FixedGroupMeanParaphraseAccuracy(_Paraphrase, Accuracy):
    """The mean over groups of the accuracy of their paraphrases."""


@artifact("fixed_group_mean_paraphrase_string_containment")
class FixedGroupMeanParaphraseStringContainment(_Paraphrase, StringContainmentOld):
    """The mean over groups of the share that contain a reference of their paraphrases."""


@artifact("fixed_group_pdr_paraphrase_accuracy")
class FixedGroupPDRParaphraseAccuracy(_Drop, Accuracy):
    """By what share the accuracy falls from original to paraphrase, mean over groups."""


@artifact("fixed_group_pdr_paraphrase_string_containment")
class FixedGroupPDRParaphraseStringContainment(_Drop, StringContainmentOld):
    """By what share the share that contain a reference falls from original to paraphrase, mean over groups."""


@artifact("fixed_group_norm_cohens_h_paraphrase_accuracy")
class FixedGroupNormCohensHParaphraseAccuracy(_Cohen, Accuracy):
    """Cohen's h of the accuracy from original to paraphrase, by pi, mean over groups."""


@artifact("fixed_group_norm_cohens_h_paraphrase_string_containment")
class FixedGroupNormCohensHParaphraseStringContainment(_Cohen, StringContainmentOld):
    """Cohen's h of the share that contain a reference from original to paraphrase, by pi, mean over groups."""


@artifact("fixed_group_norm_hedges_g_paraphrase_accuracy")
class FixedGroupNormHedgesGParaphraseAccuracy(_Hedges, Accuracy):
    """Hedges' g of the accuracy from original to paraphrase, by 5, mean over groups."""


@artifact("fixed_group_norm_hedges_g_paraphrase_string_containment")
class FixedGroupNormHedgesGParaphraseStringContainment(_Hedges, StringContainmentOld):
    """Hedges' g of the share that contain a reference from original to paraphrase, by 5, mean over groups."""


@artifact("fixed_group_absval_norm_cohens_h_paraphrase_accuracy")
class FixedGroupAbsvalNormCohensHParaphraseAccuracy(_AbsoluteCohen, Accuracy):
    """Cohen's h of the accuracy, by pi and without its sign, mean over groups."""


@artifact("fixed_group_absval_norm_cohens_h_paraphrase_string_containment")
class FixedGroupAbsvalNormCohensHParaphraseStringContainment(_AbsoluteCohen, StringContainmentOld):
    """Cohen's h of the share that contain a reference, by pi and without its sign, mean over groups."""


@artifact("fixed_group_absval_norm_hedges_g_paraphrase_accuracy")
class FixedGroupAbsvalNormHedgesGParaphraseAccuracy(_AbsoluteHedges, Accuracy):
    """Hedges' g of the accuracy, by 5 and without its sign, mean over groups."""


@artifact("fixed_group_absval_norm_hedges_g_paraphrase_string_containment")
class FixedGroupAbsvalNormHedgesGParaphraseStringContainment(_AbsoluteHedges, StringContainmentOld):
    """Hedges' g of the share that contain a reference, by 5 and without its sign, mean over groups."""


class Item(NamedTuple):
    """The statistics of an item of a group."""

    statistics: Any
    group: str
    item: str


@artifact("group_metric")
class GroupMetric(MapReduceMetric):
    """A metric whose samples' scores are reduced in groups, and then over groups.

    Args:
        metric: What each sample is scored by.
        group_id_field: Path in the task's data of what tells groups.
        item_id_field: Path of what tells the items of a group; of several with the same the last counts.
        in_group_reduction: From the items of a group to the group.
        cross_group_reduction: From groups to all.
    """

    metric: CardMetric
    group_id_field: str
    item_id_field: str
    in_group_reduction: GroupReduction = msgspec.field(default_factory=GroupMeanReduction)
    cross_group_reduction: GroupReduction = msgspec.field(default_factory=GroupMeanReduction)
    n_resamples: int | None = None

    def verify(self) -> None:
        super().verify()
        if not self.main_score:
            self.main_score = self.metric.main_score

    def item_id(self, task_data: dict[str, Any]) -> str:
        """What tells a sample from the others of its group."""
        return str(get_path(task_data, self.item_id_field))

    def statistics(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Item:
        found = self.metric.statistics(prediction, references, task_data)
        return Item(found, str(get_path(task_data, self.group_id_field)), self.item_id(task_data))

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Item | None:
        found = self.metric.unanswered(references, task_data)
        if found is None:
            return None
        return Item(found, str(get_path(task_data, self.group_id_field)), self.item_id(task_data))

    def instance_scores(self, statistics: Item) -> Scores:
        return self.metric.instance_scores(statistics.statistics)

    def reduce(self, statistics: Sequence[Item]) -> Scores:
        groups: dict[str, dict[str, Scores]] = {}
        for found, group, item in statistics:
            groups.setdefault(group, {})[item] = self.metric.instance_scores(found)
        reduced = [(group, self.in_group_reduction.reduce(list(items.items()))) for group, items in groups.items()]
        return self.cross_group_reduction.reduce(reduced)


@artifact("multi_turn_metric")
class MultiTurnMetric(GroupMetric):
    """The same for the turns of conversations: each turn is told by how many the assistant had before it."""

    group_id_field: str = "conversation/id"
    item_id_field: str = "conversation/dialog"

    def item_id(self, task_data: dict[str, Any]) -> str:
        return f"assistant_turn_{len(get_path(task_data, self.item_id_field)) // 2}"
