"""Holm's correction: a textbook's numbers, statsmodels, and what has no p-value."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.statistics.multiple import holm


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_what_has_no_p_value_is_no_test() -> None:
    first, none, second = holm([0.02, math.nan, 0.3])
    assert (first, second) == (0.04, 0.3)
    assert math.isnan(none)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_statsmodels(p_values: list[float]) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    assert holm(p_values) == pytest.approx(multitest.multipletests(p_values, method="holm")[1].tolist(), abs=1e-12)
