"""An aggregation that is somebody's Python function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regrade.metrics.aggregation.aggregation import Aggregation
from regrade.metrics.column import Column
from regrade.registry import lookup

_HARNESS_NAMES = {
    "acc_all": "acc_all",
    "bits_per_byte": "bits_per_byte",
    "bleu": "bleu",
    "brier_score": "brier_score",
    "bypass_agg": "bypass",
    "chrf": "chrf",
    "chrfpp": "chrf++",
    "f1_score": "f1",
    "matthews_corrcoef": "matthews_corrcoef",
    "mean": "mean",
    "median": "median",
    "nanmean": "nanmean",
    "perplexity": "perplexity",
    "ter": "ter",
    "weighted_perplexity": "weighted_perplexity",
}


class FunctionAggregation(Aggregation):
    """Calls a function with the list of all samples' values.

    The harness's own functions, and functions that only call scikit-learn's averaged F1, become the aggregation of
    ours that gives the same values, so that resampling them is fast and their standard error is known.

    Args:
        function: Called with a list of values; returns the aggregated value.
    """

    width = 0

    def __new__(cls, function: Callable[[list[Any]], Any]) -> Any:
        """Make the equal aggregation of ours, if there is one."""
        ours = _ours(function)
        return super().__new__(cls) if ours is None else lookup("aggregation", ours)()

    def __init__(self, function: Callable[[list[Any]], Any]) -> None:
        self.function = function

    def statistics(self, value: Any) -> Any:
        return value

    def read(self, value: Any) -> Any:
        return value  # what the function wants is not known

    def reduce(self, column: Column) -> Any:
        return self.function(column.objects)


def _ours(function: Callable[[list[Any]], Any]) -> str | None:
    if getattr(function, "__module__", None) == "lm_eval.api.metrics":
        return _HARNESS_NAMES.get(getattr(function, "__name__", ""))
    from regrade.metrics.aggregation.labels import averaged_f1

    name = averaged_f1(function)
    return name if name is not None and _agree(function, name) else None


_PROBE = [(0, 1), (0, 0), (1, 0), (2, 1), (2, 2), (2, 0), (0, 0)]
"""Label pairs that tell gold from predicted, and the kinds of average from each other."""


def _agree(function: Callable[[list[Any]], Any], name: str) -> bool:
    ours: Aggregation = lookup("aggregation", name)()
    column = Column(ours.width, labelled=ours.labelled)
    for pair in _PROBE:
        column.append(ours.statistics(pair))
    try:
        return abs(float(function(_PROBE)) - float(ours.reduce(column))) < 1e-12
    except Exception:
        return False
