"""What a preference would be if both answers were of one length.

Source: Dubois et al. 2024, Length-Controlled AlpacaEval (arXiv:2404.04475), equations 1 to 3, and the fit of
alpaca_eval 0.6.6, ``metrics/glm_winrate.py``: preferences are regressed on the tanh of the standardised difference in
length, on how hard the instruction is, and on the model; the win rate is the mean prediction at no difference.

How hard an instruction is, and the preferences for a baseline that was told to be verbose or concise, which hold the
regression in place, come from AlpacaEval's table ``df_gamed.csv`` (Hugging Face dataset ``tatsu-lab/alpaca_eval``).
"""

from __future__ import annotations

import csv
import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from regrade.errors import InputError
from regrade.statistics.logistic import fit, log_loss, sigmoid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GAMED_WEIGHT: Final = 0.2 / 2
"""Weight of a row of the calibration: AlpacaEval's 0.2, for two such baselines."""

_FOLDS: Final = 5
_STRENGTHS: Final = 10
"""How many strengths of the penalty are tried: 1e-4 to 1e4, as scikit-learn's ``Cs=10``."""


class Calibration(msgspec.Struct, frozen=True):
    """AlpacaEval's table of preferences for baselines that were told to be verbose or concise.

    Attributes:
        difficulty: How hard each instruction is, by its place among AlpacaEval's 805.
        rows: ``(tanh of the standardised difference in length, difficulty, preference)`` of the baselines.
    """

    difficulty: dict[int, float]
    rows: tuple[tuple[float, float, float], ...]


def read_calibration(path: str | Path) -> Calibration:
    """Read ``df_gamed.csv``: ``index``, ``instruction_difficulty``, ``std_delta_len``, ``preference`` (from 0 to 1).

    Raises:
        InputError: it cannot be read, or is another table.
    """
    file = Path(path)
    try:
        stat = file.stat()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    return _read(str(file), stat.st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: str, mtime: int) -> Calibration:
    difficulty: dict[int, float] = {}
    rows: list[tuple[float, float, float]] = []
    with Path(path).open(encoding="utf-8", newline="") as text:
        for line, row in enumerate(csv.DictReader(text), start=2):
            try:
                place, hard = int(float(row["index"])), float(row["instruction_difficulty"])
                gap, preference = float(row["std_delta_len"]), float(row["preference"] or "nan")
            except (KeyError, ValueError, TypeError) as error:
                raise InputError(
                    f"is no row of AlpacaEval's calibration: {error}",
                    where=f"{path}:{line}",
                    hint="it is df_gamed.csv of the Hugging Face dataset tatsu-lab/alpaca_eval",
                ) from None
            difficulty.setdefault(place, hard)
            if not math.isnan(preference):
                rows.append((math.tanh(gap), hard, preference))
    if not rows:
        raise InputError("has no rows", where=path)
    return Calibration(difficulty, tuple(rows))


def at_equal_length(preferences: NDArray[np.float64], gaps: NDArray[np.float64]) -> float:
    """The win rate at no difference in length, of these comparisons alone.

    The simple regression: tanh of the standardised difference and a constant, nothing else. It is not AlpacaEval's
    number, which leans on a calibration.

    Args:
        preferences: Per comparison 1 where the second answer is better, 0 where the first is, between them a tie.
        gaps: Length of the first less that of the second.

    Returns:
        From 0 to 1.
    """
    import numpy as np

    spread = gaps.std(ddof=1) if len(gaps) > 1 else 0.0
    if not spread:
        return float(preferences.mean())
    features = np.column_stack([np.tanh(gaps / spread), np.ones(len(gaps))])
    return float(sigmoid(fit(features, preferences)[1:])[0])


def alpaca_eval(
    preferences: NDArray[np.float64], gaps: NDArray[np.float64], places: NDArray[np.int64], calibration: Calibration
) -> float:
    """AlpacaEval's length-controlled win rate.

    Args:
        preferences: Per instruction from 0 (the baseline's output is better) to 1.
        gaps: Characters of the baseline's output less those of the model's.
        places: The instruction's place among AlpacaEval's 805.
        calibration: AlpacaEval's.

    Returns:
        From 0 to 1.

    Raises:
        ValueError: an instruction is none of AlpacaEval's.
    """
    import numpy as np

    try:
        hard = np.array([calibration.difficulty[place] for place in places.tolist()])
    except KeyError as error:
        raise ValueError(f"the calibration has no instruction {error}") from None
    gamed = np.array(calibration.rows)
    own = np.column_stack([np.tanh(gaps / gaps.std(ddof=1)), hard, np.ones(len(hard))])
    features = np.vstack([np.column_stack([gamed[:, :2], np.zeros(len(gamed))]), own])
    shares = np.concatenate([gamed[:, 2], preferences])
    weights = np.concatenate([np.full(len(gamed), GAMED_WEIGHT), np.ones(len(own))])
    strength = _best_strength(features, shares, weights)
    found = fit(features, shares, weights, penalty=1.0 / strength)
    return float(sigmoid(np.column_stack([np.zeros(len(hard)), hard, np.ones(len(hard))]) @ found).mean())


def _best_strength(features: NDArray[np.float64], shares: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The inverse penalty whose predictions of what was left out lose least, of five folds of rows in their order.

    Folds are scikit-learn's ``GroupKFold`` over rows that stand in twice, once per label.
    """
    import numpy as np

    folds = _folds(len(shares))
    strengths = np.logspace(-4, 4, _STRENGTHS)
    losses = []
    for strength in strengths:
        total = 0.0
        for fold in range(_FOLDS):
            out = folds == fold
            found = fit(features[~out], shares[~out], weights[~out], penalty=1.0 / strength)
            total += log_loss(features[out], shares[out], weights[out], found) / out.sum()
        losses.append(total)
    return float(strengths[int(np.argmin(losses))])


def _folds(n: int) -> NDArray[np.int64]:
    """The fold of each row: rows in descending order of their place are dealt out in turn."""
    import numpy as np

    order = np.argsort(np.full(n, 2))[::-1]
    folds = np.empty(n, dtype=np.int64)
    folds[order] = np.arange(n) % _FOLDS
    return folds
