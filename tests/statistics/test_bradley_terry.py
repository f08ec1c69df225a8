"""Strengths from comparisons: by hand, against a regression, and what must hold of any."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.statistics.bradley_terry import ELO, bootstrap, elo, exists, interval, strengths


def test_two_systems_by_hand() -> None:
    """3 wins of 4 are odds of 3 to 1; a tie is half of each."""
    assert np.diff(strengths(np.array([[0.0, 3.0], [1.0, 0.0]])))[0] == pytest.approx(-log(3))
    assert np.diff(strengths(np.array([[0.0, 2.5], [1.5, 0.0]])))[0] == pytest.approx(-log(5 / 3))


def test_ten_to_one_is_400_points() -> None:
    points = elo(strengths(np.array([[0.0, 10.0], [1.0, 0.0]])))
    assert points[0] - points[1] == pytest.approx(400)
    assert points.mean() == pytest.approx(1000)
    assert elo(np.array([1.0, 0.0, 3.0]), anchor=1) == pytest.approx([1000 + ELO, 1000, 1000 + 3 * ELO])


def test_as_a_regression_without_a_constant() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    generator = np.random.default_rng(5)
    wins = generator.integers(1, 30, (5, 5)).astype(float)
    np.fill_diagonal(wins, 0)
    rows, shares, games = [], [], []
    for i in range(5):
        for j in range(i):
            row = np.zeros(5)
            row[i], row[j] = 1, -1
            rows.append(row[1:])
            games.append(wins[i, j] + wins[j, i])
            shares.append(wins[i, j] / games[-1])
    model = statsmodels.GLM(
        np.array(shares), np.array(rows), family=statsmodels.families.Binomial(), var_weights=np.array(games)
    ).fit(tol=1e-12)
    expected = np.concatenate([[0.0], model.params])
    assert strengths(wins) == pytest.approx(expected - expected.mean(), abs=1e-8)


def test_who_won_everything_gets_a_finite_strength() -> None:
    wins = np.array([[0.0, 5.0, 5.0], [0.0, 0.0, 3.0], [0.0, 2.0, 0.0]])
    assert not exists(wins)
    found = strengths(wins)
    assert np.isfinite(found).all()
    assert found[0] > found[1] > found[2]
    assert exists(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])), "round in a circle"


def test_several_at_once_are_each_by_itself() -> None:
    generator = np.random.default_rng(0)
    many = generator.integers(1, 9, (7, 3, 3)).astype(float)
    many[:, range(3), range(3)] = 0
    assert strengths(many) == pytest.approx(np.stack([strengths(one) for one in many]), abs=1e-9)


def test_intervals_hold_the_estimate_and_are_the_same_every_time() -> None:
    generator = np.random.default_rng(2)
    wins = np.zeros((200, 2, 2))
    won = generator.random(200) < 0.6
    wins[won, 0, 1] = 1
    wins[~won, 1, 0] = 1
    points = bootstrap(wins, resamples=500)
    (low, high), _ = interval(points)
    assert low < elo(strengths(wins.sum(axis=0)))[0] < high
    assert (points == bootstrap(wins, resamples=500)).all()
    share = won.mean()
    stderr = ELO / 2 / np.sqrt(200 * share * (1 - share))  # of half the difference, by the delta method
    assert points[:, 0].std() == pytest.approx(stderr, rel=0.15)


@given(st.lists(st.integers(1, 50), min_size=6, max_size=6), st.permutations(range(3)))
def test_names_and_sides_make_no_difference(counts: list[int], order: list[int]) -> None:
    wins = np.zeros((3, 3))
    wins[[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]] = counts
    found = strengths(wins)
    assert strengths(wins[np.ix_(order, order)]) == pytest.approx(found[order], abs=1e-8)
    assert strengths(wins.T) == pytest.approx(-found, abs=1e-8)
    expected = [sum(wins[i, j] + wins[j, i] for j in range(3) if j != i) for i in range(3)]
    chance = 1 / (1 + np.exp(found[None, :] - found[:, None]))
    games = wins + wins.T
    assert (games * chance).sum(axis=1) - games.diagonal() == pytest.approx(wins.sum(axis=1), abs=1e-6)
    assert games.sum(axis=1) == pytest.approx(expected)
