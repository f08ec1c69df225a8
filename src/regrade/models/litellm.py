"""``litellm:PROVIDER/NAME``: any provider that LiteLLM knows (extra ``litellm``), with our own retries and limits."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import msgspec

from regrade import extras
from regrade.models import openai_replies as replies
from regrade.models.asking import AskingModel, Failure
from regrade.models.families import fit_parameters
from regrade.models.limits import RequestLimits, retry_after_s
from regrade.models.secrets import without_secrets
from regrade.registry import register
from regrade.schema import Answer, AnswerError, ErrorKind, Request, RequestKind


@register("model", "litellm")
class LiteLLMModel(AskingModel):
    """A model behind one of LiteLLM's providers. Keys come from the environment, as LiteLLM names them.

    Args:
        name: ``anthropic/claude-...``, ``bedrock/...``, as LiteLLM calls it.
        base_url: Another address than the provider's own.
        limits: How many requests at once, how fast, how often again.

    Raises:
        UnavailableError: LiteLLM is not installed.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat",)

    def __init__(self, name: str, *, base_url: str | None = None, limits: RequestLimits | None = None) -> None:
        super().__init__(name, limits)
        self.base_url = base_url
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or it is fetched from the network on import
        litellm = extras.require("litellm", to="this model", where=f"litellm:{name}")
        litellm.suppress_debug_info = True
        litellm.telemetry = False
        self._litellm: Any = litellm

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "litellm", "model": self.name, "base_url": self.base_url}

    @property
    def place(self) -> str:
        return f"{self.name} by LiteLLM"

    @property
    def key_hint(self) -> str:
        return f"set the variable that LiteLLM reads for {self.name.partition('/')[0]}"

    def fit(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return fit_parameters(self.name, parameters)

    async def send(self, request: Request) -> Answer:
        parameters = dict(request.parameters)
        try:
            reply = await self._litellm.acompletion(
                model=self.name,
                messages=request.messages,
                base_url=self.base_url,
                num_retries=0,
                max_retries=0,
                timeout=self.limits.timeout_s,
                **parameters,
            )
        except Exception as error:  # LiteLLM maps providers' errors to OpenAI's classes, by status
            raise self._failure(error) from None
        return replies.chat_answer(msgspec.json.encode(reply.model_dump(), enc_hook=str))

    def _failure(self, error: Exception) -> Failure:
        status = getattr(error, "status_code", None)
        said = " ".join(without_secrets(str(error)).split())[:500]
        if not isinstance(status, int):
            return Failure(AnswerError("connection", said), retry=True, trouble=True)
        kind: ErrorKind = "bad_request"
        if status in (401, 403, 404):
            kind = "refused"
        elif status == 429:
            kind = "rate_limit"
        elif status == 408:
            kind = "timeout"
        elif status >= 500:
            kind = "connection" if type(error).__name__ == "APIConnectionError" else "server"
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        again = kind in ("rate_limit", "timeout", "server", "connection")
        return Failure(AnswerError(kind, said, status), retry=again, after_s=retry_after_s(headers), trouble=again)
