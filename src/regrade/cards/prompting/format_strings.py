"""Format strings of templates and formats, parsed once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from string import Formatter
from typing import Any

from regrade.budget import format_spec


class FormatString:
    """A text with fields in braces, as ``str.format`` writes them: ``Premise: {premise}``.

    Conversions and format specifications work (``{score:.1f}``); what reaches into a value (``{a.b}``, ``{a[0]}``) or
    has no name (``{}``) is refused, since a format string may come from data.

    Args:
        text: The format string.

    Attributes:
        text: As given.
        fields: Names of the fields, in order, each once.

    Raises:
        ValueError: braces do not match, or a field is refused, or a value would be thousands of columns wide.

    >>> FormatString("{question} ({points} points)")({"question": "Why?", "points": 3})
    'Why? (3 points)'
    """

    __slots__ = ("_constant", "_parts", "_places", "_special", "fields", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts: list[str] = []
        self._places: list[tuple[int, str]] = []
        self._special: list[tuple[int, str, str]] = []
        for literal, name, spec, conversion in Formatter().parse(text):
            self._parts.append(literal)
            if name is None:
                continue
            if not name or not set(name).isdisjoint(".[") or name.isdecimal():
                raise ValueError(f"{{{name}}} in {text!r} is no name of a field")
            place = len(self._parts)
            self._parts.append("")
            if spec and not set(spec).isdisjoint("{}"):
                raise ValueError(f"{{{name}:{spec}}} in {text!r} has a field within its format")
            if spec or conversion:
                format_spec(spec or "")
                shape = f"{{{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
                self._special.append((place, name, shape))
            else:
                self._places.append((place, name))
        self._constant = "".join(self._parts)
        names = sorted([*self._places, *((place, name) for place, name, _ in self._special)])
        self.fields: tuple[str, ...] = tuple(dict.fromkeys(name for _, name in names))

    def __call__(self, data: Mapping[str, Any]) -> str:
        """The text with the fields filled in.

        Raises:
            KeyError: ``data`` lacks a field.
        """
        if not self.fields:
            return self._constant
        parts = self._parts.copy()
        for place, name in self._places:
            value = data[name]
            parts[place] = value if type(value) is str else format(value)
        for place, name, shape in self._special:
            parts[place] = shape.format(data[name])
        return "".join(parts)


@lru_cache(maxsize=1024)
def format_string(text: str) -> FormatString:
    """The format string of a text, from the cache: for those that come with the rows."""
    return FormatString(text)
