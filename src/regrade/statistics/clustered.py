"""Standard errors when samples come in clusters: many questions on one passage, one question in many languages.

With few clusters the plain sandwich estimate is too small and the normal interval too narrow. So the estimate has the
factor G / (G - 1) for G clusters (CR1 of a mean, as Stata, statsmodels and Inspect have it), and intervals and p-values
are of Student's t with G - 1 degrees of freedom. Below :data:`FEW_CLUSTERS` even these are approximate, and that is
told.

Source: Cameron and Miller, "A practitioner's guide to cluster-robust inference", J. Human Resources 50 (2015), sec. 6.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regrade.errors import UsageError
from regrade.statistics.bootstrap import Floats, Indices, Replicate, distribution
from regrade.statistics.intervals import bca_interval
from regrade.statistics.proportion import NOT_KNOWN, Interval, wilson
from regrade.statistics.student import student

FEW_CLUSTERS = 40
"""Fewer clusters than these are few: there the sandwich estimate is known to be too small, by how much is not."""
_LEFT_OUT = 500
"""Parts that are left out one at a time at most, to find the acceleration of an interval."""


def note_on_clusters(clusters: int, by: str) -> str | None:
    """What a person should know about so many clusters by an expression; None where there are enough."""
    if clusters >= FEW_CLUSTERS:
        return None
    if clusters < 2:
        return f"all samples are of one cluster by {by}: there is no clustered standard error and no interval"
    return (
        f"{clusters} clusters by {by} are few (fewer than {FEW_CLUSTERS}): errors of means are corrected for that and "
        f"their intervals of Student's t with {clusters - 1} degrees of freedom, but intervals may still be too narrow"
    )


def cluster_codes(labels: Iterable[Hashable]) -> NDArray[np.intp]:
    """Number the clusters 0, 1, ... in order of first appearance: labels (n,) of any hashable kind to codes (n,)."""
    seen: dict[Hashable, int] = {}
    return np.fromiter((seen.setdefault(label, len(seen)) for label in labels), dtype=np.intp)


def sum_by_cluster(stack: ArrayLike, labels: Iterable[Hashable]) -> Floats:
    """Add up the rows of each cluster: (n, width) to (clusters, width), in order of first appearance; (n,) to
    (clusters,).

    Resampling the result is the cluster bootstrap: ``bca_of_sums(sum_by_cluster(stack, labels), reduce)``.

    Raises:
        UsageError: there is not one label for each row.
    """
    rows = np.asarray(stack, dtype=np.float64)
    codes = cluster_codes(labels)
    if len(codes) != len(rows):
        raise UsageError(f"{len(rows)} samples but {len(codes)} cluster labels")
    sums = np.zeros((int(codes.max()) + 1 if len(codes) else 0, *rows.shape[1:]))
    np.add.at(sums, codes, rows)
    return sums


def clustered_stderr(values: ArrayLike, labels: Iterable[Hashable]) -> float:
    """The cluster-robust standard error of the mean of ``values`` (n,), in their unit.

    sqrt(G / (G - 1) * sum over clusters of (sum of the cluster's deviations from the mean)^2) / n for G clusters. It
    grows when samples of a cluster are right or wrong together; with one sample per cluster it is the plain standard
    error. Miller writes the same sum, without the factor G / (G - 1), as SE_CLT^2 plus cross terms.

    Returns:
        The standard error; nan for fewer than two clusters, whose deviations always sum to zero, or where a value is
        nan.

    Raises:
        UsageError: there is not one label for each value.

    Source: Miller, "Adding Error Bars to Evals" (arXiv:2411.00640), sec. 2.2; Liang and Zeger (1986).
    """
    scores = np.asarray(values, dtype=np.float64)
    deviations = scores - (scores.mean() if scores.size else 0.0)
    totals = sum_by_cluster(deviations, labels)
    if len(totals) < 2:
        return math.nan
    groups = len(totals)
    return math.sqrt(groups / (groups - 1) * float((totals**2).sum())) / len(scores)


def clustered_interval(values: ArrayLike, labels: Iterable[Hashable], level: float = 0.95) -> Interval:
    """The interval of the mean of ``values`` (n,): Student's t with G - 1 degrees of freedom for G clusters.

    Where all values are 0, or all 1, so that the standard error is 0, it is Wilson's of G answers: each cluster is one
    piece of evidence. Nan for fewer than two clusters.

    Raises:
        UsageError: there is not one label for each value, or ``level`` is not between 0 and 1.
    """
    scores, codes = np.asarray(values, dtype=np.float64), cluster_codes(labels).tolist()
    count, stderr = len(set(codes)), clustered_stderr(values, codes)
    mean = float(scores.mean()) if scores.size else math.nan
    if count > 1 and mean in (0, 1) and (scores == mean).all():
        return wilson(mean * count, count, level)
    return student(mean, stderr, count - 1, level)


def resampling_of_clusters(replicate: Replicate, labels: Iterable[Hashable]) -> tuple[Replicate, Floats]:
    """The cluster bootstrap of any statistic: clusters are drawn, each with all its samples.

    Args:
        replicate: Indices of samples (b, any number) to the statistic's values (b,).
        labels: The cluster of each sample.

    Returns:
        Indices of clusters (b, clusters) to the statistic's values (b,); and the values with one cluster left out (of
        more than 500 clusters: one of 500 parts).

    Source: Field and Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69 (2007).
    """
    codes = cluster_codes(labels)
    count = int(codes.max()) + 1 if len(codes) else 0
    order = codes.argsort(kind="stable")
    members = np.split(order, np.cumsum(np.bincount(codes, minlength=count))[:-1]) if count else []

    def value_of(samples: Indices) -> float:
        return float(replicate(samples[None, :])[0])

    def drawn(indices: Indices) -> Floats:
        return np.array([value_of(np.concatenate([members[cluster] for cluster in row])) for row in indices])

    if count < 2:
        return drawn, np.empty(0)
    parts = codes % _LEFT_OUT
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = [value_of(np.flatnonzero(parts != part)) for part in range(min(count, _LEFT_OUT))]
    return drawn, np.array(left_out)


def cluster_bootstrap(
    replicate: Replicate,
    estimate: float,
    labels: Iterable[Hashable],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 42,
) -> tuple[float, Interval]:
    """Standard error and BCa interval of any statistic by :func:`resampling_of_clusters`; nan of one cluster.

    Raises:
        UsageError: ``level`` is not between 0 and 1, or ``resamples`` less than 1.
    """
    codes = cluster_codes(labels).tolist()
    count = len(set(codes))
    drawn, left_out = resampling_of_clusters(replicate, codes)
    if count < 2:
        return math.nan, NOT_KNOWN
    values = distribution(count, drawn, resamples, seed)
    stderr = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return stderr, bca_interval(values, estimate, left_out, level=level)
