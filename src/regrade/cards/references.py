"""References of a card's samples, as its metrics see them: after the postprocessors that answers go through too."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from regrade.schema import Recipe, Record

if TYPE_CHECKING:
    from regrade.cards.operators.texts.processors import Postprocessors

POSTPROCESSORS: Final = "postprocessors"
"""Where a recipe's metadata has them, as data."""


def processed_references(record: Record, recipe: Recipe) -> list[Any]:
    """The references of a record, a list, after the recipe's postprocessors.

    Raises:
        ValueError, TypeError, KeyError: a reference cannot be processed.
    """
    postprocessors = recipe.metadata.get(POSTPROCESSORS)
    if not postprocessors:
        references: list[Any] = record.target
        return references
    process = _ready(msgspec.msgpack.encode(postprocessors))
    return process("", record.target, {"task_data": record.fields}).references


def prepare(recipe: Recipe) -> None:
    """Make the postprocessors of a recipe ready, before samples are timed."""
    if postprocessors := recipe.metadata.get(POSTPROCESSORS):
        _ready(msgspec.msgpack.encode(postprocessors)).prepare()


@lru_cache(maxsize=16)
def _ready(data: bytes) -> Postprocessors:
    """Postprocessors, made once for each process."""
    from regrade.artifacts import default_catalog
    from regrade.cards.operators.texts.processors import Postprocessors, postprocessor

    catalog = default_catalog()
    return Postprocessors([postprocessor(item, catalog) for item in msgspec.msgpack.decode(data)])
