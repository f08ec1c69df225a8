"""The order in which choices are presented: drawn from content, recorded, undone.

A judge that is shown two responses favours one of the places, and a model one of the letters, so templates may change
the order. Here the draw depends on the row's input fields only (and on a seed of the template): the same row is
presented in the same order wherever it stands. What was done is an *arrangement*, a small dict that goes into the
sample's ``metadata``, so that results can be broken down by it and verdicts be mapped back:

- ``{"swapped": true}``: of two responses, the second is presented first;
- ``{"choices_order": [2, 0, 1]}``: the choice that is presented first was the third one, and so on.

A row that has ``metadata`` when it comes to a template has its arrangement recorded there; if one is there already, it
is used instead of a draw.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias
from zlib import crc32

import msgspec

Arrangement: TypeAlias = dict[str, Any]
"""How the choices of one row are presented; empty if as they came."""

KEYS: Final = ("swapped", "choices_order")
"""What an arrangement may hold."""


def coin(content: dict[str, Any], seed: int = 0) -> bool:
    """A fair coin that falls the same way for the same content, whatever the order of its keys.

    It is the highest bit of the CRC-32 of the content as JSON, times Knuth's multiplier for hashing (The Art of
    Computer Programming, volume 3, 6.4): a checksum is linear in its bits, a product is not.

    Args:
        content: What decides.
        seed: Another seed, another draw.

    >>> coin({"a": 1, "b": [2]}) == coin({"b": [2], "a": 1})
    True
    """
    checksum = crc32(_encode(content), seed & 0xFFFFFFFF)
    return bool((checksum * 2654435761) & 0x80000000)


def _stand_in(value: Any) -> Any:
    """What stands for a value that JSON lacks: the bytes of an image or array, else the name of its type."""
    return value.tobytes() if hasattr(value, "tobytes") else type(value).__qualname__


_encode: Final = msgspec.json.Encoder(order="deterministic", enc_hook=_stand_in).encode


def arrangement_of(metadata: Any) -> Arrangement:
    """The arrangement that a row's metadata asks for."""
    if not metadata:
        return {}
    return {key: metadata[key] for key in KEYS if metadata.get(key) is not None}


def is_swapped(arrangement: Arrangement) -> bool:
    """Whether an arrangement puts the second of two first.

    Raises:
        ValueError: it says neither yes nor no.
    """
    answer = arrangement.get("swapped", False)
    if not isinstance(answer, bool):
        raise ValueError(f"'swapped' must be true or false, not {answer!r}")
    return answer


def reorder(choices: list[Any], arrangement: Arrangement) -> list[Any]:
    """Choices in the order of an arrangement.

    >>> reorder(["cat", "dog", "cow"], {"choices_order": [2, 0, 1]})
    ['cow', 'cat', 'dog']

    Raises:
        ValueError: the order does not name each place once.
    """
    order = arrangement.get("choices_order")
    if order is None:
        return choices
    if sorted(order) != list(range(len(choices))):
        raise ValueError(f"the order {order} does not name each of {len(choices)} choices once")
    return [choices[place] for place in order]


def original_place(place: int, arrangement: Arrangement) -> int:
    """Where a choice stood that is presented at ``place`` (0-based).

    >>> original_place(0, {"choices_order": [2, 0, 1]})
    2
    """
    order = arrangement.get("choices_order")
    return place if order is None else int(order[place])
