"""Judges as metrics: described, so that cards that name them are read; a judge is a run of its own.

What they would ask is what their template makes of a card's fields: ask it as a run, and score that run's answers.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from regrade.artifacts import Artifact, artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import BulkInstanceMetric
from regrade.metrics.described.criteria import Criteria, CriteriaWithOptions
from regrade.metrics.described.engines import Engine

_Task = Literal["rating.single_turn", "rating.single_turn_with_reference", "pairwise_comparative_rating.single_turn"]


class Judge(BulkInstanceMetric):
    """A metric that asks a judge about each prediction."""

    worst: ClassVar[float | None] = None
    needs_references: ClassVar[bool] = False

    @property
    def engine(self) -> Engine:
        """Who is asked."""
        raise NotImplementedError

    def needs(self) -> str | None:
        return f"asks the judge {self.engine.called}: run the judge as a run of its own, and score its answers"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        raise UnavailableError(str(self.needs()))


class _Prompted(Judge):
    """A judge whose prompt is a template's."""

    main_score: str = "llm_as_judge"
    template: Artifact
    system_prompt: Artifact | None = None
    format: Artifact | None = None
    inference_model: Engine
    batch_size: int = 32
    single_reference_per_prediction: bool = True

    @property
    def engine(self) -> Engine:
        return self.inference_model


@artifact("llm_as_judge")
class LLMAsJudge(_Prompted):
    """A judge that rates an answer, or compares it with the reference; not carried out.

    Args:
        task: What it does.
        template: Its prompt.
        system_prompt: Its system prompt.
        format: How prompt and system prompt are put together.
        inference_model: Who is asked.
        batch_size: Accepted for Unitxt's sake.
        strip_system_prompt_and_format_from_inputs: Whether it sees the question alone.
    """

    task: _Task
    strip_system_prompt_and_format_from_inputs: bool = True

    @property
    def compares(self) -> bool:
        """Whether it compares two answers."""
        return self.task == "pairwise_comparative_rating.single_turn"

    reductions: ClassVar[dict[str, list[str]] | None] = None

    def verify(self) -> None:
        if self.compares and self.reduction_map is None:
            self.reduction_map = {"weighted_win_rate": [self.main_score]}
        super().verify()


@artifact("task_based_ll_mas_judge")
class TaskBasedLLMasJudge(_Prompted):
    """A judge with a task of the catalogue of its own; not carried out.

    Args:
        task: Name of the task.
        template: Its prompt.
        system_prompt: Its system prompt.
        format: How prompt and system prompt are put together; what suits the model if not given.
        inference_model: Who is asked.
        batch_size: Accepted for Unitxt's sake.
        infer_log_probs: Whether verdicts are probabilities of the words of an answer.
        judge_to_generator_fields_mapping: Fields of the judge's task to those of the card's.
        include_meta_data: Whether scores tell about the judge's answers.
    """

    named: ClassVar[dict[str, str]] = {"task": "task"}

    task: str
    infer_log_probs: bool = False
    judge_to_generator_fields_mapping: dict[str, str] = msgspec.field(default_factory=dict)
    prediction_field: str = ""
    include_meta_data: bool = True


class _ByCriteria(Judge):
    """A judge that first writes an assessment by criteria, and then chooses.

    Args:
        inference_engine: Who is asked.
        evaluator_name: What the judge is called in scores.
        check_positional_bias: Ask again in the other order.
        context_fields: Fields of the task that it is shown.
        generate_summaries: Have the assessment summed up.
        format: How it is asked: as a chat.
        include_prompts_in_result: Whether scores hold the prompts.
        criteria_field: Field of the task that holds criteria.
        criteria: Criteria for all samples.
    """

    inference_engine: Engine
    evaluator_name: str | None = None
    check_positional_bias: bool = True
    context_fields: str | list[str] | dict[str, str] = msgspec.field(default_factory=lambda: ["context"])
    generate_summaries: bool = False
    format: str = "formats.chat_api"
    include_prompts_in_result: bool = True
    criteria_field: str | None = None
    criteria: Criteria | None = None

    @property
    def engine(self) -> Engine:
        return self.inference_engine


@artifact("llm_judge_direct")
class LLMJudgeDirect(_ByCriteria):
    """A judge that chooses one of the verdicts of its criteria; not carried out."""

    main_score: str = "llm_as_judge"
    criteria: CriteriaWithOptions | None = None


@artifact("llm_judge_pairwise")
class LLMJudgePairwise(_ByCriteria):
    """A judge that compares each two answers of several; not carried out."""

    main_score: str = "1_winrate"
