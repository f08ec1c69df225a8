"""Verdicts in JSON objects: alone, in a fence, inside prose, with a comma too many, or with quotes unescaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

_MOST_OBJECTS: Final = 64
_MOST_CHARACTERS: Final = 1 << 18
_DEEPEST: Final = 6
_COMMENT: Final = re.compile(r"//[^\"\n]{0,200}$", re.MULTILINE)
_TRAILING: Final = re.compile(r",(\s{0,100}[}\]])")


class Found(NamedTuple):
    """A JSON object, or what was meant as one.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        values: What stands in the field; empty where it cannot be told.
        fault: Why it cannot be told.
    """

    start: int
    end: int
    values: list[Any]
    fault: str | None = None


class Different:
    """Stands for a key that is there twice."""

    def __repr__(self) -> str:
        return "a field that is there twice"


def fields_in(text: str, names: Sequence[str], others: Sequence[str] = ()) -> Iterator[Found]:
    """The objects in a text that have a field of one of the names (in any case), with what stands in it.

    Args:
        text: The text.
        names: What the field is called.
        others: What else it may be called where it stands under none of the names.
    """
    lowered = text.lower()
    if "{" not in text or not any(name.lower() in lowered for name in (*names, *others)):
        return
    if len(text) > _MOST_CHARACTERS:
        yield Found(0, len(text), [], "the text is too long to look for objects in it")
        return
    place, rest, opened = text.find("{"), text, -1
    for _ in range(_MOST_OBJECTS):
        if place < 0:
            break
        end, found = _object_at(text, place, names, others)
        if found is not None:
            yield found
            rest = f"{rest[:place]}{' ' * (end - place)}{rest[end:]}"
        elif end < 0:
            opened, end = (place if opened < 0 else opened), place + 1
        place = text.find("{", end)
    if place >= 0:
        yield Found(place, len(text), [], "there are too many objects")
    elif opened >= 0 and _key(names, others).search(rest, opened):
        yield Found(opened, len(text), [], "the object is cut off")


def _key(names: Sequence[str], others: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"[\"'](?:{'|'.join(map(re.escape, (*names, *others)))})[\"']\s?:", re.IGNORECASE)


def _object_at(text: str, place: int, names: Sequence[str], others: Sequence[str]) -> tuple[int, Found | None]:
    """Where the object that begins at a place ends (-1: nowhere), and what it says of the field."""
    try:
        decoded, end = _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        end = _closing(text, place)
        if not end:
            return -1, None
        whole = text[place:end]
        try:
            decoded = _DECODER.decode(_TRAILING.sub(r"\1", _COMMENT.sub("", whole)))
        except (ValueError, RecursionError):
            return _broken(whole, place, end, names, others)
    for wanted in (names, others):
        values = _values(decoded, {name.lower() for name in wanted}, 0)
        if values:
            return end, Found(place, end, values)
    return end, None


def _broken(whole: str, place: int, end: int, names: Sequence[str], others: Sequence[str]) -> tuple[int, Found | None]:
    """What an object says that is no JSON (quotes unescaped, or single ones), as far as its keys can be told."""
    for wanted in (names, others):
        keys = "|".join(map(re.escape, wanted))
        if not keys:
            continue
        pattern = rf"[{{,\n]\s{{0,40}}[\"'“”]?(?:{keys})[\"'“”]?\s?:\s?([^,}}\n]{{1,100}})"
        values = [value.strip().strip("\"'“”") for value in re.findall(pattern, whole, re.IGNORECASE)]
        if values:
            return end, Found(place, end, values)
    return place + 1, None


def _values(data: Any, names: set[str], depth: int) -> list[Any]:
    """What stands under the names: at the top, else wherever there is an object in it."""
    if depth > _DEEPEST:
        return []
    if isinstance(data, str):
        try:
            return _values(_DECODER.decode(data), names, depth + 1) if data.lstrip().startswith("{") else []
        except (ValueError, RecursionError):
            return []
    if isinstance(data, list):
        return [value for item in data for value in _values(item, names, depth + 1)]
    if not isinstance(data, dict):
        return []
    own = [value for key, value in data.items() if key.lower() in names and not isinstance(value, dict)]
    return own or [value for item in data.values() for value in _values(item, names, depth + 1)]


def _closing(text: str, place: int) -> int:
    """Where the braces that open at a place are closed again, wherever quotes stand; 0 where they are not."""
    depth = 0
    for match in re.finditer(r"[{}]", text[place:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return place + match.end()
    return 0


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, in which a key that is there twice with different values has none of them."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = Different() if key in found and found[key] != value else value
    return found


_DECODER: Final = json.JSONDecoder(strict=False, object_pairs_hook=_pairs)
