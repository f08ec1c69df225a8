"""What may be chosen of a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from regrade.errors import UsageError

Compat = Literal["unitxt"]

LEAST: Final = {"limit": 1, "loader_limit": 1, "num_demos": 0, "demos_pool_size": -1, "time_limit": 0}
"""The least that numbers among the choices may be."""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """How a card is to be used. What is None is the recipe's choice, or the card's.

    Attributes:
        template: A template: its number or name among the card's, its name in the catalog, or its data.
        format: A format: its name in the catalog (``formats.`` may be left out), or its data.
        system_prompt: A system prompt, likewise; of several words, the prompt itself.
        split: The stream whose rows become samples.
        num_demos: Demonstrations per sample.
        demos_pool_size: How many rows demonstrations are drawn from; -1 for the whole stream.
        demos_from: The stream they come from.
        seed: Another seed, other demonstrations.
        limit: Samples at most.
        loader_limit: Rows per stream that are loaded at most.
        arrangement: The order of choices for all samples (``{"swapped": false}``), instead of what content draws.
        compat: ``unitxt`` restores what Unitxt does where Regrade does otherwise: missing values are NaN.
        strict: The first row that cannot be read or processed is an error.
        time_limit: CPU seconds that the row-wise steps may take for one row; 0 is no limit. None is 5.
    """

    template: Any = None
    format: Any = None
    system_prompt: Any = None
    split: str | None = None
    num_demos: int | None = None
    demos_pool_size: int | None = None
    demos_from: str | None = None
    seed: int | None = None
    limit: int | None = None
    loader_limit: int | None = None
    arrangement: dict[str, Any] | None = None
    compat: Compat | None = None
    strict: bool = False
    time_limit: float | None = None


def choices_of(values: Mapping[str, Any]) -> Choices:
    """Choices by name, checked.

    >>> choices_of({"num_demos": 5}).num_demos
    5

    Raises:
        UsageError: there is no such choice, or it cannot be that.
    """
    known = [field.name for field in msgspec.structs.fields(Choices)]
    if unknown := [name for name in values if name not in known]:
        raise UsageError(f"nothing is called {unknown[0]!r}", hint=f"choices: {', '.join(known)}")
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Choices)
        except msgspec.ValidationError as error:
            raise UsageError.about(name, value, str(error).partition(" - at ")[0]) from None
        if value is not None and name in LEAST and value < LEAST[name]:
            raise UsageError.about(name, value, f"must be at least {LEAST[name]}")
    return Choices(**{**values, "system_prompt": _system_prompt(values.get("system_prompt"))})


def _system_prompt(given: Any) -> Any:
    """A name in a catalog as it is; any other text (of several words, or in another script) as a prompt of its own."""
    if not isinstance(given, str) or (given.isascii() and len(given.split()) == 1):
        return given
    return {"__type__": "textual_system_prompt", "text": given}
