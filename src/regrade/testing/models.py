"""``check_model``: the contract of models."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from itertools import count
from typing import Any

from regrade.models.model import Model
from regrade.models.named import named_model
from regrade.models.request import request_hash
from regrade.schema import Answer, Request
from regrade.testing.contract import ContractError, Words, check_same

_MOST_TAKEN = 100_000
"""Requests that a model may take before it gives the first answer."""


def check_model(
    model: str | Callable[[], Model],
    prompts: Sequence[str],
    *,
    answers: Sequence[str | None] | None = None,
    options: dict[str, Any] | None = None,
) -> None:
    """Check that a model keeps to its contract; each prompt is asked several times.

    Who is asked is said as JSON, the same each time; each request has exactly one answer, addressed to it, with a text
    or an error and never both; what cannot be answered is an answer with an error; one that never draws answers the
    same again; requests are taken as they can be asked, so that an endless row of them works, and asking can be given
    up; a model can be closed, and closed again.

    Args:
        model: What ``--model`` names (``rules:FILE``), or what makes the model.
        prompts: What is asked.
        answers: The texts of the answers; None for an error.
        options: Keyword arguments of the model's class, where it is named.

    Raises:
        ContractError: it does not.
    """
    subject = f"model {model!r}" if isinstance(model, str) else f"model {getattr(model, '__name__', model)!r}"

    def make() -> Model:
        return named_model(model, options) if isinstance(model, str) else model()

    asyncio.run(_check(subject, make, list(prompts), answers))


async def _check(
    subject: str, make: Callable[[], Model], prompts: list[str], answers: Sequence[str | None] | None
) -> None:
    made = make()
    try:
        identity = json.loads(json.dumps(made.identity))
    except (TypeError, ValueError) as error:
        raise ContractError(subject, "says as JSON who is asked (identity)", Words("JSON"), Words(str(error))) from None
    other = make()
    check_same(subject, "says the same of itself each time (identity)", identity, other.identity)
    await other.close()
    made.check_ready()
    requests = [_request(made, prompt, place) for place, prompt in enumerate(prompts)]
    found = await _ask(subject, made, requests)
    texts = [one.text for one in found]
    if answers is not None:
        check_same(subject, "answers what its author says (None: an error)", list(answers), texts)
    if not any(made.draws(request) for request in requests):
        again = [one.text for one in await _ask(subject, made, requests)]
        check_same(subject, "answers the same again, since it does not draw", texts, again)
    await _check_endless(subject, made, prompts[0])
    await made.close()
    await made.close()


def _request(model: Model, prompt: str, place: int) -> Request:
    kind = "chat" if "chat" in model.kinds else "completion"
    asked = {"sample_id": f"sample {place}", "position": place, "repeat": place % 2, "kind": kind}
    if kind == "chat":
        return Request(**asked, messages=[{"role": "user", "content": prompt}])  # type: ignore[arg-type]
    return Request(**asked, prompt=prompt)  # type: ignore[arg-type]


async def _ask(subject: str, model: Model, requests: list[Request]) -> list[Answer]:
    """The answers, in the order of the requests."""

    async def given() -> AsyncGenerator[Request, None]:
        for request in requests:
            yield request

    try:
        found = [answer async for answer in model.answer(given())]
    except Exception as error:
        raise ContractError(
            subject,
            "what cannot be answered is an answer with an error, unless there is no point in going on",
            Words("answers"),
            Words(f"{type(error).__name__}: {error}"),
        ) from error
    wanted = sorted((one.sample_id, one.position, one.repeat, one.turn) for one in requests)
    there = sorted((one.sample_id, one.position, one.repeat, one.turn) for one in found)
    check_same(subject, "each request has one answer, addressed to it", wanted, there)
    for answer in found:
        said = answer.text is not None or bool(answer.tool_calls) or answer.choices is not None
        if said == (answer.error is not None):
            raise ContractError(subject, "an answer says something, or why there is none", Words("one of them"), answer)
    by_place = {one.position: one for one in found}
    for request in requests:
        wanted_hash = request_hash(request, model.identity)
        if by_place[request.position].error is None:
            check_same(
                subject,
                "an answer has the hash of what was asked of whom (request_hash)",
                wanted_hash,
                by_place[request.position].request_hash,
            )
    return [by_place[request.position] for request in requests]


async def _check_endless(subject: str, model: Model, prompt: str) -> None:
    taken = 0

    async def endless() -> AsyncGenerator[Request, None]:
        nonlocal taken
        for place in count():
            taken = place
            if place > _MOST_TAKEN:
                raise ContractError(
                    subject,
                    "requests are taken when there is room for them",
                    Words(f"an answer before {_MOST_TAKEN:,} of them are taken"),
                    Words("none"),
                )
            yield _request(model, prompt, place)
            await asyncio.sleep(0)

    async with aclosing(model.answer(endless())) as answers:
        async for _ in answers:
            break
