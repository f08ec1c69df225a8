"""BLEU of a corpus, as sacrebleu computes it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple

from regrade.addition import add_up
from regrade.metrics.translation.tokenizers import tokenizer

MAX_ORDER: Final = 4
"""Length of the longest n-grams, where nobody asks for another."""

SMOOTHING: Final[dict[str, float]] = {"none": 0, "floor": 0.1, "add-k": 1, "exp": 0}
"""Methods of smoothing, with the value that each takes where none is given."""

_LOG_OF_ZERO: Final = -9999999999
Ngrams = Counter[tuple[str, ...]]


class BleuScore(NamedTuple):
    """BLEU and what it is made of.

    Attributes:
        score: BLEU, 0 to 100.
        counts: Matching n-grams by order, as smoothed.
        totals: N-grams of the answers by order, as smoothed.
        precisions: By order, 0 to 100.
        bp: The brevity penalty, 0 to 1.
        sys_len: Words of the answers.
        ref_len: Words of the references.
    """

    score: float
    counts: list[float]
    totals: list[float]
    precisions: list[float]
    bp: float
    sys_len: int
    ref_len: int


class Bleu:
    """BLEU, 0 to 100.

    Args:
        tokenize: Its tokenizer (``13a``, ``intl``, ``char``, ``zh``, ``ja-mecab``, ...).
        lowercase: Compare in lower case.
        smooth_method: ``exp``, ``floor``, ``add-k`` or ``none``.
        smooth_value: For ``floor`` and ``add-k``.
        max_order: Length of the longest n-grams.
        effective_order: Leave out orders for which answers are too short.

    Raises:
        ValueError: there is no such tokenizer or method.
        UnavailableError: the tokenizer needs a package or file that is not here.

    Source: Papineni et al. (ACL 2002); Post, "A call for clarity in reporting BLEU scores" (WMT 2018).
    """

    def __init__(
        self,
        tokenize: str = "13a",
        *,
        lowercase: bool = False,
        smooth_method: str = "exp",
        smooth_value: float | None = None,
        max_order: int = MAX_ORDER,
        effective_order: bool = False,
    ) -> None:
        if smooth_method not in SMOOTHING:
            raise ValueError(f"{smooth_method!r} smooths no BLEU; {', '.join(SMOOTHING)} do")
        self.words = tokenizer(tokenize)
        self.lowercase = lowercase
        self.smooth_method = smooth_method
        self.smooth_value = SMOOTHING[smooth_method] if smooth_value is None else smooth_value
        self.max_order = max_order
        self.effective_order = effective_order

    def statistics(self, answer: str, references: Sequence[str]) -> tuple[int, ...]:
        """What one sentence adds.

        Returns:
            Length of the answer, length of the reference nearest to it (the shorter of two), then for each order the
            matches, then for each order the n-grams of the answer. An n-gram matches as often as the reference that
            has it most often has it.

        Raises:
            ValueError: there is no reference.
        """
        if not references:
            raise ValueError("BLEU wants at least one reference")
        theirs = [self._words(text) for text in references]
        allowed: Ngrams = ngrams(theirs[0], self.max_order)
        for other in theirs[1:]:
            allowed |= ngrams(other, self.max_order)
        ours = self._words(answer)
        matches = [0] * self.max_order
        found = ngrams(ours, self.max_order)
        for ngram in found.keys() & allowed.keys():
            matches[len(ngram) - 1] += min(found[ngram], allowed[ngram])
        nearest = min(map(len, theirs), key=lambda length: (abs(length - len(ours)), length))
        possible = [max(0, len(ours) - order) for order in range(self.max_order)]
        return (len(ours), nearest, *matches, *possible)

    def _words(self, text: str) -> list[str]:
        return self.words((text.lower() if self.lowercase else text).rstrip())

    def score(self, sums: Iterable[float]) -> BleuScore:
        """The score of a corpus, from the sums of its sentences' statistics."""
        ours, theirs, *rest = sums
        counts, totals = rest[: self.max_order], rest[self.max_order :]
        sys_len, ref_len = int(ours), int(theirs)
        bp = 1.0
        if sys_len < ref_len:
            bp = math.exp(1 - ref_len / sys_len) if sys_len > 0 else 0.0
        precisions = [0.0] * self.max_order
        if not any(counts):
            return BleuScore(0.0, counts, totals, precisions, bp, sys_len, ref_len)
        order, halved = self.max_order, 1.0
        for place in range(self.max_order):
            if self.smooth_method == "add-k" and place:
                counts[place] += self.smooth_value
                totals[place] += self.smooth_value
            if totals[place] == 0:
                break
            if self.effective_order:
                order = place + 1
            if counts[place]:
                precisions[place] = 100.0 * counts[place] / totals[place]
            elif self.smooth_method == "exp":
                halved *= 2
                precisions[place] = 100.0 / (halved * totals[place])
            elif self.smooth_method == "floor":
                precisions[place] = 100.0 * self.smooth_value / totals[place]
        logs = [math.log(precision) if precision else _LOG_OF_ZERO for precision in precisions[:order]]
        return BleuScore(bp * math.exp(add_up(logs) / order), counts, totals, precisions, bp, sys_len, ref_len)


def ngrams(words: Sequence[str], max_order: int) -> Ngrams:
    """How often each n-gram of up to ``max_order`` words occurs."""
    return Counter(
        chain.from_iterable(
            zip(*(words[start:] for start in range(order)), strict=False) for order in range(1, max_order + 1)
        )
    )
