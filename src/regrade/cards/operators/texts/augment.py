"""Augmentors: operators that change a task's inputs, to see whether a model's answers depend on such changes.

What an augmentor draws depends on the value and its arguments only.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import accumulate
from typing import Any, ClassVar, Final, Self

import msgspec

from regrade.addition import add_up
from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.streams import Row
from regrade.artifacts.type_strings import isoftype, parse_type_string
from regrade.artifacts.type_strings.names import Text
from regrade.seeds import random_of

_SPACES: Final = re.compile(r"\s+")
_PATTERNS: Final = {" ": 20, "\\t": 10, "\\n": 40, "": 30}


class Augmentor(FieldOperator):
    """A field operator whose fields the recipe chooses: those that the task calls augmentable."""

    kind: ClassVar[str] = "augmentor"

    def for_inputs(self, fields: list[str]) -> Self:
        """The same augmentor, of these input fields of a task."""
        paths = [f"input_fields/{field}" for field in fields]
        return msgspec.structs.replace(self, field=None, to_field=None, field_to_field={path: path for path in paths})


class TypeDependentAugmentor(Augmentor):
    """An augmentor of values of one type, which leaves others alone.

    Args:
        augmented_type: The type, or how it is written.
    """

    augmented_type: Any = Any

    @cached_property
    def _type(self) -> Any:
        return parse_type_string(self.augmented_type) if isinstance(self.augmented_type, str) else self.augmented_type

    def process_value_of(self, value: Any, row: Row) -> Any:
        return self.process_value(value) if isoftype(value, self._type) else value


class TextAugmentor(TypeDependentAugmentor):
    """An augmentor of texts, which leaves other values alone."""

    augmented_type: Any = Text


@artifact("null_augmentor")
class NullAugmentor(Augmentor):
    """Changes nothing.

    >>> NullAugmentor(field="a").process_row({"a": "x"})
    {'a': 'x'}
    """

    def process_value(self, value: Any) -> Any:
        return value


@artifact("augment_whitespace")
class AugmentWhitespace(TextAugmentor):
    """Puts one to three spaces, tabs or line breaks in the place of each white space.

    >>> AugmentWhitespace(field="a").process_row({"a": "the cat"})["a"].split()
    ['the', 'cat']
    """

    def process_value(self, value: Any) -> Any:
        draw = random_of(value)
        return _SPACES.sub(lambda _: draw.choice(["\n", "\t", " "]) * draw.randint(1, 3), value)


@artifact("augment_prefix_suffix")
class AugmentPrefixSuffix(TextAugmentor):
    """Puts patterns, usually white space, before and after a text.

    >>> AugmentPrefixSuffix(field="a", prefixes=None, suffixes=["!"], suffix_len=2).process_row({"a": "x"})
    {'a': 'x!!'}

    Args:
        prefixes: Patterns to choose from: a list, or weights by pattern; None for no prefix.
        prefix_len: How many of them make the prefix.
        suffixes: Patterns for the end, in the same way.
        suffix_len: How many of them make the suffix.
        remove_existing_whitespaces: Take white space off the text's ends first.
    """

    prefixes: list[str] | dict[str, int] | None = msgspec.field(default_factory=lambda: dict(_PATTERNS))
    prefix_len: int | None = 3
    suffixes: list[str] | dict[str, int] | None = msgspec.field(default_factory=lambda: dict(_PATTERNS))
    suffix_len: int | None = 3
    remove_existing_whitespaces: bool | None = False

    def verify(self) -> None:
        if not self.prefixes and not self.suffixes:
            raise ArtifactError("give 'prefixes', 'suffixes' or both")
        for name, length in (("prefix_len", self.prefix_len), ("suffix_len", self.suffix_len)):
            if length is None or length <= 0:
                raise ArtifactError(f"it must be positive, not {length}", path=(name,))

    @cached_property
    def _ends(self) -> list[tuple[list[str], list[float], int]]:
        """For prefix and suffix: patterns, their cumulative weights, and how many are drawn."""
        ends = []
        for patterns, length in ((self.prefixes, self.prefix_len), (self.suffixes, self.suffix_len)):
            weights = {} if patterns is None else patterns if isinstance(patterns, dict) else dict.fromkeys(patterns, 1)
            names = list(patterns or ())
            total = add_up(weights[name] for name in names)
            ends.append((names, list(accumulate(weights[name] / total for name in names)), length or 0))
        return ends

    def process_value(self, value: Any) -> Any:
        if value is None:
            raise ValueError("there is no text to put a prefix or suffix to, but null")
        draw = random_of(value)
        text = str(value).strip() if self.remove_existing_whitespaces else str(value)
        prefix, suffix = (
            "".join(draw.choices(patterns, cum_weights=weights, k=length)) if patterns else ""
            for patterns, weights, length in self._ends
        )
        return prefix + text + suffix
