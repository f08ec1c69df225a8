"""Ratings: numbers on a scale, as judges write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from regrade.filters.verdicts.candidates import BARE, Candidate, Label, Value, is_revised

_NUMBER: Final = r"[+\-]?\d{1,15}(?:[.,]\d{0,15})?"
_OF: Final = r"(?: ?(?:/|out of|of|von|sur|de|из) ?)"
_RATING: Final = re.compile(rf"({_NUMBER})(?:{_OF}({_NUMBER}))?(?: ?(?:points?|pts|stars?))?", re.IGNORECASE)
_LABELS: Final = frozenset(("rating", "score", "grade", "mark", "verdict", "overall"))
_AROUND: Final = " \t\n*_~\"'“”‘’`$(){}[]\\"
_FRACTION: Final = re.compile(r"\d ?/ ?\d|\d out of \d")
_OWN_LABEL: Final = re.compile(
    r"(?:my |the |final |overall ){0,2}(?:rating|score|grade|mark)\b ?(?:is\b|[:=])? ?", re.IGNORECASE
)
_WORDS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NAMES: Final = {name: n for n, name in enumerate(_WORDS)}
_NONE: Final = re.compile(
    r"n/?a\b|none\b|no\b|not\b|null\b|nil\b|nan\b|un\w+|cannot\b|can't\b|\?|error\b", re.IGNORECASE
)
_AFTER: Final = re.compile(
    r"[*_\"'“”’`)\]}$]{0,6} {0,4}(?:\Z|\n|[.;!](?!\d)|:(?!\d)|,(?! ?[\d+\-])|\(|[-–—] ?[^\W\d]"
    r"|(?:because|since|as|due|given|for (?:the|its|this))\b)",
    re.IGNORECASE,
)
_GIVEN: Final = re.compile(
    r"\bI(?:['’]d| would| will|['’]ll|['’]ve)?\s(?:rate|rated|give|gave|score|scored|grade|award)\b([^.!?\n\d]{0,80})"
    rf"({_NUMBER}{_OF}\d{{1,4}})([^!?\n]{{0,120}})",
    re.IGNORECASE,
)
_SUPPOSED: Final = re.compile(r"\b(?:if|had|unless|could|might|not|but|never|otherwise|were)\b|n['’]t\b", re.IGNORECASE)


class Scale:
    """A scale of ratings.

    Args:
        lowest: The lowest rating.
        highest: The highest.
    """

    def __init__(self, lowest: float, highest: float) -> None:
        self.lowest, self.highest = lowest, highest

    def place(self, number: float, said: str) -> Value:
        """A number as a rating."""
        if self.lowest <= number <= self.highest:
            return Value(number)
        return Value(None, f"beyond the scale of {self.lowest:g} to {self.highest:g}: {said[:40]}")

    def parse(self, text: str) -> Value | None:
        """What a text says that is a rating and nothing else: ``8``, ``**8**``, ``8/10``, ``8,5``, ``eight``.

        A text without a digit is none, unless it says that there is no rating.
        """
        said = text.strip(_AROUND)
        said = _OWN_LABEL.sub("", said, count=1).strip(_AROUND).rstrip(".!;: ") if said else ""
        if said.lower() in _NAMES:
            return self.place(float(_NAMES[said.lower()]), said)
        if match := _RATING.fullmatch(said):
            return self._of(match[1], match[2], said)
        if not any(character.isdigit() for character in said) and not _NONE.match(said):
            return None
        return Value(None, f"not a rating: {said[:40]!r}")

    def of_field(self, value: Any) -> Value:
        """What stands in a JSON field as a rating."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return self.place(float(value), str(value))
            except OverflowError:
                return Value(None, "too large a number")
        found = self.parse(value) if isinstance(value, str) else None
        return found or Value(None, f"not a rating: {value!r:.40}")

    def _of(self, number: str, total: str | None, said: str) -> Value:
        before, comma, decimals = number.partition(",")
        if comma and not 1 <= len(decimals) <= 2:  # 8,000 and "8, 9" may be anything
            return Value(None, f"not a rating: {said[:40]!r}")
        if total is not None and float(total.replace(",", ".")) != self.highest:
            return Value(None, f"on another scale than {self.lowest:g} to {self.highest:g}: {said[:40]!r}")
        return self.place(float(f"{before}.{decimals}" if comma else number), said)

    def in_words(self, text: str, labels: Sequence[Label]) -> Iterator[Candidate]:
        """Ratings in words: after a label, as what somebody gives, or alone in the text."""
        for label in labels:
            if label.word in _LABELS:
                yield from self._after_label(text, label)
        for match in _GIVEN.finditer(text):
            sentence = match[1] + re.split(r"\.\s", match[3], maxsplit=1)[0]
            if not _SUPPOSED.search(sentence) and (found := self.parse(match[2])):
                yield Candidate(match.start(2), found.value, False, BARE, found.fault)
        lines = [line for line in text.split("\n") if line.strip()]
        for line in {*lines[:1], *lines[-1:]}:
            whole = len(lines) == 1 or (_FRACTION.search(line) and (line is not lines[0] or not is_revised(text)))
            if not whole or len(line) > 60 or "[[" in line or "]]" in line:
                continue
            found = self.parse(line)
            if found is not None and found.value is not None:
                yield Candidate(text.find(line), found.value, False, BARE)

    def _after_label(self, text: str, label: Label) -> Iterator[Candidate]:
        rest = text[label.end : label.end + 120].lstrip("*_\"'“‘`([{$ ").removeprefix("\\boxed{")
        if text[label.end : label.end + 20].lstrip("*_\"'“‘`( ").startswith("[["):
            return
        rest, below = (rest.split("\n", 1)[0], label.above)
        found: Value | None
        if match := _RATING.match(rest):
            said = match[0].rstrip(".,")
            ends = _AFTER.match(rest, match.end()) or _AFTER.match(rest, len(said))
            alone = ends is not None and not rest[ends.end() :].strip(_AROUND + ".")
            found = self.parse(said) if ends and (alone or not below) else None
            found = found or Value(None, f"not a rating: {rest[:40]!r}")
        else:
            first = re.split(r"[.,;!(*]", rest, maxsplit=1)[0].strip(_AROUND)
            found = self.parse(first) if first.lower() in _NAMES or _NONE.fullmatch(first) else None
        if found is not None:
            yield Candidate(label.start, found.value, False, label.rank, found.fault)
