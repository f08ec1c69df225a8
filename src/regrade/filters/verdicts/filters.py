"""Filters that read a judge's verdict: out of FastChat's words, out of any judge's, and of several repeats.

Behaviour of the first two: FastChat 0.2.36, ``fastchat/llm_judge/common.py``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from regrade.answer_texts import split_thinking
from regrade.filters.filter import ElementFilter, Filter, is_unparsed
from regrade.filters.verdicts.reader import FIELDS, Form, Mode, VerdictReader
from regrade.registry import register


def _spoken(response: Any) -> str:
    """What a response says outside of thinking; nothing where that never ends."""
    parts = split_thinking(response, strict=True) if isinstance(response, str) else None
    return parts.answer if parts is not None and parts.ended else ""


@register("filter", "fastchat_rating")
class FastChatRatingFilter(ElementFilter):
    """Take a rating as FastChat does: the first number in double square brackets, ``[[8.5]]``, else in single ones.

    What is thought does not count, and where double brackets hold something else, single ones are no rating. A
    judgement without one is unparsed (FastChat writes -1). Gives a float.
    """

    uses_doc = False
    _DOUBLE, _SINGLE = re.compile(r"\[\[(\d+\.?\d*)\]\]"), re.compile(r"\[(\d+\.?\d*)\]")
    _OTHER = re.compile(r"\[\[[^\[\]]*\d")

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        said = _spoken(response)
        match = self._DOUBLE.search(said)
        if match is None and not self._OTHER.search(said):
            match = self._SINGLE.search(said)
        return None if match is None else float(match[1])


@register("filter", "fastchat_choice")
class FastChatChoiceFilter(ElementFilter):
    """Take a choice as FastChat does: ``A`` where ``[[A]]`` stands anywhere, else ``B`` or ``C`` (a tie) likewise.

    What is thought does not count. A judgement without any is unparsed (FastChat writes ``error``).
    """

    uses_doc = False

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        said = _spoken(response)
        return next((choice for choice in "ABC" if f"[[{choice}]]" in said), None)


@register("filter", "verdict")
class VerdictFilter(ElementFilter):
    """Take the verdict of a judge, whichever way it was given.

    It is what stands in double square brackets (``[[7]]``, ``[[**8/10**]]``, ``[[A]]``), in a field of a JSON object or
    of the arguments of a tool, or in words after a label (``Rating: 8``). What is thought does not count. Where a text
    gives different verdicts, and none of them as the final one, there is none.

    Args:
        mode: ``rating`` (a number within the scale), ``pairwise`` (``A``, ``B`` or ``C`` for a tie) or ``choice``.
        form: ``text``, ``json_schema`` (words count for nothing) or ``tool``.
        field: The field of a JSON object.
        options: What may be chosen.
        lowest: The lowest rating.
        highest: The highest.
    """

    uses_doc = False

    def __init__(
        self,
        mode: str,
        form: str = "text",
        field: str | None = None,
        options: Sequence[str] = (),
        lowest: float = -math.inf,
        highest: float = math.inf,
    ) -> None:
        if mode not in FIELDS:
            raise ValueError(f"mode must be one of {', '.join(FIELDS)}, not {mode!r}")
        if form not in ("text", "json_schema", "tool"):
            raise ValueError(f"form must be text, json_schema or tool, not {form!r}")
        self.reader = VerdictReader(cast("Mode", mode), cast("Form", form), field, options, lowest, highest)

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        return self.reader.read(response).value if isinstance(response, str) else None

    def explain(self, response: Any) -> str | None:
        return self.reader.read(response).reason if isinstance(response, str) else "the answer is not a text"


@register("filter", "within_scale")
class WithinScaleFilter(ElementFilter):
    """Keep a rating that lies within the scale; any other is unparsed.

    Args:
        lowest: The lowest rating.
        highest: The highest.
    """

    uses_doc = False

    def __init__(self, lowest: float = -math.inf, highest: float = math.inf) -> None:
        self.lowest, self.highest = lowest, highest

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        if is_unparsed(response):
            return response
        try:
            return response if self.lowest <= float(response) <= self.highest else None
        except (TypeError, ValueError):
            return None


@register("filter", "mean_of_parsed")
class MeanOfParsedFilter(Filter):
    """The mean of the repeats from which a number was read; nothing if there is none."""

    uses_doc = False

    def apply(self, responses: Any, doc: Any) -> Any:
        numbers = [float(value) for value in responses if not is_unparsed(value)]
        return math.fsum(numbers) / len(numbers) if numbers else None


@register("filter", "majority_of_parsed")
class MajorityOfParsedFilter(Filter):
    """What most of the repeats say from which something was read.

    Several that are equally frequent are a tie: ``C``, where letters were read, else nothing.
    """

    uses_doc = False

    def prepare(self) -> None:
        import_module("heapq")  # most_common does

    def apply(self, responses: Any, doc: Any) -> Any:
        counts = Counter(value for value in responses if not is_unparsed(value)).most_common(2)
        if not counts:
            return None
        if len(counts) == 2 and counts[0][1] == counts[1][1]:
            return "C" if {value for value, _ in counts} <= {"A", "B", "C"} else None
        return counts[0][0]
