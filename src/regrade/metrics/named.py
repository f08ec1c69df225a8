"""Metrics by name, whichever tool named them first: the harness's, Unitxt's, ours, a plugin's.

Two families share the names. *Registered* metrics measure a record (lm-evaluation-harness's and ours: ``exact_match``,
``f1``, ``pass@k``); *catalog* metrics compare a prediction with references (Unitxt's: ``accuracy``, ``f1_macro``,
``rouge``). Either can be named wherever a metric is: by ``--metric``, from Python, in a task's ``metric_list``, in a
card's ``metrics``.

A bare name is looked up in the family of what is scored, then in the other: for logs, tables and tasks registered ones
come first, for cards those of catalogs. Where a name is in both (``accuracy``, ``bleu``, ``perplexity``, ``rouge``),
``lm_eval.NAME`` and ``unitxt.NAME`` (or ``metrics.NAME``, as Unitxt writes it) say which is meant. A task's bare name
is never a catalog's: the harness looks for such a name on the Hugging Face hub, and what is there may be another thing.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Protocol

from regrade.artifacts import ArtifactError, default_catalog
from regrade.artifacts.artifact import artifact
from regrade.artifacts.resolve import resolve
from regrade.errors import RecipeError
from regrade.metrics.bridge import REGISTERED_METRIC, metric_specs
from regrade.metrics.card_metric import CardMetric
from regrade.registry import is_registered, lookup
from regrade.schema import MetricSpec

REGISTERED: Final = "lm_eval."
CATALOG: Final = "metrics."
SPELLINGS: Final = (CATALOG, "unitxt.")
"""How names of catalog metrics begin, where that is to be said."""


class Fetches(Protocol):
    """Where names of artifacts lead."""

    def fetch(self, reference: str) -> dict[str, Any]:
        """The data of an artifact."""
        ...


def specs_named(
    name: str, arguments: dict[str, Any], *, catalog: Fetches | None = None, catalog_first: bool = False
) -> list[MetricSpec]:
    """The entries of a recipe for a metric that somebody names.

    Args:
        name: The name, with or without the family's prefix.
        arguments: The metric's.
        catalog: Where names of catalog metrics lead; the default catalogs if not given.
        catalog_first: Whether a bare name means a catalog's metric where both have it.

    Raises:
        RecipeError: there is no such metric; near names are told.
    """
    bare = name.removeprefix(REGISTERED)
    if bare != name:
        lookup("metric", bare)
        return [MetricSpec(bare, arguments=arguments)]
    where: Fetches = catalog if catalog is not None else default_catalog()
    spelling = next((prefix for prefix in SPELLINGS if name.startswith(prefix)), "")
    registered = not spelling and is_registered("metric", name)
    if registered and not catalog_first:
        return [MetricSpec(name, arguments=arguments)]
    try:
        data = _data(name.removeprefix(spelling), where)
        if data["__type__"] == REGISTERED_METRIC:
            return [MetricSpec(data["metric"], arguments={**(data.get("arguments") or {}), **arguments})]
        return metric_specs([{**data, **arguments}])
    except ArtifactError as error:
        if registered:
            return [MetricSpec(name, arguments=arguments)]
        if not catalog_first and not spelling and _is_nowhere(error):
            lookup("metric", name)  # raises, with names that are like it
        raise RecipeError(error.what, where=f"--metric {name}", hint=error.hint) from None


def _data(name: str, catalog: Fetches) -> dict[str, Any]:
    """The data of a catalog's metric, of a metric in another folder of a catalog, or of a type without arguments."""
    bare = name.partition("[")[0]
    try:
        return resolve(catalog.fetch(f"{CATALOG}{name}"), catalog).data
    except ArtifactError as error:
        if not _is_nowhere(error):
            raise
        if bare == name and is_registered("artifact", name) and issubclass(lookup("artifact", name), CardMetric):
            return {"__type__": name}
        if "." not in bare:
            raise
    return resolve(catalog.fetch(name), catalog).data


def _is_nowhere(error: ArtifactError) -> bool:
    return error.what.startswith("no catalog has")


@artifact("registered_metric")
class RegisteredMetric(CardMetric):
    """A metric that is no catalog's, such as lm-evaluation-harness's, in a card's list of metrics.

    It is measured as everywhere else: with its own value, standard error and interval.

    Args:
        metric: Its registered name.
        arguments: Its arguments.
    """

    metric: str
    arguments: Any = None

    needs_references: ClassVar[bool] = False

    def verify(self) -> None:
        super().verify()
        if not is_registered("metric", self.metric):
            raise ArtifactError(f"no metric is named {self.metric!r}", path=("metric",))
