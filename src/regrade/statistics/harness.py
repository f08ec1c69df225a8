"""Standard errors in closed form, computed in lm-evaluation-harness's order so that the floats are identical.

Plain Python on plain sequences: this module imports neither numpy nor scipy. Formulas: the usual ones, as used by
lm-evaluation-harness 0.4.13 (``lm_eval/api/metrics.py``). Where the harness divides by zero (fewer than two values)
these functions return nan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from regrade.addition import add_up
from regrade.errors import UsageError


def sample_stddev(values: Sequence[float]) -> float:
    """The sample standard deviation (n - 1 in the denominator) of ``values``, in their unit; nan for fewer than two."""
    n = len(values)
    if n < 2:
        return math.nan
    mean = add_up(values) / n
    # A list, then sum: one order of addition, the harness's.
    return math.sqrt(add_up([(value - mean) ** 2 for value in values]) / (n - 1))


def mean_stderr(values: Sequence[float]) -> float:
    """The standard error of the mean of ``values``, in their unit; nan for fewer than two.

    Central limit theorem, samples independent: sqrt(sum((x - mean)^2) / (n - 1) / n).
    """
    n = len(values)
    if n < 2:
        return math.nan
    return sample_stddev(values) / math.sqrt(n)


def pooled_sample_stderr(stderrs: Sequence[float], sizes: Sequence[int]) -> float:
    """The standard error of a group's mean weighted by size, from its subtasks' standard errors and sizes.

    Pooled variance: sum((n_i - 1) * n_i * se_i^2) / (N - tasks), over N samples in all. As in the harness it leaves
    out the variance between the subtasks' means, because the subtasks are fixed, not drawn. Nan when every subtask
    has one sample.

    Raises:
        UsageError: the two sequences differ in length.
    """
    if len(stderrs) != len(sizes):
        raise UsageError(f"{len(stderrs)} standard errors but {len(sizes)} sizes")
    freedom = add_up(sizes) - len(sizes)
    if freedom <= 0:
        return math.nan
    variance = add_up([(size - 1) * stderr**2 * size for size, stderr in zip(sizes, stderrs, strict=True)]) / freedom
    return math.sqrt(variance / add_up(sizes))


def unweighted_mean_stderr(stderrs: Sequence[float]) -> float:
    """The standard error of the plain mean of independent subtask means: sqrt(sum(se_i^2)) / tasks; nan for none."""
    if not stderrs:
        return math.nan
    return math.sqrt(add_up(stderr**2 for stderr in stderrs)) / len(stderrs)
