"""Ids of samples: the source's own, or a hash of the content; each of them once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from regrade.artifacts.paths import PathError, get_path
from regrade.artifacts.streams import Row

_encode: Final = msgspec.json.Encoder(enc_hook=repr).encode
_encode_sorted: Final = msgspec.json.Encoder(order="deterministic", enc_hook=repr).encode


class Ids:
    """Gives samples their ids.

    Args:
        paths: Path of the field that identifies a row, or paths of the fields that do together; None where content
            does.
    """

    def __init__(self, paths: str | list[str] | None) -> None:
        self.paths = [paths] if isinstance(paths, str) else paths
        self._given: dict[str, int] = {}

    def of(self, doc: Row) -> str:
        """The id of the next sample.

        A second sample of the same id gets ``-2`` after it, and so on, so that an answer is never taken for another's.

        Raises:
            ValueError: a field that should identify the row is missing or holds no text or whole number.
        """
        own = content_id(doc) if self.paths is None else "/".join([_told(doc, path) for path in self.paths])
        number = self._given.get(own, 0) + 1
        self._given[own] = number
        if number == 1:
            return own
        other = f"{own}-{number}"
        while other in self._given:
            number += 1
            other = f"{own}-{number}"
        self._given[own] = number
        self._given[other] = 1
        return other


def _told(doc: Row, path: str) -> str:
    value = value_of(doc, path, "sample_id")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise ValueError(f"{path!r}, which identifies rows, holds {value!r}")
    return str(value)


def value_of(doc: Row, path: str, argument: str) -> Any:
    """The value of a field that an argument of the card names.

    Raises:
        ValueError: the row has no such field.
    """
    try:
        return get_path(doc, path)
    except (PathError, KeyError, IndexError, TypeError):
        there_are = ", ".join(map(str, doc))
        raise ValueError(f"no field {path!r}, which {argument!r} names; the row has {there_are}") from None


def content_id(doc: Row) -> str:
    """Sixteen hexadecimal digits that depend on what a row holds, and not on the order of its fields."""
    global _last
    text = _json(doc, _encode_sorted)
    _last = doc, text
    return hashlib.sha256(text).hexdigest()[:16]


_last: tuple[Row, bytes] = ({}, b"{}")


def as_json(doc: Row) -> bytes:
    """A row as JSON: that which its id was just made of (fields in order of name), else with its fields as they are."""
    known, text = _last
    return text if known is doc else _json(doc, _encode)


def _json(doc: Row, encode: Callable[[Row], bytes]) -> bytes:
    try:
        return encode(doc)
    except UnicodeEncodeError:  # half of a surrogate pair stays an escape
        return json.dumps(doc, sort_keys=encode is _encode_sorted, default=repr).encode()
