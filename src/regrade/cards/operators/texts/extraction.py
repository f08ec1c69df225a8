"""Operators that take an answer out of a text, and know when there was none."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, ClassVar, Final

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.paths import MISSING
from regrade.artifacts.streams import Row
from regrade.cards.operators.texts.cutting import TextOperator, compile_argument


class Extraction(FieldOperator):
    """A field operator that may find nothing, and then gives a fallback.

    In a row the fallback is a value like any other, as in Unitxt; whoever has to tell it from an answer that was found
    (:func:`~regrade.cards.operators.texts.processors.postprocess` does) asks ``find``.

    Attributes:
        fallback: What stands for nothing found.
    """

    fallback: ClassVar[Any] = ""

    def find_in_answer(self, value: Any) -> tuple[Any, str]:
        """What is found in a model's answer, or ``MISSING``, and what is to be said of it then.

        Judgements are stricter here than in ``find``: what was thought or lies beyond the scale does not count.
        """
        return self.find(value), "found nothing"

    def find(self, value: Any) -> Any:
        """What is found in ``value``, or ``MISSING``."""
        raise NotImplementedError

    def not_found(self) -> Any:
        """What stands for nothing found."""
        return self.fallback

    def process_value(self, value: Any) -> Any:
        found = self.find(value)
        return self.not_found() if found is MISSING else found


class TextExtraction(Extraction):
    """An extraction from texts, which refuses everything else."""

    def find_in(self, text: str) -> Any:
        """What is found in ``text``, or ``MISSING``."""
        raise NotImplementedError

    def find(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError(f"a text is wanted, not {type(value).__name__}: {value!r:.60}")
        return self.find_in(value)


@artifact("regex_parser")
class RegexParser(TextExtraction):
    r"""Takes all matches of a pattern: texts, or tuples where it has several groups.

    >>> RegexParser(field="a", regex=r"(\w+):(\w+)").process_row({"a": "Ann:PER, Rome:LOC"})
    {'a': [('Ann', 'PER'), ('Rome', 'LOC')]}

    Args:
        regex: The regular expression.
        termination_regex: A text that it matches as a whole says that there is nothing: it gives no matches.
    """

    regex: str
    termination_regex: str | None = None

    def verify(self) -> None:
        compile_argument(self.regex, "regex")
        if self.termination_regex is not None:
            compile_argument(self.termination_regex, "termination_regex")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.regex)

    def _says_nothing(self, text: str) -> bool:
        return self.termination_regex is not None and re.fullmatch(self.termination_regex, text) is not None

    def find_in(self, text: str) -> Any:
        if self._says_nothing(text):
            return []
        return self._pattern.findall(text) or MISSING

    def not_found(self) -> Any:
        return []


@artifact("extract_with_regex")
class ExtractWithRegex(RegexParser):
    r"""Takes the first match of a pattern (of its group, if it has one); an empty text if there is none.

    >>> ExtractWithRegex(field="a", regex=r"\[\[(.*?)\]\]").process_row({"a": "so: [[B]]"})
    {'a': 'B'}

    Args:
        regex: The regular expression.
        termination_regex: A text that it matches as a whole says that there is nothing.
    """

    def find_in(self, text: str) -> Any:
        if self._says_nothing(text):
            return ""
        match = self._pattern.search(text)
        if match is None:
            return MISSING
        groups = match.groups("")
        return match.group() if not groups else groups[0] if len(groups) == 1 else groups

    def not_found(self) -> Any:
        return ""


@artifact("group_dict_with_regex")
class GroupDictWithRegex(TextOperator):
    r"""Takes what the named groups of a pattern match at a text's start, as a dict; an empty one if it does not match.

    >>> GroupDictWithRegex(field="a", pattern=r"(?P<name>\w+):(?P<age>\d+)").process_row({"a": "Ann:23"})
    {'a': {'name': 'Ann', 'age': '23'}}

    Args:
        pattern: The regular expression.
        flags: Flags of Python's ``re``, as a number: 2 ignores case, 16 lets a dot match line ends.
    """

    pattern: str
    flags: int = 0

    def verify(self) -> None:
        compile_argument(self.pattern, "pattern", self.flags)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern, self.flags)

    def process_text(self, text: str) -> Any:
        match = self._pattern.match(text)
        return match.groupdict() if match else {}


@artifact("take_first_non_empty_line")
class TakeFirstNonEmptyLine(FieldOperator):
    r"""Takes the first line that is not empty.

    >>> TakeFirstNonEmptyLine(field="a").process_row({"a": "\n yes \nbecause"})
    {'a': 'yes'}
    """

    def process_value(self, value: Any) -> Any:
        return str(value).strip().split("\n", 1)[0].strip()


@artifact("take_last_non_empty_line")
class TakeLastNonEmptyLine(FieldOperator):
    r"""Takes the last line that is not empty.

    >>> TakeLastNonEmptyLine(field="a").process_row({"a": "because\nyes\n\n"})
    {'a': 'yes'}
    """

    def process_value(self, value: Any) -> Any:
        return str(value).strip().rsplit("\n", 1)[-1].strip()


@artifact("get_string_after")
class GetStringAfter(TextOperator):
    """Takes what follows the first place of a text, or the whole where it does not stand; without white space.

    >>> GetStringAfter(field="a", substring=":").process_row({"a": "Answer: yes: surely"})
    {'a': 'yes: surely'}

    Args:
        substring: The text to look for.
    """

    substring: str

    def process_text(self, text: str) -> Any:
        return text.split(self.substring, 1)[-1].strip()


_FIRST_CHARACTER: Final = re.compile(r"\w")
_FIRST_WORD: Final = re.compile(r"-*[0-9]+(?:\.[0-9]+)*|\w+")


@artifact("first_character")
class FirstCharacter(TextExtraction):
    """Takes the first letter, digit or underscore; an empty text if there is none.

    >>> FirstCharacter(field="a").process_row({"a": " (B) because"})
    {'a': 'B'}
    """

    def find_in(self, text: str) -> Any:
        match = _FIRST_CHARACTER.search(text)
        return match.group() if match else MISSING


@artifact("take_first_word")
class TakeFirstWord(TextExtraction):
    """Takes the first number (with its sign and decimals) or word; an empty text if there is none.

    >>> TakeFirstWord(field="a").process_row({"a": "-3.5 or so"})
    {'a': '-3.5'}
    """

    def find_in(self, text: str) -> Any:
        match = _FIRST_WORD.search(text)
        return match.group() if match else MISSING


@artifact("match_closest_option")
class MatchClosestOption(FieldOperator):
    """Takes the option that is most like the text, by :func:`difflib.get_close_matches`.

    >>> row = {"prediction": "yess", "task_data": {"options": ["yes", "no"]}}
    >>> MatchClosestOption(field="prediction").process_row(row)["prediction"]
    'yes'

    Args:
        options_field: The field of ``task_data`` that holds the options.
    """

    options_field: str = "options"

    def process_value_of(self, value: Any, row: Row) -> Any:
        options = row["task_data"][self.options_field]
        if value in options:
            return value
        from difflib import get_close_matches

        found = get_close_matches(value, options, n=1, cutoff=0.0)
        if not found:
            raise ValueError(f"there are no options in {self.options_field!r}")
        return found[0]
