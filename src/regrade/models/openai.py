"""``openai:NAME``: whoever speaks OpenAI's protocol: OpenAI, vLLM, SGLang, Ollama, llama.cpp, TGI and many more.

One HTTP client without retries of its own (:mod:`regrade.models.asking` has them), and little work per reply.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import msgspec

from regrade.addition import add_up
from regrade.errors import UsageError
from regrade.models import llama_cpp
from regrade.models import openai_replies as replies
from regrade.models.asking import AskingModel, Failure
from regrade.models.families import fit_parameters
from regrade.models.http import MAX_REPLY_BYTES, HttpClient, parse_address, read_headers
from regrade.models.limits import RequestLimits, retry_after_s
from regrade.models.prompt_logprobs import READERS, PromptReply, UnverifiedError, all_likeliest, continuation_border
from regrade.models.secrets import SHORTEST, without_secrets
from regrade.models.spelling import SpellingError, StraddlingError
from regrade.registry import register
from regrade.schema import Answer, AnswerError, ErrorKind, Loglikelihood, Request, RequestKind

_Read = TypeVar("_Read")
DEFAULT_BASE_URL = "https://api.openai.com/v1"

_WANT_KEYS = ("api.openai.com", ".azure.com", "openrouter.ai", "api.anthropic.com", "api.mistral.ai", "api.groq.com")
"""Servers that answer nobody without a key."""

_ENCODE = msgspec.json.Encoder().encode
_WORTH_A_RETRY = frozenset((408, 409, 425, 429))
_LOGLIKELIHOOD_HINTS = {
    "echo": "if it does not support echo with logprobs, ask otherwise: --model-option loglikelihood=prompt_logprobs "
    "(vLLM) or loglikelihood=llama_cpp",
    "prompt_logprobs": "only vLLM has prompt_logprobs; others may know --model-option loglikelihood=echo or llama_cpp",
    "llama_cpp": "only a llama.cpp server can be asked token by token; others may know "
    "--model-option loglikelihood=echo or prompt_logprobs",
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
        limits: How many requests at once, how fast, how often again.
        loglikelihood: How log-likelihoods are asked for: ``echo`` (completions with ``echo`` and ``logprobs``),
            ``prompt_logprobs`` (vLLM) or ``llama_cpp`` (token by token, of a llama.cpp server).
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
        limits: RequestLimits | None = None,
        loglikelihood: str = "echo",
        headers: dict[str, str] | None = None,
        ca_file: str | None = None,
        max_reply: int = MAX_REPLY_BYTES,
    ) -> None:
        super().__init__(name, limits)
        if not name:
            raise UsageError("the model has no name", where="--model openai:NAME")
        self.address = parse_address(base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL)
        self.base_url = self.address.base
        if loglikelihood not in _LOGLIKELIHOOD_HINTS:
            ways = ", ".join(_LOGLIKELIHOOD_HINTS)
            raise UsageError("is no way to ask for log-likelihoods", where=loglikelihood, hint=f"one of {ways}")
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

    def check_ready(self) -> None:
        host = urlsplit(self.base_url).hostname or ""
        named = {name.lower() for name in self.headers}
        if host.endswith(_WANT_KEYS) and not named & {"authorization", "api-key", "x-api-key"}:
            raise UsageError(f"{host} wants a key, and there is none", hint=self.key_hint)

    def calls(self, request: Request) -> int:
        texts = request.continuations if request.kind == "loglikelihood" else None
        if texts and self.loglikelihood == "llama_cpp":
            return sum(2 + len(text) // 4 for text in texts)  # a token is about four characters
        return max(1, len(texts or ()))

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        async with self.http.hold_connections():
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
        except replies.ILL_FORMED as error:
            raise self._no_answer(data, replies.explain_ill_formed(error)) from None

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
        """One call per continuation, or per token of it; a failure of one is the failure of all."""
        try:
            if self.loglikelihood == "llama_cpp":
                return await self._token_by_token(request)
            return await self._whole_prompts(request)
        except (SpellingError, UnverifiedError) as error:
            raise self._unverified(str(error)) from None
        except replies.FailedGeneration as error:
            raise self.failure(error.status, _ENCODE({"error": str(error)}), {}) from None

    async def _whole_prompts(self, request: Request) -> Answer:
        context = request.prompt or ""
        border = continuation_border(context)
        answers, choices, start = [], [], None
        for continuation in request.continuations or ():
            reply = await self._prompt_reply(request, context + continuation)
            answers.append(reply.answer)
            try:
                choices.append(reply.loglikelihood(context + continuation, border))
            except StraddlingError:
                if start is None:
                    alone = await self._prompt_reply(request, context[:border])
                    answers.append(alone.answer)
                    start = alone.cut(context[:border], border).end
                choices.append(reply.loglikelihood(context + continuation, border, start=start))
        usage, model = replies.total_usage(answers), answers[0].model if answers else None
        return Answer(sample_id="", choices=choices, usage=usage, model=model)

    async def _prompt_reply(self, request: Request, prompt: str) -> PromptReply:
        """The tokens of a prompt, as the server sends them back."""
        body = self._bare_body(request)
        # One token is asked for, as lm-evaluation-harness does: some servers take 0 for "as many as there is room for".
        body |= {"prompt": prompt, "max_tokens": 0 if body.get("max_tokens") == 0 else 1, "temperature": 0}
        if self.loglikelihood == "echo":
            body |= {"echo": True, "logprobs": body.get("logprobs") or 1}
        else:
            body |= {"prompt_logprobs": 1}
        return await self._post_and_read("/completions", body, READERS[self.loglikelihood])

    async def _token_by_token(self, request: Request) -> Answer:
        """As many calls as the continuations have tokens."""
        context = request.prompt or ""
        border = continuation_border(context)
        steps: dict[tuple[int, ...], tuple[float, bool | None]] = {}
        choices: list[Loglikelihood] = []
        for continuation in request.continuations or ():
            prompt = context + continuation
            tokens = await self._tokens(prompt)
            try:
                start = tokens.continuation_start(prompt, border)
            except StraddlingError:
                start = len((await self._tokens(context[:border])).ids)
            if not 0 < start < len(tokens.ids):
                raise UnverifiedError(
                    "the continuation has no token of its own" if start else "nothing stands before the continuation"
                )
            for place in range(start, len(tokens.ids)):
                key = tuple(tokens.ids[: place + 1])
                if key not in steps:
                    body = self._bare_body(request) | llama_cpp.step_body(tokens.ids[:place], key[-1])
                    read = partial(llama_cpp.read_step, token=key[-1], place=place)
                    steps[key] = await self._post_and_read("/completions", body, read)
            said = [steps[tuple(tokens.ids[: place + 1])] for place in range(start, len(tokens.ids))]
            choices.append((add_up(value for value, _ in said), all_likeliest([greedy for _, greedy in said])))
        return Answer(sample_id="", choices=choices)

    async def _tokens(self, text: str) -> llama_cpp.PromptTokens:
        body = llama_cpp.tokenize_body(text)
        return await self._post_and_read("/tokenize", body, llama_cpp.read_tokens, beside=True)

    def _bare_body(self, request: Request) -> dict[str, Any]:
        """What is posted for a log-likelihood, without what would ask for more than one answer."""
        body = self.body(request)
        return {name: value for name, value in body.items() if name not in ("n", "best_of", "max_completion_tokens")}

    async def _post_and_read(
        self, path: str, body: dict[str, Any], read: Callable[[bytes], _Read], *, beside: bool = False
    ) -> _Read:
        try:
            data = await (self._post(path, body, beside=True) if beside else self._post(path, body))
        except Failure as failure:
            status = failure.error.status
            if failure.retry or not (failure.error.kind == "bad_request" or (beside and status == 404)):
                raise
            raise self._unverified(f"{path}: {failure.error.message}", status) from None
        try:
            return read(data)
        except (UnverifiedError, replies.FailedGeneration):
            raise
        except replies.ILL_FORMED as error:
            raise self._no_answer(data, replies.explain_ill_formed(error)) from None

    def _unverified(self, why: str, status: int | None = None) -> Failure:
        """A reply that does not say beyond doubt how likely a continuation is; asking again would not help."""
        hint = _LOGLIKELIHOOD_HINTS[self.loglikelihood]
        message = self._clean(f"no log-likelihood from {self.place}: {why}; {hint}")
        kind: ErrorKind = "reply" if status is None else "bad_request"
        return Failure(AnswerError(kind, message, status), hint="what came is kept; ask in another way")

    async def _post(self, path: str, body: dict[str, Any], *, beside: bool = False) -> bytes:
        status, data, headers = await self.http.post(path, _ENCODE(body), beside=beside)
        if status < 300:
            return data
        raise self.failure(status, data, headers)

    def failure(self, status: int, data: bytes, headers: Any) -> Failure:
        """What a reply that is no success means."""
        message = self._clean(replies.error_message(data) or f"HTTP {status}")
        if status in (426, 505):
            message = f"HTTP {status}: {self.base_url} wants another version of HTTP than 1.1"
            return Failure(AnswerError("refused", message, status))
        if status in (401, 402, 403, 404):
            return Failure(AnswerError("refused", message, status))
        if status == 429:
            if replies.says_no_quota(data):
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
        text = without_secrets(text.replace(self._key, "***") if self._key and len(self._key) >= SHORTEST else text)
        return text if len(text) <= 500 else text[:497] + "..."
