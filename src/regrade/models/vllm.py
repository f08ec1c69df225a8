"""``vllm:NAME``: a model that vLLM runs in this process, without a server (extra ``vllm``)."""

from __future__ import annotations

from typing import Any, ClassVar

from regrade import extras
from regrade.addition import add_up
from regrade.models.local import LocalModel, continuation_tokens
from regrade.registry import register
from regrade.schema import Answer, Loglikelihood, Request, RequestKind, Usage

_MOST_TOKENS = 256
_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "stop", "top_k", "min_p")


@register("model", "vllm")
class VllmModel(LocalModel):
    """A model in vLLM's offline engine, which batches by itself: whole blocks of requests are given to it.

    Args:
        name: A folder or a name on the hub.
        batch_size: Requests given to the engine at a time.
        revision: Of a model on the hub.
        dtype: As vLLM names it.
        tensor_parallel_size: GPUs to spread the model over.
        options: More arguments of ``vllm.LLM``.

    Raises:
        UnavailableError: vLLM is not installed.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat", "completion", "loglikelihood")

    def __init__(
        self,
        name: str,
        *,
        batch_size: int = 512,
        revision: str | None = None,
        dtype: str = "auto",
        tensor_parallel_size: int = 1,
        **options: Any,
    ) -> None:
        super().__init__(name, batch_size=batch_size)
        self.revision, self.dtype = revision, dtype
        self.options = {"tensor_parallel_size": tensor_parallel_size, **options}
        self.engine: Any = None

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "vllm", "model": self.name, "revision": self.revision, "dtype": self.dtype}

    def load(self) -> None:
        self.engine = self._package().LLM(model=self.name, revision=self.revision, dtype=self.dtype, **self.options)

    def _package(self) -> Any:
        return extras.require("vllm", to="this model", where=f"vllm:{self.name}")

    def answer_batch(self, requests: list[Request]) -> list[Answer]:
        if requests[0].kind == "loglikelihood":
            return [self._loglikelihoods(request) for request in requests]
        parameters = requests[0].parameters
        wanted = {**(parameters.get("extra_body") or {}), **parameters}
        given = {name: wanted[name] for name in _SAMPLING if wanted.get(name) is not None}
        most = int(parameters.get("max_completion_tokens") or parameters.get("max_tokens") or _MOST_TOKENS)
        sampling = [
            self._package().SamplingParams(
                **{
                    "temperature": 0.0,
                    **given,
                    "max_tokens": most,
                    **({"seed": int(given["seed"]) + request.repeat} if "seed" in given else {}),
                }
            )
            for request in requests
        ]
        if requests[0].kind == "chat":
            outputs = self.engine.chat(
                [request.messages for request in requests], sampling, tools=parameters.get("tools"), use_tqdm=False
            )
        else:
            outputs = self.engine.generate([request.prompt or "" for request in requests], sampling, use_tqdm=False)
        return [
            Answer(
                sample_id="",
                text=output.outputs[0].text,
                finish_reason=output.outputs[0].finish_reason,
                usage=Usage(len(output.prompt_token_ids or ()), len(output.outputs[0].token_ids)),
            )
            for output in outputs
        ]

    def _loglikelihoods(self, request: Request) -> Answer:
        """All continuations of one context, as prompts whose own log-probabilities are asked for."""
        tokenizer = self.engine.get_tokenizer()
        pairs = [
            continuation_tokens(tokenizer.encode, request.prompt or "", continuation)
            for continuation in request.continuations or ()
        ]
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        rows = [((before or [start]) + after, len(before) or 1) for before, after in pairs]
        sampling = self._package().SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=1)
        outputs = self.engine.generate([{"prompt_token_ids": row} for row, _ in rows], sampling, use_tqdm=False)
        choices: list[Loglikelihood] = []
        for output, (row, context) in zip(outputs, rows, strict=True):
            own = [entry[token] for token, entry in zip(row[context:], output.prompt_logprobs[context:], strict=True)]
            choices.append((add_up(step.logprob for step in own), all(step.rank == 1 for step in own)))
        return Answer(sample_id="", choices=choices, usage=Usage(sum(len(row) for row, _ in rows)))
