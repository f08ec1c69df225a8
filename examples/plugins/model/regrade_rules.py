"""``--model rules:FILE``: a model that answers by rules, to compare with, and to try an evaluation without a cost."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

from regrade.plugins import Answer, AnswerError, Model, Request, UsageError, address_answer, register, request_hash


@register("model", "rules")
class Rules(Model):
    """The reply of the first pattern that is found in the prompt.

    Args:
        name: A JSON file: a list of pairs of a regular expression and a reply.
    """

    kinds = ("chat", "completion")
    costs = False  # so its answers need no cache

    def __init__(self, name: str) -> None:
        super().__init__(name)
        try:
            pairs = json.loads(Path(name).read_text(encoding="utf-8"))
            self._rules = [(re.compile(pattern), str(reply)) for pattern, reply in pairs]
        except (OSError, ValueError, TypeError, re.error) as error:
            raise UsageError(f"expected a JSON list of [pattern, reply]: {error}", where=name) from None

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "rules", "rules": [[pattern.pattern, reply] for pattern, reply in self._rules]}

    def draws(self, request: Request) -> bool:
        return False  # the same prompt always has the same answer

    async def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        async for request in requests:
            prompt = request.prompt if request.messages is None else request.messages[-1].get("content")
            replies = (reply for pattern, reply in self._rules if pattern.search(str(prompt)))
            text = next(replies, None)
            # What cannot be answered is an answer with an error, which the run counts; the others go on.
            error = AnswerError("reply", "no rule fits") if text is None else None
            answer = Answer(sample_id="", text=text, error=error, model=self.name)
            yield address_answer(answer, request, request_hash=request_hash(request, self.identity))
