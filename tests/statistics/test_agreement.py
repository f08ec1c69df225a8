"""Agreement of raters against scikit-learn, the krippendorff package and Krippendorff's printed examples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.agreement import (
    Scale,
    cohen_kappa,
    confusion_matrix,
    krippendorff_alpha,
    raw_agreement,
)

pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=50)

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section C: four observers, twelve units, with gaps.
OBSERVERS: list[list[Any]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def test_confusion_matrix() -> None:
    found = confusion_matrix(["yes", "no", "yes", "yes"], ["yes", "yes", "no", "yes"])
    assert found.labels == ("no", "yes")
    assert found.counts.tolist() == [[0, 1], [1, 2]]
    assert confusion_matrix(["b"], ["a"], labels=["b", "a", "c"]).counts.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert confusion_matrix([1, None], ["x", 1]).labels == (None, 1, "x")
    assert confusion_matrix([], []).counts.shape == (0, 0)
    with pytest.raises(UsageError, match="'c' is not among"):
        confusion_matrix(["c"], ["a"], labels=["a", "b"])
    with pytest.raises(UsageError, match="one rater gave 1 labels, the other 2"):
        confusion_matrix([1], [1, 2])


def test_kappa_of_a_textbook_case() -> None:
    # 20 both yes, 15 both no, 5 and 10 otherwise: 0.7 observed, 0.5 by chance.
    a = ["y"] * 25 + ["n"] * 25
    b = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert raw_agreement(a, b) == 0.7
    assert cohen_kappa(a, b) == pytest.approx(0.4)
    assert cohen_kappa(a, b, weights="linear") == pytest.approx(0.4)


@given(pairs, st.sampled_from([None, "linear", "quadratic"]))
@settings(max_examples=80)
def test_kappa_is_that_of_scikit_learn(samples: list[tuple[int, int]], weights: Any) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    a, b = [x for x, _ in samples], [y for _, y in samples]
    ours = cohen_kappa(a, b, weights=weights)
    if len({*a, *b}) == 1:
        assert math.isnan(ours)
        return
    assert ours == pytest.approx(metrics.cohen_kappa_score(a, b, weights=weights), abs=1e-12)
    assert cohen_kappa(b, a, weights=weights) == pytest.approx(ours, abs=1e-12)
    assert cohen_kappa(a, a) == 1 or len(set(a)) == 1


def test_kappa_weights_follow_the_given_order() -> None:
    a, b = ["low", "mid", "high", "high"], ["low", "high", "high", "mid"]
    order = ["low", "mid", "high"]
    numbers = cohen_kappa([0, 1, 2, 2], [0, 2, 2, 1], weights="quadratic")
    assert cohen_kappa(a, b, weights="quadratic", labels=order) == pytest.approx(numbers)
    with pytest.raises(UsageError, match="no weights are named"):
        cohen_kappa(a, b, weights="cubic")  # type: ignore[arg-type]


def test_nothing_rated() -> None:
    assert math.isnan(raw_agreement([], []))
    assert math.isnan(cohen_kappa([], []))
    assert math.isnan(krippendorff_alpha([]))
    assert math.isnan(krippendorff_alpha([[1, None], [None, 2]]))
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    assert math.isnan(krippendorff_alpha([[1.5, 1.5], [1.5, 1.5]], "interval"))


@pytest.mark.parametrize(("scale", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorff_s_example(scale: Scale, printed: float) -> None:
    assert krippendorff_alpha(OBSERVERS, scale) == pytest.approx(printed, abs=6e-4)


ratings = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=raters, max_size=raters), min_size=1, max_size=15
    )
)


@given(ratings, st.sampled_from(["nominal", "ordinal", "interval"]))
@settings(max_examples=80)
def test_alpha_is_that_of_the_krippendorff_package(units: list[list[int | None]], scale: Scale) -> None:
    package = pytest.importorskip("krippendorff")
    rated = [[value for value in unit if value is not None] for unit in units]
    pairable = [value for unit in rated if len(unit) > 1 for value in unit]
    raters = list(zip(*units, strict=True))
    ours = krippendorff_alpha(raters, scale)
    if len(set(pairable)) < 2:
        assert math.isnan(ours)
        return
    table = np.array([[math.nan if value is None else value for value in row] for row in raters], dtype=float)
    assert ours == pytest.approx(package.alpha(table, level_of_measurement=scale), abs=1e-9)
    assert krippendorff_alpha(table, scale) == pytest.approx(ours)
    assert krippendorff_alpha(raters[::-1], scale) == pytest.approx(ours)


@given(ratings)
@settings(max_examples=40)
def test_alpha_ignores_what_its_scale_ignores(units: list[list[int | None]]) -> None:
    raters = [list(row) for row in zip(*units, strict=True)]

    def renamed(names: list[Any]) -> list[list[Any]]:
        return [[None if value is None else names[value] for value in row] for row in raters]

    nominal = krippendorff_alpha(raters)
    assert krippendorff_alpha(renamed(["e", "b", "a", "d", "c"])) == pytest.approx(nominal, nan_ok=True)
    ordinal = krippendorff_alpha(raters, "ordinal")
    assert krippendorff_alpha(renamed([1, 10, 11, 500, 501]), "ordinal") == pytest.approx(ordinal, nan_ok=True)
    names = ["none", "some", "half", "most", "all"]
    assert krippendorff_alpha(renamed(names), "ordinal", order=names) == pytest.approx(ordinal, nan_ok=True)
    interval = krippendorff_alpha(raters, "interval")
    assert krippendorff_alpha(renamed([7, 10, 13, 16, 19]), "interval") == pytest.approx(interval, nan_ok=True)


def test_alpha_errors() -> None:
    with pytest.raises(UsageError, match="no scale"):
        krippendorff_alpha(OBSERVERS, "ratio")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="differ in length"):
        krippendorff_alpha([[1, 2], [1]])
    with pytest.raises(UsageError, match="needs numbers"):
        krippendorff_alpha([["a", "b"], ["a", "b"]], "interval")
    with pytest.raises(UsageError, match="not among"):
        krippendorff_alpha([["a", "b"], ["a", "b"]], "ordinal", order=["a"])
