"""Choices: one of two answers, or one of several options, as judges name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from regrade.filters.verdicts.candidates import BARE, Candidate, Label, Value, is_revised

_AROUND: Final = " \t\n*_~\"'“”‘’`$(){}[]\\"
_SIDE: Final = (
    r"(?:the )?(?:(?:assistant|answer|response|model|option|candidate)(?:'s)? ?)?{}(?:'s)?(?: (?:answer|response))?"
)
_BETTER: Final = (
    r"(?:(?: is| was)?(?: clearly| much| slightly| significantly| the)*"
    r"(?: better| best| winner| wins| won| preferred| superior)(?: (?:answer|response|one))?)?"
)
_LEAD: Final = re.compile(
    r"(?:(?:my|the|final|overall) ){0,3}(?:verdict|winner|choice|decision|judge?ment|better)(?: is|:| =) ?", re.I
)
_PAIR: Final = {
    "A": re.compile(rf"{_SIDE.format('a')}{_BETTER}(?: than {_SIDE.format('b')})?|a ?>{{1,2}} ?b|b ?<{{1,2}} ?a", re.I),
    "B": re.compile(rf"{_SIDE.format('b')}{_BETTER}(?: than {_SIDE.format('a')})?|b ?>{{1,2}} ?a|a ?<{{1,2}} ?b", re.I),
    "C": re.compile(
        r"c|(?:it(?:'s| is) )?(?:a )?(?:tie|draw)|tied|equal|both(?: are)? equal(?:ly good)?"
        r"|neither(?: is(?: better)?| wins)?"
        r"|a ?={1,2} ?b|b ?={1,2} ?a",
        re.I,
    ),
}
_ENDS: Final = re.compile(r"[.;!(\n]| [-–—] ?| because | since |, (?=(?:because|since|as|which|with|the|it|for)\b)")
_TRUTHS: Final = {True: ("true", "yes"), False: ("false", "no")}
_PLACEHOLDERS: Final = frozenset(("verdict", "your verdict", "choice", "your choice", "x", "...", "…", "letter"))


class Options:
    """What may be chosen.

    Args:
        names: The options; None for the answers ``A`` and ``B``, and ``C`` for a tie.
    """

    def __init__(self, names: Sequence[str] | None) -> None:
        self._names = None if names is None else {_plain(name): name for name in names}
        words = "|".join(map(re.escape, sorted(self._names or (), key=len, reverse=True)))
        self._any = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def parse(self, text: str) -> Value | None:
        """What a text says that is a choice and nothing else."""
        said = _plain(text)
        if not said or said in _PLACEHOLDERS:
            return None
        for form in (said, said.rstrip(".!,;: "), _LEAD.sub("", said, count=1).strip(_AROUND).rstrip(".!,;: ")):
            if (found := self._named(form)) is not None:
                return Value(found)
        return Value(None, f"not one of the options: {said[:40]!r}")

    def of_field(self, value: Any) -> Value:
        """What stands in a JSON field as a choice."""
        if isinstance(value, bool):
            value = next((name for name in _TRUTHS[value] if self._names and name in self._names), str(value))
        elif isinstance(value, int | float):
            value = f"{value:g}"
        found = self.parse(value) if isinstance(value, str) else None
        return found or Value(None, f"not one of the options: {value!r:.40}")

    def _named(self, said: str) -> str | None:
        if self._names is not None:
            return self._names.get(said)
        return next((letter for letter, pattern in _PAIR.items() if pattern.fullmatch(said)), None)

    def in_words(self, text: str, labels: Sequence[Label]) -> Iterator[Candidate]:
        """Choices in words: after a label, alone in a line at either end, or as the word that a text begins with."""
        for label in labels:
            rest = text[label.end : label.end + 200]
            bracketed = rest[:20].lstrip("*_\"'“‘`( ").startswith("[[")
            if not bracketed and (chosen := self._beginning(rest)) is not None:
                yield Candidate(label.start, chosen, False, label.rank)
        lines = [line for line in text.split("\n") if line.strip()]
        revised = is_revised(text)
        for number, line in enumerate(lines):
            if number not in (0, len(lines) - 1) or len(line) > 80 or "[[" in line or "]]" in line:
                continue
            if revised and number == 0:
                continue
            after_colon = number > 0 and lines[number - 1].rstrip(" *_").endswith(":")
            found = self.parse(line)
            if found is not None and found.value is not None and not after_colon:
                yield Candidate(text.rfind(line) if number else 0, found.value, False, BARE)
        if not revised and (chosen := self._first_word(text)) is not None:
            yield Candidate(0, chosen, False, BARE)

    def _beginning(self, rest: str) -> str | None:
        """The choice that a text begins with, up to the end of the line or clause."""
        line = rest.lstrip("\n ").split("\n", 1)[0]
        pieces = [line, *(line[: match.start()] for match in _ENDS.finditer(line))]
        for piece in pieces:
            found = self.parse(piece)
            if found is not None and found.value is not None:
                chosen: str = found.value
                return chosen
        return None

    def _first_word(self, text: str) -> str | None:
        """The option that a text begins with as a sentence, where it names no other one: ``Yes. It does.``"""
        if self._names is None or self._any is None:
            return None
        match = re.match(r"[\s*_\"'“`]{0,8}([^.!,\n]{1,40}?)[*_\"'”`]{0,4}([.!,\n])", text)
        if match is None:
            return None
        first = self._names.get(_plain(match[1]))
        if first is None or (match[2] == "," and _plain(first) not in ("yes", "no", "true", "false")):
            return None
        named = {self._names[one] for one in self._any.findall(_plain(text))}
        return first if named == {first} else None


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").strip(_AROUND).split()).lower()
