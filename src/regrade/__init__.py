"""Regrade: keep every word a model said; score it again, any way, in seconds.

>>> import regrade
>>> print(regrade.score("examples/results").summary())  # doctest: +SKIP

The public names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "AgreementReport",
    "CancelToken",
    "Cancelled",
    "Card",
    "Comparison",
    "Converted",
    "Detected",
    "Estimate",
    "Estimates",
    "Exported",
    "Options",
    "PowerReport",
    "RegradeError",
    "Result",
    "RunList",
    "RunResult",
    "RunResults",
    "SampleViews",
    "SavedScores",
    "Scores",
    "__version__",
    "agree",
    "ask_again",
    "compare",
    "convert",
    "detect",
    "estimate",
    "estimate_judge",
    "export",
    "judge",
    "load_card",
    "load_scores",
    "power",
    "resume",
    "run",
    "runs",
    "score",
    "show",
    "to_messages",
]

_HOMES = {
    "AgreementReport": "regrade.api.agree",
    "CancelToken": "regrade.progress",
    "Cancelled": "regrade.errors",
    "Card": "regrade.api.card",
    "Comparison": "regrade.api.compare",
    "Converted": "regrade.api.convert",
    "Detected": "regrade.api.convert",
    "Estimate": "regrade.api.estimate",
    "Estimates": "regrade.api.estimate",
    "Exported": "regrade.api.export",
    "Options": "regrade.scoring.options",
    "PowerReport": "regrade.api.power",
    "RegradeError": "regrade.errors",
    "Result": "regrade.scoring.results",
    "RunList": "regrade.api.runs",
    "RunResult": "regrade.api.outcome",
    "RunResults": "regrade.api.outcome",
    "SampleViews": "regrade.api.show",
    "SavedScores": "regrade.api.load_scores",
    "Scores": "regrade.api.scores",
    "agree": "regrade.api.agree",
    "ask_again": "regrade.api.judge",
    "compare": "regrade.api.compare",
    "convert": "regrade.api.convert",
    "detect": "regrade.api.convert",
    "estimate": "regrade.api.run",
    "estimate_judge": "regrade.api.judge",
    "export": "regrade.api.export",
    "judge": "regrade.api.judge",
    "load_card": "regrade.api.card",
    "load_scores": "regrade.api.load_scores",
    "power": "regrade.api.power",
    "resume": "regrade.api.resume",
    "run": "regrade.api.run",
    "runs": "regrade.api.runs",
    "score": "regrade.api.score",
    "show": "regrade.api.show",
    "to_messages": "regrade.chat.any_table",
}

if TYPE_CHECKING:
    from regrade.api.agree import AgreementReport, agree
    from regrade.api.card import Card, load_card
    from regrade.api.compare import Comparison, compare
    from regrade.api.convert import Converted, Detected, convert, detect
    from regrade.api.estimate import Estimate, Estimates
    from regrade.api.export import Exported, export
    from regrade.api.judge import ask_again, estimate_judge, judge
    from regrade.api.load_scores import SavedScores, load_scores
    from regrade.api.outcome import RunResult, RunResults
    from regrade.api.power import PowerReport, power
    from regrade.api.resume import resume
    from regrade.api.run import estimate, run
    from regrade.api.runs import RunList, runs
    from regrade.api.score import score
    from regrade.api.scores import Scores
    from regrade.api.show import SampleViews, show
    from regrade.chat.any_table import to_messages
    from regrade.errors import Cancelled, RegradeError
    from regrade.progress import CancelToken
    from regrade.scoring.options import Options
    from regrade.scoring.results import Result


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regrade' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
