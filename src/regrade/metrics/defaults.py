"""What is measured where a task names no metrics, or wants none."""

from __future__ import annotations

from regrade.errors import RecipeError
from regrade.metrics.case import Case
from regrade.metrics.metric import Passthrough
from regrade.registry import register
from regrade.schema import MetricSpec

_DEFAULTS = {
    "generate_until": ("exact_match",),
    "loglikelihood": ("perplexity", "acc"),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    "multiple_choice": ("acc", "acc_norm"),
}


def default_metrics(output_type: str) -> list[MetricSpec]:
    """The metrics of a task that names none, by what it asks of a model.

    Raises:
        RecipeError: there is no such output type.
    """
    try:
        return [MetricSpec(name) for name in _DEFAULTS[output_type]]
    except KeyError:
        raise RecipeError(
            f"output_type {output_type!r} is unknown", hint=f"known: {', '.join(sorted(_DEFAULTS))}"
        ) from None


@register("metric", "bypass")
class Bypass(Passthrough):
    """Nothing: the harness collected answers only (``--predict_only``)."""

    aggregation = "bypass"
    worst = None
    output_types = ("generate_until", "loglikelihood", "loglikelihood_rolling", "multiple_choice")

    def measure(self, case: Case) -> None:
        return None
