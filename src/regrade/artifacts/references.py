"""References to artifacts: ``name``, or ``name[argument=value,...]`` with arguments that replace the artifact's own.

The grammar is Unitxt's::

    reference  = name [ "[" arguments "]" ]
    arguments  = [ name "=" value { "," name "=" value } ]
    value      = "[" values "]" | "{" arguments "}" | reference with arguments | word | quoted text

A word ends before one of ``[ ] { } , =``; spaces around it do not count. ``true`` and ``false`` (in any case), ``None``
and numbers mean what they say. A reference within keeps its brackets and is read when it is followed. Ours beyond
that: a text in single or double quotes is taken as it stands, and ``[]`` is an empty list.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from regrade.artifacts.artifact import ArtifactError

_WORD: Final = re.compile(r"[^\[\],{}=]*")
_QUOTED: Final = re.compile(r"""("[^"]*"|'[^']*')\s*(?=[,\]}]|$)""")
_SPACE: Final = re.compile(r"\s*")
_INTEGER: Final = re.compile(r"-?[0-9]+")
_FLOAT: Final = re.compile(r"-?(?:[0-9]+\.[0-9]*|\.[0-9]+)")


class Reference(NamedTuple):
    """A name and the arguments given with it; None where there are no brackets at all."""

    name: str
    arguments: dict[str, Any] | None = None


def parse_reference(text: str) -> Reference:
    """Take ``name[argument=value,...]`` apart.

    A text whose first ``=`` or ``,`` comes before any bracket is arguments, not a reference, and is returned whole.

    Raises:
        ArtifactError: the brackets do not close, something follows them, or what is in them is malformed.

    >>> parse_reference("templates.empty[postprocessors=[processors.lower_case],weight=0.5]")
    Reference(name='templates.empty', arguments={'postprocessors': ['processors.lower_case'], 'weight': 0.5})
    """
    if "[" not in text and "]" not in text:
        return Reference(text)
    first = text.find("[")
    if first < 0 or text.rfind("]") < first:
        raise ArtifactError(f"{text!r} has a bracket without its other half")
    if "=" in text[:first] or "," in text[:first]:
        return Reference(text.strip())
    reader = _Reader(text)
    name = reader.name()
    reader.expect("[")
    arguments = reader.arguments("]")
    reader.expect("]")
    reader.end()
    return Reference(name, arguments)


def parse_arguments(text: str) -> dict[str, Any]:
    """Read ``argument=value,...``, as it stands between the brackets of a reference.

    Raises:
        ArtifactError: it is malformed.

    >>> parse_arguments("year=2020,score=[9.5, metrics.f1[average=macro]],strict=false")
    {'year': 2020, 'score': [9.5, 'metrics.f1[average=macro]'], 'strict': False}
    """
    reader = _Reader(text)
    if not text.strip():
        return {}
    found = reader.arguments("")
    reader.end()
    return found


def word_value(word: str) -> Any:
    """What a word stands for: a boolean, None, a number, or itself."""
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    if word == "None":
        return None
    if _INTEGER.fullmatch(word):
        return int(word)
    if _FLOAT.fullmatch(word):
        return float(word)
    return word


class _Reader:
    """A place in a text, and what can be read from there on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.space()

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found
        self.at = found.end()

    def next_is(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def expect(self, character: str) -> None:
        if not self.next_is(character):
            self.fail(f"{character!r} is missing")
        self.at += 1
        self.space()

    def fail(self, what: str) -> None:
        raise ArtifactError(f"{self.text.strip()!r} is malformed: {what} at character {self.at + 1}")

    def end(self) -> None:
        if self.at < len(self.text):
            self.fail(f"{self.text[self.at :]!r} is left over")

    def word(self) -> str:
        found = _WORD.match(self.text, self.at)
        assert found
        self.at = found.end()
        return found[0].strip()

    def name(self) -> str:
        start = self.at
        word = self.word()
        if not word or not isinstance(word_value(word), str):
            self.at = start
            self.fail("a name is missing" if not word else f"{word!r} is no name")
        return word

    def arguments(self, closing: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if closing and self.next_is(closing):
            return found
        while True:
            name = self.name()
            self.expect("=")
            start = self.at
            value = self.value()
            if value == "" and self.text[start : start + 1] not in ("'", '"'):
                self.fail(f"{name!r} has no value")
            found[name] = value
            if not self.next_is(","):
                return found
            self.expect(",")

    def value(self) -> Any:
        if self.next_is("["):
            return self.values()
        if self.next_is("{"):
            self.expect("{")
            found = self.arguments("}")
            self.expect("}")
            return found
        quoted = _QUOTED.match(self.text, self.at)
        if quoted:
            self.at = quoted.end()
            return quoted[1][1:-1]
        start = self.at
        word = self.word()
        value = word_value(word)
        if word and isinstance(value, str) and self.next_is("["):
            self.expect("[")
            self.arguments("]")
            if not self.next_is("]"):
                self.fail("']' is missing")
            self.at += 1
            value = self.text[start : self.at]
            self.space()
        return value

    def values(self) -> list[Any]:
        self.expect("[")
        found: list[Any] = []
        if self.next_is("]"):
            self.expect("]")
            return found
        while True:
            found.append(self.value())
            if not self.next_is(","):
                break
            self.expect(",")
        self.expect("]")
        return found
