"""How often the intervals that Regrade makes hold the true value: for few and many samples, easy and hard tasks.

    python benchmarks/coverage.py            prints the table
    python benchmarks/coverage.py --write    writes it into docs/guides/statistics.md

Where an interval depends on nothing but the number of right answers, the coverage is summed over all of them and exact.
The others are simulated from a fixed seed. It takes about a minute.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regrade.statistics.bootstrap import distribution, jackknife_of_sums, replicate_of_sums
from regrade.statistics.clustered import clustered_interval
from regrade.statistics.intervals import bca_of_sums
from regrade.statistics.paired import paired_bootstrap, paired_difference
from regrade.statistics.paired_proportions import compare_proportions
from regrade.statistics.proportion import Interval, normal, wilson

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "statistics.md"
BEGIN, END = "<!-- coverage: benchmarks/coverage.py --write -->", "<!-- coverage ends -->"
SIZES = (20, 50, 200)
SHARES = (0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98)
DRAWS = 1000
CLUSTER = 5
WITHIN_CLUSTERS = 0.3
"""Correlation of two samples of a cluster."""

Floats = NDArray[np.float64]


def mean_of_sums(n: int, sums: Floats) -> Floats:
    """The mean of n samples whose values add up to ``sums`` (b, 1)."""
    return sums[:, 0] / n


def of_counts(interval: Callable[[int, int], Interval], n: int) -> list[float]:
    """Exact coverage by share, of an interval that is one of the number of right answers and n."""
    made = [interval(right, n) for right in range(n + 1)]
    return [
        math.fsum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k, found in enumerate(made) if found.contains(p))
        for p in SHARES
    ]


def by_stderr(right: int, n: int) -> Interval:
    """Value plus or minus 1.96 standard errors, as many tools print it."""
    share = right / n
    return normal(share, math.sqrt(share * (1 - share) / (n - 1)))


def by_bca(right: int, n: int) -> Interval:
    """The BCa bootstrap of zeros and ones."""
    return bca_of_sums([1.0] * right + [0.0] * (n - right), partial(mean_of_sums, n))


def by_percentiles(right: int, n: int) -> Interval:
    """The percentile bootstrap of zeros and ones."""
    answers = np.array([1.0] * right + [0.0] * (n - right))
    values = distribution(n, replicate_of_sums(answers, partial(mean_of_sums, n)))
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(low), float(high))


def simulated(
    draw: Callable[[np.random.Generator, int, float], tuple[Interval, float]], n: int, draws: int
) -> list[float]:
    """Coverage by share over ``draws`` tables of n samples, of each of which ``draw`` gives interval and truth."""
    rng = np.random.default_rng(n)
    shares = []
    for p in SHARES:
        found = [draw(rng, n, p) for _ in range(draws)]
        shares.append(sum(interval.contains(truth) for interval, truth in found) / draws)
    return shares


def scores(rng: np.random.Generator, n: int, p: float) -> tuple[Interval, float]:
    """BCa of scores between 0 and 1 of mean p, such as F1 of words."""
    return bca_of_sums(rng.beta(2 * p, 2 * (1 - p), n), partial(mean_of_sums, n)), p


def clusters(rng: np.random.Generator, n: int, p: float) -> tuple[Interval, float]:
    """Questions about passages, of which some are harder than others."""
    groups = n // CLUSTER
    strength = 1 / WITHIN_CLUSTERS - 1
    chances = rng.beta(p * strength, (1 - p) * strength, groups).repeat(CLUSTER)
    right = (rng.random(n) < chances).astype(np.float64)
    return clustered_interval(right, np.arange(groups).repeat(CLUSTER).tolist()), p


def two_systems(rng: np.random.Generator, n: int, p: float) -> tuple[Floats, Floats, float]:
    """Right answers of a system that gets p of the samples right, and of one a tenth better on what it got wrong."""
    first = rng.random(n) < p
    second = np.where(first, rng.random(n) < 0.95, rng.random(n) < 0.1)
    return first.astype(np.float64), second.astype(np.float64), 0.1 * (1 - p) - 0.05 * p


def pairs(rng: np.random.Generator, n: int, p: float) -> tuple[Interval, float]:
    """The paired interval of a difference of proportions."""
    first, second, truth = two_systems(rng, n, p)
    return compare_proportions(second, first).interval, truth


def pairs_by_t(rng: np.random.Generator, n: int, p: float) -> tuple[Interval, float]:
    """The interval of the paired t-test, of the same difference."""
    first, second, truth = two_systems(rng, n, p)
    return paired_difference(second, first).interval, truth


def pairs_resampled(rng: np.random.Generator, n: int, p: float) -> tuple[Interval, float]:
    """The paired bootstrap of the same difference."""
    first, second, truth = two_systems(rng, n, p)
    reduce = partial(mean_of_sums, n)
    found = paired_bootstrap(
        replicate_of_sums(second, reduce),
        replicate_of_sums(first, reduce),
        (float(second.mean()), float(first.mean())),
        tuple(jackknife_of_sums(one, partial(mean_of_sums, n - 1)) for one in (second, first)),  # type: ignore[arg-type]
    )
    return found.interval, truth


RULES: dict[str, Callable[[int], list[float]]] = {
    "Wilson (0 and 1)": partial(of_counts, wilson),
    "BCa (scores from 0 to 1)": lambda n: simulated(scores, n, DRAWS // 2),
    "clustered (0 and 1, 5 a cluster)": lambda n: simulated(clusters, n, DRAWS),
    "paired (0 and 1)": lambda n: simulated(pairs, n, DRAWS),
    "paired bootstrap (0 and 1)": lambda n: simulated(pairs_resampled, n, DRAWS // 2),
    "*not used:* paired t (0 and 1)": lambda n: simulated(pairs_by_t, n, DRAWS),
    "*not used:* ± 1.96 stderr (0 and 1)": partial(of_counts, by_stderr),
    "*not used:* BCa (0 and 1)": partial(of_counts, by_bca),
    "*not used:* percentile bootstrap (0 and 1)": partial(of_counts, by_percentiles),
}


def table() -> str:
    """The table in Markdown, in percent."""
    head = f"| interval | n | {' | '.join(f'p = {p:.2f}' for p in SHARES)} |\n|---|--:|{'--:|' * len(SHARES)}"
    rows = [
        f"| {name} | {n} | {' | '.join(f'{100 * share:.1f}' for share in rule(n))} |"
        for name, rule in RULES.items()
        for n in SIZES
    ]
    return "\n".join([head, *rows])


def main() -> None:
    """Make the table; print it, or write it into the docs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"write it into {PAGE.name}")
    arguments = parser.parse_args()
    made = table()
    if not arguments.write:
        print(made)
        return
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
