"""Format strings are what ``str.format`` makes of them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regrade.cards.prompting.format_strings import FormatString

DATA = {"a": "x", "b": 2.345, "c d": None, "e": ["{a}"]}
PARTS = st.sampled_from(["{a}", "{b}", "{b:.1f}", "{a!r}", "{e!s:>9}", "{c d}", "{{", "}}", "text", "\n"])


@given(st.lists(PARTS).map("".join))
def test_what_str_format_gives(text: str) -> None:
    assert FormatString(text)(DATA) == text.format(**DATA)


@example("{a:{}}")
@example("{a:{a}}")
@given(st.text(alphabet="{}a!:.[]0 ", max_size=12))
def test_what_str_format_refuses_is_refused(text: str) -> None:
    try:
        expected = text.format(a="x")
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        expected = None
    try:
        got = FormatString(text)({"a": "x"})
    except (ValueError, KeyError):
        got = None
    assert got is None or got == expected


def test_fields_in_order_once_each() -> None:
    assert FormatString("{b} {a!r} {b} {c:>3}").fields == ("b", "a", "c")


@pytest.mark.parametrize("text", ["{a.__class__}", "{a[0]}", "{}", "{0}", "{", "}", "{a!x}"])
def test_what_reaches_inside_or_has_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        FormatString(text)({"a": "x", "0": "y"})


def test_values_are_not_looked_through() -> None:
    assert FormatString("{a}")({"a": "{b} {{"}) == "{b} {{"
