"""Generation parameters that well-known families of models refuse, or call otherwise.

A recipe is written for any model. What one is known to refuse is left out of the recipe's parameters; what the user
sets by ``--param`` is sent as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple


class Family(NamedTuple):
    """A family of models.

    Attributes:
        names: Matches their names, with or without a provider before them.
        renamed: What they call parameters otherwise.
        refused: Parameters that they refuse.
    """

    names: re.Pattern[str]
    renamed: dict[str, str]
    refused: frozenset[str]


FAMILIES: Final = (
    Family(  # OpenAI's reasoning models: platform.openai.com/docs/guides/reasoning
        re.compile(r"(^|/)(o1|o3|o4|gpt-5(?!-chat))($|[-.@:])"),
        {"max_tokens": "max_completion_tokens"},
        frozenset(
            "temperature top_p presence_penalty frequency_penalty logprobs top_logprobs logit_bias stop".split()  # noqa: SIM905
        ),
    ),
)


def fit_parameters(model: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """A recipe's parameters as a model takes them.

    >>> fit_parameters("o3-mini", {"max_tokens": 100, "temperature": 0})
    {'max_completion_tokens': 100}
    >>> fit_parameters("my-model", {"temperature": 0})
    {'temperature': 0}
    """
    for family in FAMILIES:
        if family.names.search(model):
            kept = {name: value for name, value in parameters.items() if name not in family.refused}
            return {family.renamed.get(name, name): value for name, value in kept.items()}
    return parameters
