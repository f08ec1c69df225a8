"""What makes two requests the same: everything that the model sees or that changes what it does."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from regrade.schema import Answer, Request

_ENCODE = msgspec.json.Encoder(order="deterministic").encode


def request_hash(request: Request, identity: dict[str, Any]) -> str:
    """A hash of what is asked of whom, the same in every run and on every machine.

    The sample's id, the repeat, the turn and the draw are not in it: two samples with one prompt ask the same.

    Args:
        request: The request.
        identity: Who is asked: :attr:`regrade.models.model.Model.identity`.

    Returns:
        32 hexadecimal digits.
    """
    asked = (
        identity,
        request.kind,
        request.messages,
        request.prompt,
        request.continuations,
        request.parameters,
    )
    return hashlib.blake2b(_ENCODE(asked), digest_size=16).hexdigest()


def address_answer(answer: Answer, request: Request, **more: Any) -> Answer:
    """An answer, as the one to a request.

    Args:
        answer: What was said.
        request: What was asked.
        more: Other fields to set: ``request_hash``, ``latency_s``, ...
    """
    return msgspec.structs.replace(
        answer,
        sample_id=request.sample_id,
        position=request.position,
        repeat=request.repeat,
        turn=request.turn,
        draw=request.draw,
        **more,
    )
