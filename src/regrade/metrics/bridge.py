"""Card metrics among the others: what ``regrade score`` measures, breaks down, compares and makes intervals of.

A recipe made of a card has one :class:`~regrade.schema.MetricSpec` for each metric of its task::

    from regrade.metrics.bridge import metric_specs

    Recipe(task=..., metrics=metric_specs([{"__type__": "accuracy"}, {"__type__": "f1_macro"}]))

which are ``MetricSpec("card", label="accuracy", arguments={"metric": {"__type__": "accuracy"}})`` and so on. The data
must be whole: references to a catalog are resolved by whoever makes the recipe.

Of a sample's :class:`~regrade.schema.Record` three things are taken:

- the prediction: what the filter pipeline (the postprocessors) took from the first answer. A filter that finds nothing
  gives ``Unparsed`` or None, which is counted; the sample then scores as the metric says of answers that cannot be read
  (:meth:`.CardMetric.unanswered`): the worst there is, or, where there is no worst, it is counted as failed;
- the references: ``record.target``, a list, after the postprocessing that the recipe tells
  (:mod:`~regrade.cards.references`). Without any the sample cannot be scored;
- the task's data: ``record.fields`` of a prepared sample; else ``record.doc["task_data"]``, or its ``input_fields`` and
  ``reference_fields``.

The main score is reported under the label, the metric's other scores beside it under their own names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from regrade.cards.references import processed_references
from regrade.errors import NoReferenceError
from regrade.filters.filter import is_unparsed
from regrade.metrics.aggregation import Aggregation
from regrade.metrics.card_metric import CardMetric, InstanceMetric, Scores
from regrade.metrics.metric import Metric
from regrade.registry import register
from regrade.schema import MetricSpec

if TYPE_CHECKING:
    from regrade.metrics.case import Case
    from regrade.metrics.column import Column
    from regrade.metrics.intervals import IntervalPolicy
    from regrade.metrics.resampler import Resampler

POLICY = "policy"
"""Where a recipe's metadata says whose rules hold."""
UNITXT = "unitxt"
REGISTERED_METRIC = "registered_metric"
"""The type of a metric in a card that is no catalog's; see :mod:`.named`."""

_CASTS: dict[str, type] = {"float": float, "int": int, "str": str}

_LARGEST_SLOW = 5000
"""Samples up to which an interval is made for metrics that know no shorter way than to be reduced for each resample."""


def metric_specs(metrics: Sequence[Any]) -> list[MetricSpec]:
    """The entries of a recipe for a task's metrics, given as data; lists of metrics count one by one.

    A metric whose main score another one before it has too is told apart by its type.

    Raises:
        ArtifactError: one of them cannot be built.
    """
    specs: list[MetricSpec] = []
    for data in _flattened(metrics):
        if data.get("__type__") == REGISTERED_METRIC:
            specs.append(MetricSpec(data["metric"], arguments=data.get("arguments") or {}))
            continue
        metric = built(data)
        label = metric.global_name(metric.main_score)
        taken = {spec.label for spec in specs}
        if label in taken:
            label = f"{data['__type__']}.{label}"
        while label in taken:
            label += "'"
        specs.append(
            MetricSpec(
                "card", "card", label=label, higher_is_better=metric.higher_is_better, arguments={"metric": data}
            )
        )
    return specs


def _flattened(metrics: Sequence[Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for data in metrics:
        if isinstance(data, dict) and data.get("__type__") == "metrics_list":
            found += _flattened(data.get("items", ()))
        else:
            found.append(data)
    return found


def built(data: Any) -> CardMetric:
    """The metric that data describes; made once for each process.

    Raises:
        ArtifactError: it describes none.
    """
    return _built(msgspec.msgpack.encode(data))


@lru_cache(maxsize=64)
def _built(data: bytes) -> CardMetric:
    from regrade.artifacts import build

    return build(msgspec.msgpack.decode(data), CardMetric)


@register("metric", "card")
class MeasuredByCard(Metric):
    """A metric that a card names.

    Args:
        metric: The metric's data, ``{"__type__": ..., ...}``.
    """

    aggregation: ClassVar[str] = "card"

    def __init__(self, metric: dict[str, Any]) -> None:
        super().__init__()
        self.metric = built(metric)

    def prepare(self) -> None:
        self.metric.prepare()

    def measure(self, case: Case) -> Any:
        prediction, references, data = inputs_of(case)
        if not is_unparsed(prediction):
            self._require_reference(case)
            if not isinstance(case.record.target, list):
                prediction, references = self._cast(prediction), [self._cast(one) for one in references]
            found = self.metric.statistics(prediction, references, data)
        elif (found := self.unanswered(case)) is None:
            raise ValueError("nothing was read from the answer, and the metric has no worst value")
        return Together(found) if type(found) is dict else found

    def _cast(self, value: Any) -> Any:
        """A value of a log or table, where texts stand for numbers, as the metric's type has it.

        Raises:
            ValueError: it is no number, and a number is wanted.
        """
        kind = _CASTS.get(self.metric.prediction_type)
        return value if kind is None or value is None or type(value) is kind else kind(value)

    def unanswered(self, case: Case) -> Any:
        self._require_reference(case)
        _, references, data = inputs_of(case)
        if not isinstance(case.record.target, list):
            references = [self._cast(one) for one in references]
        found = self.metric.unanswered(references, data)
        return Together(found) if type(found) is dict else found

    def _require_reference(self, case: Case) -> None:
        """Raise NoReferenceError where a sample has no reference, or empty ones only; Unitxt compares with those."""
        metric = self.metric
        if not metric.needs_references or metric.reference_field != "references":
            return
        blank = all(reference is None or reference == "" for reference in references_of(case))
        if blank and case.task.recipe.metadata.get(POLICY) != UNITXT:
            raise NoReferenceError("no reference")


class Together(dict[str, Any]):
    """The scores of one sample as one value; a plain dict would be taken for several metrics' values."""

    __slots__ = ()


def inputs_of(case: Case) -> tuple[Any, list[Any], dict[str, Any]]:
    """Prediction, references and task data of a case; see the module.

    Raises:
        TypeError: the sample has no references.
    """
    prediction = case.extracted[0] if case.extracted else None
    record = case.record
    if not isinstance(record.target, list):
        return prediction, references_of(case), {}
    references = case.shared.get("references")
    if references is None:
        references = case.shared["references"] = processed_references(record, case.task.recipe)
    data = case.shared.get("task_data")
    if data is None:
        data = record.fields
        if data is None:
            doc = record.doc
            data = doc.get("task_data")
            if data is None:
                data = {**doc.get("input_fields", {}), **doc.get("reference_fields", {})}
        case.shared["task_data"] = data
    return prediction, references, data


def references_of(case: Case) -> list[Any]:
    """The references of a sample, before postprocessing: a card's, or what the task of another log compares with.

    Raises:
        TypeError, ValueError, IndexError: the document's reference does not fit its task.
    """
    target = case.record.target
    if isinstance(target, list):
        return target
    gold = case.gold
    return gold if isinstance(gold, list) else [gold]


@register("aggregation", "card")
class CardAggregation(Aggregation):
    """One score of a card's metric, of the statistics that it measured.

    Args:
        metric: The metric's data.
        score: Which score; the main one where not given.
    """

    def __init__(self, metric: dict[str, Any] | None = None, score: str | None = None) -> None:
        self._data = metric
        self._score = score
        self._reduced: tuple[Column, Scores] | None = None
        self.width = 1 if metric is not None and self._single else 0  # type: ignore[misc]

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> CardAggregation:
        return cls(arguments.get("metric"))

    @cached_property
    def card(self) -> CardMetric:
        """The metric."""
        return built(self._data)

    @property
    def score(self) -> str:
        """The score's bare name."""
        return self._score or self.card.main_score

    @cached_property
    def _single(self) -> bool:
        """Whether a sample has one number only, so that a column of numbers will do."""
        card = self.card
        return (
            isinstance(card, InstanceMetric)
            and type(card).reduce is InstanceMetric.reduce
            and card.reduced_by == {"mean": [card.main_score]}
        )

    def statistics(self, value: Any) -> Any:
        return (float(value[self.card.main_score]),) if self.width else value

    def shown(self, value: Any) -> Any:
        scores = self.card.instance_scores(value)
        found = scores.get(self.card.main_score)
        return found if isinstance(found, int | float) and not math.isnan(found) else value

    def _statistics(self, column: Column) -> Sequence[Any]:
        if not self.width:
            return column.objects
        return [{self.card.main_score: value} for value in column.data]

    def _scores(self, column: Column) -> Scores:
        if self._reduced is None or self._reduced[0] is not column:
            self._reduced = column, self.card.reduce(self._statistics(column))
        return self._reduced[1]

    def reduce(self, column: Column) -> Any:
        value = self._scores(column).get(self.score)
        return float(value) if isinstance(value, float) else value  # numpy's floats are floats, but not JSON

    def others(self, column: Column) -> dict[str, Aggregation]:
        if self._score is not None or self.width:
            return {}
        found: dict[str, Aggregation] = {}
        scores = self._scores(column)
        for name, value in scores.items():
            if name != self.score and isinstance(value, int | float):
                other = found[self.card.global_name(name)] = CardAggregation(self._data, name)
                other._reduced, other.policy = (column, scores), self.policy
        return found

    @property
    def proportion(self) -> bool:  # type: ignore[override]
        """Whether samples have one number, and the value is their mean."""
        return self.width == 1

    def averaged(self, column: Column) -> Sequence[float] | None:
        return column.data if self.width else self.card.averaged(column.objects, self.score)

    def has_interval(self, column: Column) -> bool:
        """Whether the score is one of those that get an interval, and its resamples do not take too long."""
        from regrade.metrics.resampler import Resampler

        card, statistics = self.card, self._statistics(column)
        if self._score is not None and self._score not in card.interval_names(self._scores(column)):
            return False
        slow = len(statistics) > _LARGEST_SLOW
        return not slow or type(card.resampler(statistics[:2], [self.score])) is not Resampler

    def resampler(self, column: Column) -> Resampler:
        return self.card.resampler(self._statistics(column), [self.score])

    def by_reducing(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Resampler

        return Resampler(self._statistics(column), self.card.reduce, [self.score])

    def interval_policy(self, *, resamples: int, level: float, seed: int) -> IntervalPolicy | None:
        """Unitxt's rules where the recipe asks for them, with 1000 resamples at most as there."""
        if self.policy != UNITXT:
            return super().interval_policy(resamples=resamples, level=level, seed=seed)
        from regrade.metrics.intervals import unitxt_policy

        most = self.card.n_resamples
        count = None if most is None else min(resamples, most)
        return unitxt_policy(self.card, resamples=count, level=level, seed=seed)
