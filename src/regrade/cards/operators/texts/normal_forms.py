"""Operators that bring a text into a normal form: letter case, articles, punctuation, white space, numbers."""

from __future__ import annotations

import re
from typing import Any, Final

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.cards.operators.texts.cutting import TextOperator
from regrade.metrics.text.squad import without_articles, without_punctuation

_END_OF_CLAUSE: Final = re.compile(r"[.,!?;]")


@artifact("to_string")
class ToString(FieldOperator):
    """Makes a text of anything.

    >>> ToString(field="a").process_row({"a": 1.5})
    {'a': '1.5'}
    """

    def process_value(self, value: Any) -> Any:
        return str(value)


@artifact("to_string_stripped")
class ToStringStripped(FieldOperator):
    r"""Makes a text of anything, without white space at its ends.

    >>> ToStringStripped(field="a").process_row({"a": " yes\n"})
    {'a': 'yes'}
    """

    def process_value(self, value: Any) -> Any:
        return str(value).strip()


@artifact("lower", "lower_case")
class Lower(TextOperator):
    """Turns a text into lower case.

    >>> Lower(field="a").process_row({"a": "GPT-4"})
    {'a': 'gpt-4'}
    """

    def process_text(self, text: str) -> Any:
        return text.lower()


@artifact("upper")
class Upper(FieldOperator):
    """Turns a text (or the text of anything) into upper case.

    >>> Upper(field="a").process_row({"a": "b"})
    {'a': 'B'}
    """

    def process_value(self, value: Any) -> Any:
        return str(value).upper()


@artifact("capitalize")
class Capitalize(TextOperator):
    """Turns the first character into upper case and the others into lower case.

    >>> Capitalize(field="a").process_row({"a": "yes, SIR"})
    {'a': 'Yes, sir'}
    """

    def process_text(self, text: str) -> Any:
        return text.capitalize()


@artifact("lower_case_till_punc")
class LowerCaseTillPunc(TextOperator):
    """Turns a text into lower case, and cuts it before the first of ``. , ! ? ;``.

    >>> LowerCaseTillPunc(field="a").process_row({"a": "Positive. I think"})
    {'a': 'positive'}
    """

    def process_text(self, text: str) -> Any:
        return _END_OF_CLAUSE.split(text.lower(), maxsplit=1)[0]


@artifact("remove_articles")
class RemoveArticles(TextOperator):
    """Puts a space in the place of each ``a``, ``an`` and ``the`` (in lower case).

    >>> RemoveArticles(field="a").process_row({"a": "the cat"})
    {'a': '  cat'}
    """

    def process_text(self, text: str) -> Any:
        return without_articles(text)


@artifact("remove_punctuations")
class RemovePunctuations(TextOperator):
    """Takes out punctuation (of ASCII).

    >>> RemovePunctuations(field="a").process_row({"a": "It's 3.5!"})
    {'a': 'Its 35'}
    """

    def process_text(self, text: str) -> Any:
        return without_punctuation(text)


@artifact("fix_white_space")
class FixWhiteSpace(TextOperator):
    r"""Makes one space of all white space between words, and none at the ends.

    >>> FixWhiteSpace(field="a").process_row({"a": " a \n b"})
    {'a': 'a b'}
    """

    def process_text(self, text: str) -> Any:
        return " ".join(text.split())


@artifact("add_prefix")
class AddPrefix(TextOperator):
    """Puts a prefix before a text that does not start with it; white space at the ends goes.

    >>> AddPrefix(field="sql", prefix="SELECT ").process_row({"sql": " name FROM t"})
    {'sql': 'SELECT name FROM t'}

    Args:
        prefix: What the text is to start with.
    """

    prefix: str

    def process_text(self, text: str) -> Any:
        text = text.strip()
        return text if text.startswith(self.prefix) else self.prefix + text


@artifact("substring")
class Substring(TextOperator):
    """Takes a part of a text.

    >>> Substring(field="a", begin=1, end=3).process_row({"a": "words"})
    {'a': 'or'}

    Args:
        begin: Position of the first character taken.
        end: Position of the first that is not taken; the text's end if not given.
    """

    begin: int = 0
    end: int | None = None

    def process_text(self, text: str) -> Any:
        return text[self.begin : self.end]


@artifact("str_to_float_format")
class StrToFloatFormat(FieldOperator):
    """Writes a number the way Python writes floats; what is no number stays, as a text.

    >>> StrToFloatFormat(field="a", process_every_value=True).process_row({"a": ["2", "-2.50", "two"]})
    {'a': ['2.0', '-2.5', 'two']}
    """

    def process_value(self, value: Any) -> Any:
        try:
            return str(float(value))
        except (TypeError, ValueError, OverflowError):
            return str(value)
