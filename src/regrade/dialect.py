"""What a dialect (cards, tasks of the harness, judges) hands to those who ask: samples, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from regrade.schema import Sample


class Prepared(msgspec.Struct, kw_only=True):
    """Samples, and what is to be known of where they came from.

    Attributes:
        name: What people call the recipe; part of the run's name.
        dialect: ``card``, ``lm_eval`` or ``judge``: who can prepare and score it again.
        samples: The samples, in order; read once.
        recipe: The recipe, resolved, as data.
        recipe_hash: Of ``recipe``.
        data: Where the samples come from: files, revisions, fingerprints, choices.
        parameters: Generation parameters that the recipe asks for; the user's win over them.
        repeats: Answers per sample that the recipe asks for.
        about: Called when all samples were read: what the file of samples says of itself, for whoever scores them.
        notes: Called then too: what a reader should know of how they were made.
        judge_of: For a judge: the runs whose answers it judges.
    """

    name: str
    dialect: str
    samples: Iterable[Sample]
    recipe: dict[str, Any] = msgspec.field(default_factory=dict)
    recipe_hash: str = ""
    data: dict[str, Any] = msgspec.field(default_factory=dict)
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    repeats: int = 1
    about: Callable[[], dict[str, Any]] = dict
    notes: Callable[[], list[str]] = list
    judge_of: list[str] = msgspec.field(default_factory=list)
