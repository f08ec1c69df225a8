"""Student's t against its closed forms for 1 and 2 degrees of freedom, and scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.student import student, t_p_value, t_value


def test_closed_forms() -> None:
    assert t_value(0.95, 1) == pytest.approx(math.tan(math.pi * 0.475), rel=1e-12)
    assert t_value(0.95, 2) == pytest.approx(0.95 * math.sqrt(2 / (1 - 0.95**2)), rel=1e-12)
    assert t_p_value(1.0, 1) == pytest.approx(0.5, rel=1e-14)
    assert t_p_value(-2.0, 2) == pytest.approx(1 - 2 / math.sqrt(6), rel=1e-13)
    assert t_p_value(0.0, 5) == 1
    assert t_p_value(math.inf, 5) == 0


@given(st.floats(0.01, 0.9999), st.integers(1, 5000))
@settings(max_examples=30)
def test_quantiles_are_scipy_s(level: float, freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert t_value(level, freedom) == pytest.approx(float(stats.t.isf((1 - level) / 2, freedom)), rel=1e-9)


@given(st.floats(1e-3, 50), st.integers(1, 5000))
@settings(max_examples=30)
def test_p_values_are_scipy_s(t: float, freedom: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert t_p_value(-t, freedom) == pytest.approx(2 * float(stats.t.sf(t, freedom)), rel=1e-9, abs=1e-290)


def test_interval() -> None:
    assert student(1.0, 2.0, 9) == pytest.approx((1 - 2 * 2.2621571627982053, 1 + 2 * 2.2621571627982053), rel=1e-12)
    for nothing in (student(1.0, 2.0, 0), student(1.0, math.nan, 3)):
        assert math.isnan(nothing.low)
    assert math.isnan(t_p_value(1.0, 0))
    with pytest.raises(UsageError, match="between 0 and 1"):
        t_value(95, 3)
    with pytest.raises(UsageError, match="degrees"):
        t_value(0.95, 0)
