"""Clustered standard errors against hand computation, statsmodels and the formula's own limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats, replicate_of_sums
from regrade.statistics.clustered import (
    cluster_bootstrap,
    cluster_codes,
    clustered_interval,
    clustered_stderr,
    sum_by_cluster,
)
from regrade.statistics.harness import mean_stderr
from regrade.statistics.intervals import bca_of_sums
from regrade.statistics.paired import paired_difference
from regrade.statistics.proportion import wilson

rows = st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 6)), min_size=2, max_size=60)


def test_hand_computed() -> None:
    # Mean 1/2; deviations add up to 1, -1 and 0 in the three clusters: sqrt(2) / 6, times sqrt(3 / 2).
    assert clustered_stderr([1, 1, 0, 0, 1, 0], list("aabbcc")) == pytest.approx(math.sqrt(3) / 6, rel=1e-15)


def test_miller_s_cross_terms() -> None:
    # Eq. 4 as printed: SE_CLT^2, with n in place of n - 1, plus the products of different samples of one cluster.
    rng = np.random.default_rng(0)
    values, labels = rng.random(30), rng.integers(0, 8, 30)
    deviations = values - values.mean()
    crossed = sum(
        deviations[i] * deviations[j] for i in range(30) for j in range(30) if i != j and labels[i] == labels[j]
    )
    clusters = len(set(labels.tolist()))
    printed = mean_stderr(values.tolist()) ** 2 * 29 / 30 + crossed / 30**2
    expected = math.sqrt(printed * clusters / (clusters - 1))
    assert clustered_stderr(values, labels.tolist()) == pytest.approx(expected, rel=1e-12)


@given(rows)
@settings(max_examples=30)
def test_statsmodels(samples: list[tuple[float, int]]) -> None:
    linear_model = pytest.importorskip("statsmodels.regression.linear_model")
    values, labels = np.array([value for value, _ in samples]), np.array([label for _, label in samples])
    if len(set(labels.tolist())) < 2:
        assert math.isnan(clustered_stderr(values, labels.tolist()))
        return
    fit = linear_model.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": labels, "use_correction": True}
    )
    assert clustered_stderr(values, labels.tolist()) == pytest.approx(float(fit.bse[0]), rel=1e-7, abs=1e-9)


def test_few_clusters_as_statsmodels_has_them() -> None:
    """Interval and p-value by CR1 and Student's t with G - 1 degrees of freedom."""
    linear_model = pytest.importorskip("statsmodels.regression.linear_model")
    rng = np.random.default_rng(3)
    a, b, labels = rng.random(40) + 0.3, rng.random(40), rng.integers(0, 6, 40)
    fit = linear_model.OLS(a - b, np.ones(40)).fit(
        cov_type="cluster", cov_kwds={"groups": labels, "use_correction": True, "df_correction": True}, use_t=True
    )
    found = paired_difference(a, b, clusters=labels.tolist(), level=0.9)
    assert found.interval == pytest.approx(tuple(fit.conf_int(alpha=0.1)[0]), rel=1e-10)
    assert found.p_value == pytest.approx(float(fit.pvalues[0]), rel=1e-10)


def test_bootstrap_of_clusters_is_the_bootstrap_of_their_sums() -> None:
    rng = np.random.default_rng(4)
    stack, labels = rng.random((60, 2)) + np.array([0, 1]), rng.integers(0, 12, 60).tolist()

    def ratio(sums: Floats) -> Floats:
        return sums[:, 0] / sums[:, 1]

    estimate = float(ratio(stack.sum(axis=0)[None])[0])
    _, interval = cluster_bootstrap(replicate_of_sums(stack, ratio), estimate, labels, resamples=300)
    assert interval == pytest.approx(bca_of_sums(sum_by_cluster(stack, labels), ratio, resamples=300), rel=1e-9)
    wide = np.hstack([stack] * 5)  # beyond a few columns draws are counted, not gathered
    _, again = cluster_bootstrap(replicate_of_sums(wide, ratio), estimate, labels, resamples=300)
    assert again == pytest.approx(interval, rel=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=50))
def test_clusters_of_one(values: list[float]) -> None:
    n = len(values)
    assert clustered_stderr(values, range(n)) == pytest.approx(mean_stderr(values), abs=1e-9)


@given(rows, st.randoms(use_true_random=False))
def test_order_and_names_do_not_matter(samples: list[tuple[float, int]], shuffler: object) -> None:
    values, labels = zip(*samples, strict=True)
    mixed = list(samples)
    shuffler.shuffle(mixed)  # type: ignore[attr-defined]
    other = clustered_stderr([value for value, _ in mixed], [("cluster", label) for _, label in mixed])
    assert other == pytest.approx(clustered_stderr(values, labels), abs=1e-9, nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20), st.integers(2, 5))
def test_copies_of_a_sample_add_no_certainty(values: list[float], copies: int) -> None:
    repeated = [value for value in values for _ in range(copies)]
    labels = [i for i in range(len(values)) for _ in range(copies)]
    assert clustered_stderr(repeated, labels) == pytest.approx(clustered_stderr(values, range(len(values))), abs=1e-9)


def test_labels_of_any_kind() -> None:
    assert cluster_codes(["b", None, ("x", 1), "b", 2.5]).tolist() == [0, 1, 2, 0, 3]
    assert sum_by_cluster([[1, 10], [2, 20], [4, 40]], ["x", "y", "x"]).tolist() == [[5, 50], [2, 20]]
    assert sum_by_cluster([1, 2, 4], ["x", "y", "x"]).tolist() == [5, 2]


def test_too_little_is_nan() -> None:
    assert math.isnan(clustered_stderr([], []))
    assert math.isnan(clustered_stderr([1.0, 0.0], ["a", "a"]))
    assert math.isnan(clustered_stderr([1.0, math.nan], ["a", "b"]))
    with pytest.raises(UsageError, match="2 samples but 1 cluster labels"):
        clustered_stderr([1.0, 0.0], ["a"])


def test_clusters_that_are_all_alike_are_not_certain() -> None:
    """Four clusters that are all right are four answers, not twenty."""
    labels = [n // 5 for n in range(20)]
    assert clustered_interval([1.0] * 20, labels) == wilson(4, 4)
    assert clustered_interval([0.0] * 20, labels) == wilson(0, 4)
    assert math.isnan(clustered_interval([1.0] * 5, [0] * 5).low)
