"""From what a file of samples says of its card to a recipe: postprocessors as filters, and the task's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from regrade.artifacts import ArtifactError, Catalog, default_catalog
from regrade.artifacts.floats import read_floats
from regrade.artifacts.resolve import resolve
from regrade.cards.references import POSTPROCESSORS
from regrade.errors import UsageError
from regrade.metrics.bridge import POLICY, UNITXT, metric_specs
from regrade.metrics.named import specs_named
from regrade.rows.source import Source
from regrade.schema import FilterPipeline, FilterStep, MetricSpec, Recipe

COMPAT = UNITXT
"""What ``--compat`` may say for a card's samples."""


def card_recipe(source: Source, compat: str | None = None) -> Recipe:
    """The recipe of a source of samples.

    Args:
        source: Its ``options["card"]`` has ``metrics``, ``postprocessors`` (names or data), ``artifacts`` (the data
            of names, as they were when the samples were made) and ``target_prefixes``.
        compat: ``unitxt``: what a postprocessor gives where it finds nothing counts as an answer.

    Raises:
        UsageError: no such compatibility.
        RecipeError: a metric or postprocessor is not to be had.
    """
    if compat not in (None, COMPAT):
        raise UsageError(
            "is no version that a card's samples know", where=f"--compat {compat}", hint=f"it may be {COMPAT}"
        )
    card: dict[str, Any] = read_floats(source.options["card"])
    catalog = _Recorded(card.get("artifacts") or {})
    postprocessors = [whole(item, catalog, "processors") for item in card.get("postprocessors") or ()]
    metrics, needs = [], {}
    for item in card.get("metrics") or ():
        try:
            metrics += metric_specs([whole(item, catalog, "metrics")])
        except ArtifactError as error:
            name = _short(item)
            metrics.append(MetricSpec(name))
            needs[name] = error.what
    if not metrics:  # or the defaults of logs would stand in
        metrics, needs = [MetricSpec("none")], {"none": "the card names no metric: --metric NAME, or regrade judge"}
    return Recipe(
        task=source.task,
        filters=[_pipeline(card, postprocessors, fallback=compat == COMPAT)],
        metrics=_told_apart(metrics),
        needs=needs,
        metadata={POSTPROCESSORS: postprocessors, "card": card, POLICY: compat},
    )


def _pipeline(card: dict[str, Any], postprocessors: Sequence[Any], *, fallback: bool) -> FilterPipeline:
    """The filter pipeline of a card's postprocessors, called after them."""
    steps = []
    if prefixes := card.get("target_prefixes"):
        steps.append(FilterStep("delete_target_prefix", {"prefixes": prefixes}))
    if postprocessors:
        steps.append(FilterStep("processor", {"processor": list(postprocessors), "fallback": fallback}))
    name = "+".join(map(_short, card.get("postprocessors") or ())) or "none"
    return FilterPipeline(name, [*steps, FilterStep("take_first")])


def prepared_alike(pipeline: FilterPipeline, recipe: Recipe) -> FilterPipeline:
    """A pipeline of somebody's own, with the steps that prepare a card's references after it.

    They stand before a ``take_first`` at its end. A card whose postprocessors only read answers has none.
    """
    postprocessors = recipe.metadata[POSTPROCESSORS]
    if not shared_postprocessors(recipe):
        return pipeline
    steps = list(pipeline.steps)
    place = len(steps) - 1 if steps and steps[-1] == FilterStep("take_first") else len(steps)
    steps.insert(place, FilterStep("processor", {"processor": list(postprocessors), "as_references": True}))
    return msgspec.structs.replace(pipeline, steps=steps)


def shared_postprocessors(recipe: Recipe) -> list[str]:
    """Names of a card's postprocessors that prepare its references as well as predictions."""
    from regrade.cards.operators.texts.processors import Postprocessors, postprocessor

    data = recipe.metadata[POSTPROCESSORS]
    names = map(_short, recipe.metadata["card"].get("postprocessors") or ())
    catalog = default_catalog()
    return [
        name
        for name, one in zip(names, data, strict=True)
        if not Postprocessors([postprocessor(one, catalog)]).of_both_sides.is_empty
    ]


def chosen_metrics(recipe: Recipe, names: Sequence[tuple[str, dict[str, Any]]]) -> list[MetricSpec] | None:
    """The entries for metrics that a person names, of a card's samples; None where this is no such recipe.

    Args:
        recipe: The recipe.
        names: Names with arguments: labels of the card's own metrics, names in a catalog (``metrics.`` may be left
            out), or other registered metrics.

    Raises:
        RecipeError: there is no such metric.
    """
    card = recipe.metadata.get("card")
    if card is None:
        return None
    own = {spec.name: spec for spec in recipe.metrics}
    catalog = _Recorded(card.get("artifacts") or {})
    specs: list[MetricSpec] = []
    for name, arguments in names:
        if name in own and not arguments:
            specs.append(own[name])
            continue
        specs += specs_named(name, arguments, catalog=catalog, catalog_first=True)
    return _told_apart(specs)


def whole(item: Any, catalog: Catalog, family: str) -> dict[str, Any]:
    """The data of a metric or postprocessor, without references.

    Args:
        item: Its name (with arguments in brackets; the family may be left out), or its data.
        catalog: Where names lead.
        family: ``metrics`` or ``processors``.

    Raises:
        ArtifactError: the name leads nowhere, or the data is wrong.
    """
    if isinstance(item, str) and "." not in item.partition("[")[0]:
        item = f"{family}.{item}"
    if isinstance(item, str):
        item = catalog.fetch(item)
    return resolve(item, catalog).data


class _Recorded:
    """Artifacts that a file of samples recorded; others are those of today's catalogs."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self.recorded = recorded
        self.others = default_catalog()

    def fetch(self, reference: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.recorded.get(reference)
        return found if found is not None else self.others.fetch(reference)


def _short(item: Any) -> str:
    if isinstance(item, str):
        bare, bracket, arguments = item.partition("[")
        return bare.rpartition(".")[2] + bracket + arguments
    return str(item.get("__type__")) if isinstance(item, dict) else str(item)


def _told_apart(specs: list[MetricSpec]) -> list[MetricSpec]:
    """The same entries; those that would be reported under one name get their types before it."""
    taken: set[str] = set()
    result = []
    for given in specs:
        spec = given
        if spec.name in taken and "metric" in spec.arguments:
            spec = msgspec.structs.replace(spec, label=f"{spec.arguments['metric']['__type__']}.{spec.name}")
        while spec.name in taken:
            spec = msgspec.structs.replace(spec, label=f"{spec.name}'")
        taken.add(spec.name)
        result.append(spec)
    return result
