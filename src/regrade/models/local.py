"""A model in this process: requests in batches, in a thread of their own, so that answers are written meanwhile."""

from __future__ import annotations

import asyncio
import math
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from regrade.errors import UsageError
from regrade.models.model import Model
from regrade.models.request import address_answer, request_hash
from regrade.schema import Answer, AnswerError, Request


class LocalModel(Model):
    """A model that answers a batch of requests at a time. Subclasses load it and answer a batch.

    Args:
        name: A folder, or a name that the library knows.
        batch_size: Requests at a time.
    """

    def __init__(self, name: str, *, batch_size: int = 8) -> None:
        super().__init__(name)
        if batch_size < 1:
            raise UsageError("must be 1 or more", where=f"--batch-size {batch_size}")
        self.batch_size = batch_size

    @abstractmethod
    def load(self) -> None:
        """Load what is needed; called once, in the thread that answers."""

    @abstractmethod
    def answer_batch(self, requests: list[Request]) -> list[Answer]:
        """Answer requests of one kind and with the same parameters; ``sample_id`` and the like are filled in later."""

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        loop = asyncio.get_running_loop()
        identity = self.identity
        with ThreadPoolExecutor(1, thread_name_prefix="model") as thread:
            await loop.run_in_executor(thread, self.load)
            async for batch in _batches(requests, self.batch_size):
                self.status.in_flight = len(batch)
                for request, answer in zip(
                    batch, await loop.run_in_executor(thread, self._answer_batch, batch), strict=True
                ):
                    yield address_answer(
                        answer,
                        request,
                        request_hash=request_hash(request, identity),
                        model=self.name,
                        at=time.time(),
                    )

    def _answer_batch(self, batch: list[Request]) -> list[Answer]:
        """Answer a batch; where that fails, one by one, so that a request that cannot be answered costs itself only."""
        began = time.perf_counter()
        try:
            answers = self.answer_batch(batch)
        except Exception as error:
            if len(batch) == 1:
                answers = [Answer(sample_id="", error=AnswerError("bad_request", f"{type(error).__name__}: {error}"))]
            else:
                answers = [answer for request in batch for answer in self._answer_batch([request])]
        took = round((time.perf_counter() - began) / len(batch), 6)
        return [msgspec.structs.replace(_checked(answer), latency_s=answer.latency_s or took) for answer in answers]


def _checked(answer: Answer) -> Answer:
    """The answer, or an error where a log-likelihood cannot be one (nan, where half precision overflows)."""
    for place, (value, _) in enumerate(answer.choices or (), 1):
        if not value < math.inf:
            message = f"the log-likelihood of continuation {place} is {value}"
            return Answer(sample_id="", error=AnswerError("reply", message), usage=answer.usage)
    return answer


async def _batches(requests: AsyncIterator[Request], size: int) -> AsyncIterator[list[Request]]:
    """Requests in groups of one kind and with the same parameters, in order."""
    group: list[Request] = []
    async for request in requests:
        alike = not group or (request.kind, request.parameters) == (group[0].kind, group[0].parameters)
        if group and (not alike or len(group) >= size):
            yield group
            group = []
        group.append(request)
    if group:
        yield group


def continuation_tokens(encode: Any, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """The tokens of a context and of what follows it, as lm-evaluation-harness splits them.

    Spaces at the context's end go to the continuation; both are tokenized as one text, and the tokens beyond those of
    the context alone are the continuation's.

    Args:
        encode: From text to token ids, special tokens included.
        context: What comes before; may be empty.
        continuation: What follows.
    """
    stripped = context.rstrip()
    continuation = context[len(stripped) :] + continuation
    whole = encode(stripped + continuation)
    before = encode(stripped)
    return whole[: len(before)], whole[len(before) :]


def until_stop(text: str, stop: Any) -> tuple[str, bool]:
    """A text up to the first of its stop texts, and whether there was one."""
    stops = [stop] if isinstance(stop, str) else list(stop or ())
    places = [place for place in (text.find(one) for one in stops if one) if place >= 0]
    return (text[: min(places)], True) if places else (text, False)
