"""Regrade: keep every word a model said; score it again, any way, in seconds.

>>> import regrade
>>> print(regrade.score("examples/results").summary())  # doctest: +SKIP

The public names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Card",
    "Comparison",
    "Options",
    "RegradeError",
    "Result",
    "Scores",
    "__version__",
    "compare",
    "load_card",
    "score",
    "to_messages",
]

_HOMES = {
    "Card": "regrade.api.card",
    "Comparison": "regrade.scoring.comparison",
    "Options": "regrade.scoring.options",
    "RegradeError": "regrade.errors",
    "Result": "regrade.scoring.results",
    "Scores": "regrade.scoring.scores",
    "compare": "regrade.scoring.compare",
    "load_card": "regrade.api.card",
    "score": "regrade.scoring.score",
    "to_messages": "regrade.chat.any_table",
}

if TYPE_CHECKING:
    from regrade.api.card import Card, load_card
    from regrade.chat.any_table import to_messages
    from regrade.errors import RegradeError
    from regrade.scoring.compare import compare
    from regrade.scoring.comparison import Comparison
    from regrade.scoring.options import Options
    from regrade.scoring.results import Result
    from regrade.scoring.score import score
    from regrade.scoring.scores import Scores


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regrade' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
