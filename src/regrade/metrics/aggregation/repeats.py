"""The parts of the variance of repeated answers, from sums over samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler

    Floats = NDArray[np.float64]


@register("aggregation", "variance_of_repeats")
class VarianceOfRepeats(Aggregation):
    """The variance of one answer's score: between questions (difficulty) and within one (chance in the answer).

    By the law of total variance, Var(score) = Var(expectation of a question) + mean of the variances within. That
    within is estimated from samples with two answers or more; that between from the variance of the samples' means,
    less what chance in the answers adds to it, and at least 0.

    Source: Miller, "Adding Error Bars to Evals" (arXiv:2411.00640), sec. 3.1; see
    :func:`regrade.statistics.repeats.variance_parts`.
    """

    width = 6
    part: ClassVar[str] = "all"

    def statistics(self, value: Any) -> tuple[float, ...]:
        scores = [float(score) for score in value]
        count = len(scores)
        mean = math.fsum(scores) / count
        several = float(count > 1)
        within = math.fsum((score - mean) ** 2 for score in scores) / (count - 1) if count > 1 else 0.0
        return 1.0, mean, mean * mean, within, several, 1 / count

    def others(self, column: Column) -> dict[str, Aggregation]:
        if self.part != "all":
            return {}
        return {"variance_between_questions": _Between(), "variance_within_questions": _Within()}

    def reduce(self, column: Column) -> float:
        value = float(self._values(column.numpy().sum(axis=0)[None, :])[0])
        if math.isnan(value):
            raise ValueError("there is one sample only" if len(column) < 2 else "no sample has two answers")
        return value

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(column.numpy(), self._values, [""])

    def _values(self, sums: Floats) -> Floats:
        import numpy as np

        n, means, squares, variances, several, shares = sums.T
        with np.errstate(divide="ignore", invalid="ignore"):
            within = np.where(several > 0.5, variances / several, math.nan)
            of_means = np.where(n > 1.5, (squares - means * means / n) / (n - 1), math.nan)
            between = np.maximum(of_means - within * shares / n, 0.0)
        parts: dict[str, Floats] = {"all": between + within, "between": between, "within": within}
        return parts[self.part]


class _Between(VarianceOfRepeats):
    part = "between"


class _Within(VarianceOfRepeats):
    part = "within"
