"""Who judges are: descriptions of models and providers, as catalogues have them. Nothing here asks anybody."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from regrade.artifacts import Artifact, artifact


class Engine(Artifact):
    """A model and how it is to be asked.

    Args:
        label: Short name of the provider.
        cache_batch_size: Accepted for Unitxt's sake.
        use_cache: Accepted for Unitxt's sake.
        credentials: What the provider wants to see; better left to the environment.
    """

    kind: ClassVar[str] = "engine"

    label: str = ""
    cache_batch_size: int = 100
    use_cache: bool = True
    credentials: dict[str, Any] | None = None

    def needs(self) -> str | None:
        return f"asks the model {self.called}"

    @property
    def called(self) -> str:
        """What the model is called."""
        name: str = getattr(self, "model_name", None) or getattr(self, "model", None) or "that is chosen elsewhere"
        return name


class _Sampled(Engine):
    """How answers are sampled, in the terms of OpenAI's chat completions."""

    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, int] | None = None
    logprobs: bool | None = None
    n: int | None = None
    parallel_tool_calls: bool | None = None
    service_tier: Literal["auto", "default"] | None = None


@artifact("cross_provider_inference_engine")
class CrossProviderInferenceEngine(_Sampled):
    """A model that several providers have."""

    model: str | None = None
    provider: str | None = None
    provider_model_map: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    provider_specific_args: dict[str, dict[str, Any]] | None = None
    extra_headers: dict[str, str] | None = None


@artifact("ollama_inference_engine")
class OllamaInferenceEngine(_Sampled):
    """A model at Ollama."""

    model: str
    extra_headers: dict[str, str] | None = None


@artifact("lite_llm_inference_engine")
class LiteLLMInferenceEngine(_Sampled):
    """A model through LiteLLM."""

    model: str
    max_requests_per_second: float = 6
    max_retries: int = 5
    extra_headers: dict[str, str] | None = None


@artifact("open_ai_inference_engine")
class OpenAiInferenceEngine(_Sampled):
    """A model at OpenAI, or behind its interface."""

    model_name: str
    base_url: str | None = None
    default_headers: dict[str, str] = msgspec.field(default_factory=dict)
    num_parallel_requests: int = 20
    parameters: dict[str, Any] | None = None


@artifact("azure_open_ai_inference_engine")
class AzureOpenAiInferenceEngine(OpenAiInferenceEngine):
    """A model of OpenAI's at Azure."""


@artifact("vllm_remote_inference_engine")
class VLLMRemoteInferenceEngine(OpenAiInferenceEngine):
    """A model that a vLLM server has."""


@artifact("rits_inference_engine")
class RITSInferenceEngine(OpenAiInferenceEngine):
    """A model at IBM Research."""


@artifact("hf_pipeline_based_inference_engine")
class HFPipelineBasedInferenceEngine(Engine):
    """A model of the hub through a pipeline of transformers."""

    model_name: str
    tokenizer_name: str | None = None
    use_fast_tokenizer: bool = True
    use_fp16: bool = True
    load_in_8bit: bool = False
    task: str | None = None
    device_map: Any = None
    device: str | None = None
    lazy_load: bool = False
    max_new_tokens: int | None = None
    do_sample: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    num_beams: int | None = None
    repetition_penalty: float | None = None
    pad_token_id: int | None = None
    eos_token_id: int | None = None


@artifact("wml_inference_engine")
class WMLInferenceEngine(Engine):
    """A model at IBM watsonx."""

    model_name: str | None = None
    deployment_id: str | None = None
    concurrency_limit: int = 10
    decoding_method: Literal["greedy", "sample"] | None = None
    length_penalty: dict[str, int | float] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    random_seed: int | None = None
    repetition_penalty: float | None = None
    min_new_tokens: int | None = None
    max_new_tokens: int | None = None
    stop_sequences: list[str] | None = None
    time_limit: int | None = None
    truncate_input_tokens: int | None = None
    prompt_variables: dict[str, Any] | None = None
    return_options: dict[str, bool] | None = None
    parameters: dict[str, Any] | None = None


@artifact("wml_inference_engine_generation")
class WMLInferenceEngineGeneration(WMLInferenceEngine):
    """A model at IBM watsonx that completes texts."""


@artifact("generic_inference_engine")
class GenericInferenceEngine(Engine):
    """Whichever model the one who runs it chooses.

    Args:
        default: Name of the engine where nobody chooses.
    """

    named: ClassVar[dict[str, str]] = {"default": "engine"}

    default: str | None = None


@artifact("mock_inference_engine")
class MockInferenceEngine(Engine):
    """No model: always the same answer, for tests.

    Args:
        model_name: What it pretends to be.
        default_inference_value: The answer.
    """

    model_name: str
    default_inference_value: str = "[[10]]"
    default_inference_value_logprob: list[dict[str, Any]] | None = None

    def needs(self) -> str | None:
        return None
