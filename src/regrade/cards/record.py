"""What is recorded with samples: which card made them, of which data, and what every step did."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from regrade.artifacts.artifact import Artifact, ArtifactError
from regrade.artifacts.data import to_data
from regrade.artifacts.floats import spell_floats
from regrade.artifacts.resolve import resolve
from regrade.cards.load import LoadedCard
from regrade.cards.operators.texts.processors import own_key
from regrade.cards.pipeline import Pipeline
from regrade.store.samples import VERSION

_MOST_FAILURES = 20


def about(loaded: LoadedCard, pipeline: Pipeline) -> dict[str, Any]:
    """The record of a run of a card, when all its samples have been made.

    Returns:
        JSON: ``version`` of the layout, ``name``, ``card`` (its hash, and its samples' target prefixes, postprocessors
        and metrics with their data, so that scoring needs no catalog), ``choices``, ``revisions`` and ``files`` of
        the data, ``counts`` per step, ``failed`` (how many rows could not be processed, the first of them),
        ``malformed`` (how many could not be read, the first of them), ``regrade`` (its version) and ``created``.
    """
    from regrade import __version__

    whole = loaded.resolve()
    template, recipe = pipeline.templates[0], pipeline.recipe
    metrics = _as_data(pipeline.task.metrics if recipe.metrics is None else recipe.metrics)
    postprocessors = _as_data(template.postprocessors if recipe.postprocessors is None else recipe.postprocessors)
    each = {own_key(own): own for own in (_as_data(one.postprocessors) for one in pipeline.templates)}
    by_template = [{"__type__": "postprocessors_by_template", "of": each}]
    several = recipe.postprocessors is None and len(each) > 1
    account, loading = pipeline.account, pipeline.loading
    card = {
        "hash": whole.hash,
        "metrics": metrics,
        "postprocessors": by_template if several else postprocessors,
        "target_prefixes": list(dict.fromkeys(each.target_prefix for each in pipeline.templates if each.target_prefix)),
        "artifacts": _artifacts([*metrics, *postprocessors, *(item for own in each.values() for item in own)], loaded),
    }
    return {
        "version": VERSION,
        "name": loaded.name,
        "card": spell_floats(card),
        "choices": {name: value for name, value in msgspec.to_builtins(pipeline.choices).items() if value is not None},
        "split": pipeline.split,
        "template": pipeline.template_name,
        "revisions": loading.revisions,
        "files": list(loading.files),
        "counts": msgspec.to_builtins(account.counts),
        "failed": {"rows": account.failed, "first": msgspec.to_builtins(account.failures[:_MOST_FAILURES])},
        "malformed": {
            "rows": len(loading.malformed),
            "first": msgspec.to_builtins(loading.malformed[:_MOST_FAILURES]),
        },
        "regrade": __version__,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _as_data(given: Any) -> list[Any]:
    return [to_data(item) if isinstance(item, Artifact) else item for item in given]


def _artifacts(names: list[Any], loaded: LoadedCard) -> dict[str, Any]:
    """The data of artifacts by name, those that can be had."""
    found = {}
    for name in names:
        if isinstance(name, str):
            try:
                found[name] = resolve(name, loaded.catalogs).data
            except ArtifactError:  # told when it is to be used
                continue
    return found
