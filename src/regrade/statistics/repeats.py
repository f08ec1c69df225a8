"""Several answers per sample: pass@k, pass^k, maj@k, the spread over repeats, and what the variance is made of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats


def pass_at_k(total: ArrayLike, correct: ArrayLike, k: int) -> Floats:
    """The unbiased estimate, per sample, that at least one of ``k`` answers is right: 1 - C(n - c, k) / C(n, k).

    Args:
        total: Number n of answers per sample, (m,) or one number for all.
        correct: Number c of right ones per sample, (m,).
        k: Answers allowed.

    Returns:
        Probabilities (m,); their mean is the benchmark's pass@k. Nan where a sample has fewer than k answers.

    Raises:
        UsageError: ``k`` is less than 1, or ``correct`` not between 0 and ``total``.

    Source: Chen et al., "Evaluating Large Language Models Trained on Code" (arXiv:2107.03374), eq. 1.
    """
    n, c = _tallies(total, correct, k)
    return 1.0 - _all_drawn_from(n - c, n, k)


def pass_all_k(total: ArrayLike, correct: ArrayLike, k: int) -> Floats:
    """The unbiased estimate, per sample, that all of ``k`` answers are right: C(c, k) / C(n, k), known as pass^k.

    Arguments, result and errors as for :func:`pass_at_k`.

    Source: Yao et al., "tau-bench" (arXiv:2406.12045).
    """
    n, c = _tallies(total, correct, k)
    return _all_drawn_from(c, n, k)


def _tallies(total: ArrayLike, correct: ArrayLike, k: int) -> tuple[Floats, Floats]:
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    n, c = np.broadcast_arrays(np.asarray(total, dtype=np.float64), np.asarray(correct, dtype=np.float64))
    if not ((c >= 0) & (c <= n)).all():
        raise UsageError("a sample has fewer than 0 or more right answers than it has answers")
    return n, c


def _all_drawn_from(part: Floats, n: Floats, k: int) -> Floats:
    """C(part, k) / C(n, k) as k fractions of at most 1: no overflow, exactly 0 where part < k, nan where n < k."""
    share = np.ones(np.shape(n))
    for i in range(k):
        share *= np.maximum(part - i, 0.0) / np.maximum(n - i, 1.0)
    return np.where(n >= k, share, math.nan)


def majority_vote(votes: Sequence[Hashable]) -> Hashable:
    """The most frequent vote; of several, the one cast first, as lm-evaluation-harness's ``majority_vote`` filter has
    it.

    Raises:
        UsageError: there are no votes.
    """
    if not votes:
        raise UsageError("there are no votes to count")
    return Counter(votes).most_common(1)[0][0]


def maj_at_k(votes: Sequence[Hashable], correct: Sequence[bool | float], k: int) -> float:
    """The probability that the majority of ``k`` of one sample's answers, drawn without replacement, is right.

    Exact over all C(n, k) draws, by counting; equally frequent votes share the win, since a draw has no order. An
    answer that could not be parsed is a vote like any other: leave it out first if it should not count.

    Args:
        votes: The sample's n extracted answers.
        correct: Whether each is right, (n,); a vote that was scored in several ways counts with its mean.
        k: Votes in a draw; with k = n it is the majority of all.

    Returns:
        The probability; nan with fewer than k votes. The mean over samples is the benchmark's maj@k.

    Raises:
        UsageError: ``k`` is less than 1, or there is not one score per vote.

    Source: Lewkowycz et al., "Minerva" (arXiv:2206.14858), maj1@k, here averaged over draws as pass@k is.
    """
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    if len(votes) != len(correct):
        raise UsageError(f"{len(votes)} votes but {len(correct)} scores")
    if len(votes) < k:
        return math.nan
    counts = Counter(votes)
    right: Counter[Hashable] = Counter()
    for vote, score in zip(votes, correct, strict=True):
        right[vote] += score  # type: ignore[assignment]  # Counter is typed for whole counts
    value = 0.0
    for vote, score in right.items():
        if score:
            rivals = [count for other, count in counts.items() if other != vote]
            value += score / counts[vote] * _win(counts[vote], rivals, k)
    return value / math.comb(len(votes), k)


def _win(count: int, rivals: Sequence[int], k: int) -> float:
    """How many draws of k votes a candidate with ``count`` votes wins; a tie with t others counts 1 / (t + 1)."""
    ways_to_win = 0.0
    for own in range(1, min(count, k) + 1):
        # ways[drawn, tied]: draws of ``drawn`` votes from the rivals so far, none above ``own``, ``tied`` equal to it.
        ways = {(0, 0): 1}
        for rival in rivals:
            grown: dict[tuple[int, int], int] = {}
            for (drawn, tied), number in ways.items():
                for taken in range(min(rival, own, k - own - drawn) + 1):
                    state = (drawn + taken, tied + (taken == own))
                    grown[state] = grown.get(state, 0) + number * math.comb(rival, taken)
            ways = grown
        for (drawn, tied), number in ways.items():
            if drawn == k - own:
                ways_to_win += math.comb(count, own) * number / (tied + 1)
    return ways_to_win


class Spread(NamedTuple):
    """How a benchmark's mean varies from repeat to repeat."""

    mean: float
    std: float
    """Sample standard deviation of the repeats' means; nan for a single repeat."""
    stderr: float
    """``std / sqrt(repeats)``: the error of ``mean`` from chance in the answers alone, on these very samples."""
    per_repeat: tuple[float, ...]


def spread_over_repeats(scores: ArrayLike) -> Spread:
    """Mean and standard deviation of the benchmark's mean over its repeats.

    Args:
        scores: Scores (samples, repeats), none missing: a nan makes its repeat, and so the result, nan.

    Raises:
        UsageError: the scores are not two-dimensional, or there are none.
    """
    means = _table(scores).mean(axis=0)
    std = float(means.std(ddof=1)) if len(means) > 1 else math.nan
    return Spread(float(means.mean()), std, std / math.sqrt(len(means)), tuple(means.tolist()))


class VarianceParts(NamedTuple):
    """The variance of one answer's score: ``between`` samples plus ``within`` a sample, estimated without bias."""

    n: int
    """Samples with at least one answer."""
    empty: int
    """Samples with none, left out."""
    mean: float
    """Mean over samples of the sample's mean."""
    stderr: float
    """Of ``mean``, over samples drawn anew: sqrt(Var(sample means) / n)."""
    between: float
    """Variance of the samples' expected scores (difficulty); an estimate below 0 is given as 0."""
    within: float
    """Mean variance of a score about its sample's expectation (chance in the answer); nan without two answers."""

    def stderr_with(self, repeats: int) -> float:
        """The standard error to expect from as many samples with ``repeats`` answers each."""
        return math.sqrt((self.between + self.within / repeats) / self.n)


def variance_parts(scores: ArrayLike) -> VarianceParts:
    """Take the variance of repeated scores apart: what more repeats can remove, and what only more samples can.

    Args:
        scores: Scores (samples, repeats); nan marks a missing answer.

    Raises:
        UsageError: the scores are not two-dimensional, or there are none.

    Source: Miller, "Adding Error Bars to Evals" (arXiv:2411.00640), sec. 3.1: Var(score) = Var(x) + E[sigma_i^2], and
    the mean over n samples of K answers each has variance (Var(x) + E[sigma_i^2] / K) / n.
    """
    table = _table(scores)
    present = ~np.isnan(table)
    answers = present.sum(axis=1)
    answered = answers > 0
    n = int(answered.sum())
    table, present, answers = table[answered], present[answered], answers[answered]
    sums = np.where(present, table, 0.0).sum(axis=1)
    means = sums / answers
    squares = (np.where(present, table - means[:, None], 0.0) ** 2).sum(axis=1)
    repeated = answers > 1
    within = float((squares[repeated] / (answers[repeated] - 1)).mean()) if repeated.any() else math.nan
    of_means = float(means.var(ddof=1)) if n > 1 else math.nan
    between = of_means - within * float((1 / answers).mean()) if n else math.nan
    return VarianceParts(
        n=n,
        empty=len(answered) - n,
        mean=float(means.mean()) if n else math.nan,
        stderr=math.sqrt(of_means / n) if n else math.nan,
        between=0.0 if between < 0 else between,
        within=within,
    )


def _table(scores: ArrayLike) -> Floats:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise UsageError(f"repeated scores have shape (samples, repeats), not {table.shape}")
    return table
