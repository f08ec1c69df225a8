"""Correlations and their p-values: scipy's, and by hand."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from regrade.statistics.correlation import (
    Correlation,
    average_ranks,
    kendall,
    pearson,
    spearman,
)
from regrade.statistics.student import student_p_value

OURS: dict[str, Callable[..., Correlation]] = {"pearson": pearson, "spearman": spearman, "kendall": kendall}
THEIRS: dict[str, Callable[..., Any]] = {
    "pearson": stats.pearsonr,
    "spearman": stats.spearmanr,
    "kendall": stats.kendalltau,
}
TIED = st.tuples(st.integers(-3, 3), st.integers(0, 2)).map(lambda pair: (pair[0] / 2, float(pair[1])))
FREE = st.tuples(*[st.integers(-1000, 1000).map(float)] * 2)


def check(name: str, x: list[float], y: list[float], **options: Any) -> None:
    """Values and p-values agree to 1e-12 (relative; absolute for values near 0)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = THEIRS[name](x, y, **options)
    found = OURS[name](x, y, **options)
    assert found.value == pytest.approx(float(wanted.statistic), rel=1e-12, abs=1e-12, nan_ok=True)
    if name == "kendall" or not abs(found.value) > 1 - 1e-12:  # beside 1, the p-value hangs on the last digit
        assert found.p_value == pytest.approx(float(wanted.pvalue), rel=1e-12, abs=1e-300, nan_ok=True)
    else:
        assert found.p_value == pytest.approx(float(wanted.pvalue), abs=1e-5, nan_ok=True)


@pytest.mark.parametrize("name", list(OURS))
@given(pairs=st.lists(TIED, min_size=2, max_size=14) | st.lists(FREE, min_size=2, max_size=45))
@settings(deadline=None)
def test_correlations_are_scipys(name: str, pairs: list[tuple[float, float]]) -> None:
    check(name, [x for x, _ in pairs], [y for _, y in pairs])


@given(st.lists(TIED, min_size=2, max_size=12))
@settings(deadline=None)
def test_kendalls_tau_c_is_scipys(pairs: list[tuple[float, float]]) -> None:
    check("kendall", [x for x, _ in pairs], [y for _, y in pairs], variant="c")


@pytest.mark.parametrize("name", list(OURS))
@pytest.mark.parametrize("n", [3, 10, 33, 34, 80, 200, 5000])
@pytest.mark.parametrize("strength", [0.0, 0.3, 5.0])
def test_sizes_and_strengths(name: str, n: int, strength: float) -> None:
    draw = np.random.default_rng(n)
    x = draw.normal(size=n)
    y = strength * x + draw.normal(size=n)
    check(name, x.tolist(), y.tolist())
    check(name, x.round(1).tolist(), y.round(0).tolist())


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 78, 79, 80, 81, 998, 100_000])
@pytest.mark.parametrize("correlation", [1e-4, 0.01, 0.2, 0.69, 0.71, 0.9, 0.999])
def test_the_p_value_is_that_of_students_t(freedom: int, correlation: float) -> None:
    wanted = 2 * stats.t(freedom).sf(correlation * math.sqrt(freedom / ((1 - correlation) * (1 + correlation))))
    assert student_p_value(correlation, freedom) == pytest.approx(float(wanted), rel=1e-12, abs=1e-300)
    assert student_p_value(-correlation, freedom) == student_p_value(correlation, freedom)


def test_by_hand() -> None:
    # One degree of freedom is Cauchy's distribution: p = 1 - 2/pi asin(r).
    assert student_p_value(1e-8, 1) == pytest.approx(1 - 2 / math.pi * math.asin(1e-8), rel=1e-15)
    assert student_p_value(0.5, 1) == pytest.approx(1 - 2 / math.pi * math.asin(0.5), rel=1e-14)
    # Two: t is distributed as the correlation itself, evenly: p = 1 - r.
    assert student_p_value(0.25, 2) == pytest.approx(0.75, rel=1e-14)
    # Of the 24 orders of four numbers one has no inversion and three have one.
    assert kendall([1, 2, 3, 4], [1, 2, 3, 4]) == (pytest.approx(1.0), 2 / 24)
    assert kendall([1, 2, 3, 4], [1, 2, 4, 3]) == (pytest.approx(4 / 6), 2 * 4 / 24)
    assert spearman([1, 2, 3], [10, 30, 20]).value == pytest.approx(0.5)
    assert pearson([0, 1], [5, 3]) == (-1.0, 1.0)


@pytest.mark.parametrize("name", list(OURS))
@pytest.mark.parametrize(
    ("x", "y"), [([], []), ([1], [2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [2, 2, 2]), ([1, 2, math.nan], [1, 2, 3])]
)
def test_what_is_undefined_is_nan(name: str, x: list[float], y: list[float]) -> None:
    assert all(map(math.isnan, OURS[name](x, y)))


@given(st.lists(st.lists(st.integers(0, 4), min_size=5, max_size=5), min_size=1, max_size=4))
def test_ranks_are_scipys(table: list[list[int]]) -> None:
    assert average_ranks(table).tolist() == stats.rankdata(table, axis=1).tolist()
    assert average_ranks(table[0]).tolist() == stats.rankdata(table[0]).tolist()


@given(st.lists(st.tuples(*[st.floats(-5, 5)] * 2), min_size=3, max_size=20))
def test_pearson_is_scipys_to_the_last_bit(pairs: list[tuple[float, float]]) -> None:
    """Whether a replicate of a bootstrap equals the value decides about its interval."""
    x, y = np.array(pairs).T
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return

    def unit(values: Any) -> Any:  # as in scipy 1.17: squares are added up, not multiplied as a dot product
        centred = values - values.mean()
        largest = np.abs(centred).max()
        return centred / (largest * np.sqrt(np.add.reduce((centred / largest) ** 2)))

    with np.errstate(invalid="ignore"):
        wanted = float(np.clip(np.vecdot(unit(x), unit(y)), -1.0, 1.0))
    assert pearson(x.tolist(), y.tolist()).value == wanted or math.isnan(wanted)
