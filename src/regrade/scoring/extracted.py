"""What a pipeline took from a record's answers: whether it found anything, and what of it cannot be measured."""

from __future__ import annotations

import math
from typing import Any

from regrade.budget import MAX_TEXT
from regrade.errors import InputError
from regrade.filters import is_unparsed
from regrade.schema import Record

_INFINITY = math.inf


def found_nothing(extracted: Any) -> int:
    """1 where a pipeline found nothing in any of a record's answers, else 0."""
    if len(extracted) == 1:
        return 1 if is_unparsed(extracted[0]) else 0
    return 1 if extracted and all(map(is_unparsed, extracted)) else 0


def check_size(extracted: Any, record: Record) -> None:
    """Refuse what a pipeline made of an answer where it is too long a text, and longer than the answer itself."""
    for text in extracted:
        if type(text) is str and len(text) > MAX_TEXT:
            longest = max((len(one) for texts in record.answers for one in texts if isinstance(one, str)), default=0)
            if len(text) > longest:
                raise InputError(f"the filters make a text of more than {MAX_TEXT:,} characters")


def check_likelihoods(extracted: Any) -> None:
    """Refuse log-likelihoods by which nothing can be compared; minus infinity is that of what cannot be said.

    The harness takes nan as the largest, and a choice that has it as the model's.
    """
    for one in extracted:
        value = one[0] if type(one) is tuple else one
        if type(value) is float and not value < _INFINITY:
            where = f" {extracted.index(one) + 1} of {len(extracted)}" if len(extracted) > 1 else ""
            raise InputError(f"log-likelihood{where} is {value}")
