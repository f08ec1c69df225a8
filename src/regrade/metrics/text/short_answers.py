"""Short answers read off charts and web pages: right within five percent, and F1 of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from regrade.addition import add_up
from regrade.artifacts import artifact
from regrade.metrics.card_metric import GlobalMetric, Scores
from regrade.metrics.rates import f1_of_counts
from regrade.metrics.sums import SumMetric

_TOKEN = re.compile(r"\w+|[^\w\s]")


@artifact("relaxed_correctness")
class RelaxedCorrectness(GlobalMetric):
    """ChartQA's relaxed accuracy: a number may be off by 5 percent, other answers must be equal but for case.

    Scores: ``relaxed_overall``, ``relaxed_human_split`` for samples whose field ``type`` is ``human_test``, and
    ``relaxed_augmented_split`` for the others.

    Source: Masry et al., "ChartQA" (arXiv:2203.10244), section 5.1.

    >>> metric = RelaxedCorrectness()
    >>> metric.reduce([metric.measure("10.4", ["10"], {"type": "human_test"})])
    {'relaxed_overall': 1.0, 'relaxed_human_split': 1.0}
    """

    main_score: str = "relaxed_overall"
    prediction_type: str = "str"

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> tuple[str, float]:
        split = "human" if task_data["type"] == "human_test" else "augmented"
        return split, float(relaxed_match(prediction, references[0]))

    def reduce(self, statistics: Sequence[tuple[str, float]]) -> Scores:
        scores = {"relaxed_overall": [score for _, score in statistics]}
        for split in ("human", "augmented"):
            scores[f"relaxed_{split}_split"] = [score for own, score in statistics if own == split]
        return {name: add_up(values) / len(values) for name, values in scores.items() if values}


def relaxed_match(answer: str, reference: str, tolerance: float = 0.05) -> bool:
    """Whether an answer is the reference: within ``tolerance`` of it if both are numbers, equal but for case if not.

    >>> relaxed_match("52%", "0.5"), relaxed_match("Blue", "blue"), relaxed_match("0.01", "0")
    (True, True, False)
    """
    ours, theirs = _number(answer), _number(reference)
    if ours is not None and theirs:
        return abs(ours - theirs) / abs(theirs) <= tolerance
    return answer.lower() == reference.lower()


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


@artifact("websrc_squad_f1")
class WebsrcSquadF1(SumMetric):
    """WebSRC's F1 of the sets of tokens (words, and punctuation marks), rounded to three digits.

    Source: Chen et al., "WebSRC" (EMNLP 2021).

    >>> metric = WebsrcSquadF1()
    >>> metric.reduce([metric.measure("2 doors", ["4 doors"], {"domain": "auto"})])
    {'websrc_squad_f1': 0.5}
    """

    main_score: str = "websrc_squad_f1"

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> tuple[float, int]:
        ours, theirs = (set(_TOKEN.findall(text.lower())) for text in (prediction, references[0]))
        return f1_of_counts(len(ours & theirs), len(ours), len(theirs)), 1

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return {self.main_score: round(sums[0] / sums[1], 3)}
