"""chrF and chrF++ of a corpus, as sacrebleu computes them."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

_PUNCTUATION: Final = frozenset(string.punctuation)
_EPSILON: Final = 1e-16


class Chrf:
    """chrF, 0 to 100: the F-measure of character n-grams, and of word n-grams for chrF++.

    Args:
        char_order: Length of the longest n-grams of characters.
        word_order: Of words; 2 is chrF++.
        beta: How many times recall counts more than precision.
        lowercase: Compare in lower case.
        whitespace: Let white space be part of n-grams of characters.
        eps_smoothing: The mean of each order's F-measure, orders without n-grams included.

    Source: Popović, "chrF" (WMT 2015) and "chrF++" (WMT 2017).
    """

    def __init__(
        self,
        *,
        char_order: int = 6,
        word_order: int = 0,
        beta: int = 2,
        lowercase: bool = False,
        whitespace: bool = False,
        eps_smoothing: bool = False,
    ) -> None:
        self.char_order = char_order
        self.word_order = word_order
        self.beta = beta
        self.lowercase = lowercase
        self.whitespace = whitespace
        self.eps_smoothing = eps_smoothing

    def statistics(self, answer: str, references: Sequence[str]) -> tuple[int, ...]:
        """What one sentence adds.

        Returns:
            For each order (of characters, then of words) the n-grams of the answer, those of the reference, and how
            many they share; of several references those of the one with the best score, the first of equals.

        Raises:
            ValueError: there is no reference.
        """
        if not references:
            raise ValueError("chrF wants at least one reference")
        ours = self._ngrams(answer)
        found = (self._shared(ours, self._ngrams(text)) for text in references)
        return max(found, key=self.score)

    def _ngrams(self, text: str) -> list[Counter[str]]:
        if self.lowercase:
            text = text.lower()
        letters = text if self.whitespace else "".join(text.split())
        found = [
            Counter(letters[start : start + order] for start in range(len(letters) - order + 1))
            for order in range(1, self.char_order + 1)
        ]
        if self.word_order:
            words = _words(text)
            found += [
                Counter(" ".join(words[start : start + order]) for start in range(len(words) - order + 1))
                for order in range(1, self.word_order + 1)
            ]
        return found

    @staticmethod
    def _shared(ours: list[Counter[str]], theirs: list[Counter[str]]) -> tuple[int, ...]:
        numbers: list[int] = []
        for mine, other in zip(ours, theirs, strict=True):
            shared = sum([min(mine[ngram], other[ngram]) for ngram in mine.keys() & other.keys()])
            numbers += (mine.total() if other else 0, other.total(), shared)
        return tuple(numbers)

    def score(self, sums: Iterable[float]) -> float:
        """The score of a corpus, from the sums of its sentences' statistics."""
        numbers = list(sums)
        factor = self.beta**2
        smoothed, orders, precisions, recalls = 0.0, 0, 0.0, 0.0
        for given, wanted, shared in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
            precision = shared / given if given > 0 else _EPSILON
            recall = shared / wanted if wanted > 0 else _EPSILON
            weighted = factor * precision + recall
            smoothed += ((1 + factor) * precision * recall / weighted) if weighted > 0 else _EPSILON
            if given > 0 and wanted > 0:
                orders += 1
                precisions += precision
                recalls += recall
        if self.eps_smoothing:
            return 100 * smoothed / (self.char_order + self.word_order)
        if not orders or not precisions + recalls:
            return 0.0
        precisions, recalls = precisions / orders, recalls / orders
        return 100 * ((1 + factor) * precisions * recalls / (factor * precisions + recalls))


def _words(text: str) -> list[str]:
    """Words, with one punctuation mark set apart at the end of each, or else at the beginning."""
    words: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            words += (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            words += (word[0], word[1:])
        else:
            words.append(word)
    return words
