"""Answers as JSON, which has no word for minus infinity: the log-likelihood of what cannot be said is "-Infinity".

What is no log-likelihood, and makes its sample fail, is kept as well: "NaN" and "Infinity".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from regrade.schema import Answer

_T = TypeVar("_T")
_WORDS: Final = (b'"-Infinity"', b'"Infinity"', b'"NaN"')
_ENCODE: Final = msgspec.json.Encoder().encode


def encode_answer(answer: Answer) -> bytes:
    """An answer as JSON."""
    if answer.choices and not all(math.isfinite(value) for value, _ in answer.choices):
        choices = [(value if math.isfinite(value) else _word(value), greedy) for value, greedy in answer.choices]
        answer = msgspec.structs.replace(answer, choices=choices)
    return _ENCODE(answer)


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def answer_decoder(type_: type[_T]) -> Callable[[bytes], _T]:
    """A function that reads answers, or a part of each, from JSON; it raises ``msgspec.DecodeError``."""
    strict = msgspec.json.Decoder(type_).decode
    lax = msgspec.json.Decoder(type_, strict=False).decode

    def decode(line: bytes) -> _T:
        try:
            return strict(line)
        except msgspec.ValidationError:
            if not any(word in line for word in _WORDS):
                raise
            return lax(line)

    return decode
