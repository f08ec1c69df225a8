"""Filters that read a judge's verdict: out of FastChat's words, out of any judge's, and of several repeats.

Behaviour of the first two: FastChat 0.2.36, ``fastchat/llm_judge/common.py``.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from regrade.registry import register
from regrade.scoring.filters.filter import ElementFilter, Filter, is_unparsed


@register("filter", "fastchat_rating")
class FastChatRatingFilter(ElementFilter):
    """Take a rating: the first number in double square brackets, ``[[8.5]]``, else the first in single ones.

    A judgement without either is unparsed (FastChat writes -1). Gives a float.
    """

    uses_doc = False
    _PATTERNS = (re.compile(r"\[\[(\d+\.?\d*)\]\]"), re.compile(r"\[(\d+\.?\d*)\]"))

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        if isinstance(response, str):
            for pattern in self._PATTERNS:
                if match := pattern.search(response):
                    return float(match[1])
        return None


@register("filter", "fastchat_choice")
class FastChatChoiceFilter(ElementFilter):
    """Take a choice between two answers: ``A`` where ``[[A]]`` stands anywhere, else ``B`` or ``C`` (a tie) likewise.

    A judgement without any is unparsed (FastChat writes ``error``).
    """

    uses_doc = False

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        if isinstance(response, str):
            return next((choice for choice in "ABC" if f"[[{choice}]]" in response), None)
        return None


@register("filter", "verdict")
class VerdictFilter(ElementFilter):
    """Take the verdict of a judge, whichever way it was given.

    Of a JSON object (or of the arguments of a tool that was called) it is one field. Of words it is what stands in the
    last double square brackets: ``[[7]]``, ``[[A]]``, ``[[Yes]]``.

    Args:
        mode: ``rating`` (a number within the scale), ``pairwise`` (``A``, ``B`` or ``C`` for a tie) or ``choice``.
        form: ``text``, ``json_schema`` (words count for nothing) or ``tool`` (words where no tool was called).
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
        if mode not in _FIELDS:
            raise ValueError(f"mode must be one of {', '.join(_FIELDS)}, not {mode!r}")
        if form not in ("text", "json_schema", "tool"):
            raise ValueError(f"form must be text, json_schema or tool, not {form!r}")
        self.mode, self.form = mode, form
        self.field = field or _FIELDS[mode]
        self.options = {" ".join(option.split()).lower(): option for option in options}
        self.lowest, self.highest = lowest, highest

    @property
    def safe(self) -> bool:
        return False

    def apply_one(self, response: Any, doc: Any) -> Any:
        if not isinstance(response, str):
            return None
        if self.form != "text" and (found := _json_object(response)) is not None:
            arguments = found.get("arguments")
            if self.field not in found and isinstance(arguments, dict):
                found = arguments
            return self._valid(found.get(self.field))
        if self.form == "json_schema":
            return None
        said = _BRACKETS.findall(response)
        return self._valid(said[-1]) if said else None

    def _valid(self, said: Any) -> Any:
        if self.mode == "rating":
            return self._rating(said)
        if not isinstance(said, str):
            return None
        plain = " ".join(said.split()).lower()
        return _LETTERS.get(plain) if self.mode == "pairwise" else self.options.get(plain)

    def _rating(self, said: Any) -> float | None:
        if isinstance(said, bool) or not isinstance(said, int | float | str):
            return None
        try:
            rating = float(said)
        except ValueError:
            return None
        return rating if self.lowest <= rating <= self.highest else None


_FIELDS = {"rating": "rating", "pairwise": "better", "choice": "choice"}
_LETTERS = {"a": "A", "b": "B", "c": "C", "tie": "C"}
_BRACKETS = re.compile(r"\[\[([^\[\]]{1,200})\]\]")
_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


def _json_object(text: str) -> dict[str, Any] | None:
    """The object that a text is, or that stands in the one fence around it."""
    fenced = _FENCE.match(text)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


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
