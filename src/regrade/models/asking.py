"""Asking a server for many answers: room, rates, retries and giving up, in this one layer and no other."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from regrade.errors import RegradeError
from regrade.models.limits import AdaptiveLimit, Bucket, Gate, RequestLimits, backoff_s
from regrade.models.model import Model
from regrade.models.request import address_answer, request_hash
from regrade.models.secrets import without_secrets
from regrade.schema import Answer, AnswerError, Request

_SURE_AFTER = 5
"""Refusals in a row, with some success before, that end a run; without any success one is enough."""

_NEVER_REACHED_AFTER = 3
"""Failed attempts to reach a server that has never been reached, that end a run."""

_ALL_BAD_AFTER = 20
"""Bad requests, or replies that are no answers, in a row and without any success, that end a run."""


class ModelError(RegradeError):
    """There is no point in going on: nobody answers, or who answers refuses."""

    code = "model"
    mend = "Check the server's address, the key and the model's name; then `regrade resume RUN` asks for the rest."


class Failure(Exception):
    """An attempt that brought no answer.

    Args:
        error: What to record.
        retry: Whether another attempt may help.
        after_s: When the server wants to be asked again.
        trouble: Whether it is a sign that the server has too much to do.
        unreachable: Whether the server could not even be reached.
        hint: What may help.
    """

    def __init__(
        self,
        error: AnswerError,
        *,
        retry: bool = False,
        after_s: float | None = None,
        trouble: bool = False,
        unreachable: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry = retry
        self.after_s = after_s
        self.trouble = trouble
        self.unreachable = unreachable
        self.hint = hint


class AskingModel(Model):
    """A model behind a server. Subclasses say how one request is sent; the rest is here.

    Args:
        name: The model's name.
        limits: How many requests at once, how fast, how often again.
    """

    def __init__(self, name: str, limits: RequestLimits | None = None) -> None:
        super().__init__(name)
        self.limits = limits or RequestLimits()

    @abstractmethod
    async def send(self, request: Request) -> Answer:
        """Send one request, once; ``sample_id`` and the like are filled in by the caller.

        Raises:
            Failure: there is no answer.
        """

    @property
    @abstractmethod
    def place(self) -> str:
        """Who is asked, for messages."""

    @property
    @abstractmethod
    def key_hint(self) -> str:
        """How the key is to be given, for messages."""

    def calls(self, request: Request) -> int:
        """How many calls a request takes; they all count where calls per minute are limited."""
        return 1

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        asking = _Asking(self)
        feeder = asyncio.ensure_future(asking.feed(requests))
        try:
            while (answer := await asking.answers.get()) is not None:
                yield answer
            if asking.stop is not None:
                raise asking.stop
            await feeder
        finally:
            feeder.cancel()
            for task in list(asking.tasks):
                task.cancel()
            await asyncio.gather(feeder, *asking.tasks, return_exceptions=True)


class _Asking:
    """The requests of one call of ``answer``."""

    def __init__(self, model: AskingModel) -> None:
        self.model = model
        self.limits = model.limits
        self.identity = model.identity
        self.limit = AdaptiveLimit(model.limits.concurrency)
        self.gate = Gate()
        self.requests_bucket = Bucket(model.limits.requests_per_minute)
        self.tokens_bucket = Bucket(model.limits.tokens_per_minute)
        self.answers: asyncio.Queue[Answer | None] = asyncio.Queue()
        self.tasks: set[asyncio.Task[None]] = set()
        self.stop: RegradeError | None = None
        self.successes = 0
        self.reached = False
        self.unreachable = 0
        self.refused = self.bad = 0
        self.last_success = time.monotonic()
        self.failing_since: float | None = None

    async def feed(self, requests: AsyncIterator[Request]) -> None:
        """Start a task for each request, when there is room."""
        try:
            async for request in requests:
                await self.limit.enter()
                task = asyncio.ensure_future(self.one(request))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
                self.tell()
            while self.tasks:
                await asyncio.wait(self.tasks)
        except Exception:  # the source of requests is broken; what was sent is paid for
            if self.tasks:
                await asyncio.wait(self.tasks, timeout=self.limits.timeout_s)
            raise
        finally:
            self.answers.put_nowait(None)

    def tell(self) -> None:
        """Keep the model's status up to date."""
        status = self.model.status
        status.in_flight, status.allowed = self.limit.in_flight, self.limit.allowed
        status.waiting_s = max(0.0, self.gate.until - time.monotonic())

    async def one(self, request: Request) -> None:
        """Ask until there is an answer, or no point in it; room for it is taken already."""
        began = time.monotonic()
        attempt, failures, room, key = 0, 0, True, ""
        try:
            key = request_hash(request, self.identity)
            while True:
                attempt += 1
                await self.gate.wait()
                await self.keep_rates(request)
                sent = time.monotonic()
                try:
                    async with asyncio.timeout(self.limits.timeout_s):
                        answer = await self.model.send(request)
                except TimeoutError:
                    failure = Failure(
                        AnswerError("timeout", f"no reply within {self.limits.timeout_s:g} s"),
                        retry=True,
                        trouble=True,
                    )
                except Failure as found:
                    failure = found
                else:
                    self.note_success()
                    self.deliver(answer, request, key, attempt, time.monotonic() - sent)
                    return
                # To be told to wait is no failure, unless the server names no time to come.
                failures += failure.error.kind != "rate_limit" or failure.after_s == 0
                pause = self.note_failure(failure, attempt, failures, sent, began)
                if pause is None or self.stop is not None:
                    self.deliver(Answer(sample_id="", error=failure.error), request, key, attempt, 0.0)
                    return
                self.limit.leave()
                room = False
                self.model.status.retries += 1
                await asyncio.sleep(pause)
                await self.limit.enter()
                room = True
        except Exception as error:  # a defect of ours, or of a library: it costs this answer, and is told
            told = AnswerError("reply", without_secrets(f"{type(error).__name__}: {error}"))
            self.deliver(Answer(sample_id="", error=told), request, key, attempt, 0.0)
        finally:
            if room:
                self.limit.leave()
            self.tell()

    async def keep_rates(self, request: Request) -> None:
        """Wait until one more request may be sent."""
        wait = self.requests_bucket.wait_s(self.model.calls(request))
        if self.tokens_bucket.rate is not None:
            wait = max(wait, self.tokens_bucket.wait_s(estimated_tokens(request)))
        if wait > 0:
            await asyncio.sleep(wait)

    def deliver(self, answer: Answer, request: Request, key: str, attempt: int, latency_s: float) -> None:
        """Hand over an answer, or the error in place of one."""
        self.answers.put_nowait(
            address_answer(
                answer,
                request,
                request_hash=key,
                attempts=attempt,
                latency_s=round(latency_s, 6),
                at=time.time(),
            )
        )

    def note_success(self) -> None:
        """An answer came."""
        self.successes += 1
        self.reached = True
        self.refused = self.bad = 0
        self.failing_since = None
        self.limit.clean()

    def note_failure(self, failure: Failure, attempt: int, failures: int, sent: float, began: float) -> float | None:
        """Draw the consequences; returns the pause before the next attempt, or None if there is none.

        Only ``total_timeout_s`` limits how often a request is sent again that the server asked to wait with.
        """
        now = time.monotonic()
        error = failure.error
        self.reached = self.reached or not (failure.unreachable or error.kind == "timeout")
        self.unreachable += failure.unreachable
        if failure.trouble and self.limit.trouble(sent):
            self.model.status.note = f"{error.status or error.kind}: at most {self.limit.allowed} at once now"
        if failure.after_s is not None:
            self.gate.close_for(min(failure.after_s, self.limits.total_timeout_s))
        self.refused = self.refused + 1 if error.kind == "refused" else 0
        self.bad = self.bad + 1 if error.kind in ("bad_request", "reply") else 0
        self.give_up(failure, now)
        if failure.after_s is not None and failure.after_s > self.limits.total_timeout_s:
            self.halt(f"wants to be asked again in {failure.after_s:,.0f} s: {error.message}")
        self.tell()
        if not failure.retry or failures > self.limits.retries:
            return None
        pause = max(backoff_s(attempt, self.limits), failure.after_s or 0.0)
        return None if now + pause - began > self.limits.total_timeout_s else pause

    @property
    def proven(self) -> bool:
        """Whether an answer ever came, now or before."""
        return self.successes > 0 or self.model.proven

    def give_up(self, failure: Failure, now: float) -> None:
        """Stop everything where the next request would fare no better."""
        error = failure.error
        if failure.unreachable and not self.reached:
            if not failure.retry or self.unreachable >= _NEVER_REACHED_AFTER:
                self.halt(error.message, "is the server running, and --base-url its address? Then: regrade resume RUN")
            return
        if error.kind in ("connection", "server", "timeout", "rate_limit"):
            self.failing_since = self.failing_since or now
            if now - self.failing_since > self.limits.patience_s:
                self.halt(f"nothing but failures for {self.limits.patience_s:.0f} s, the last: {error.message}")
        if self.refused and (not self.proven or self.refused >= _SURE_AFTER):
            self.halt(error.message, self.advice(error))
        elif self.bad >= _ALL_BAD_AFTER and not self.proven:
            what = "requests were all refused as wrong" if error.kind == "bad_request" else "replies were no answers"
            self.halt(
                f"the first {self.bad} {what}: {error.message}",
                failure.hint or (self.advice(error) if error.kind == "reply" else None),
            )

    def advice(self, error: AnswerError) -> str:
        """What may help against an error that all requests meet."""
        if error.status in (401, 403):
            return f"the key is missing or wrong: {self.model.key_hint}"
        if error.status in (402, 429):
            return "the account has no quota left: add credit or raise its limit, then: regrade resume RUN"
        if error.status in (426, 505):
            return "requests are sent as HTTP/1.1; a proxy that takes it (nginx, Envoy) reaches such a server"
        if error.status is not None and 300 <= error.status < 400:
            return "what came is kept; then: regrade resume RUN --base-url ADDRESS"
        return "is the model's name right, and --base-url the address that ends in /v1?"

    def halt(self, what: str, hint: str | None = None) -> None:
        if self.stop is None:
            self.stop = ModelError(
                without_secrets(what),
                where=self.model.place,
                hint=hint or "what came is kept; then: regrade resume RUN",
            )
            for task in self.tasks:
                if task is not asyncio.current_task():
                    task.cancel()
            self.answers.put_nowait(None)


def estimated_tokens(request: Request) -> int:
    """About how many tokens a request takes: a token is four characters, and the answer takes ``max_tokens``."""
    characters = len(request.prompt or "") + sum(len(text) for text in request.continuations or ())
    characters += sum(_characters(message.get("content")) for message in request.messages or ())
    parameters = request.parameters
    answer = parameters.get("max_completion_tokens") or parameters.get("max_tokens") or 0
    return characters // 4 + int(answer)


def _characters(content: Any) -> int:
    if isinstance(content, str):
        return len(content)
    return sum(len(part.get("text") or "") for part in content or () if isinstance(part, dict))
