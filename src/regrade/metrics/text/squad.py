"""SQuAD's comparison of an answer with a reference: lower case, no punctuation, no English articles.

Source: Rajpurkar et al., "SQuAD" (arXiv:1606.05250), and its evaluation script, version 1.1.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from regrade.metrics.rates import Rates, rates

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def without_punctuation(text: str) -> str:
    """The text without ASCII punctuation marks."""
    return text.translate(_NO_PUNCTUATION)


def without_articles(text: str) -> str:
    """The text with a space in the place of each English article (in lower case)."""
    return _ARTICLES.sub(" ", text)


def words(text: str) -> list[str]:
    """The words that count.

    >>> words("The  cat's out, again!")
    ['cats', 'out', 'again']
    """
    return _ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def exact(answer: str, reference: str) -> float:
    """1 where both have the same words in the same order, else 0."""
    return float(words(answer) == words(reference))


def token_f1(answer: str, reference: str) -> float:
    """F1 of the words they share; 0 where they share none."""
    return rates_of_words(words(answer), words(reference)).f1


def rates_of_words(answer: Sequence[str], reference: Sequence[str]) -> Rates:
    """Precision, recall and F1 of the words that an answer shares with a reference, each as often as both have it."""
    return rates((Counter(answer) & Counter(reference)).total(), len(answer), len(reference))
