"""What stands in a judge's words as a verdict might, and which of it is the verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

QUOTED: Final = -1
BARE: Final = 0
LABELLED: Final = 1
FINAL: Final = 2


class Value(NamedTuple):
    """What a piece of text comes to: a verdict, or what is wrong with it."""

    value: Any
    fault: str | None = None


Parse: TypeAlias = Callable[[str], Value | None]
"""From a piece of text to its value; None where it does not look like a verdict at all."""


class Candidate(NamedTuple):
    """A place in a text that might be the verdict.

    Attributes:
        position: Where it stands.
        value: The verdict; None where it cannot be one.
        asked: Whether it has the form that judges are asked for (double brackets, a field); else it stands in words.
        rank: ``QUOTED`` in a sentence, ``BARE``, ``LABELLED`` (``Rating: ...``) or ``FINAL`` (``Final rating: ...``).
        fault: Why it cannot be one: the kind of fault, and after a colon what was said.
    """

    position: int
    value: Any
    asked: bool
    rank: int
    fault: str | None = None


class Reading(NamedTuple):
    """A verdict, or why there is none.

    Attributes:
        value: The verdict; None without one.
        reason: Why there is none: the kind of reason, and after a colon what was said.
    """

    value: Any
    reason: str | None = None


def settle(candidates: Sequence[Candidate]) -> Reading:
    """The verdict that candidates come to.

    All that count must agree; else the last one must be called final and no other one be labelled. What stands bare in
    words counts where nothing else does, and what is quoted in a sentence is no verdict, but contradicts one that has
    no label.
    """
    ordered = sorted(candidates, key=lambda one: one.position)
    asked = [one for one in ordered if one.asked]
    counting = [one for one in ordered if one.asked or one.rank >= LABELLED] or ordered
    if not counting:
        return Reading(None, "no verdict was found")
    if any(one.rank >= LABELLED for one in asked):
        counting = [one for one in counting if one.rank != QUOTED]
    last = counting[-1]
    others = [one for one in counting if one.value != last.value]
    if others and not (last.rank == FINAL and last.value is not None and all(one.rank <= BARE for one in others)):
        said = dict.fromkeys(str(one.fault if one.value is None else one.value) for one in counting)
        return Reading(None, f"different verdicts: {'; '.join([*said][:4])}")
    if last.value is None:
        return Reading(None, last.fault)
    if all(one.rank == QUOTED for one in counting):
        return Reading(None, "a verdict is quoted, and none is given")
    return Reading(last.value)


# -- places --------------------------------------------------------------------------------------------------------

_PLAIN: Final = str.maketrans(
    {
        "［": "[", "］": "]", "【": "[", "】": "]", "〔": "[", "〕": "]", "「": "[", "」": "]", "⟦": "[[", "⟧": "]]",
        "｛": "{", "｝": "}", "：": ":", "／": "/", "．": ".", "，": ",", "＊": "*", "。": ". ", "−": "-", "＝": "=",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u3000": " ", "\u200b": None, "\u200c": None, "\ufeff": None,
        "\u2060": None, "\r": "\n",
        **{chr(0xFF10 + n): str(n) for n in range(10)},
        **{chr(0xFF21 + n): chr(65 + n) for n in range(26)},
    }
)  # fmt: skip
_BRACKETS: Final = re.compile(r"\[[\s*_]{0,8}\[([^\[\]]{1,200})\][\s*_]{0,8}\]")
_WORDS: Final = (
    "rating|score|grade|mark|verdict|judge?ment|decision|winner|choice|preference"
    "|evaluation|assessment|label|conclusion"
)
_START: Final = r"(?:\A|\n|(?<=[.!?;])[ *_]|(?<=[.!?;]\s))[ \t#*_\-•]{0,12}(?:\d{1,2}[.)] )?"
_LEAD: Final = r"(?:(?:so|thus|therefore|hence|in conclusion|in summary|overall),? {0,2})?(?:(?:my|the|our) )?"
_LABEL: Final = re.compile(
    rf"{_START}[*_]{{0,3}}{_LEAD}(?P<final>final |overall |total )?(?:numerical |numeric )?"
    rf"(?P<word>{_WORDS}|(?P<alone>overall))"
    r"(?P<scale> ?\([^()\n]{0,30}\)| out of \d{1,3}| \d{1,3} ?[-–] ?\d{1,3})?"
    r"[*_]{0,3} {0,3}"
    r"(?:(?:(?:is|was)\b|[:=]|->|→|–|—|- )[ *_]{0,6}(?P<below>\n[\n *_]{0,4})?|(?P<heading>\n[\n *_]{0,4}))",
    re.IGNORECASE,
)
_BOLD: Final = re.compile(r"(?<!\w)\*\*|\*\*(?!\w)")
_TAG: Final = re.compile(
    rf"<(?P<name>(?P<final>final[_ -]?|overall[_ -]?)?(?:{_WORDS}))>([^<>]{{1,200}})</(?P=name)>", re.IGNORECASE
)
_QUOTES: Final = "\"'“”‘’«»`"


_REVISED: Final = re.compile(
    r"\b(?:on reflection|on second thoughts?|actually|wait|correction|i change|rather|revis\w+|reconsider\w*)\b",
    re.IGNORECASE,
)


def is_revised(text: str) -> bool:
    """Whether a text takes something back, so that what it begins with may not be what it ends with."""
    return _REVISED.search(text) is not None


def plain_text(text: str) -> str:
    """The text with ASCII brackets, digits and marks for full-width ones, without bold type and escapes of brackets."""
    return _BOLD.sub("", text.translate(_PLAIN).replace("\\[", "[").replace("\\]", "]"))


class Label(NamedTuple):
    """A label that announces a verdict.

    Attributes:
        start: Where it begins.
        end: Where what it announces begins.
        rank: ``LABELLED`` or ``FINAL``.
        word: What it calls the verdict, in lower case.
        above: Whether what it announces stands in the next line.
    """

    start: int
    end: int
    rank: int
    word: str
    above: bool


def labels_in(text: str) -> list[Label]:
    """The labels at the beginning of lines and sentences; a line of its own is one where it is a heading.

    A label after a line that ends with a colon may be a quotation; it is never final.
    """
    found = []
    for match in _LABEL.finditer(text):
        if match["heading"] and "#" not in match[0]:
            continue
        before = text[max(0, match.start() - 40) : match.start()].rstrip(" \t\n*_")
        final = bool(match["final"] or match["alone"]) and not before.endswith(":")
        above = bool(match["below"] or match["heading"])
        found.append(Label(match.start(), match.end(), FINAL if final else LABELLED, match["word"].lower(), above))
    return found


def find_bracketed(text: str, parse: Parse, labels: Sequence[Label]) -> Iterator[Candidate]:
    """What stands in double square brackets."""
    ranks = {label.end: label.rank for label in labels}
    for match in _BRACKETS.finditer(text):
        found = parse(match[1])
        if found is None:
            continue
        start = match.start()
        before = text[max(0, start - 20) : start]
        opened = start - len(before) + len(before.rstrip(_QUOTES + "*_ ("))
        rank = next((ranks[at] for at in range(opened, start + 1) if at in ranks), BARE)
        if rank == BARE and _is_quoted(text, start, match.end()):
            rank = QUOTED
        yield Candidate(start, found.value, True, rank, found.fault)


def find_tagged(text: str, parse: Parse) -> Iterator[Candidate]:
    """What stands between tags that are named for a verdict: ``<rating>8</rating>``."""
    for match in _TAG.finditer(text):
        if "[[" not in match[3] and (found := parse(match[3])) is not None:
            yield Candidate(match.start(), found.value, False, FINAL if match["final"] else LABELLED, found.fault)


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a place in a sentence stands in quotation marks, or in a line that is quoted."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line = text[line_start : len(text) if line_end < 0 else line_end]
    if line.lstrip().startswith(">"):
        return not all(one.lstrip().startswith(">") for one in text.split("\n") if one.strip())
    around = text[start - 1 : start], text[end : end + 1]
    if not all(mark and mark in _QUOTES for mark in around):
        return False
    return bool(line.replace(text[start:end], "", 1).strip(_QUOTES + " *_."))
