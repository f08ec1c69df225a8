"""Retrieval and ranking."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from regrade.artifacts import ArtifactError
from regrade.metrics.evaluate import evaluate
from regrade.metrics.ranking.ranks import ndcg
from regrade.metrics.ranking.retrieval import MAP, MRR, NDCG, RerankRecall, RetrievalAtK
from regrade.metrics.resampler import Resampler

ITEMS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=8)


@given(ITEMS)
def test_ndcg_is_scikit_learns_ties_and_all(items: list[tuple[int, int]]) -> None:
    gains, scores = zip(*items, strict=True)
    assert ndcg(gains, scores) == pytest.approx(ndcg_score([gains], [scores]), abs=1e-12)


def test_ndcg_of_negative_gains() -> None:
    with pytest.raises(ValueError, match="may not be negative"):
        ndcg([-1, 2], [1, 2])


RANKED: list[tuple[list[str], list[str]]] = [
    (["a", "b", "c"], ["b"]),
    (["a", "b", "c", "d"], ["a", "d", "x"]),
    (["a"], ["z"]),
    ([], ["z"]),
    (["a", "b"], []),
]


def test_ranks_by_hand() -> None:
    totals, rows = evaluate([MRR(), MAP()], [p for p, _ in RANKED], [[r] for _, r in RANKED], intervals=False)
    assert [row["mrr"] for row in rows] == [0.5, 1.0, 0.0, 0.0, 0.0]
    assert [row["map"] for row in rows] == [0.5, 0.75, 0.0, 0.0, 0.0]
    assert totals["mrr"] == pytest.approx(0.3)
    assert totals["score_name"] == "mrr"


def test_at_k_by_hand() -> None:
    metric = RetrievalAtK(k_list=[1, 3])
    totals, rows = evaluate([metric], [p for p, _ in RANKED], [[r] for _, r in RANKED])
    assert [row["match_at_1"] for row in rows] == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert [row["precision_at_3"] for row in rows] == pytest.approx([1 / 3, 1 / 3, 0, 0, 0])
    assert [row["recall_at_3"] for row in rows] == pytest.approx([1, 1 / 3, 0, 0, 0])
    assert totals["score_name"] == "match_at_1"
    assert "recall_at_3_ci_low" in totals
    # Fewer than k: those there are. A relevant id that is listed twice is one.
    assert RetrievalAtK(k_list=[9]).measure(["b", "a"], [["a", "a"]], {}) == {
        "precision_at_9": 0.5,
        "recall_at_9": 1.0,
        "match_at_9": 1.0,
    }


def test_k_is_wanted() -> None:
    with pytest.raises(ArtifactError, match="k_list"):
        RetrievalAtK(k_list=[])


QUERIES: list[tuple[str, Any, float]] = [
    ("one", 1.0, 3.0),
    ("one", 0.5, 2.0),
    ("one", 2.0, 0.0),
    ("two", None, 1.0),
    ("two", 0.1, 0.0),
    ("three", None, 1.0),
    ("three", None, 2.0),
    ("three", 0.3, 0.0),
    ("four", 1.0, 1.0),
]


def test_ndcg_by_query() -> None:
    metric = NDCG()
    predictions, references = [score for _, score, _ in QUERIES], [[gain] for _, _, gain in QUERIES]
    totals, rows = evaluate([metric], predictions, references, [{"query": query} for query, *_ in QUERIES])
    first = ndcg_score([[3, 2, 0]], [[1.0, 0.5, 2.0]])
    # Two and three have one prediction each, which ranks nothing; four has one item, and does not count.
    assert totals["nDCG"] == pytest.approx(first / 3)
    assert all(math.isnan(row["nDCG"]) for row in rows)
    # Two predictions beside one that is missing: it ranks last.
    found = metric.reduce([("q", None, 2.0), ("q", -5.0, 1.0), ("q", -6.0, 0.0)])
    assert found["nDCG"] == pytest.approx(ndcg_score([[2, 1, 0]], [[-9, -5, -6]]))


def test_leaving_one_out_is_that_of_reduce() -> None:
    metric = NDCG()
    ours, slow = metric.resampler(QUERIES, ["nDCG"]), Resampler(QUERIES, metric.reduce, ["nDCG"])
    np.testing.assert_allclose(ours.jackknife(), slow.jackknife(), rtol=1e-12)


def test_recall_of_reranking() -> None:
    rows = [("q", "a", "0.9", 0), ("q", "b", 0.9, 1), ("q", "c", "oops", 1), ("r", "d", 0.1, 1), ("s", "e", 0.5, 0)]
    predictions, references = [row[2] for row in rows], [[row[3]] for row in rows]
    data = [{"query_id": query, "passage_id": passage} for query, passage, *_ in rows]
    totals, _ = evaluate([RerankRecall()], predictions, references, data)
    # Of a and b, which tie, b is first; what is no number is last; s has nothing to find.
    assert totals["recall_at_1"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert totals["recall_at_2"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert totals["recall_at_5"] == totals["score"] == pytest.approx(2 / 3)
    assert not [name for name in totals if "_ci_" in name]
