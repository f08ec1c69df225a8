"""Operators that make one of a few words of an answer: yes or no, for or against, a class or not."""

from __future__ import annotations

from typing import Any, ClassVar

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.paths import MISSING
from regrade.cards.operators.texts.cutting import TextOperator
from regrade.cards.operators.texts.extraction import Extraction


@artifact("convert_to_boolean")
class ConvertToBoolean(Extraction):
    """Reads an answer that holds ``no``, ``not``, ``wrong`` or ``false`` anywhere as ``FALSE``, else one that holds
    ``yes``, ``right``, ``correct`` or ``true`` as ``TRUE``, else as ``OTHER``.

    >>> ConvertToBoolean(field="a").process_row({"a": "Yes, that is right."})
    {'a': 'TRUE'}
    """

    fallback: ClassVar[Any] = "OTHER"

    def find(self, value: Any) -> Any:
        said = str(value).lower()
        if any(word in said for word in ("no", "wrong", "false")):  # "not" holds "no"
            return "FALSE"
        if any(word in said for word in ("yes", "right", "correct", "true")):
            return "TRUE"
        return MISSING


@artifact("yes_no_to_int")
class YesNoToInt(FieldOperator):
    """Makes ``1`` of ``yes`` and ``0`` of ``no`` (as texts); anything else stays.

    >>> YesNoToInt(field="a").process_row({"a": "yes"})
    {'a': '1'}
    """

    def process_value(self, value: Any) -> Any:
        return "1" if value == "yes" else "0" if value == "no" else value


@artifact("yes_to_one_else_zero")
class YesToOneElseZero(FieldOperator):
    """Makes ``1`` of ``yes`` and ``0`` of anything else (as texts).

    >>> YesToOneElseZero(field="a").process_row({"a": "maybe"})
    {'a': '0'}
    """

    def process_value(self, value: Any) -> Any:
        return "1" if value == "yes" else "0"


@artifact("to_yes_or_none")
class ToYesOrNone(FieldOperator):
    """Makes ``none`` of anything but ``yes``.

    >>> ToYesOrNone(field="a").process_row({"a": "no"})
    {'a': 'none'}
    """

    def process_value(self, value: Any) -> Any:
        return "yes" if value == "yes" else "none"


@artifact("stance_to_pro_con")
class StanceToProCon(FieldOperator):
    """Makes ``PRO`` of ``positive``, ``CON`` of ``negative`` and ``suggestion``, and ``none`` of anything else.

    >>> StanceToProCon(field="a").process_row({"a": "negative"})
    {'a': 'CON'}
    """

    def process_value(self, value: Any) -> Any:
        return "PRO" if value == "positive" else "CON" if value in ("negative", "suggestion") else "none"


@artifact("string_equals", "string_or_not_string")
class StringEquals(TextOperator):
    """Makes the name of a class, or ``not`` and the name, of a text that holds it; other texts stay.

    >>> StringEquals(field="a", string="toxic").process_row({"a": "It is not toxic."})
    {'a': 'not toxic'}

    Args:
        string: The class.
    """

    string: str

    def process_text(self, text: str) -> Any:
        said, name = text.lower(), self.string.lower()
        if f"not {name}" in said:
            return f"not {name}"
        return name if name in said else text
