"""METEOR, by NLTK and its WordNet."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from regrade import extras
from regrade.artifacts import artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import InstanceMetric
from regrade.metrics.score_means import ScoreMeans

_DATA = {"wordnet": "corpora", "omw-1.4": "corpora", "punkt_tab": "tokenizers"}


@artifact("meteor_fast")
class MeteorFast(ScoreMeans):
    """METEOR, 0 to 1: words that are equal, have the same stem or a sense in common; the best reference counts.

    WordNet and the tokenizer's model must have been downloaded: ``python -m nltk.downloader wordnet omw-1.4
    punkt_tab``. Without them there is no METEOR.

    Args:
        alpha: How much precision counts beside recall.
        beta: Exponent of the penalty for words in another order.
        gamma: Weight of that penalty.

    Source: Banerjee and Lavie, "METEOR" (2005).
    """

    main_score: str = "meteor"
    alpha: float = 0.9
    beta: float = 3
    gamma: float = 0.5

    def needs(self) -> str | None:
        return missing_data()

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> dict[str, float]:
        return {"meteor": meteor(prediction, references, alpha=self.alpha, beta=self.beta, gamma=self.gamma)}


@artifact("meteor")
class Meteor(InstanceMetric):
    """METEOR; see ``meteor_fast``.

    Args:
        alpha: How much precision counts beside recall.
        beta: Exponent of the penalty for words in another order.
        gamma: Weight of that penalty.
    """

    main_score: str = "meteor"
    prediction_type: str = "str"
    alpha: float = 0.9
    beta: float = 3
    gamma: float = 0.5

    intervals_of: ClassVar[tuple[str, ...]] = ("meteor",)

    def needs(self) -> str | None:
        return missing_data()

    def prepare(self) -> None:
        super().prepare()
        self.measure("dog", ["cat"], {})  # the first words load WordNet

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> dict[str, float]:
        return {"meteor": meteor(prediction, references, alpha=self.alpha, beta=self.beta, gamma=self.gamma)}


def meteor(prediction: str, references: list[str], *, alpha: float, beta: float, gamma: float) -> float:
    """METEOR of one sentence.

    Raises:
        UnavailableError: NLTK or its data are not here.
    """
    tokens, score = _nltk()
    found = score([tokens(text) for text in references], tokens(prediction), alpha=alpha, beta=beta, gamma=gamma)
    return float(found)


def missing_data() -> str | None:
    """What is lacking to compute METEOR, NLTK or its data; told without importing it, which takes seconds."""
    if reason := extras.find_missing("nltk", to="METEOR"):
        return f"{reason}, then python -m nltk.downloader {' '.join(_DATA)}"
    folders = _data_folders()
    for name, kind in _DATA.items():
        if not any((folder / kind / name).exists() or (folder / kind / f"{name}.zip").exists() for folder in folders):
            return f"METEOR needs NLTK's {name}: python -m nltk.downloader {' '.join(_DATA)}"
    return None


def _data_folders() -> list[Path]:
    """Where NLTK looks for its data."""
    given = [Path(folder) for folder in os.environ.get("NLTK_DATA", "").split(os.pathsep) if folder]
    prefix = Path(sys.prefix)
    usual = (Path("~").expanduser(), prefix, prefix / "share", prefix / "lib")
    system = map(Path, ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib"))
    return [*given, *(folder / "nltk_data" for folder in (*usual, *system))]


@cache
def _nltk() -> tuple[Callable[[str], list[str]], Callable[..., float]]:
    if reason := missing_data():
        raise UnavailableError(reason)
    package = extras.require("nltk", to="METEOR")
    return package.word_tokenize, extras.require("nltk.translate.meteor_score", to="METEOR").meteor_score
