"""Filters that find the answer in a text: by pattern, by the choices' own texts, by tags.

Behaviour: lm-evaluation-harness 0.4.0 to 0.4.13, ``lm_eval/filters/extraction.py``. Where an older version raised
(which ended its whole run, so no log shows it) the newest version's behaviour stands.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from regrade.answer_texts import split_at_tags, thinking_tags
from regrade.filters.filter import ElementFilter, Unparsed, as_unparsed
from regrade.patterns import compile_pattern
from regrade.registry import register

_NUMBER_AFTER_HASHES = r"#### (\-?[0-9\.\,]+)"


def _check_group_select(group_select: int) -> None:
    if not isinstance(group_select, int):
        raise TypeError(f"group_select must be a whole number, not {type(group_select).__name__}")


@register("filter", "regex")
class RegexFilter(ElementFilter):
    """Take the ``group_select``-th match of a pattern: its first non-empty group, or all of it if it has no groups.

    Args:
        regex_pattern: The pattern.
        group_select: Which match: 0 the first, -1 the last. A match that is not there raises ``IndexError``.
        fallback: Taken where nothing matches, or only with empty groups; counted as unparsed.
    """

    uses_doc = False

    def __init__(
        self, regex_pattern: str = _NUMBER_AFTER_HASHES, group_select: int = 0, fallback: Any = "[invalid]"
    ) -> None:
        self.regex = compile_pattern(regex_pattern, "regex_pattern")
        _check_group_select(group_select)
        self.group_select = group_select
        self.fallback = as_unparsed(fallback)

    @property
    def safe(self) -> bool:
        return self.group_select in (0, -1) and isinstance(self.fallback, str)

    def apply_one(self, response: Any, doc: Any) -> Any:
        if not isinstance(response, str):
            return self._find("")
        found = self._find(response)
        if type(response) is Unparsed and type(found) is str:
            return Unparsed(found)
        return found

    def _find(self, text: str) -> Any:
        select = self.group_select
        if select == 0:
            # The first match alone: no need to look for the others.
            match = self.regex.search(text)
            if match is None:
                return self.fallback
            groups = match.groups("")
            if not groups:
                return match.group().strip()
            if len(groups) == 1 or (self.compat < (0, 4, 2) and match.group(1) is not None):
                return groups[0].strip()
            found: Any = groups
        else:
            matches = self.regex.findall(text)
            if not matches:
                return self.fallback
            found = matches[select]
            if type(found) is str:
                return found.strip()
        for group in found:
            if group:
                return group.strip()
        return as_unparsed(self.fallback.strip())


@register("filter", "regex_pos")
class PartOfSpeechFilter(ElementFilter):
    """Take the tags of ``('token', 'tag')`` pairs as a list.

    Args:
        regex_pattern: Not used, as in the harness.
        group_select: Not used, as in the harness.
        fallback: Taken where there are no pairs; ``["invalid"]`` by default.
    """

    uses_doc = False
    _PAIRS = re.compile(r"\('([^']*)', '([^']*)'\)")

    def __init__(self, regex_pattern: str = r"\['(.*?)'\]", group_select: int = 0, fallback: Any = None) -> None:
        compile_pattern(regex_pattern, "regex_pattern")
        self.fallback = as_unparsed(["invalid"] if fallback is None else fallback)

    def apply_one(self, response: Any, doc: Any) -> Any:
        pairs = self._PAIRS.findall(response) if isinstance(response, str) else response
        return [tag for _, tag in pairs] or self.fallback


@register("filter", "multi_choice_regex")
class MultiChoiceRegexFilter(ElementFilter):
    """Take a choice's letter, as ``(A)``: by a pattern, else by a choice's own text, else by ``: A``.

    Choices are ``doc["choices"]``, lettered from A on in order.

    Args:
        regex_pattern: Tried first, on the answer as it is.
        group_select: Which match of each of the three patterns.
        fallback: Taken where all three find nothing; counted as unparsed.
        ignore_case: Compare choices' texts in lower case.
        ignore_punctuation: Compare them without punctuation (Unicode categories P).
        regexes_to_ignore: Remove these patterns from both before comparing.
    """

    def __init__(
        self,
        regex_pattern: str = _NUMBER_AFTER_HASHES,
        group_select: int = 0,
        fallback: Any = "[invalid]",
        ignore_case: bool = False,
        ignore_punctuation: bool = False,
        regexes_to_ignore: list[str] | None = None,
    ) -> None:
        self.regex = compile_pattern(regex_pattern, "regex_pattern")
        _check_group_select(group_select)
        self.group_select = group_select
        self.fallback = as_unparsed(fallback)
        self.ignore_case = ignore_case
        self.ignore_punctuation = ignore_punctuation
        # A plain string stands for its characters, as it does in the harness.
        self.ignored = [compile_pattern(pattern, "regexes_to_ignore") for pattern in regexes_to_ignore or ()]

    @property
    def safe(self) -> bool:
        return False

    def prepare(self) -> None:
        if self.ignore_punctuation:
            _punctuation()

    def apply_one(self, response: Any, doc: Any) -> Any:
        by_text: dict[str, str] = {}
        branches, letters = [], []
        for position, choice in enumerate(doc["choices"]):
            letter = chr(ord("A") + position)
            text = self._normalise(choice.strip())
            branches.append(re.escape(text))
            letters.append(letter)
            by_text[text] = f"({letter})"
        # Since 0.4.13 the longest choice comes first, so that one which begins another cannot hide it.
        if self.compat >= (0, 4, 13):
            branches.sort(key=len, reverse=True)
        found = self._find(self.regex, response)
        if not found:
            text_found = self._find(re.compile("|".join(branches)), self._normalise(response))
            found = by_text.get(text_found, text_found) if text_found else ""
        if not found:
            letter_found = self._find(re.compile(rf":[\s]*({'|'.join(letters)})"), response)
            found = f"({letter_found})" if letter_found in letters else letter_found
        if not found:
            return self.fallback
        return Unparsed(found) if isinstance(response, Unparsed) else found

    def _find(self, regex: re.Pattern[str], text: Any) -> str:
        matches = regex.findall(text if isinstance(text, str) else "")
        if not matches:
            return ""
        found = matches[self.group_select]
        if isinstance(found, tuple):
            found = next((group for group in found if group), "")
        stripped: str = found.strip()
        return stripped

    def _normalise(self, text: Any) -> Any:
        for pattern in self.ignored:
            text = pattern.sub("", text)
        if self.ignore_case:
            text = text.lower()
        if self.ignore_punctuation:
            text = text.translate(_punctuation())
        return text


_punctuation_table: dict[int, None] = {}


def _punctuation() -> dict[int, None]:
    """Every code point of a Unicode punctuation category, to None; made once, because it takes a tenth of a second."""
    if not _punctuation_table:
        import unicodedata

        category: Callable[[str], str] = unicodedata.category
        _punctuation_table.update((code, None) for code in range(sys.maxunicode) if category(chr(code))[0] == "P")
    return _punctuation_table


@register("filter", "strip_thinking")
class StripThinkingFilter(ElementFilter):
    """Remove a reasoning model's thoughts: tagged blocks, and all before a closing tag that the prompt opened.

    A block that never closes (an answer cut short) takes the rest of the answer with it; what is left is counted as
    unparsed, for the model never came to its answer.

    Args:
        tags: Names of the tags, without brackets.
    """

    uses_doc = False

    def __init__(self, tags: Sequence[str] | str = ("think", "thinking", "thought", "reasoning")) -> None:
        names = [tags] if isinstance(tags, str) else list(tags)
        if not all(names) or not names:
            raise ValueError("tags must be names of tags, like 'think'")
        self.tags = thinking_tags(tuple(names))

    def apply_one(self, response: Any, doc: Any) -> Any:
        parts = split_at_tags(response, self.tags)
        if parts.thinking is None:
            return response
        return parts.answer if parts.ended and not isinstance(response, Unparsed) else Unparsed(parts.answer)
