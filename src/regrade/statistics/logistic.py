"""Logistic regression on shares: weights, and a penalty on absolute values where one is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def fit(
    features: NDArray[np.float64],
    shares: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
    *,
    penalty: float = 0.0,
) -> NDArray[np.float64]:
    """The coefficients b that minimise the weighted log loss plus ``penalty`` times the sum of their absolute values.

    Args:
        features: Array of shape (n, p); a constant is one of them where it is wanted.
        shares: What is to be predicted, from 0 to 1: shape (n,).
        weights: Shape (n,); 1 each if not given.
        penalty: 0 for none. (liblinear's C is its inverse.)

    Returns:
        Array of shape (p,). Without a penalty, shares that can be told perfectly have no best coefficients; those
        returned are large then.
    """
    import numpy as np

    weights = np.ones(len(shares)) if weights is None else weights
    found = np.zeros(features.shape[1])

    def cost(at: NDArray[np.float64]) -> float:
        return log_loss(features, shares, weights, at) + penalty * float(np.abs(at).sum())

    value = cost(found)
    for _ in range(100):
        chance = sigmoid(features @ found)
        slope = features.T @ (weights * (chance - shares))
        curve = (features * (weights * chance * (1 - chance))[:, None]).T @ features
        curve += 1e-9 * np.eye(len(found)) * max(1.0, float(np.trace(curve)))
        step = _step(found, slope, curve, penalty)
        size = 1.0
        while size > 1e-8 and cost(found + size * step) > value + 1e-12 * abs(value):
            size /= 2
        found = found + size * step
        before, value = value, cost(found)
        if (
            np.abs(step).max(initial=0.0) < 1e-9
            or before - value < 1e-13 * (1 + abs(value))
            or np.abs(found).max() > 50
        ):
            break
    return found


def _step(
    found: NDArray[np.float64], slope: NDArray[np.float64], curve: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """Where the quadratic that looks like the cost here has its minimum, coordinate after coordinate."""
    import numpy as np

    if not penalty:
        return np.linalg.solve(curve, -slope).astype(np.float64)
    goal = found.copy()
    for _ in range(1000):
        largest = 0.0
        for place in range(len(found)):
            pull = slope[place] + curve[place] @ (goal - found) - curve[place, place] * goal[place]
            wanted = -np.sign(pull) * max(abs(pull) - penalty, 0.0) / curve[place, place]
            largest = max(largest, abs(wanted - goal[place]))
            goal[place] = wanted
        if largest < 1e-12:
            break
    return goal - found


def log_loss(
    features: NDArray[np.float64], shares: NDArray[np.float64], weights: NDArray[np.float64], found: NDArray[np.float64]
) -> float:
    """The weighted log loss of coefficients, summed."""
    import numpy as np

    odds = features @ found
    return float((weights * (np.logaddexp(0, odds) - shares * odds)).sum())


def sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(−x)), without overflow."""
    import numpy as np

    value: NDArray[np.float64] = np.exp(-np.logaddexp(0, -odds))
    return value
