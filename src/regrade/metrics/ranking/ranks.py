"""How good a ranking is: reciprocal rank, average precision, precision and recall at k, discounted gain."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import accumulate
from math import log2

from regrade.addition import add_up


def relevance(ranked: Sequence[Hashable], relevant: Sequence[Hashable]) -> list[int]:
    """For each ranked item 1 if it is relevant, else 0."""
    wanted = set(relevant)
    return [int(item in wanted) for item in ranked]


def reciprocal_rank(hits: Sequence[int]) -> float:
    """One divided by the rank, counted from 1, of the first relevant item; 0 where there is none.

    >>> reciprocal_rank([0, 1, 0, 1])
    0.5
    """
    return 1 / (hits.index(1) + 1) if 1 in hits else 0.0


def average_precision(hits: Sequence[int]) -> float:
    """The mean, over the relevant items found, of the precision at their ranks; 0 where none is found.

    Relevant items that were not found do not count against it: so does Unitxt's ``map``.

    >>> average_precision([0, 1, 0, 1])
    0.5
    """
    found = list(accumulate(hits))
    if not found or not found[-1]:
        return 0.0
    return add_up(count / rank for rank, (count, hit) in enumerate(zip(found, hits, strict=True), 1) if hit) / found[-1]


def at_k(hits: Sequence[int], relevant: int, k: int) -> tuple[float, float, float]:
    """Precision, recall and match (is there any relevant item) of the first k.

    Where fewer than k are ranked, those there are count.

    Args:
        hits: For each ranked item 1 if it is relevant, else 0.
        relevant: How many relevant items there are.
        k: How many of the ranked are looked at.
    """
    k = min(k, len(hits))
    if not k:
        return 0.0, 0.0, 0.0
    found = add_up(hits[:k])
    return found / k, found / relevant if relevant else 0.0, float(found > 0)


def ndcg(gains: Sequence[float], scores: Sequence[float]) -> float:
    """Normalised discounted cumulative gain: how close an order by ``scores`` is to the order by ``gains``.

    Items of equal score share their ranks: each of them gets their mean gain, which is the expectation over all orders
    of them.

    Args:
        gains: What each item is worth; not negative.
        scores: By what the items were ranked, the highest first.

    Returns:
        0 to 1; 0 where nothing is worth anything.

    Raises:
        ValueError: a gain is negative.

    Source: Järvelin and Kekäläinen (2002); ties as in McSherry and Najork (2008), and as scikit-learn's
    ``ndcg_score``.

    >>> ndcg([3, 2, 1], [0.1, 0.2, 0.3]) == ((1 + 2 / log2(3) + 3 / 2) / (3 + 2 / log2(3) + 1 / 2))
    True
    """
    if min(gains) < 0:
        raise ValueError(f"a gain may not be negative, as {min(gains)} is")
    discounts = [1 / log2(rank + 2) for rank in range(len(gains))]
    best = add_up(gain * discount for gain, discount in zip(sorted(gains, reverse=True), discounts, strict=True))
    if not best:
        return 0.0
    tied: dict[float, list[float]] = {}
    for gain, score in zip(gains, scores, strict=True):
        tied.setdefault(score, []).append(gain)
    total, start = 0.0, 0
    for score in sorted(tied, reverse=True):
        group = tied[score]
        total += add_up(group) / len(group) * add_up(discounts[start : start + len(group)])
        start += len(group)
    return total / best
