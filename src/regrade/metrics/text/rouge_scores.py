"""ROUGE F-measures of texts, float for float those of the package rouge-score, without its dependencies.

Words are runs of ASCII letters and digits in lower case; with stemming, those of more than three letters become their
stems. For ROUGE-Lsum each line is a sentence.

Source: Lin, "ROUGE: a package for automatic evaluation of summaries" (2004).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Final

from regrade.metrics.rates import rates
from regrade.metrics.text.porter import stem as stem_of

KINDS: Final = ("rouge1", "rouge2", "rougeL", "rougeLsum")
"""The four that are usually reported; ``rouge3`` to ``rouge9`` are computed too."""

KIND: Final = re.compile("rouge([1-9]|L|Lsum)")

_WORD = re.compile("[a-z0-9]+")

Words = list[str]


def rouge_scores(
    prediction: str, references: Sequence[str], kinds: Sequence[str] = KINDS, *, stem: bool = False
) -> dict[str, float]:
    """The F-measures, 0 to 1, of an answer; of several references the best counts, for each kind by itself.

    Args:
        prediction: The answer.
        references: Texts to compare it with.
        kinds: ``rouge1`` to ``rouge9``, ``rougeL`` and ``rougeLsum``.
        stem: Compare stems of English words.

    Raises:
        ValueError: there is no reference, or no such kind of ROUGE.
    """
    if not references:
        raise ValueError("ROUGE wants at least one reference")
    for kind in kinds:
        if not KIND.fullmatch(kind):
            raise ValueError(f"{kind!r} is no kind of ROUGE")
    answer = _sentences(prediction, stem)
    others = [_sentences(text, stem) for text in references]
    return {kind: max(_score(kind, other, answer) for other in others) for kind in kinds}


def _sentences(text: str, stem: bool) -> list[Words]:
    found = [_WORD.findall(line) for line in text.lower().split("\n")]
    if stem:
        found = [[stem_of(word) if len(word) > 3 else word for word in words] for words in found]
    return found


def _score(kind: str, reference: list[Words], answer: list[Words]) -> float:
    if kind == "rougeLsum":
        return _f_measure(_summary_overlap(reference, answer), _size(reference), _size(answer))
    theirs, ours = list(chain.from_iterable(reference)), list(chain.from_iterable(answer))
    if kind == "rougeL":
        return _f_measure(_growth(theirs, ours)[-1].bit_count(), len(theirs), len(ours))
    order = int(kind.removeprefix("rouge"))
    shared = (_ngrams(theirs, order) & _ngrams(ours, order)).total()
    return _f_measure(shared, len(theirs) - order + 1, len(ours) - order + 1)


def _size(sentences: list[Words]) -> int:
    return sum(map(len, sentences))


def _f_measure(shared: int, wanted: int, given: int) -> float:
    """From what is shared, of how much in the reference, and of how much in the answer."""
    return rates(shared, max(given, 1), max(wanted, 1)).f1


def _ngrams(words: Words, order: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(order)), strict=False))


def _growth(reference: Words, answer: Words) -> list[int]:
    """Where the longest common subsequence grows, for each number of leading words of the reference.

    Returns:
        For i = 0, 1, ... an integer whose bit j is set where the longest common subsequence with the first i words of
        the reference is longer for j + 1 words of the answer than for j: its number of bits is the length.

    Source: Hyyrö, "Bit-parallel LCS-length computation revisited" (2004).
    """
    places: dict[str, int] = {}
    for place, word in enumerate(answer):
        places[word] = places.get(word, 0) | 1 << place
    everywhere = (1 << len(answer)) - 1
    flat, rows = everywhere, [0]
    for word in reference:
        matches = flat & places.get(word, 0)
        flat = ((flat + matches) | (flat - matches)) & everywhere
        rows.append(everywhere ^ flat)
    return rows


def _common_places(reference: Words, answer: Words) -> set[int]:
    """The places in the reference of one longest common subsequence: the one that rouge-score reads off its table."""
    rows = _growth(reference, answer)
    places = set()
    i, j = len(reference), len(answer)
    while i and j:
        if reference[i - 1] == answer[j - 1]:
            i, j = i - 1, j - 1
            places.add(i)
        elif _length(rows[i], j - 1) > _length(rows[i - 1], j):
            j -= 1
        else:
            i -= 1
    return places


def _length(row: int, words: int) -> int:
    return (row & ((1 << words) - 1)).bit_count()


def _summary_overlap(reference: list[Words], answer: list[Words]) -> int:
    """How many words of the reference's sentences are in the union of the common subsequences with the answer's.

    No word counts more often than either side has it.
    """
    left = Counter(chain.from_iterable(reference)) & Counter(chain.from_iterable(answer))
    hits = 0
    for words in reference:
        union = set[int]().union(*(_common_places(words, other) for other in answer))
        for place in sorted(union):
            if left[words[place]] > 0:
                left[words[place]] -= 1
                hits += 1
    return hits
