"""The reader of a judge's verdict: thinking is taken away, then everything is found that might be the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from regrade.answer_texts import split_thinking
from regrade.filters.verdicts.candidates import (
    LABELLED,
    Candidate,
    Reading,
    find_bracketed,
    find_tagged,
    labels_in,
    plain_text,
    settle,
)
from regrade.filters.verdicts.choices import Options
from regrade.filters.verdicts.objects import fields_in
from regrade.filters.verdicts.ratings import Scale

Mode: TypeAlias = Literal["rating", "pairwise", "choice"]
Form: TypeAlias = Literal["text", "json_schema", "tool"]

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "rating": ("rating", "score", "grade"),
    "pairwise": ("better", "winner", "verdict", "choice", "preference"),
    "choice": ("choice", "verdict", "option", "label", "grade"),
}
"""The verdict's field in a JSON object, by mode, and what judges call it instead."""

ENDLESS: Final = "the thinking never ends"


class VerdictReader:
    """Reads verdicts of one kind.

    Args:
        mode: ``rating``, ``pairwise`` or ``choice``.
        form: ``json_schema`` takes nothing but a JSON object for a verdict; the others all forms.
        field: The field of a JSON object; None for the usual ones.
        options: What may be chosen.
        lowest: The lowest rating.
        highest: The highest.
    """

    def __init__(
        self,
        mode: Mode,
        form: Form = "text",
        field: str | None = None,
        options: Sequence[str] = (),
        lowest: float = -math.inf,
        highest: float = math.inf,
    ) -> None:
        self._only_objects = form == "json_schema"
        known = FIELDS[mode]
        self._names, self._others = ((field,), ()) if field is not None else (known[:1], known[1:])
        self._kind: Scale | Options
        if mode == "rating":
            self._kind = Scale(lowest, highest)
        else:
            self._kind = Options(None if mode == "pairwise" else options)

    def read(self, text: str) -> Reading:
        """The verdict in a judge's words, or why there is none.

        >>> VerdictReader("rating", lowest=1, highest=10).read("<think>[[3]]?</think>Rating: [[8/10]]")
        Reading(value=8.0, reason=None)
        >>> VerdictReader("rating", lowest=1, highest=10).read("[[3]] or [[9]]")
        Reading(value=None, reason='different verdicts: 3.0; 9.0')
        """
        parts = split_thinking(text, strict=True)
        return settle(list(self._candidates(parts.answer))) if parts.ended else Reading(None, ENDLESS)

    def _candidates(self, text: str) -> Iterator[Candidate]:
        kind, rest = self._kind, text
        for found in fields_in(text, self._names, self._others):
            rest = f"{rest[: found.start]}{' ' * (found.end - found.start)}{rest[found.end :]}"
            if found.fault is not None:
                yield Candidate(found.start, None, True, LABELLED, found.fault)
            for value in found.values:
                taken = kind.of_field(value)
                yield Candidate(found.start, taken.value, True, LABELLED, taken.fault)
        if self._only_objects:
            return
        plain = plain_text(rest)
        labels = labels_in(plain)
        yield from find_bracketed(plain, kind.parse, labels)
        yield from find_tagged(plain, kind.parse)
        yield from kind.in_words(plain, labels)
