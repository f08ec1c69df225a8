"""``openai:NAME``: whoever speaks OpenAI's protocol: OpenAI, vLLM, SGLang, Ollama, llama.cpp, TGI and many more.

One HTTP client without retries of its own (:mod:`regrade.models.asking` has them), and little work per reply.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from regrade.errors import UsageError
from regrade.models import openai_replies as replies
from regrade.models.asking import AskingModel, Failure
from regrade.models.families import fit_parameters
from regrade.models.http import MAX_REPLY_BYTES, HttpClient, parse_address, read_headers
from regrade.models.manners import Manners, retry_after_s
from regrade.models.prompt_logprobs import READERS, PromptReply, UnverifiedError, continuation_border
from regrade.models.secrets import without_secrets
from regrade.models.spelling import SpellingError, StraddlingError
from regrade.registry import register
from regrade.schema import Answer, AnswerError, ErrorKind, Loglikelihood, Request, RequestKind

DEFAULT_BASE_URL = "https://api.openai.com/v1"

_ENCODE = msgspec.json.Encoder().encode
_WORTH_A_RETRY = frozenset((408, 409, 425, 429))
_LOGLIKELIHOOD_HINTS = {
    "echo": "does it support echo with logprobs? Another way, which vLLM knows: "
    "--model-option loglikelihood=prompt_logprobs",
    "prompt_logprobs": "only vLLM has prompt_logprobs; another server may know --model-option loglikelihood=echo",
}
PATHS = {"chat": "/chat/completions", "completion": "/completions", "embedding": "/embeddings"}


@register("model", "openai")
class OpenAIModel(AskingModel):
    """A model behind an OpenAI-compatible HTTP server.

    Args:
        name: The model's name, as the server calls it.
        base_url: The address that ends in ``/v1``; else ``OPENAI_BASE_URL``, else OpenAI's. A query
            (``?api-version=...``) follows every path; ``http+unix://%2Frun%2Fserver.sock/v1`` is a Unix socket.
        api_key_env: The environment variable that holds the key. The key itself is never written anywhere.
        manners: What the server may be burdened with.
        loglikelihood: How log-likelihoods are asked for: ``echo`` (completions with ``echo`` and ``logprobs``) or
            ``prompt_logprobs`` (vLLM).
        headers: More HTTP headers; ``env:NAME`` stands for the value of a variable of the environment.
        ca_file: Certificates (PEM) to trust, for a server that signs its own.
        max_reply: Bytes that a reply may have after decompression.
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
        ca_file: str | None = None,
        max_reply: int = MAX_REPLY_BYTES,
    ) -> None:
        super().__init__(name, manners)
        if not name:
            raise UsageError("the model has no name", where="--model openai:NAME")
        self.address = parse_address(base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL)
        self.base_url = self.address.base
        if loglikelihood not in ("echo", "prompt_logprobs"):
            raise UsageError(
                "is no way to ask for log-likelihoods", where=loglikelihood, hint="echo or prompt_logprobs"
            )
        self.loglikelihood = loglikelihood
        self._key_variable = api_key_env
        self._key = (os.environ.get(api_key_env) or "").strip()
        self.headers = {**read_headers(headers or {}), "Content-Type": "application/json"}
        if self._key and "Authorization" not in self.headers:
            azure = (urlsplit(self.base_url).hostname or "").endswith(".azure.com")
            self.headers |= {"api-key": self._key} if azure else {"Authorization": f"Bearer {self._key}"}
        self.http = HttpClient(self.address, self.headers, ca_file=ca_file, max_reply_bytes=max_reply)

    @property
    def identity(self) -> dict[str, Any]:
        where = self.address.url("") if self.address.socket is None else f"unix:{self.address.socket}"
        return {"type": "openai", "base_url": where, "model": self.name}

    @property
    def place(self) -> str:
        return f"{self.name} at {self.base_url}"

    @property
    def key_hint(self) -> str:
        return f"set {self._key_variable}, or name another variable by --api-key-env"

    def fit(self, parameters: dict[str, Any]) -> dict[str, Any]:
        return fit_parameters(self.name, parameters)

    def calls(self, request: Request) -> int:
        return max(1, len(request.continuations or ())) if request.kind == "loglikelihood" else 1

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        async with self.http.connected():
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
        except replies.FailedGeneration as error:
            raise self.failure(error.status, _ENCODE({"error": str(error)}), {}) from None
        except ValueError as error:
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
        body |= {name: value for name, value in parameters.items() if value is not None}
        return {**body, **extra}

    async def _loglikelihoods(self, request: Request) -> Answer:
        """One call per continuation; a failure of one is the failure of all."""
        context = request.prompt or ""
        answers, choices, before = [], [], None
        for continuation in request.continuations or ():
            reply = await self._prompt_reply(request, context + continuation)
            answers.append(reply.answer)
            try:
                choices.append(self._read_end(reply, context, continuation, None))
            except StraddlingError:
                if before is None:
                    before = await self._context_tokens(request, context[: continuation_border(context)], answers)
                choices.append(self._read_end(reply, context, continuation, before))
        usage, model = replies.total_usage(answers), answers[0].model if answers else None
        return Answer(sample_id="", choices=choices, usage=usage, model=model)

    async def _context_tokens(self, request: Request, context: str, answers: list[Answer]) -> int:
        """How many tokens a context alone has, special ones before it included."""
        reply = await self._prompt_reply(request, context)
        answers.append(reply.answer)
        try:
            return reply.cut(context, len(context)).end
        except SpellingError as error:
            raise self._unverified(str(error)) from None

    def _read_end(self, reply: PromptReply, context: str, continuation: str, start: int | None) -> Loglikelihood:
        try:
            return reply.loglikelihood(context + continuation, continuation_border(context), start=start)
        except StraddlingError:
            raise
        except (SpellingError, UnverifiedError) as error:
            raise self._unverified(str(error)) from None

    async def _prompt_reply(self, request: Request, prompt: str) -> PromptReply:
        """The tokens of a prompt, as the server sends them back."""
        body = self.body(msgspec.structs.replace(request, prompt=prompt))
        for name in ("n", "best_of", "max_completion_tokens"):
            body.pop(name, None)
        # One token is asked for, as lm-evaluation-harness does: some servers take 0 for "as many as there is room for".
        body |= {"max_tokens": 0 if body.get("max_tokens") == 0 else 1, "temperature": 0}
        if self.loglikelihood == "echo":
            body |= {"echo": True, "logprobs": body.get("logprobs") or 1}
        else:
            body |= {"prompt_logprobs": 1}
        try:
            data = await self._post("/completions", body)
        except Failure as failure:
            if failure.error.kind != "bad_request":
                raise
            raise self._unverified(failure.error.message, failure.error.status) from None
        try:
            return READERS[self.loglikelihood](data)
        except UnverifiedError as error:
            raise self._unverified(str(error)) from None
        except replies.FailedGeneration as error:
            raise self.failure(error.status, _ENCODE({"error": str(error)}), {}) from None
        except ValueError as error:
            raise self._no_answer(data, str(error)) from None

    def _unverified(self, why: str, status: int | None = None) -> Failure:
        """A reply that does not say beyond doubt how likely a continuation is; asking again would not help."""
        hint = _LOGLIKELIHOOD_HINTS[self.loglikelihood]
        message = self._clean(f"no log-likelihood from {self.place}: {why}; {hint}")
        kind: ErrorKind = "reply" if status is None else "bad_request"
        return Failure(AnswerError(kind, message, status), hint="what came is kept; ask in another way")

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        status, data, headers = await self.http.post(path, _ENCODE(body))
        if status < 300:
            return data
        raise self.failure(status, data, headers)

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
        said = self._clean(" ".join(data[:300].decode("utf-8", "replace").split())[:200])
        if data.lstrip()[:1] == b"<":
            why = f"a page, and not JSON: is {self.base_url} the address that ends in /v1?"
        return Failure(AnswerError("reply", f"the reply is no answer ({why}): {said}"), retry=True)

    def _clean(self, text: str) -> str:
        """Text without the key, whoever put it there, and without other secrets."""
        text = without_secrets(text.replace(self._key, "***") if self._key else text)
        return text if len(text) <= 500 else text[:497] + "..."
