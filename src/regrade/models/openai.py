"""``openai:NAME``: whoever speaks OpenAI's protocol: OpenAI, vLLM, SGLang, Ollama, llama.cpp, TGI and many more.

One HTTP client without retries of its own (:mod:`regrade.models.asking` has them), and little work per reply.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from regrade.errors import UsageError
from regrade.models import openai_replies as replies
from regrade.models.asking import AskingModel, Failure
from regrade.models.manners import Manners, retry_after_s
from regrade.models.proxies import proxy_of
from regrade.models.secrets import refuse_password
from regrade.registry import register
from regrade.schema import Answer, AnswerError, Request, RequestKind

if TYPE_CHECKING:
    import aiohttp

DEFAULT_BASE_URL = "https://api.openai.com/v1"

_ENCODE = msgspec.json.Encoder().encode
_WORTH_A_RETRY = frozenset((408, 409, 425, 429))
PATHS = {"chat": "/chat/completions", "completion": "/completions", "embedding": "/embeddings"}


@register("model", "openai")
class OpenAIModel(AskingModel):
    """A model behind an OpenAI-compatible HTTP server.

    Args:
        name: The model's name, as the server calls it.
        base_url: The address that ends in ``/v1``; else ``OPENAI_BASE_URL``, else OpenAI's.
        api_key_env: The environment variable that holds the key. The key itself is never written anywhere.
        manners: What the server may be burdened with.
        loglikelihood: How log-likelihoods are asked for: ``echo`` (completions with ``echo`` and ``logprobs``) or
            ``prompt_logprobs`` (vLLM).
        headers: More HTTP headers, which must not be secret.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat", "completion", "loglikelihood", "embedding")

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        manners: Manners | None = None,
        loglikelihood: str = "echo",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(name, manners)
        if not name:
            raise UsageError("the model has no name", where="--model openai:NAME")
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL).rstrip("/")
        if not self.base_url.startswith(("http://", "https://")):
            raise UsageError(
                "is no address", where=f"--base-url {self.base_url}", hint="for example http://localhost:8000/v1"
            )
        refuse_password(self.base_url)
        if loglikelihood not in ("echo", "prompt_logprobs"):
            raise UsageError(
                "is no way to ask for log-likelihoods", where=loglikelihood, hint="echo or prompt_logprobs"
            )
        self.loglikelihood = loglikelihood
        self._key_variable = api_key_env
        self._key = os.environ.get(api_key_env) or ""
        self.headers = {**(headers or {}), "Content-Type": "application/json"}
        if self._key:
            self.headers["Authorization"] = f"Bearer {self._key}"
        self._session: aiohttp.ClientSession | None = None

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "openai", "base_url": self.base_url, "model": self.name}

    @property
    def place(self) -> str:
        return f"{self.name} at {self.base_url}"

    @property
    def key_hint(self) -> str:
        return f"set {self._key_variable}, or name another variable by --api-key-env"

    def calls(self, request: Request) -> int:
        return max(1, len(request.continuations or ())) if request.kind == "loglikelihood" else 1

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=60),
            timeout=timeout,
            headers=self.headers,
            proxy=proxy_of(self.base_url),
        ) as self._session:
            async for answer in super().answer(requests):
                yield answer

    async def send(self, request: Request) -> Answer:
        if request.kind == "loglikelihood":
            return await self._loglikelihoods(request)
        data = await self._post(PATHS[request.kind], self.body(request))
        return self.read(request, data)

    def read(self, request: Request, data: bytes) -> Answer:
        """The answer in a reply.

        Raises:
            Failure: there is none in it.
        """
        try:
            if request.kind == "chat":
                return replies.chat_answer(data)
            return replies.completion_answer(data) if request.kind == "completion" else replies.embedding_answer(data)
        except (msgspec.DecodeError, ValueError, IndexError) as error:
            raise self._no_answer(data, str(error)) from None

    def body(self, request: Request) -> dict[str, Any]:
        """What is posted."""
        parameters = dict(request.parameters)
        extra = parameters.pop("extra_body", None) or {}
        body: dict[str, Any] = {"model": self.name}
        if request.kind == "chat":
            body["messages"] = request.messages
        elif request.kind == "embedding":
            body["input"] = request.prompt
        else:
            body["prompt"] = request.prompt
        return {**body, **parameters, **extra}

    async def _loglikelihoods(self, request: Request) -> Answer:
        """One call per continuation; a failure of one is the failure of all."""
        answers = [await self._loglikelihood(request, continuation) for continuation in request.continuations or ()]
        return Answer(
            sample_id="",
            choices=[choice for answer in answers for choice in answer.choices or ()],
            usage=replies.total_usage(answers),
            model=answers[0].model if answers else None,
        )

    async def _loglikelihood(self, request: Request, continuation: str) -> Answer:
        context = request.prompt or ""
        body = self.body(msgspec.structs.replace(request, prompt=context + continuation))
        if self.loglikelihood == "echo":
            body |= {"max_tokens": 0, "echo": True, "logprobs": 1, "temperature": 0}
        else:
            body |= {"max_tokens": 1, "prompt_logprobs": 1, "temperature": 0}
        data = await self._post("/completions", body)
        try:
            if self.loglikelihood == "echo":
                return replies.echoed_answer(data, context)
            return replies.prompt_logprobs_answer(data, continuation)
        except (msgspec.DecodeError, ValueError, IndexError) as error:
            raise self._no_answer(data, str(error)) from None

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        import aiohttp

        assert self._session is not None
        try:
            async with self._session.post(self.base_url + path, data=_ENCODE(body)) as reply:
                data = await reply.read()
                if reply.status < 300:
                    return data
                raise self.failure(reply.status, data, reply.headers)
        except (aiohttp.ClientConnectionError, ConnectionError) as error:
            said = self._clean(str(error) or type(error).__name__)
            raise Failure(AnswerError("connection", said), retry=True, trouble=True) from None
        except aiohttp.ClientPayloadError as error:
            raise Failure(
                AnswerError("connection", f"the reply broke off: {error}"), retry=True, trouble=True
            ) from None
        except TimeoutError:
            raise Failure(AnswerError("connection", "no connection within 30 s"), retry=True, trouble=True) from None

    def failure(self, status: int, data: bytes, headers: Any) -> Failure:
        """What a reply that is no success means."""
        message = self._clean(replies.error_message(data) or f"HTTP {status}")
        if status in (401, 403, 404):
            return Failure(AnswerError("refused", message, status))
        if status == 429:
            if replies.error_code(data) == "insufficient_quota":
                return Failure(AnswerError("refused", message, status))
            return Failure(
                AnswerError("rate_limit", message, status), retry=True, after_s=retry_after_s(headers), trouble=True
            )
        if status >= 500:
            return Failure(
                AnswerError("server", message, status), retry=True, after_s=retry_after_s(headers), trouble=True
            )
        return Failure(AnswerError("bad_request", message, status), retry=status in _WORTH_A_RETRY)

    def _no_answer(self, data: bytes, why: str) -> Failure:
        said = self._clean(data[:200].decode("utf-8", "replace"))
        return Failure(AnswerError("reply", f"the reply is no answer ({why}): {said}"), retry=True)

    def _clean(self, text: str) -> str:
        """Text without the key, whoever put it there."""
        text = text.replace(self._key, "***") if self._key else text
        return text if len(text) <= 500 else text[:497] + "..."
