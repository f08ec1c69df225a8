"""Two orders settled into one verdict, by FastChat's rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.judging.orders import OPPOSITE, favoured_position, settle

verdicts = st.sampled_from(["first", "second", "tie"])


@pytest.mark.parametrize(
    ("forward", "backward", "expected"),
    [
        ("first", "first", "first"),
        ("second", "second", "second"),
        ("tie", "tie", "tie"),
        ("first", "second", "tie"),
        ("second", "first", "tie"),
        ("first", "tie", "tie"),
        ("tie", "second", "tie"),
        (None, "first", None),
        ("tie", None, None),
        (None, None, None),
    ],
)
def test_orders_that_disagree_are_a_tie(forward: Any, backward: Any, expected: Any) -> None:
    assert settle(forward, backward) == expected


@given(verdicts, verdicts)
def test_naming_the_answers_the_other_way_round_changes_nothing(forward: Any, backward: Any) -> None:
    # With the names exchanged, what was the forward order is the backward one.
    turned = settle(OPPOSITE[backward], OPPOSITE[forward])  # type: ignore[index]
    assert turned == OPPOSITE[settle(forward, backward)]  # type: ignore[index]
    # The position that a judge leans to is one of places, not of names.
    assert favoured_position(OPPOSITE[backward], OPPOSITE[forward]) == favoured_position(forward, backward)  # type: ignore[index]
    assert (favoured_position(forward, backward) is None) == (forward == backward)
