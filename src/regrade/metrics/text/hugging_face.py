"""Metrics of Hugging Face's evaluate library by name, and those that Unitxt builds on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from regrade.artifacts import ArtifactError, artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import BulkInstanceMetric, GlobalMetric, InstanceMetric, Scores
from regrade.metrics.text.hub_scores import HUB_SCORES, HubScore, HubSum

if TYPE_CHECKING:
    from regrade.metrics.resampler import Resampler

Passed = tuple[tuple[str, Any], ...]


def hub_score(name: str, arguments: dict[str, Any]) -> HubScore:
    """The score that evaluate calls ``name``.

    Raises:
        UnavailableError: it is not computed here.
        ArtifactError: it takes no such arguments.
    """
    if reason := why_not(name):
        raise UnavailableError(reason)
    try:
        return HUB_SCORES[name](**arguments)
    except TypeError as error:
        raise ArtifactError(f"{name}: {str(error).rpartition('() ')[2]}", path=("hf_compute_args",)) from None


def why_not(name: str) -> str | None:
    """Why a score of evaluate's cannot be computed; None where it can."""
    if name in HUB_SCORES:
        return None
    return f"{name!r} runs code from the hub; of evaluate's metrics those computed here are {', '.join(HUB_SCORES)}"


@artifact("huggingface_metric")
class HuggingfaceMetric(GlobalMetric):
    """A metric of the evaluate library, by its name there.

    Args:
        hf_metric_name: Its name: ``bleu``, ``sacrebleu``, ...
        hf_main_score: Its main score, if that is not called ``main_score``; it is renamed.
        scale: What ``scaled_fields`` are divided by.
        scaled_fields: Scores to scale.
        hf_compute_args: Arguments of its ``compute``.
        hf_additional_input_fields: Fields of the task that it is passed; no metric that is computed here takes any.
        hf_additional_input_fields_pass_one_value: Fields of the task that are arguments of its ``compute``, the same
            in all samples.

    >>> metric = HuggingfaceMetric(hf_metric_name="bleu", main_score="bleu")
    >>> metric.reduce([metric.measure("the cat sat on it", ["the cat sat on it"], {})])["bleu"]
    1.0
    """

    hf_metric_name: str = ""
    hf_main_score: str | None = None
    scale: float = 1.0
    scaled_fields: list[str] | None = None
    hf_compute_args: dict[str, Any] = msgspec.field(default_factory=dict)
    hf_additional_input_fields: list[str] | None = None
    hf_additional_input_fields_pass_one_value: list[str] | None = None

    def verify(self) -> None:
        super().verify()
        if not self.hf_metric_name:
            raise ArtifactError("'hf_metric_name' must name a metric", path=("hf_metric_name",))
        if self.scale != 1 and self.scaled_fields is None:
            raise ArtifactError("'scale' needs 'scaled_fields'", path=("scaled_fields",))

    def needs(self) -> str | None:
        return why_not(self.hf_metric_name)

    @cached_property
    def _score(self) -> Any:
        @cache
        def score(passed: Passed) -> HubScore:
            return hub_score(self.hf_metric_name, {**self.hf_compute_args, **dict(passed)})

        return score

    def prepare(self) -> None:
        super().prepare()
        if not self.hf_additional_input_fields_pass_one_value and why_not(self.hf_metric_name) is None:
            self._score(()).prepare()

    def measure(self, prediction: Any, references: Any, task_data: dict[str, Any]) -> tuple[Any, Passed]:
        if self.hf_additional_input_fields:
            raise ValueError(f"{self.hf_metric_name!r} takes no further fields")
        passed = tuple((name, task_data[name]) for name in self.hf_additional_input_fields_pass_one_value or ())
        return self._score(passed).measure(prediction, references), passed

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        passed = self._passed(statistics)
        return self._named(self._score(passed).reduce([added for added, _ in statistics]))

    @staticmethod
    def _passed(statistics: Sequence[Any]) -> Passed:
        found = {passed for _, passed in statistics}
        if len(found) > 1:
            raise ValueError(f"all samples must have the same {', '.join(name for name, _ in found.pop())}")
        result: Passed = found.pop()
        return result

    def _named(self, scores: Scores) -> Scores:
        """The scores, renamed and scaled."""
        scores = dict(scores)
        if self.hf_main_score:
            scores[self.main_score] = float(scores.pop(self.hf_main_score))
        if self.scale != 1:
            for name in self.scaled_fields or ():
                value = scores[name]
                scores[name] = [one / self.scale for one in value] if isinstance(value, list) else value / self.scale
        return scores

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Resampler:
        score = self._score(self._passed(statistics))
        if not isinstance(score, HubSum):
            return super().resampler(statistics, names)
        from regrade.metrics.resampler import Sums
        from regrade.metrics.sums import rowwise

        def named(sums: Sequence[float]) -> Scores:
            return self._named(score.scores_of_sums(sums))

        return Sums([added for added, _ in statistics], lambda sums: rowwise(named, sums, names), names)


@artifact("squad")
class Squad(HuggingfaceMetric):
    """SQuAD's exact match and F1, 0 to 1; of several answers the best counts.

    A prediction is ``{id, prediction_text}``, and ``references`` is ``{id, answers: {text: [...]}}``, as Unitxt's
    catalogue makes them.

    >>> squad = Squad()
    >>> reference = {"id": "1", "answers": {"text": ["Denver Broncos", "Broncos"], "answer_start": [0, 7]}}
    >>> squad.reduce([squad.measure({"id": "1", "prediction_text": "the Broncos"}, reference, {})])
    {'exact_match': 1.0, 'f1': 1.0}
    """

    hf_metric_name: str = "squad"
    main_score: str = "f1"
    scale: float = 100.0
    scaled_fields: list[str] | None = None
    prediction_type: str = "Dict[str, Any]"

    def verify(self) -> None:
        GlobalMetric.verify(self)

    def _named(self, scores: Scores) -> Scores:
        return {name: value / self.scale for name, value in scores.items()}

    def check(self, prediction: Any, references: Any) -> None:
        super().check(prediction, references if isinstance(references, list) else [references])


class _OfOne(InstanceMetric):
    """A metric of evaluate's that is asked for each sample by itself."""

    hf_metric_name: str
    hf_metric_fields: list[str]
    hf_compute_args: dict[str, Any] = msgspec.field(default_factory=dict)

    missing: ClassVar[bool] = False
    """Whether a sample that cannot be scored is nan."""

    def needs(self) -> str | None:
        return why_not(self.hf_metric_name)

    @cached_property
    def _score(self) -> HubScore:
        return hub_score(self.hf_metric_name, self.hf_compute_args)

    def prepare(self) -> None:
        super().prepare()
        self._score.prepare()

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        try:
            scores = self._score.reduce([self._score.measure(prediction, references)])
        except (ArithmeticError, ValueError):
            if not self.missing:
                raise
            scores = {self.main_score: math.nan}
        return {name: scores.get(name, math.nan) for name in self.hf_metric_fields} if self.hf_metric_fields else scores


@artifact("huggingface_instance_metric")
class HuggingfaceInstanceMetric(_OfOne):
    """A metric of evaluate's, by sample; a sample it cannot score is nan.

    Args:
        hf_metric_name: Its name in the evaluate library.
        hf_metric_fields: The scores to keep; all if empty.
        hf_compute_args: Arguments of its ``compute``.
    """

    missing: ClassVar[bool] = True


@artifact("huggingface_bulk_metric")
class HuggingfaceBulkMetric(_OfOne, BulkInstanceMetric):
    """A metric of evaluate's that gives a score for each sample.

    Args:
        hf_metric_name: Its name in the evaluate library.
        hf_metric_fields: The scores to keep.
        hf_compute_args: Arguments of its ``compute``.
        hf_additional_input_fields: Fields of the task that it is passed; no metric that is computed here takes any.
    """

    hf_additional_input_fields: list[str] | None = None
