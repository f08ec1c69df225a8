"""Asking a model from a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from regrade.models.limits import RequestLimits
from regrade.models.model import Model
from regrade.schema import Answer, Request

HASTY = RequestLimits(backoff_s=0.001, longest_backoff_s=0.002, retries=3, concurrency=8)
"""No pauses to speak of."""


def chat(*texts: str, **parameters: object) -> list[Request]:
    """A request for each text."""
    return [
        Request(
            sample_id=f"s{place}", position=place, messages=[{"role": "user", "content": text}], parameters=parameters
        )
        for place, text in enumerate(texts)
    ]


def answers(model: Model, requests: Iterable[Request]) -> list[Answer]:
    """All answers, in order of position."""

    async def go() -> list[Answer]:
        async def each() -> AsyncIterator[Request]:
            for request in requests:
                yield request

        return [answer async for answer in model.answer(each())]

    return sorted(asyncio.run(go()), key=lambda answer: (answer.position, answer.repeat))
