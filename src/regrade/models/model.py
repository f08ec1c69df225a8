"""What a model is: requests in, answers out, as they come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from regrade.schema import Answer, Request, RequestKind


class ModelStatus(msgspec.Struct):
    """What a model tells about itself while it answers; read by progress displays, never written by others.

    Attributes:
        in_flight: Requests that were sent and not answered yet.
        allowed: How many may be in flight now.
        retries: Requests that were sent again.
        waiting_s: Seconds until the next request may be sent, where a rate limit or the server says so.
        note: What a person should know now: ``429: slowed down to 12``.
    """

    in_flight: int = 0
    allowed: int = 0
    retries: int = 0
    waiting_s: float = 0.0
    note: str = ""


class Model(ABC):
    """Somebody who can be asked.

    Subclasses are registered as kind ``model`` under the name that stands before the colon in ``--model``
    (``openai:qwen3-8b``, ``replay:answers.jsonl``).

    Attributes:
        name: The model's own name, as requests name it.
        kinds: What it can be asked.
        costs: Whether asking it costs money or time, so that its answers are worth a cache.
        pending: Requests that were handed in and will be answered later, when the run is resumed.
        proven: Whether it has answered before, in this run or, as the cache knows, in another: then refusals are the
            requests' fault, not everybody's. May become true while it is asked.
    """

    kinds: ClassVar[tuple[RequestKind, ...]] = ("chat",)
    costs: ClassVar[bool] = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.status = ModelStatus()
        self.pending = 0
        self.proven = False

    @property
    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Who is asked, as JSON: part of each request's hash and of the run. Never a secret."""

    @abstractmethod
    def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        """Ask, and give the answers as they come, in any order: one for each request, an error being one too.

        Requests are taken from the iterator when there is room for them, so it may be endless. Closing the iterator
        that is returned drops what is in flight.

        Raises:
            RegradeError: there is no point in going on: a wrong key, model or address.
        """

    def fit(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """A recipe's generation parameters as this model takes them; what the user sets is not passed through here."""
        return parameters

    def draws(self, request: Request) -> bool:
        """Whether asking twice may give two answers, so that samples which ask the same are asked one by one.

        A server samples unless it is told not to.
        """
        if request.kind not in ("chat", "completion"):
            return False
        temperature = request.parameters.get("temperature")
        return temperature is None or temperature != 0

    def check_ready(self) -> None:  # noqa: B027
        """Called before a run is made: raises what is known, without asking, to keep every request from an answer.

        Raises:
            UsageError: there is such a thing: a key is missing.
        """

    def attach(self, folder: Path) -> None:  # noqa: B027
        """Called with the run's folder before anything is asked, for models that keep notes of their own there."""

    def forget(self, samples: frozenset[str]) -> None:  # noqa: B027
        """Called before samples are asked again, for models that keep notes of their own about them."""

    async def close(self) -> None:  # noqa: B027 - nothing to let go of is a good answer
        """Let go of connections and memory."""
