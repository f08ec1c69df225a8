"""Metrics that ask a model: cards that name them are read and processed, and the reason why they are not scored told.

Each has its arguments and score names, so that catalogues are checked like any others.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from regrade.artifacts import Artifact, ArtifactError, artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import BulkInstanceMetric, CardMetric, GlobalMetric, InstanceMetric
from regrade.metrics.score_means import ScoreMeans


class _Unavailable:
    """What a metric that is described, not carried out, has in common with others."""

    reason: ClassVar[str] = ""
    worst: ClassVar[float | None] = None
    needs_references: ClassVar[bool] = False

    def needs(self) -> str | None:
        """Why it cannot run here."""
        model = getattr(self, "model_name", None)
        return f"{self.reason} {model}" if model else self.reason

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Any:
        """Refuse.

        Raises:
            UnavailableError: always.
        """
        raise UnavailableError(str(self.needs()))


@artifact("bert_score")
class BertScore(_Unavailable, ScoreMeans):
    """BERTScore: precision, recall and F1 of contextual embeddings (arXiv:1904.09675); not carried out.

    Args:
        model_name: The encoder.
        model_layer: The layer whose embeddings are compared.
        batch_size: Texts it takes at a time.
    """

    reason: ClassVar[str] = "compares texts by the encoder"
    main_score: str = "f1"
    model_name: str
    batch_size: int = 32
    model_layer: int | None = None


@artifact("sentence_bert")
class SentenceBert(_Unavailable, ScoreMeans):
    """Cosine of the embeddings of prediction and reference; not carried out.

    Args:
        model_name: The encoder.
        batch_size: Texts it takes at a time.
    """

    reason: ClassVar[str] = "compares texts by the encoder"
    main_score: str = "sbert_score"
    model_name: str
    batch_size: int = 32


@artifact("reward")
class Reward(_Unavailable, ScoreMeans):
    """What a reward model gives the prediction; not carried out.

    Args:
        model_name: The reward model.
        batch_size: Texts it takes at a time.
    """

    reason: ClassVar[str] = "asks the reward model"
    main_score: str = "reward_score"
    model_name: str
    batch_size: int = 32


@artifact("detector")
class Detector(_Unavailable, BulkInstanceMetric):
    """The score of a classifier of texts; not carried out.

    Args:
        model_name: The classifier.
        batch_size: Texts it takes at a time.
    """

    reason: ClassVar[str] = "asks the classifier"
    main_score: str = "detector_score"
    model_name: str
    batch_size: int = 32
    prediction_type: str = "str"


@artifact("perplexity")
class Perplexity(_Unavailable, BulkInstanceMetric):
    """How likely a model finds a text after another; not carried out.

    Args:
        model_name: The model.
        source_template: The text before; ``{reference}`` and ``{prediction}`` stand for them.
        target_template: The text after it.
        batch_size: Texts it takes at a time.
        single_token_mode: Whether the text after is a single token.
    """

    reason: ClassVar[str] = "asks for likelihoods of the model"
    main_score: str = "perplexity"
    model_name: str
    batch_size: int = 32
    prediction_type: str = "str"
    source_template: str
    target_template: str
    single_token_mode: bool = False


@artifact("faithfulness_hhem")
class FaithfulnessHHEM(_Unavailable, BulkInstanceMetric):
    """Vectara's judgement whether the context, given as references, supports the prediction; not carried out.

    Args:
        model_name: The classifier.
        batch_size: Texts it takes at a time.
    """

    reason: ClassVar[str] = "asks the classifier"
    main_score: str = "hhem_score"
    prediction_type: str = "str"
    model_name: str = "vectara/hallucination_evaluation_model"
    batch_size: int = 2


@artifact("regard_metric")
class RegardMetric(_Unavailable, GlobalMetric):
    """Difference in regard for groups of people, against the text that the prediction continues; not carried out.

    Args:
        model_name: The classifier of regard.
        batch_size: Texts it takes at a time.
    """

    reason: ClassVar[str] = "asks the classifier"
    main_score: str = "regard"
    model_name: str = "sasha/regardv3"
    batch_size: int = 32


@artifact("safety_metric")
class SafetyMetric(_Unavailable, ScoreMeans):
    """How harmless a reward model finds the prediction, by category of question; not carried out.

    Args:
        reward_name: The reward model.
        batch_size: Texts it takes at a time.
        critical_threshold: At most this score is critical.
        high_threshold: At most this score is high.
        medium_threshold: At most this score is medium.
    """

    main_score: str = "safety"
    prediction_type: str = "str"
    reward_name: str = "OpenAssistant/reward-model-deberta-v3-large-v2"
    batch_size: int = 10
    critical_threshold: int = -5
    high_threshold: int = -4
    medium_threshold: int = -3

    def needs(self) -> str | None:
        return f"asks the reward model {self.reward_name}"


@artifact("is_code_mixed")
class IsCodeMixed(_Unavailable, BulkInstanceMetric):
    """Whether a model finds more than one language in the text; not carried out.

    Args:
        inference_model: The model.
    """

    reason: ClassVar[str] = "asks a model in which languages the text is"
    main_score: str = "is_code_mixed"
    prediction_type: str = "str"
    inference_model: Artifact | None = None


class _LlamaIndex(_Unavailable, InstanceMetric):
    """A judgement of llama-index."""

    reason: ClassVar[str] = "asks a judge through the package llama-index"
    prediction_type: str = "str"
    model_name: str = ""

    def verify(self) -> None:
        if not self.main_score:
            self.main_score = f"llama_index_by_{self.model_name.replace('.', '_').replace('-', '_')}_judge"
        super().verify()


@artifact("llama_index_correctness")
class LlamaIndexCorrectness(_LlamaIndex):
    """Correctness by llama-index; not carried out.

    Args:
        model_name: The judge.
    """

    score_prefix: str = "correctness_"


@artifact("llama_index_faithfulness")
class LlamaIndexFaithfulness(_LlamaIndex):
    """Faithfulness by llama-index; not carried out.

    Args:
        model_name: The judge.
    """

    score_prefix: str = "faithfulness_"


@artifact("remote_metric")
class RemoteMetric(_Unavailable, CardMetric):
    """A metric that a server computes; not carried out.

    Args:
        endpoint: The server.
        metric_name: The metric's name there.
        api_key: What the server wants to see.
    """

    endpoint: str
    metric_name: str
    api_key: str | None = None

    def needs(self) -> str | None:
        return f"asks the server {self.endpoint}"


_RISKS = {
    "user_risk": ("harm", "social_bias", "jailbreak", "violence", "profanity", "unethical_behavior"),
    "assistant_risk": ("harm", "social_bias", "violence", "profanity", "unethical_behavior"),
    "rag_risk": ("context_relevance", "groundedness", "answer_relevance"),
    "agentic_risk": ("function_call",),
    "custom_risk": (),
}


class _GraniteGuardian(_Unavailable, InstanceMetric):
    """The probability of a risk by IBM's Granite Guardian; not carried out.

    Args:
        risk_name: The risk.
        risk_type: What it is a risk of.
        risk_definition: What a risk of one's own is.
        inference_engine: What asks the model.
        generation_params: For it.
        wml_model_name: The model's name at watsonx.
        hf_model_name: Its name on the hub.
        user_message_field: Field of the task that holds the user's message.
        assistant_message_field: Field that holds the assistant's.
        context_field: Field that holds the context.
        tools_field: Field that holds the tools.
    """

    reason: ClassVar[str] = "asks the model Granite Guardian"
    risk_type: Literal["user_risk", "assistant_risk", "rag_risk", "agentic_risk", "custom_risk"]
    risk_name: str | None = None
    risk_definition: str | None = None
    inference_engine: Artifact | None = None
    generation_params: dict[str, Any] | None = None
    wml_model_name: str = "ibm/granite-guardian-3-8b"
    hf_model_name: str = "ibm-granite/granite-guardian-3.1-8b"
    wml_params: dict[str, Any] = msgspec.field(default_factory=dict)
    user_message_field: str = "user"
    assistant_message_field: str = "assistant"
    context_field: str = "context"
    tools_field: str = "tools"

    def verify(self) -> None:
        risks = _RISKS[self.risk_type]
        if risks and self.risk_name not in risks:
            raise ArtifactError(f"{self.risk_name!r} is none of {', '.join(risks)}", path=("risk_name",))
        if not self.main_score and self.risk_name:
            self.main_score = self.risk_name
        super().verify()


@artifact("granite_guardian_user_risk")
class GraniteGuardianUserRisk(_GraniteGuardian):
    """The risk in what a user says; not carried out."""

    risk_type: Literal["user_risk"] = "user_risk"


@artifact("granite_guardian_assistant_risk")
class GraniteGuardianAssistantRisk(_GraniteGuardian):
    """The risk in what an assistant answers; not carried out."""

    risk_type: Literal["assistant_risk"] = "assistant_risk"


@artifact("granite_guardian_rag_risk")
class GraniteGuardianRagRisk(_GraniteGuardian):
    """The risk in an answer from retrieved context; not carried out."""

    risk_type: Literal["rag_risk"] = "rag_risk"


@artifact("granite_guardian_agentic_risk")
class GraniteGuardianAgenticRisk(_GraniteGuardian):
    """The risk in a call of a tool; not carried out."""

    risk_type: Literal["agentic_risk"] = "agentic_risk"


@artifact("granite_guardian_custom_risk")
class GraniteGuardianCustomRisk(_GraniteGuardian):
    """A risk of one's own; not carried out."""

    risk_type: Literal["custom_risk"] = "custom_risk"
