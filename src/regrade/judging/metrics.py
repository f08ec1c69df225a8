"""Metrics of a judge's verdicts, as FastChat aggregates them for MT-Bench.

They take what a filter read out of the judge's words (``fastchat_rating``, ``fastchat_choice``), or the verdicts
themselves where a log kept no words. A pair of answers has two requests, one per order: in the first, ``model_1``
stood first. The document's ``model`` says from whose side a verdict counts. A judgement without verdict fails its
sample: it is counted and named, and no mean takes it in.
"""

from __future__ import annotations

from typing import Any, ClassVar

from regrade.judging.orders import Verdict, settle
from regrade.metrics.case import Case
from regrade.metrics.metric import Metric
from regrade.registry import register

#: The verdict that each choice stands for, by the order in which the answers were shown.
_CHOICES: tuple[dict[str, Verdict], dict[str, Verdict]] = (
    {"A": "first", "B": "second", "C": "tie"},
    {"A": "second", "B": "first", "C": "tie"},
)
_WINNERS: dict[str, Verdict] = {"model_1": "first", "model_2": "second", "tie": "tie"}


@register("metric", "judge_rating")
class JudgeRating(Metric):
    """The rating that a judge gave an answer, as it stands (MT-Bench: 1 to 10)."""

    worst: ClassVar[float | None] = None
    aggregation: ClassVar[str] = "mean_of_judged"

    def measure(self, case: Case) -> float:
        try:
            rating = float(case.extracted[0])
        except (TypeError, ValueError):
            rating = -1.0
        if rating == -1:
            raise ValueError("the judge gave no rating")
        return rating


@register("metric", "judge_score")
class JudgeScore(Metric):
    """What the option that a judge chose is worth.

    Args:
        scores: Scores by option.
    """

    worst: ClassVar[float | None] = None
    aggregation: ClassVar[str] = "mean_of_judged"

    def __init__(self, scores: dict[str, float]) -> None:
        super().__init__()
        self.scores = scores

    def measure(self, case: Case) -> float:
        chosen = case.extracted[0]
        if not isinstance(chosen, str) or chosen not in self.scores:
            raise ValueError("the judge chose no option" if chosen is None else f"{chosen!r} is no option")
        return float(self.scores[chosen])


class PairMetric(Metric):
    """A metric of one pair of answers, judged in both orders, or in those that the document's ``orders`` tells.

    ``orders`` says for each request whether ``model_2`` stood first.
    """

    worst: ClassVar[float | None] = None
    aggregation: ClassVar[str] = "mean_of_judged"

    def measure(self, case: Case) -> float:
        doc = case.record.doc
        orders = doc.get("orders")
        if orders is not None and len(orders) == 1:
            forward = backward = verdict = verdict_of(case.extracted[0], swapped=orders[0])
        else:
            forward, backward = both_verdicts(case.extracted)
            verdict = settle(forward, backward)
        if verdict is None:
            unread = [name for name, found in (("model_1", forward), ("model_2", backward)) if found is None]
            raise ValueError(f"no verdict where {' and where '.join(unread)} stood first")
        own = "first" if doc["model"] == doc["model_1"] else "second"
        return self.value("tie" if verdict == "tie" else "win" if verdict == own else "loss", forward == backward)

    def value(self, outcome: str, consistent: bool) -> float:
        """The value of a pair: ``win``, ``loss`` or ``tie``, and whether both orders came to the same."""
        raise NotImplementedError


def both_verdicts(extracted: list[Any]) -> tuple[Verdict | None, Verdict | None]:
    """The verdicts of both orders, of letters (A is the answer shown first) or of names (``model_1``).

    Raises:
        ValueError: there are not two of them.
    """
    if len(extracted) != 2:
        raise ValueError(f"a pair is judged in two orders; there are {len(extracted)} judgements")
    forward, backward = extracted
    return verdict_of(forward, swapped=False), verdict_of(backward, swapped=True)


def verdict_of(found: Any, *, swapped: bool) -> Verdict | None:
    """The verdict that a letter or name stands for; None if it stands for none.

    Args:
        found: ``A``, ``B`` or ``C``, or ``model_1``, ``model_2`` or ``tie``.
        swapped: Whether the second answer was shown first.
    """
    return _CHOICES[swapped].get(found) or _WINNERS.get(found) if isinstance(found, str) else None


@register("metric", "wins")
class Wins(PairMetric):
    """How many pairs the model won in both orders."""

    aggregation = "count"
    wanted: ClassVar[str] = "win"

    def value(self, outcome: str, consistent: bool) -> float:
        return float(outcome == self.wanted)


@register("metric", "losses")
class Losses(Wins):
    """How many pairs the model lost in both orders."""

    wanted = "loss"
    higher_is_better = False


@register("metric", "ties")
class Ties(Wins):
    """How many pairs were a tie, or came out otherwise when the answers changed places."""

    wanted = "tie"


@register("metric", "win_rate")
class WinRate(Wins):
    """The share of pairs that the model won in both orders."""

    aggregation = "mean_of_judged"


@register("metric", "loss_rate")
class LossRate(Losses):
    """The share of pairs that the model lost in both orders."""

    aggregation = "mean_of_judged"


@register("metric", "win_rate_adjusted")
class AdjustedWinRate(PairMetric):
    """The share of pairs that the model won, a tie counting one half."""

    def value(self, outcome: str, consistent: bool) -> float:
        return {"win": 1.0, "tie": 0.5, "loss": 0.0}[outcome]


@register("metric", "position_consistency")
class PositionConsistency(PairMetric):
    """The share of pairs in which the judge came to the same verdict when the answers changed places."""

    def value(self, outcome: str, consistent: bool) -> float:
        return float(consistent)
