"""From a recipe's names and functions to metrics and aggregations that can run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from regrade.errors import RecipeError, RegradeError
from regrade.metrics import Metric
from regrade.metrics.aggregation import Aggregation
from regrade.registry import lookup
from regrade.schema import FunctionRef, MetricSpec, Recipe
from regrade.versions import Version

if TYPE_CHECKING:
    from regrade.metrics.case import Case

Resolve: TypeAlias = Callable[[FunctionRef], Callable[..., Any]]


class FunctionMetric(Metric):
    """A metric that is a task's own function, called as the harness calls it.

    With ``references`` and ``predictions`` (lists of one) and the metric's arguments as keywords; a function that does
    not take those gets one list, ``[gold, answer]``. Of several references any that scores makes the answer score 1.
    """

    worst = None

    def __init__(self, function: Callable[..., Any], name: str, arguments: dict[str, Any]) -> None:
        super().__init__()
        self._function = function
        self._name = name
        self._arguments = arguments

    def measure(self, case: Case) -> Any:
        gold, answer = case.gold, case.extracted[0]
        if not case.task.multiple_target:
            return self._call(gold, answer)
        scores = []
        for option in gold if isinstance(gold, list) else [gold]:
            score = self._call(option, answer)
            scores.append(score[self._name] if isinstance(score, dict) else score)
        return 1.0 if any(scores) else 0.0

    def _call(self, gold: Any, answer: Any) -> Any:
        try:
            return self._function(references=[gold], predictions=[answer], **self._arguments)
        except TypeError:
            return self._function([gold, answer])


def metric_for(spec: MetricSpec, recipe: Recipe, compat: Version, resolve: Resolve) -> Metric:
    """Make a metric of its entry in a recipe.

    Raises:
        RecipeError: no such metric, or it does not take these arguments.
        UnavailableError: it is a function that may not or cannot run here.
    """
    if isinstance(spec.metric, FunctionRef):
        return FunctionMetric(resolve(spec.metric), spec.name, spec.arguments)
    try:
        metric: Metric = lookup("metric", spec.metric)(**spec.arguments)
    except RegradeError:
        raise
    except Exception as error:
        raise RecipeError(f"metric {spec.metric!r}: {error}", where=f"task {recipe.task}") from None
    metric.compat = compat
    return metric


def aggregation_for(
    aggregation: str | FunctionRef, compat: Version, resolve: Resolve, spec: MetricSpec | None = None
) -> Aggregation:
    """Make an aggregation of its name or function, for the metric that ``spec`` is the entry of.

    Raises:
        RecipeError: no such aggregation.
        UnavailableError: it is a function that may not or cannot run here.
    """
    if isinstance(aggregation, FunctionRef):
        from regrade.metrics.aggregation import FunctionAggregation

        return FunctionAggregation(resolve(aggregation))
    made: Aggregation = lookup("aggregation", aggregation).of(spec.arguments if spec is not None else {})
    made.compat = compat
    return made
