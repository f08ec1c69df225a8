"""Tokenizers of BLEU by sacrebleu's names, and Tercom's.

Sources: mteval-v13a.pl (13a) and mteval-v14.pl (intl) of NIST and WMT; tokenizeChinese.py of WMT (zh); Tercom's
Normalizer.java (Snover et al. 2006). What differs between those and sacrebleu is as sacrebleu has it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from regrade import extras
from regrade.errors import UnavailableError

Tokenizer = Callable[[str], list[str]]
Rules = tuple[tuple[re.Pattern[str], str], ...]


def _compile(*rules: tuple[str, str]) -> Rules:
    return tuple((re.compile(pattern), replacement) for pattern, replacement in rules)


def _apply(rules: Rules, text: str) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


_ENTITIES: Final = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

_PERIODS_AND_DASHES: Final = (
    (r"([^0-9])([.,])", r"\1 \2 "),
    (r"([.,])([^0-9])", r" \1 \2"),
    (r"([0-9])(-)", r"\1 \2 "),
)
"""Periods and commas apart unless they stand in a number; dashes apart after a digit."""

_WESTERN: Final = _compile((r"([{-~\[-` -&(-+:-@/])", r" \1 "), *_PERIODS_AND_DASHES)


def tokenize_13a(text: str) -> list[str]:
    """Words of mteval's version 13a: punctuation apart, but for periods and commas in numbers."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    return _apply(_WESTERN, f" {text} ").split()


_INTERNATIONAL: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (("[^N]P", "{} {} "), ("P[^N]", " {} {}"), ("S", " {} "))
)
"""Patterns over the first letters of characters' Unicode categories: P punctuation, N numbers, S symbols."""


def tokenize_intl(text: str) -> list[str]:
    """Words of mteval's version 14: all punctuation and symbols apart, but for punctuation between digits.

    Characters have the categories that this Python's Unicode tables give them.
    """
    for pattern, template in _INTERNATIONAL:
        kinds = "".join([unicodedata.category(character)[0] for character in text])
        pieces, end = [], 0
        for match in pattern.finditer(kinds):
            pieces += [text[end : match.start()], template.format(*text[match.start() : match.end()])]
            end = match.end()
        text = "".join(pieces) + text[end:]
    return text.split()


def tokenize_char(text: str) -> list[str]:
    """Characters, but for white space."""
    return [character for character in text if not character.isspace()]


# Two of the ranges (2001 and 2f81) are not what WMT's script means, extensions beyond U+FFFF, but what sacrebleu has.
_CHINESE: Final = re.compile(
    "(["
    "\u3400-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\u2001-\u2a6d\u2f81-\u2fa1\uff00-\uffef"
    "\u2e80-\u2eff\u3000-\u303f\u31c0-\u31ef\u2f00-\u2fdf\u2ff0-\u2fff\u3100-\u312f\u31a0-\u31bf\ufe10-\ufe1f"
    "\ufe30-\ufe4f\u2600-\u27bf\u3200-\u33ff"
    "])"
)


def tokenize_zh(text: str) -> list[str]:
    """Chinese characters one by one, the rest as in 13a."""
    return _apply(_WESTERN, _CHINESE.sub(r" \1 ", text.strip())).split()


_TOKENIZERS: Final[dict[str, Tokenizer]] = {
    "13a": tokenize_13a,
    "intl": tokenize_intl,
    "char": tokenize_char,
    "zh": tokenize_zh,
    "none": str.split,
}

_OF_SACREBLEU: Final = ("ja-mecab", "ko-mecab", "spm", "flores101", "flores200", "spBLEU-1K")
"""Those that need a dictionary or a model, and sacrebleu to load it."""


def tokenizer(name: str) -> Tokenizer:
    """A tokenizer by sacrebleu's name.

    Raises:
        ValueError: sacrebleu has no such tokenizer.
        UnavailableError: the tokenizer needs a package or file that is not here.
    """
    if name in _TOKENIZERS:
        return _TOKENIZERS[name]
    if name not in _OF_SACREBLEU:
        raise ValueError(f"sacrebleu has no tokenizer {name!r}; it has {', '.join((*_TOKENIZERS, *_OF_SACREBLEU))}")
    package = extras.require("sacrebleu.metrics.bleu", to=f"the tokenizer {name}")
    try:
        theirs: Any = package.BLEU(tokenize=name).tokenizer
    except (ImportError, RuntimeError, OSError) as error:
        language = name.partition("-")[0]
        hint = f'pip install "sacrebleu[{language}]"' if language in ("ja", "ko") else " ".join(str(error).split())
        raise UnavailableError(f"sacrebleu's tokenizer {name!r} is not here", hint=hint) from None
    return partial(_split_by, theirs)


def _split_by(tokenize: Callable[[str], str], text: str) -> list[str]:
    return tokenize(text).split()


_ASIAN_PUNCTUATION: Final = (
    r"([\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb])",
    r"([\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09])",
)

_TERCOM_JOINED: Final = _compile((r"\n-", ""), (r"\n", " "), *_ENTITIES)
_TERCOM_WESTERN: Final = _compile(
    (r"([{-~[-` -&(-+:-@/])", r" \1 "), (r"'s ", r" 's "), (r"'s$", r" 's"), *_PERIODS_AND_DASHES
)
# Ideographs, strokes and enclosed letters one by one; runs of kana apart only at the ends of a text, as in sacrebleu.
_TERCOM_ASIAN: Final = _compile(
    (r"([\u4e00-\u9fff\u3400-\u4dbf])", r" \1 "),
    (r"([\u31c0-\u31ef\u2e80-\u2eff])", r" \1 "),
    (r"([\u3300-\u33ff\uf900-\ufaff\ufe30-\ufe4f])", r" \1 "),
    (r"([\u3200-\u3f22])", r" \1 "),
    *((rf"(^|^[{kana}])([{kana}]+)(?=$|^[{kana}])", r"\1 \2 ") for kana in ("぀-ゟ", "゠-ヿ", "ㇰ-ㇿ")),
    *((pattern, r" \1 ") for pattern in _ASIAN_PUNCTUATION),
)
_TERCOM_UNPUNCTUATED: Final = _compile((r"[.,?:;!\"()]", ""))
_TERCOM_ASIAN_UNPUNCTUATED: Final = _compile(*((pattern, "") for pattern in _ASIAN_PUNCTUATION))


class TercomTokenizer:
    """Words as the translation edit rate takes them.

    Args:
        normalized: Join lines, decode entities, and set punctuation apart.
        no_punct: Drop punctuation.
        asian_support: Both of these for Chinese and Japanese too.
        case_sensitive: Do not bring words into lower case.
    """

    def __init__(self, *, normalized: bool, no_punct: bool, asian_support: bool, case_sensitive: bool) -> None:
        self.normalized = normalized
        self.case_sensitive = case_sensitive
        self._rules: Rules = ()
        if normalized:
            self._rules += (*_TERCOM_WESTERN, *(_TERCOM_ASIAN if asian_support else ()))
        if no_punct:
            self._rules += (*_TERCOM_UNPUNCTUATED, *(_TERCOM_ASIAN_UNPUNCTUATED if asian_support else ()))

    def __call__(self, text: str) -> list[str]:
        text = text.rstrip()
        if not self.case_sensitive:
            text = text.lower()
        if self.normalized and text:
            text = f" {_apply(_TERCOM_JOINED, text)} "
        return _apply(self._rules, text).split()
