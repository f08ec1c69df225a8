"""BLEU as Hugging Face's evaluate library computes ``bleu``; sacrebleu's is in :mod:`regrade.metrics.translation`.

It is a function of sums over the sentences of a corpus: n-grams that match, n-grams there are, and two lengths.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from regrade.addition import add_up
from regrade.metrics.translation.bleu import MAX_ORDER, ngrams
from regrade.metrics.translation.tokenizers import tokenize_13a


def bleu_statistics(prediction: str, references: Sequence[str], max_order: int = MAX_ORDER) -> tuple[int, ...]:
    """What one sentence adds to evaluate's ``bleu``.

    Args:
        prediction: A translation.
        references: Good translations; an n-gram may match as often as the one that has it most often.
        max_order: Length of the longest n-grams.

    Returns:
        Length of the prediction, length of the shortest reference, then for each order the matches, then for each
        order the n-grams of the prediction. Lengths are in tokens of mteval's version 13a.

    Raises:
        ValueError: there is no reference.
    """
    if not references:
        raise ValueError("BLEU wants at least one reference")
    words = tokenize_13a(prediction)
    others = [tokenize_13a(reference) for reference in references]
    allowed: Counter[tuple[str, ...]] = Counter()
    for other in others:
        allowed |= ngrams(other, max_order)
    matches = [0] * max_order
    for ngram, count in (ngrams(words, max_order) & allowed).items():
        matches[len(ngram) - 1] += count
    possible = [max(0, len(words) - order) for order in range(max_order)]
    return (len(words), min(map(len, others)), *matches, *possible)


def bleu_scores(sums: Sequence[float], smooth: bool = False) -> dict[str, Any]:
    """The scores of a corpus in evaluate's ``bleu``, from the sums of its :func:`bleu_statistics`.

    Args:
        sums: The statistics of all sentences, added up.
        smooth: Add one to matches and possible matches of each order (Lin and Och, 2004).

    Returns:
        ``bleu`` (0 to 1), ``precisions``, ``brevity_penalty``, ``length_ratio``, ``translation_length`` and
        ``reference_length``.

    Raises:
        ZeroDivisionError: predictions or references hold no word at all.
    """
    order = (len(sums) - 2) // 2
    ours, theirs = sums[0], sums[1]
    add = 1 if smooth else 0
    precisions = [
        (matched + add) / (possible + add) if possible + add else 0.0
        for matched, possible in zip(sums[2 : 2 + order], sums[2 + order :], strict=True)
    ]
    mean = math.exp(add_up(math.log(p) / order for p in precisions)) if min(precisions) > 0 else 0.0
    ratio = ours / theirs
    penalty = 1.0 if ratio > 1 else math.exp(1 - 1 / ratio)
    return {
        "bleu": mean * penalty,
        "precisions": precisions,
        "brevity_penalty": penalty,
        "length_ratio": ratio,
        "translation_length": ours,
        "reference_length": theirs,
    }


def tokenizer_of(language: str, tokenizers: Mapping[str, str | None] | None) -> str | None:
    """The tokenizer for a language; None is sacrebleu's usual one.

    Raises:
        ValueError: no tokenizer is given for the language.
    """
    if tokenizers is None:
        raise ValueError(f"'language_to_tokenizer' must say how to tokenize {language!r}")
    if language.lower() not in tokenizers:
        raise ValueError(f"'language_to_tokenizer' has no tokenizer for {language!r}; it has {', '.join(tokenizers)}")
    return tokenizers[language.lower()]
