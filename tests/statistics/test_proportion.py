"""Closed-form intervals against printed values and statsmodels."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.proportion import normal, wilson, z_value

levels = st.floats(0.5, 0.999)


def test_z_value() -> None:
    assert z_value(0.95) == pytest.approx(1.959963984540054, rel=1e-15)
    for level in (0, 1, 95, -0.1, math.nan):
        with pytest.raises(UsageError, match="confidence level"):
            z_value(level)


def test_wilson_of_a_textbook_case() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_wilson_at_the_ends() -> None:
    assert wilson(0, 0) == (0, 1)
    assert wilson(0, 10).low == 0
    assert wilson(10, 10).high == 1
    assert wilson(10, 10).low == pytest.approx(1 - wilson(0, 10).high)
    for successes, n in ((-1, 5), (6, 5), (0, -1), (math.nan, 3)):
        with pytest.raises(UsageError, match="not a proportion"):
            wilson(successes, n)


@given(st.integers(0, 500), st.integers(1, 500), levels)
def test_wilson_properties(successes: int, n: int, level: float) -> None:
    successes = min(successes, n)
    interval = wilson(successes, n, level)
    assert 0 <= interval.low < interval.high <= 1
    assert interval.contains(successes / n)
    mirrored = wilson(n - successes, n, level)
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx(interval, abs=1e-12)


@given(st.integers(0, 60), st.integers(1, 60), levels)
@settings(max_examples=50)
def test_wilson_is_that_of_statsmodels(successes: int, n: int, level: float) -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    successes = min(successes, n)
    expected = proportion.proportion_confint(successes, n, alpha=1 - level, method="wilson")
    assert wilson(successes, n, level) == pytest.approx(expected, abs=1e-12)


def test_normal() -> None:
    assert normal(0.5, 0.1) == pytest.approx((0.5 - 0.1959963984540054, 0.5 + 0.1959963984540054), rel=1e-15)
    assert normal(3.0, 0.0) == (3.0, 3.0)
    assert math.isnan(normal(3.0, math.nan).low)


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), levels)
def test_normal_contains_its_estimate(estimate: float, stderr: float, level: float) -> None:
    assert normal(estimate, stderr, level).contains(estimate)


@pytest.mark.parametrize("module", ["proportion", "power", "harness"])
def test_needs_no_numpy(module: str) -> None:
    code = f"import sys, regrade.statistics.{module}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
