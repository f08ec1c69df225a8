r"""The filter ``last_boxed``: what the last ``\boxed{...}`` of an answer holds."""

from __future__ import annotations

from typing import Any

from regrade.plugins import ElementFilter, Unparsed, register


@register("filter", "last_boxed")
class LastBoxed(ElementFilter):
    r"""What the last ``\boxed{...}`` holds, braces within it included.

    Args:
        fallback: What stands where there is none.
    """

    def __init__(self, fallback: str = "[invalid]") -> None:
        super().__init__()
        self.fallback = fallback

    def apply_one(self, response: Any, doc: Any) -> str:
        text = str(response)
        start = text.rfind("\\boxed{")
        depth = 0
        for place in range(start + 6, len(text)) if start >= 0 else ():
            depth += (text[place] == "{") - (text[place] == "}")
            if depth == 0:
                return text[start + 7 : place].strip()
        return Unparsed(self.fallback)
