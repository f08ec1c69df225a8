"""``openai_in_words:NAME``: the same server, asked again in words where it refuses tools or structured outputs.

Judges ask this way: their prompts say how to give a verdict without tools, so nothing but the parameters is left out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from regrade.models.asking import Failure
from regrade.models.limits import RequestLimits
from regrade.models.openai import OpenAIModel
from regrade.registry import register
from regrade.schema import Answer, Request

FORMS = ("tools", "tool_choice", "parallel_tool_calls", "response_format")
"""Parameters that a server may not know."""


@register("model", "openai_in_words")
class OpenAIInWords(OpenAIModel):
    """A model behind an OpenAI-compatible server that may know neither tools nor structured outputs.

    A request that is refused as wrong is sent once more without these parameters. Where that helps, later requests go
    without them at once. An answer got that way has ``in_words`` among its ``extra``.

    Args:
        name: The model's name, as the server calls it.
        base_url: The address that ends in ``/v1``.
        api_key_env: The environment variable that holds the key.
        limits: How many requests at once, how fast, how often again.
        headers: More HTTP headers, which must not be secret.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        limits: RequestLimits | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(name, base_url=base_url, api_key_env=api_key_env, limits=limits, headers=headers)
        self.in_words = False

    async def send(self, request: Request) -> Answer:
        formed = any(name in request.parameters for name in FORMS)
        if formed and not self.in_words:
            try:
                return await super().send(request)
            except Failure as failure:
                if failure.error.kind != "bad_request":
                    raise
        elif not formed:
            return await super().send(request)
        bare: dict[str, Any] = {name: value for name, value in request.parameters.items() if name not in FORMS}
        answer = await super().send(msgspec.structs.replace(request, parameters=bare))
        self.in_words = True
        return msgspec.structs.replace(answer, extra={**answer.extra, "in_words": True})
