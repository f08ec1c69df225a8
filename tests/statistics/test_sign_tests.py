"""McNemar's test and sign flips against statsmodels, scipy and printed values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics import sign_tests
from regrade.statistics.paired import paired_difference
from regrade.statistics.sign_tests import mcnemar, mcnemar_from_counts, sign_flip_test


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=80)
def test_mcnemar_is_that_of_statsmodels(only_a: int, only_b: int) -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    ours = mcnemar_from_counts(only_a, only_b)
    if only_a + only_b == 0:
        assert (ours.p_exact, ours.p_mid, ours.p_chi2) == (1, 1, 1)
        return
    table = [[7, only_a], [only_b, 5]]
    assert ours.p_exact == pytest.approx(tables.mcnemar(table, exact=True).pvalue, rel=1e-10, abs=1e-300)
    if only_a != only_b:  # statsmodels subtracts 1 from 0 there
        corrected = tables.mcnemar(table, exact=False, correction=True)
        assert ours.chi2 == pytest.approx(corrected.statistic, rel=1e-12)
        assert ours.p_chi2 == pytest.approx(corrected.pvalue, rel=1e-10)


def test_mcnemar_by_hand() -> None:
    # 1 of 6: exact 2 * (1 + 6) / 64; mid-p less 6 / 64; (5 - 1 - 1)^2 / 6.
    found = mcnemar_from_counts(5, 1, both=3, neither=2)
    assert found[:4] == (3, 5, 1, 2)
    assert found.p_exact == pytest.approx(14 / 64, rel=1e-14)
    assert found.p_mid == pytest.approx(8 / 64, rel=1e-14)
    assert found.chi2 == pytest.approx(1.5)
    # Fagerland et al. 2013, table 1: airway hyper-responsiveness, 1 and 7 discordant pairs.
    printed = mcnemar_from_counts(1, 7, both=1, neither=12)
    assert printed.p_exact == pytest.approx(0.070, abs=5e-4)
    assert printed.p_mid == pytest.approx(0.039, abs=5e-4)


@pytest.mark.parametrize(
    ("tosses", "heads"), [(1, 0), (10, 5), (11, 5), (1001, 400), (5000, 1), (100_000, 49_500), (999_999, 499_000)]
)
def test_the_coin_against_scipy(tosses: int, heads: int) -> None:
    binom = pytest.importorskip("scipy.stats").binom
    tail, point = sign_tests._fair_coin(tosses, heads)
    assert tail == pytest.approx(binom.cdf(heads, tosses, 0.5), rel=1e-8, abs=1e-300)
    assert point == pytest.approx(binom.pmf(heads, tosses, 0.5), rel=1e-8, abs=1e-300)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_mcnemar_counts_answers(samples: list[tuple[bool, bool]]) -> None:
    found = mcnemar([a for a, _ in samples], [b for _, b in samples])
    counts = [samples.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
    assert list(found[:4]) == counts
    assert 0 <= found.p_mid <= found.p_exact <= 1


def test_mcnemar_errors() -> None:
    with pytest.raises(UsageError, match="0 or 1"):
        mcnemar([0.5, 1], [0, 1])
    with pytest.raises(UsageError, match="0 or 1"):
        mcnemar([math.nan, 1], [0, 1])
    with pytest.raises(UsageError, match="negative"):
        mcnemar_from_counts(-1, 2)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=12))
@settings(max_examples=40)
def test_exact_sign_flips_are_those_of_scipy(differences: list[int]) -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.array(differences) / 8
    theirs = stats.permutation_test(
        (values,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    ours = sign_flip_test(values)
    assert ours.exact
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-12)


def test_sign_flips_of_ranks_are_wilcoxon_s_test() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(6).normal(0.5, 1, 14)
    ranks = np.sign(values) * stats.rankdata(np.abs(values))
    assert sign_flip_test(ranks).p_value == pytest.approx(stats.wilcoxon(values, method="exact").pvalue, rel=1e-12)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 20))
def test_sign_flips_of_right_and_wrong_are_mcnemar_s_test(only_a: int, only_b: int, same: int) -> None:
    found = sign_flip_test([1.0] * only_a + [-1.0] * only_b + [0.0] * same)
    assert found.exact
    assert found.p_value == mcnemar_from_counts(only_a, only_b).p_exact


def test_random_sign_flips() -> None:
    rng = np.random.default_rng(7)
    for shift in (0.0, 0.15, 0.3):
        values = rng.normal(shift, 1, 150)
        found = sign_flip_test(values, resamples=20_000)
        assert not found.exact
        assert found.p_value == pytest.approx(paired_difference(values, np.zeros(150)).p_value, abs=0.02)
        assert found == sign_flip_test(values, resamples=20_000)
    assert sign_flip_test(rng.normal(5, 1, 50), resamples=99).p_value == 1 / 100


def test_sign_flips_of_many_samples_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(8).normal(0.1, 1, 333)
    whole = sign_flip_test(values, resamples=4000).p_value
    monkeypatch.setattr(sign_tests, "_COLUMNS", 5)
    monkeypatch.setattr(sign_tests, "_BYTES", 1000)
    assert sign_flip_test(values, resamples=4000).p_value == pytest.approx(whole, abs=0.03)


def test_sign_flips_look_up_the_right_sums() -> None:
    sizes = np.arange(1.0, 12.0)
    for pattern in (0, 1, 0b10, 0b1000_0000, 0b101_0000_0001, 2**11 - 1):
        signs = [1 if pattern >> i & 1 else -1 for i in range(11)]
        looked_up = sign_tests._flipped_sums(np.array([[pattern & 255, pattern >> 8]], dtype=np.uint8), sizes)
        assert looked_up.tolist() == [float(np.dot(signs, sizes))]


def test_sign_flip_edges() -> None:
    assert sign_flip_test([]) == (1.0, True)
    assert sign_flip_test([0.0, 0.0]) == (1.0, True)
    assert math.isnan(sign_flip_test([1.0, math.nan]).p_value)
    with pytest.raises(UsageError, match="resamples"):
        sign_flip_test([1.0], resamples=0)
