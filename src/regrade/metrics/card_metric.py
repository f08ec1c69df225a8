"""What a card's metric is: sufficient statistics of one sample, and scores of many.

Three families differ in how their values come about and for which of them there are intervals, as in Unitxt:

- :class:`InstanceMetric`: each sample has scores of its own, and the whole has their mean, maximum or mean over groups;
- :class:`GlobalMetric`: the samples together have scores (F1, BLEU, a correlation); one sample's are those of it alone;
- :class:`MapReduceMetric`: either, with intervals for every score and fewer special cases.

A metric is one class in one file: fields are its arguments, :meth:`~CardMetric.measure` looks at one sample, and
:meth:`~CardMetric.reduce` at the statistics of many::

    @artifact("exact_words")
    class ExactWords(InstanceMetric):
        main_score: str = "exact_words"
        intervals_of: ClassVar[tuple[str, ...]] = ("exact_words",)

        def measure(self, prediction, references, task_data):
            return {"exact_words": float(prediction.split() in [text.split() for text in references])}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.artifacts import Artifact, ArtifactError
from regrade.artifacts.paths import get_path

if TYPE_CHECKING:
    from regrade.metrics.resampler import Resampler

Scores = dict[str, Any]
"""Scores by name; numbers, but for the few that say how a score came about."""


class CardMetric(Artifact):
    """A metric that cards name.

    Statistics are whatever :meth:`measure` returns for a sample: picklable, small, and all that :meth:`reduce` needs.
    Score names inside a metric are bare; ``score_prefix`` is added where scores are reported.

    Args:
        main_score: The score that stands for the metric.
        prediction_type: Type string of predictions, and of each reference.
        single_reference_per_prediction: Whether samples have exactly one reference.
        score_prefix: Put before the names of all scores.
        reference_field: Field of the task's data that holds the references, where ``references`` does not.
        prediction_field: Field of the task's data that holds the prediction, where ``prediction`` does not.
        n_resamples: Resamples of an interval; None for no intervals.
        confidence_level: Of the intervals.
        ci_method: Method of the intervals: BCa is the only one.
    """

    kind: ClassVar[str] = "metric"

    main_score: str = ""
    prediction_type: str = "Any"
    single_reference_per_prediction: bool = False
    score_prefix: str = ""
    reference_field: str = "references"
    prediction_field: str = "prediction"
    n_resamples: int | None = 1000
    confidence_level: float = 0.95
    ci_method: str = "BCa"

    higher_is_better: ClassVar[bool] = True
    worst: ClassVar[float | None] = 0.0
    """What the scores of a sample count as whose answer cannot be read; None where they have no bound."""
    needs_references: ClassVar[bool] = True
    """Whether a sample without any reference cannot be scored."""
    fills_missing: ClassVar[bool] = False
    """Whether resamples without a value (nan) take one that others have; else the interval is nan."""
    flat_is_point: ClassVar[bool] = False
    """Whether the interval of a value that no resample changes is that value; else it is nan."""
    skips_equal: ClassVar[bool] = False
    """Whether there is no interval at all where all samples score the same."""

    def verify(self) -> None:
        if self.ci_method != "BCa":
            raise ArtifactError(f"ci_method {self.ci_method!r} is not known: BCa is", path=("ci_method",))
        self._kind  # noqa: B018  a wrong type string is told now

    @cached_property
    def _kind(self) -> Any:
        from regrade.artifacts.type_strings import TypeStringError, parse_type_string

        try:
            return parse_type_string(self.prediction_type)
        except TypeStringError as error:
            raise ArtifactError(str(error), path=("prediction_type",)) from None

    def prepare(self) -> None:
        super().prepare()
        self._fits  # noqa: B018  the types of what is measured

    # -- one sample ------------------------------------------------------------------------------------------------

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        """The sufficient statistics of one sample.

        Args:
            prediction: What the postprocessors made of the model's answer.
            references: What they made of the references.
            task_data: The task's fields of this sample.

        Raises:
            ValueError, TypeError, KeyError: this sample cannot be measured.
        """
        raise NotImplementedError

    def statistics(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        """Check one sample's inputs and measure it; what everybody calls.

        Raises:
            ValueError: prediction or references are not of the metric's type; or what :meth:`measure` raises.
        """
        if self.reference_field != "references":
            found = get_path(task_data, self.reference_field)
            references = found if isinstance(found, list) else [found]
        if self.prediction_field != "prediction":
            prediction = get_path(task_data, self.prediction_field)
        self.check(prediction, references)
        return self.measure(prediction, references, task_data)

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Any:
        """The statistics of a sample whose answer cannot be read; None where the metric has no worst value.

        Where this is not overridden, they are those of an empty prediction: text, list or mapping, as the type has it.

        Raises:
            ValueError, TypeError, KeyError: not even that can be measured.
        """
        if self.worst is None:
            return None
        fits = self._fits
        empties: tuple[Any, ...] = ("", [], {})
        for empty in empties:
            if fits is None or fits(empty):
                return self.statistics(empty, references, task_data)
        return None

    def check(self, prediction: Any, references: list[Any]) -> None:
        """Raise ValueError where prediction or references are not what the metric takes."""
        if not isinstance(references, list):
            raise ValueError(f"references must be a list, not {references!r:.80}")
        if self.single_reference_per_prediction and len(references) != 1:
            raise ValueError(f"exactly one reference is wanted, not {len(references)}")
        fits = self._fits
        if fits is None:
            return
        for what, value in (("prediction", prediction), *(("reference", reference) for reference in references)):
            if not fits(value):
                raise ValueError(f"the {what} must be of type {self.prediction_type}, not {value!r:.80}")

    @cached_property
    def _fits(self) -> Any:
        """The function that checks a value's type; None where anything goes."""
        if self._kind is Any:
            return None
        from regrade.artifacts.type_strings import checker

        return checker(self._kind)

    def measure_all(self, samples: Iterable[tuple[Any, list[Any], dict[str, Any]]]) -> list[Any]:
        """The statistics of many samples, given as (prediction, references, task data)."""
        return [self.statistics(*sample) for sample in samples]

    def instance_scores(self, statistics: Any) -> Scores:
        """The scores of one sample."""
        return self.reduce([statistics])

    # -- many samples ----------------------------------------------------------------------------------------------

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        """The scores of samples together, ``main_score`` among them. There is at least one."""
        raise NotImplementedError

    def averaged(self, statistics: Sequence[Any], score: str) -> list[float] | None:
        """The samples' values whose plain mean a score is; None where it is no mean."""
        return None

    def interval_names(self, scores: Scores) -> list[str]:
        """The scores that get an interval, out of those that :meth:`reduce` gave."""
        return [self.main_score]

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Resampler:
        """What computes the scores ``names`` of resamples; faster ones than calling ``reduce`` for each override this.

        The result need not resample samples: groups that belong together are drawn whole.
        """
        from regrade.metrics.resampler import Resampler

        return Resampler(statistics, self.reduce, names)

    # -- names -----------------------------------------------------------------------------------------------------

    def instance_name(self, score: str) -> str:
        """What a sample's score is reported as."""
        return self.score_prefix + score

    def global_name(self, score: str) -> str:
        """What a score of all samples is reported as."""
        return self.score_prefix + score

    def headline(self, names: list[str]) -> str | None:
        """Of the scores that have an interval the one whose interval is that of ``score``; None for none of them."""
        return self.main_score if self.main_score in names else None

    def evaluate(
        self, samples: Sequence[tuple[Any, list[Any], dict[str, Any]]], *, intervals: bool = True
    ) -> tuple[Scores, list[Scores]]:
        """The scores of all samples and of each, named as reports name them; see :func:`.evaluate.evaluate`.

        Metrics that are made of others override it.
        """
        from regrade.metrics.evaluate import evaluate_one

        return evaluate_one(self, samples, intervals=intervals)


class MapReduceMetric(CardMetric):
    """A metric with an interval for each of its scores.

    Args:
        ci_score_names: The scores that get one, instead of all.
        return_confidence_interval: Whether there are intervals at all.
    """

    ci_score_names: list[str] | None = None
    return_confidence_interval: bool = True

    flat_is_point: ClassVar[bool] = True

    def interval_names(self, scores: Scores) -> list[str]:
        if not self.return_confidence_interval:
            return []
        if self.ci_score_names is not None:
            return self.ci_score_names
        return [name for name, value in scores.items() if isinstance(value, float)]

    def headline(self, names: list[str]) -> str | None:
        # As in Unitxt: with a prefix the interval stands under the score's own name only.
        return None if self.score_prefix else super().headline(names)


class GlobalMetric(CardMetric):
    """A metric of samples together, with 100 resamples as each of them is costly.

    Args:
        ci_scores: The scores that get an interval, instead of the main one.
        process_single_instances: Whether a sample alone has scores; nan where not.
        confidence_interval_calculation: Whether there are intervals at all.
    """

    n_resamples: int | None = 100
    ci_scores: list[str] | None = None
    process_single_instances: bool = True
    confidence_interval_calculation: bool = True

    fills_missing: ClassVar[bool] = True

    def instance_scores(self, statistics: Any) -> Scores:
        if not self.process_single_instances:
            return {self.main_score: math.nan}
        try:
            return self.reduce([statistics])
        except (ArithmeticError, IndexError, KeyError, TypeError, ValueError):
            return {self.main_score: None}  # one sample alone is not enough

    def interval_names(self, scores: Scores) -> list[str]:
        if not self.confidence_interval_calculation:
            return []
        return self.ci_scores or [self.main_score]

    def headline(self, names: list[str]) -> str | None:
        # As in Unitxt: the last one's interval stands as that of the score.
        return names[-1] if names else None


class InstanceMetric(CardMetric):
    """A metric whose value is made of the samples' own scores: ``measure`` returns them as a dict of numbers.

    Args:
        reduction_map: How: ``mean``, ``max`` or ``weighted_win_rate``, each with the scores it is for; instead of the
            metric's own ``reductions``.
        ci_scores: The scores that get an interval, instead of the metric's own ``intervals_of``.
        confidence_interval_calculation: Whether there are intervals at all.
    """

    reduction_map: dict[str, list[str]] | None = None
    ci_scores: list[str] | None = None
    confidence_interval_calculation: bool = True

    reductions: ClassVar[dict[str, list[str]] | None] = None
    """Reductions where the data names none; where this does not either, the mean of the main score."""
    intervals_of: ClassVar[tuple[str, ...]] = ()
    """Scores with an interval where the data names none."""
    fills_missing: ClassVar[bool] = True
    skips_equal: ClassVar[bool] = True

    def verify(self) -> None:
        super().verify()
        unknown = self.reduced_by.keys() - {"mean", "max", "weighted_win_rate"}
        if unknown:
            raise ArtifactError(f"{sorted(unknown)[0]!r} is no reduction", path=("reduction_map",))

    @cached_property
    def reduced_by(self) -> dict[str, list[str]]:
        """The reductions, each with the scores it is for."""
        return self.reduction_map or self.reductions or {"mean": [self.main_score]}

    def instance_scores(self, statistics: Any) -> Scores:
        return dict(statistics)

    def unanswered(self, references: list[Any], task_data: dict[str, Any]) -> Any:
        if self.worst is None or not self.higher_is_better:
            return super().unanswered(references, task_data)
        names = {self.main_score, *self.intervals_of, *(name for names in self.reduced_by.values() for name in names)}
        return dict.fromkeys(sorted(names), self.worst)

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        from regrade.metrics.reductions import REDUCTIONS

        return {
            name: REDUCTIONS[reduction]([scores[name] for scores in statistics])
            for reduction, names in self.reduced_by.items()
            for name in names
        }

    def averaged(self, statistics: Sequence[Any], score: str) -> list[float] | None:
        if type(self).reduce is not InstanceMetric.reduce or score not in self.reduced_by.get("mean", ()):
            return None
        return [scores[score] for scores in statistics]

    def interval_names(self, scores: Scores) -> list[str]:
        if not self.confidence_interval_calculation or "weighted_win_rate" in self.reduced_by:
            return []
        return list(dict.fromkeys(self.ci_scores or self.intervals_of))

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Resampler:
        from regrade.metrics.resampler import Maxima, Means

        kind = Maxima if "max" in self.reduced_by else Means
        return kind([[scores[name] for name in names] for scores in statistics], names)


class BulkInstanceMetric(InstanceMetric):
    """An :class:`InstanceMetric` that measures all samples at once (:meth:`~CardMetric.measure_all`)."""

    def interval_names(self, scores: Scores) -> list[str]:
        if not self.confidence_interval_calculation or "mean" not in self.reduced_by:
            return []
        return list(dict.fromkeys(self.ci_scores or self.intervals_of or [self.main_score]))
