"""Repeated answers: estimators against brute force over all draws, and the published scores of CRUXEval's samples."""

from __future__ import annotations

import json
import math
from collections import Counter
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.errors import UsageError
from regrade.statistics.repeats import (
    maj_at_k,
    majority_vote,
    pass_all_k,
    pass_at_k,
    spread_over_repeats,
    variance_parts,
)


@pytest.mark.parametrize(("direction", "first", "fifth"), [("input", 35.95, 44.9911), ("output", 34.2125, 40.2867)])
def test_cruxeval(shared_data: Path, direction: str, first: float, fifth: float) -> None:
    folder = shared_data / "pass_at_k" / "cruxeval" / "samples" / "evaluation_results"
    path = folder / f"sample_scored_codellama-7b_temp0.2_{direction}.json"
    if not path.is_file():
        pytest.skip(f"no pass_at_k/cruxeval/samples/evaluation_results/{path.name} in the shared data")
    scored = json.loads(path.read_text(encoding="utf-8"))
    answers = np.array(list(scored["raw_scored_generations"].values()), dtype=bool)
    assert answers.shape == (800, 10)
    correct = answers.sum(axis=1)
    assert 100 * pass_at_k(10, correct, 1).mean() == pytest.approx(scored["pass_at_1"], rel=1e-12)
    assert 100 * pass_at_k(10, correct, 5).mean() == pytest.approx(scored["pass_at_5"], rel=1e-12)
    assert 100 * pass_at_k(10, correct, 1).mean() == pytest.approx(first, abs=5e-5)
    assert 100 * pass_at_k(10, correct, 5).mean() == pytest.approx(fifth, abs=5e-5)
    spread = spread_over_repeats(answers)
    assert 100 * spread.mean == pytest.approx(first)
    parts = variance_parts(answers)
    assert 100 * parts.mean == pytest.approx(first)
    assert parts.between + parts.within == pytest.approx(answers.mean() * (1 - answers.mean()), rel=2e-3)


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.integers(1, 9))
def test_pass_at_k_is_the_share_of_draws(answers: list[bool], k: int) -> None:
    n, c = len(answers), sum(answers)
    if k > n:
        assert math.isnan(pass_at_k(n, c, k))
        assert math.isnan(pass_all_k(n, c, k))
        return
    draws = list(combinations(answers, k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws), abs=1e-14)
    assert pass_all_k(n, c, k) == pytest.approx(sum(map(all, draws)) / len(draws), abs=1e-14)


@given(st.integers(1, 2000), st.integers(0, 2000), st.integers(1, 200))
def test_pass_at_k_against_exact_integers(n: int, c: int, k: int) -> None:
    c, k = min(c, n), min(k, n)
    missed, kept = math.comb(n - c, k) / math.comb(n, k), math.comb(c, k) / math.comb(n, k)
    assert pass_at_k(n, c, k) == pytest.approx(1 - missed, abs=1e-12)
    assert pass_all_k(n, c, k) == pytest.approx(kept, rel=1e-12, abs=1e-300)


def test_pass_at_k_of_uneven_samples() -> None:
    found = pass_at_k([10, 5, 2, 0], [3, 0, 2, 0], 3)
    assert found[:2] == pytest.approx([1 - 35 / 120, 0.0])
    assert np.isnan(found[2:]).all()
    assert pass_at_k(10, [0, 10], 10).tolist() == [0.0, 1.0]
    for total, correct, k in ((5, 6, 1), (5, -1, 1), (5, 2, 0)):
        with pytest.raises(UsageError):
            pass_at_k(total, correct, k)


def test_majority_vote_breaks_ties_by_the_first_vote() -> None:
    assert majority_vote(["b", "a", "a", "b", "c"]) == "b"
    assert majority_vote([None, "x", "x"]) == "x"
    with pytest.raises(UsageError):
        majority_vote([])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=7), st.integers(1, 7), st.integers(0, 3))
@settings(max_examples=60)
def test_maj_at_k_is_the_share_of_draws(votes: list[int], k: int, right: int) -> None:
    found = maj_at_k(votes, [vote == right for vote in votes], k)
    if k > len(votes):
        assert math.isnan(found)
        return
    wins = 0.0
    draws = list(combinations(votes, k))
    for draw in draws:
        counts = Counter(draw)
        top = [vote for vote, count in counts.items() if count == max(counts.values())]
        wins += (right in top) / len(top)
    assert found == pytest.approx(wins / len(draws), abs=1e-12)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=6))
@settings(max_examples=30)
def test_sharing_a_tie_is_the_first_vote_in_a_random_order(votes: list[int]) -> None:
    orders = list(permutations(votes))
    first = sum(majority_vote(order) == 0 for order in orders) / len(orders)
    assert maj_at_k(votes, [vote == 0 for vote in votes], len(votes)) == pytest.approx(first, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=12))
def test_one_vote_is_the_mean(votes: list[tuple[int, bool]]) -> None:
    scores = [score for _, score in votes]
    assert maj_at_k([vote for vote, _ in votes], scores, 1) == pytest.approx(sum(scores) / len(scores))


def test_maj_at_k_of_many_votes_and_errors() -> None:
    votes = ["right"] * 40 + [str(i) for i in range(24)]
    correct = [vote == "right" for vote in votes]
    assert maj_at_k(votes, correct, 1) == pytest.approx(40 / 64)
    assert maj_at_k(votes, correct, 64) == 1.0
    assert maj_at_k(votes, correct, 1) < maj_at_k(votes, correct, 5) < maj_at_k(votes, correct, 9) < 1.0
    with pytest.raises(UsageError, match="k must"):
        maj_at_k(votes, correct, 0)
    with pytest.raises(UsageError, match="2 votes but 1 scores"):
        maj_at_k(["a", "b"], [True], 1)


def test_spread_over_repeats() -> None:
    found = spread_over_repeats([[1, 0, 1], [1, 1, 0], [0, 0, 1], [1, 0, 1]])
    assert found.per_repeat == (0.75, 0.25, 0.75)
    assert found.mean == pytest.approx(7 / 12)
    assert found.std == pytest.approx(math.sqrt(1 / 12))
    assert found.stderr == pytest.approx(1 / 6)
    assert math.isnan(spread_over_repeats([[1], [0]]).std)
    assert math.isnan(spread_over_repeats([[1, math.nan], [0, 1]]).mean)
    for scores in ([], [1, 2], [[], []]):
        with pytest.raises(UsageError, match="samples, repeats"):
            spread_over_repeats(scores)


def test_variance_parts_by_hand() -> None:
    # Means 1/2, 1, 0, 1/2; variances within 1/2, 0, 0, 1/2.
    found = variance_parts([[1, 0], [1, 1], [0, 0], [0, 1]])
    assert (found.n, found.empty, found.mean, found.within) == (4, 0, 0.5, 0.25)
    assert found.between == pytest.approx(1 / 6 - 0.25 / 2)
    assert found.stderr == pytest.approx(math.sqrt(1 / 24))
    assert found.stderr_with(2) == pytest.approx(found.stderr)


def test_variance_parts_find_what_was_put_in() -> None:
    # Miller sec. 3.1: difficulty uniform on [0, 1] has parts 1/12 and 1/6, and K answers leave (1 + 2 / K) / 3.
    rng = np.random.default_rng(0)
    chances = rng.random((20_000, 1))
    found = variance_parts(rng.random((20_000, 4)) < chances)
    assert found.between == pytest.approx(1 / 12, rel=0.03)
    assert found.within == pytest.approx(1 / 6, rel=0.03)
    for repeats in (1, 2, 4, 100):
        left = (found.stderr_with(repeats) / found.stderr_with(1)) ** 2
        assert left == pytest.approx((1 + 2 / repeats) / 3, rel=0.02)


def test_variance_parts_with_gaps() -> None:
    nan = math.nan
    found = variance_parts([[1, 0, nan], [nan, nan, nan], [1, 1, 1], [0, nan, nan]])
    assert (found.n, found.empty) == (3, 1)
    assert found.mean == pytest.approx(0.5)
    assert found.within == pytest.approx(0.25)
    assert found.between == pytest.approx(0.25 - 0.25 * (1 / 2 + 1 / 3 + 1) / 3)
    single = variance_parts([[1], [0], [1]])
    assert math.isnan(single.within)
    assert math.isnan(single.between)
    assert single.stderr == pytest.approx(math.sqrt(1 / 9))
    empty = variance_parts([[nan, nan]])
    assert (empty.n, empty.empty) == (0, 1)
    assert math.isnan(empty.mean)
    assert math.isnan(variance_parts([[1, 0]]).stderr)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=2, max_size=20))
def test_variance_parts_add_up(scores: list[list[float]]) -> None:
    found = variance_parts(scores)
    means = np.mean(scores, axis=1)
    assert found.stderr == pytest.approx(math.sqrt(means.var(ddof=1) / len(scores)), abs=1e-12)
    assert found.between >= 0
    assert found.within == pytest.approx(np.var(scores, axis=1, ddof=1).mean(), abs=1e-12)
