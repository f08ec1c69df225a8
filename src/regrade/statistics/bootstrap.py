"""Resampling: lm-evaluation-harness's own draws, ours, and replicates of statistics that are sums.

A *replicate function* takes resample indices of shape (b, n), each row n draws with replacement from ``range(n)``,
and returns the b values of the statistic. A metric that reduces a sum of sufficient statistics gets a fast one from
:func:`replicate_of_sums`; any other can index its rows with each row of indices.

Indices come in blocks of 2 to 8 MB (and as much again while they are drawn) for any n up to a million; their values do
not depend on the size of a block.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from regrade.errors import UsageError
from regrade.statistics.harness import sample_stddev

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Replicate = Callable[[Indices], Floats]
"""Resample indices (b, n) to the statistic's values (b,)."""
Reduce = Callable[[Floats], Floats]
"""Sums of sufficient statistics (b, width) to the statistic's values (b,), or those of k statistics (b, k)."""

HARNESS_CHUNK = 1000
"""Resamples that lm-evaluation-harness draws from one seed."""
_BLOCK = 1 << 18
"""Indices held at a time: 2 MB, so that a block stays in the cache."""
_LARGE_BLOCK = 1 << 20
"""The limit, 8 MB, for the sake of 8 resamples in a block: a wide stack is read once for each block."""
_NARROW = 8
"""Up to this many columns, summing gathered columns beats counting draws (measured at n = 1,000 and 100,000)."""
_PRODUCT = 1 << 18
"""Multiplications in one matrix product: below this OpenBLAS stays in one thread, where the work is done sooner than
threads are woken, and much sooner when other processes have the cores."""


def _rows_per_block(n: int) -> int:
    return max(1, _BLOCK // n, min(8, _LARGE_BLOCK // n))


def _check(n: int, resamples: int, what: str) -> None:
    if n < 1:
        raise UsageError("there is nothing to resample: no samples")
    if resamples < 1:
        raise UsageError(f"{what} must be at least 1, not {resamples}")


def harness_indices(n: int, iterations: int) -> Iterator[Indices]:
    """Yield blocks (b, n) of the indices that lm-evaluation-harness's ``bootstrap_stderr`` draws, in its order.

    The harness resamples in chunks of ``min(1000, iterations)``; chunk i calls ``random.Random(i).choices(xs, k=n)``
    once per replicate, that is floor(random() * n), n times. There are ``iterations // chunk`` chunks, so 2,500
    iterations give 2,000 replicates. Here numpy's Mersenne Twister continues from the state that Python's seeding
    makes; both take the same 53 bits for a double, so the draws are identical. No block spans two chunks.

    Raises:
        UsageError: ``n`` or ``iterations`` is less than 1.

    Source: lm-evaluation-harness 0.4.13, ``lm_eval/api/metrics.py``; CPython's ``random.choices``.
    """
    _check(n, iterations, "bootstrap iterations")
    chunk = min(HARNESS_CHUNK, iterations)
    rows = min(chunk, _rows_per_block(n))
    doubles = np.empty((rows, n))
    twister = np.random.MT19937()
    generator = np.random.Generator(twister)
    for seed in range(iterations // chunk):
        *key, position = random.Random(seed).getstate()[1]
        twister.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(key, dtype=np.uint32), "pos": position},
        }
        for start in range(0, chunk, rows):
            block = doubles[: min(rows, chunk - start)]
            generator.random(out=block)
            np.multiply(block, n, out=block)
            yield block.astype(np.intp)  # truncation is floor: nothing is negative


def harness_bootstrap_stderr(n: int, replicate: Replicate, iterations: int = 100_000) -> float:
    """The bootstrap standard error of a statistic over ``n`` samples, as lm-evaluation-harness's ``bootstrap_stderr``
    has it.

    Args:
        n: Number of samples.
        replicate: Indices (b, n) to values (b,); index i stands for the i-th sample in the harness's order.
        iterations: The harness's ``bootstrap_iters``; its default is 100,000.

    Returns:
        The sample standard deviation of all replicates, in the statistic's unit; nan from a single replicate.

    Raises:
        UsageError: ``n`` or ``iterations`` is less than 1.
    """
    return sample_stddev(_collect(replicate, harness_indices(n, iterations)).tolist())


def resample_indices(n: int, resamples: int, seed: int = 42) -> Iterator[Indices]:
    """Yield blocks (b, n) of indices drawn with replacement by ``numpy.random.default_rng(seed)``.

    The blocks stacked equal ``default_rng(seed).integers(0, n, (resamples, n))``, which is also what
    ``scipy.stats.bootstrap(rng=default_rng(seed))`` draws.

    Raises:
        UsageError: ``n`` or ``resamples`` is less than 1.
    """
    _check(n, resamples, "resamples")
    generator = np.random.default_rng(seed)
    rows = _rows_per_block(n)
    for start in range(0, resamples, rows):
        yield generator.integers(0, n, (min(rows, resamples - start), n)).astype(np.intp, copy=False)


def distribution(n: int, replicate: Replicate, resamples: int = 1000, seed: int = 42) -> Floats:
    """The bootstrap distribution (resamples,) of a statistic over ``n`` samples; see :func:`resample_indices`."""
    return _collect(replicate, resample_indices(n, resamples, seed))


def _collect(replicate: Replicate, blocks: Iterable[Indices]) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.concatenate([np.asarray(replicate(block), dtype=np.float64) for block in blocks])


def replicate_of_sums(stack: ArrayLike, reduce: Reduce) -> Replicate:
    """The replicate function of a statistic that depends on its samples only through the sum of their vectors.

    A narrow stack is summed by gathering each column; a wide one by counting how often each row was drawn and
    multiplying the counts (b, n) with the stack (n, width). On integer statistics (counts) both are exact, and so
    equal to the bit.

    Args:
        stack: Sufficient statistics (n, width), one row per sample; (n,) is read as one column.
        reduce: Sums (b, width) to values (b,).
    """
    rows = _as_stack(stack)
    n, width = rows.shape
    columns = np.ascontiguousarray(rows.T)
    step = max(16, _PRODUCT // (_rows_per_block(max(1, n)) * max(1, width)))

    def gathered(indices: Indices) -> Floats:
        sums = np.empty((len(indices), width))
        for j, column in enumerate(columns):
            column.take(indices).sum(axis=1, out=sums[:, j])
        return reduce(sums)

    def counted(indices: Indices) -> Floats:
        drawn = indices + (np.arange(len(indices)) * n)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=len(indices) * n).reshape(len(indices), n)
        sums = np.zeros((len(indices), width))
        for start in range(0, n, step):
            sums += counts[:, start : start + step].astype(np.float64) @ rows[start : start + step]
        return reduce(sums)

    return gathered if width <= _NARROW else counted


def jackknife_of_sums(stack: ArrayLike, reduce: Reduce) -> Floats:
    """The n leave-one-out values (n,) of a statistic of sums, in closed form: ``reduce(total - row)``.

    Args:
        stack: Sufficient statistics (n, width), or (n,) for one column.
        reduce: Sums (b, width) to values (b,).
    """
    rows = _as_stack(stack)
    total = rows.sum(axis=0)
    step = max(1, _BLOCK // max(1, rows.shape[1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        blocks = [reduce(total - rows[start : start + step]) for start in range(0, len(rows), step)]
    return np.concatenate(blocks) if blocks else np.empty(0)


def _as_stack(stack: ArrayLike) -> Floats:
    rows = np.asarray(stack, dtype=np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2:
        raise UsageError(f"sufficient statistics have shape (n, width), not {rows.shape}")
    return rows
