"""SQuAD's comparison of an answer with a reference: lower case, no punctuation, no English articles.

Source: Rajpurkar et al., "SQuAD" (arXiv:1606.05250), and its evaluation script, version 1.1.
"""

from __future__ import annotations

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


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
    ours, theirs = words(answer), words(reference)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(ours), shared / len(theirs)
    return 2 * precision * recall / (precision + recall)
