"""Porter's stemmer of English words, with the deviations that NLTK makes by default and ROUGE is computed with.

Source: Porter, "An algorithm for suffix stripping", Program 14 (1980); the deviations are those of NLTK's
``PorterStemmer`` in its mode ``NLTK_EXTENSIONS``, word for word the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

Rules = tuple[tuple[str, str], ...]

_IRREGULAR: Final = {
    "skies": "sky",
    "sky": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}

_PLURALS: Final[Rules] = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))

_LONG_SUFFIXES: Final[Rules] = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
)

_SHORT_SUFFIXES: Final[Rules] = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)

_LAST_SUFFIXES: Final[Rules] = tuple(
    (suffix, "")
    for suffix in (
        *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"),
        *("ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
    )
)


@lru_cache(maxsize=2**16)
def stem(word: str) -> str:
    """The stem of a word in lower case: ``stem("relational")`` is ``"relat"``."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _without_plural(word)
    word = _without_participle(word)
    if word.endswith("y") and len(word) > 2 and _shape(word[:-1])[-1] == "c":
        word = word[:-1] + "i"
    word = _without_long_suffix(word)
    word = _replaced(word, _SHORT_SUFFIXES, least=1)
    if not (word.endswith("ion") and word[-4:-3] not in ("s", "t")):
        word = _replaced(word, _LAST_SUFFIXES, least=2)
    return _tidy(word)


def _shape(word: str) -> str:
    """Which letters are consonants (c) and which vowels (v); a y after a consonant is a vowel."""
    shape = ""
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and shape[-1:] == "c")
        shape += "v" if vowel else "c"
    return shape


def _measure(word: str) -> int:
    """How often a consonant follows a vowel: m of Porter's form ``[C](VC)^m[V]``."""
    return _shape(word).count("vc")


def _ends_short(word: str) -> bool:
    """Whether a word ends in consonant, vowel, consonant (not w, x or y), or is just a vowel and a consonant."""
    shape = _shape(word)
    return shape == "vc" or (shape.endswith("cvc") and word[-1] not in "wxy")


def _replaced(word: str, rules: Rules, *, least: int) -> str:
    """The word by the first rule whose suffix it has, if what stands before has at least that measure."""
    for suffix, replacement in rules:
        if word.endswith(suffix):
            before = word[: -len(suffix)]
            return before + replacement if not least or _measure(before) >= least else word
    return word


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    return _replaced(word, _PLURALS, least=0)


def _without_participle(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    suffix = "ed" if word.endswith("ed") else "ing"
    before = word[: -len(suffix)]
    if not word.endswith(suffix) or "v" not in _shape(before):
        return word
    if before.endswith(("at", "bl", "iz")):
        return before + "e"
    if before[-2:-1] == before[-1] and _shape(before)[-1] == "c":
        return before if before[-1] in "lsz" else before[:-1]
    return before + "e" if _measure(before) == 1 and _ends_short(before) else before


def _without_long_suffix(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]):
        return _without_long_suffix(word[:-2])
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) else word
    return _replaced(word, _LONG_SUFFIXES, least=1)


def _tidy(word: str) -> str:
    """Without a last e, and with one l for two, where enough is left."""
    if word.endswith("e"):
        before = word[:-1]
        measure = _measure(before)
        if measure > 1 or (measure == 1 and not _ends_short(before)):
            word = before
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
