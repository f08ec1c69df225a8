"""Strengths of systems from comparisons of two at a time.

The model of Bradley and Terry (1952, Biometrika 39:324): system i beats j with probability 1 / (1 + exp(b_j − b_i)). A
tie counts as half a win of each. The strengths that make the comparisons likeliest are found by Newton's method; they
exist where every system has, by way of others, both beaten and lost to every other (Ford 1957).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ELO: Final = 173.71779276130073
"""Points of the Elo scale per unit of strength: 400 / ln 10."""

PRIOR: Final = 0.5
"""Comparisons, ended in a tie, that are added to each pair that was compared where no likeliest strengths exist."""


def strengths(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    """The likeliest strengths, with mean 0.

    Args:
        wins: Array of shape (..., k, k): how often i beat j, ties as halves. Where the likeliest strengths do not
            exist, :data:`PRIOR` is added; pairs that were never compared tell nothing.

    Returns:
        Array of shape (..., k), in units of log odds.
    """
    import numpy as np

    wins = np.asarray(wins, dtype=np.float64)
    k = wins.shape[-1]
    compared = (wins + np.swapaxes(wins, -1, -2)) > 0
    wins = wins + np.where(exists(wins)[..., None, None], 0.0, PRIOR / 2 * compared)
    games = wins + np.swapaxes(wins, -1, -2)
    won = wins.sum(axis=-1)
    found = np.zeros(wins.shape[:-1])
    spread = np.ones((k, k)) / k  # holds the mean at 0, which the comparisons leave open
    for _ in range(100):
        chance = 1.0 / (1.0 + np.exp(np.clip(found[..., None, :] - found[..., :, None], -500, 500)))
        slope = won - (games * chance).sum(axis=-1)
        weight = games * chance * (1.0 - chance)
        curve = -weight
        curve[..., range(k), range(k)] += weight.sum(axis=-1)
        curve = curve + spread + 1e-12 * np.eye(k)
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        found = found + np.clip(step, -2.0, 2.0)
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    centred: NDArray[np.float64] = found - found.mean(axis=-1, keepdims=True)
    return centred


def exists(wins: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the likeliest strengths exist: every system reaches every other by way of wins.

    Args:
        wins: Array of shape (..., k, k).
    """
    import numpy as np

    k = wins.shape[-1]
    reached = (wins > 0) | np.eye(k, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(max(k, 2)))))):
        reached = (reached.astype(np.float64) @ reached.astype(np.float64)) > 0
    whole: NDArray[np.bool_] = reached.all(axis=(-1, -2))
    return whole


def elo(found: NDArray[np.float64], anchor: int | None = None) -> NDArray[np.float64]:
    """Strengths on the Elo scale: 400 points are odds of 10 to 1.

    Args:
        found: Array of shape (..., k).
        anchor: The system that has 1000 points; None puts the mean there.
    """
    points: NDArray[np.float64] = 1000.0 + ELO * (found if anchor is None else found - found[..., anchor, None])
    return points


def bootstrap(
    wins: NDArray[np.float64], *, resamples: int = 1000, seed: int = 42, anchor: int | None = None
) -> NDArray[np.float64]:
    """Elo points of resampled items.

    Args:
        wins: Array of shape (n, k, k): the wins in each item.
        resamples: How many.
        seed: Of the resamples.
        anchor: See :func:`elo`.

    Returns:
        Array of shape (resamples, k).
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    n, k, _ = wins.shape
    flat = wins.reshape(n, k * k)
    counts = generator.multinomial(n, np.full(n, 1.0 / n), size=resamples).astype(np.float64)
    return elo(strengths((counts @ flat).reshape(resamples, k, k)), anchor)


def interval(points: NDArray[np.float64], level: float = 0.95) -> list[tuple[float, float]]:
    """Percentile intervals of resampled points, one per system."""
    import numpy as np

    tail = (1.0 - level) / 2.0
    low, high = np.quantile(points, [tail, 1.0 - tail], axis=0)
    pairs: list[Any] = list(zip(low.tolist(), high.tolist(), strict=True))
    return pairs
