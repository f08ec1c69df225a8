"""The translation edit rate of a corpus, as sacrebleu computes it after Tercom.

Words are edited (inserted, deleted, replaced) or shifted: a run of words that the reference has elsewhere moves there,
for the price of one edit. Shifts are chosen greedily, the one first that saves most edits.

Source: Snover et al., "A study of translation edit rate with targeted human annotation" (AMTA 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from regrade.metrics.translation.tokenizers import TercomTokenizer

_LONGEST_SHIFT: Final = 10
_FARTHEST_SHIFT: Final = 50
_MOST_CANDIDATES: Final = 1000
"""Limits of the search for shifts: words of one, places it may move, and shifts that are tried for one sentence."""

_BEAM: Final = 25
"""How far from the diagonal edits are looked for."""

_NEVER: Final = 10**16

Words = list[str]
Row = list[int]


class TerScore(NamedTuple):
    """The rate, and what it is made of.

    Attributes:
        score: Edits per 100 words of the references.
        num_edits: Edits.
        ref_length: Words of the references; of several references their mean.
    """

    score: float
    num_edits: int
    ref_length: float


class Ter:
    """Translation edit rate: edits per 100 words of the reference; less is better.

    Args:
        normalized: Join lines, decode entities, and set punctuation apart.
        no_punct: Drop punctuation.
        asian_support: Both of these for Chinese and Japanese too.
        case_sensitive: Do not bring words into lower case.
    """

    def __init__(
        self,
        *,
        normalized: bool = False,
        no_punct: bool = False,
        asian_support: bool = False,
        case_sensitive: bool = False,
    ) -> None:
        self.words = TercomTokenizer(
            normalized=normalized, no_punct=no_punct, asian_support=asian_support, case_sensitive=case_sensitive
        )

    def statistics(self, answer: str, references: Sequence[str]) -> tuple[int, float]:
        """The fewest edits to any reference, and the references' mean length.

        Raises:
            ValueError: there is no reference.
        """
        if not references:
            raise ValueError("TER wants at least one reference")
        ours, theirs = self.words(answer), [self.words(text) for text in references]
        return min(_edits(ours, other) for other in theirs), sum(map(len, theirs)) / len(theirs)

    def score(self, sums: Iterable[float]) -> TerScore:
        """The score of a corpus, from the sums of its sentences' statistics."""
        edits, length = sums
        rate = edits / length if length > 0 else float(edits > 0)
        return TerScore(100 * rate, int(edits), length)


def _edits(answer: Words, reference: Words) -> int:
    """The edits that make the reference of an answer, shifts included."""
    if not reference:
        return len(answer)
    shifts = tried = 0
    table = _Table(answer, reference)
    while True:
        saved, shifted, tried = _best_shift(table, tried)
        if saved <= 0 or tried >= _MOST_CANDIDATES:
            return shifts + table.distance
        shifts += 1
        table = _Table(shifted, reference)


class _Table:
    """Edit distances of each number of leading words of an answer to each of its reference, near the diagonal."""

    def __init__(self, answer: Words, reference: Words) -> None:
        self.answer, self.reference = answer, reference
        self.slope = len(reference) / len(answer) if answer else 1
        steep = self.slope / 2 > _BEAM
        self.beam = math.ceil(self.slope / 2 + _BEAM) if steep else _BEAM
        self.rows = self._rows(answer, [list(range(len(reference) + 1))])

    @property
    def distance(self) -> int:
        """The edit distance."""
        return self.rows[-1][-1]

    def distance_of(self, answer: Words, kept: int) -> int:
        """The edit distance of as many words in another order, of which the first ``kept`` are in their places."""
        return self._rows(answer, self.rows[: kept + 1])[-1][-1]

    def _rows(self, answer: Words, rows: list[Row]) -> list[Row]:
        rows, width = list(rows), len(self.reference) + 1
        for i in range(len(rows), len(answer) + 1):
            above, row, word = rows[-1], [_NEVER] * width, answer[i - 1]
            middle = math.floor(i * self.slope)
            start = max(0, middle - self.beam)
            stop = width if i == len(answer) else min(width, middle + self.beam)
            left = _NEVER
            for j in range(start, stop):
                if j:
                    replaced = above[j - 1] + (word != self.reference[j - 1])
                    left = min(replaced, above[j] + 1, left + 1, _NEVER)
                else:
                    left = above[0] + 1
                row[j] = left
            rows.append(row)
        return rows

    def alignment(self) -> tuple[list[int], list[bool], list[bool]]:
        """What becomes of the words.

        Returns:
            For each word of the reference the place of the answer's word that it is aligned with, or that comes before
            it (-1: none); whether it is an error; and for each word of the answer whether it is one.
        """
        places = [-1] * len(self.reference)
        wrong_reference, wrong_answer = [True] * len(self.reference), [True] * len(self.answer)
        i, j = len(self.answer), len(self.reference)
        while i or j:
            cost = self.rows[i][j]
            alike = bool(i and j) and self.answer[i - 1] == self.reference[j - 1]
            if i and j and cost == self.rows[i - 1][j - 1] + (not alike):
                i, j = i - 1, j - 1
                places[j] = i
                wrong_reference[j] = wrong_answer[i] = not alike
            elif i and (not j or cost == self.rows[i - 1][j] + 1):
                i -= 1
            else:
                j -= 1
                places[j] = i - 1
        return places, wrong_reference, wrong_answer


def _best_shift(table: _Table, tried: int) -> tuple[int, Words, int]:
    """The shift that saves most edits.

    Of equals the longest, then the earliest, then the one that moves to the earliest place.

    Returns:
        The edits it saves, the words after it, and how many shifts were tried so far; without any 0 and the words.
    """
    places, wrong_reference, wrong_answer = table.alignment()
    best: tuple[int, int, int, int] | None = None
    for start, goal, length in _common_runs(table.answer, table.reference):
        if not any(wrong_answer[start : start + length]) or not any(wrong_reference[goal : goal + length]):
            continue
        if start <= places[goal] < start + length:
            continue
        latest = -1
        for at in range(goal - 1, min(goal + length, len(places))):
            target = places[at] + 1 if at >= 0 else 0
            if target == latest:
                continue
            latest = target
            shifted = _shifted(table.answer, start, length, target)
            saved = table.distance - table.distance_of(shifted, min(start, target))
            tried += 1
            best = max(best or (saved, length, -start, -target), (saved, length, -start, -target))
        if tried >= _MOST_CANDIDATES:
            break
    if best is None:
        return 0, table.answer, tried
    saved, length, start, target = best[0], best[1], -best[2], -best[3]
    return saved, _shifted(table.answer, start, length, target), tried


def _shifted(words: Words, start: int, length: int, target: int) -> Words:
    """The words with a run of them moved before the place that a target had, or within its own."""
    run, end = words[start : start + length], start + length
    if target < start:
        return words[:target] + run + words[target:start] + words[end:]
    if target > end:
        return words[:start] + words[end:target] + run + words[target:]
    return words[:start] + words[end : length + target] + run + words[length + target :]


def _common_runs(answer: Words, reference: Words) -> Iterator[tuple[int, int, int]]:
    """Runs of words that both have: where in the answer, where in the reference, and how many words."""
    for start, word in enumerate(answer):
        for goal in range(max(0, start - _FARTHEST_SHIFT), min(len(reference), start + _FARTHEST_SHIFT + 1)):
            if word != reference[goal]:
                continue
            longest = min(_LONGEST_SHIFT, len(answer) - start, len(reference) - goal)
            for length in range(1, longest + 1):
                if answer[start + length - 1] != reference[goal + length - 1]:
                    break
                yield start, goal, length
