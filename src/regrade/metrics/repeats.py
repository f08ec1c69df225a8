"""Metrics over several answers to one prompt: pass@k, pass^k, maj@k, mean@k.

They need a filter pipeline that keeps the repeats; a ``take_first`` at its end is left out for them. Each answer is
first scored by another metric, ``exact_match`` where nothing else is named. Beside ``pass@k``, whose ``k`` is an
argument, there is a name for each usual k: ``pass@1``, ``pass@10``, ``maj@8``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.addition import add_up
from regrade.metrics.case import Case
from regrade.metrics.metric import Metric
from regrade.registry import lookup, register

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL = (1, 2, 4, 5, 8, 10, 16, 32, 64, 100)


class OverRepeats(Metric):
    """A metric over the repeats of an answer.

    Args:
        k: How many answers are drawn; a list measures each, under the names ``pass@1``, ``pass@5`` and so on.
        metric: The metric that scores one answer.
        threshold: The least score that counts as right.
        arguments: Arguments of ``metric``.
    """

    sign: ClassVar[str]
    """The metric's name up to k: ``pass@``."""
    usual: ClassVar[int | None] = None
    over_repeats = True

    def __init__(
        self,
        k: int | list[int] | None = None,
        metric: str = "exact_match",
        threshold: float = 1.0,
        **arguments: Any,
    ) -> None:
        self.many = isinstance(k, list)
        self.ks: list[Any] = k if isinstance(k, list) else [self._usual() if k is None else k]
        if not self.ks or any(not isinstance(number, int) or number < 0 for number in self.ks):
            raise ValueError(f"k must be a whole number or a list of them, not {k!r}")
        self.threshold = threshold
        self.metric: Metric = lookup("metric", metric)(**arguments)

    def prepare(self) -> None:
        import_module("regrade.statistics.repeats")
        self.metric.prepare()

    def _usual(self) -> int:
        if self.usual is None:
            raise TypeError(f"{self.sign}k needs a k")
        return self.usual

    def measure(self, case: Case) -> Any:
        answers = case.extracted[0]
        if not isinstance(answers, list):
            raise ValueError(
                f"{self.sign}k needs a filter pipeline that keeps all repeats; this one leaves {answers!r:.40}"
            )
        scores = [self._score_one(case, answer) for answer in answers]
        values = {f"{self.sign}{k}": self._value(answers, scores, k) for k in self.ks}
        return values if self.many else next(iter(values.values()))

    def unanswered(self, case: Case) -> Any:
        worst = self.metric.worst if self.sign == "mean@" else 0.0
        return {f"{self.sign}{k}": worst for k in self.ks} if self.many else worst

    def _score_one(self, case: Case, answer: Any) -> float:
        alone = Case(case.record, case.task, [answer], compat=case.compat, shared=case.shared)
        score = self.metric.measure(alone)
        if not isinstance(score, int | float):
            raise TypeError(f"a metric over repeats needs one that gives a number for each answer, not {score!r:.40}")
        return float(score)

    def _right(self, scores: Sequence[float]) -> int:
        return sum(score >= self.threshold for score in scores)

    def _value(self, answers: list[Any], scores: list[float], k: int) -> float:
        raise NotImplementedError


def _enough(scores: list[float], k: int) -> None:
    if len(scores) < k:
        raise ValueError(f"{k} answers are wanted, there are {len(scores)}")


@register("metric", "pass@k")
class PassAtK(OverRepeats):
    """The chance that one of k answers, drawn from all repeats, is right; estimated without bias."""

    sign = "pass@"

    def _value(self, answers: list[Any], scores: list[float], k: int) -> float:
        _enough(scores, k)
        return _pass_at_k(len(scores), self._right(scores), k)


@register("metric", "pass^k")
class PassAllK(OverRepeats):
    """The chance that all of k answers, drawn from all repeats, are right; estimated without bias."""

    sign = "pass^"

    def _value(self, answers: list[Any], scores: list[float], k: int) -> float:
        _enough(scores, k)
        return _pass_all_k(len(scores), self._right(scores), k)


@register("metric", "maj@k")
class MajorityAtK(OverRepeats):
    """The chance that the majority of k answers, drawn from all repeats, is right; equal counts share."""

    sign = "maj@"

    def _value(self, answers: list[Any], scores: list[float], k: int) -> float:
        from regrade.statistics.repeats import maj_at_k

        _enough(scores, k)
        return maj_at_k(answers, [score >= self.threshold for score in scores], k)


@register("metric", "mean@k")
class MeanAtK(OverRepeats):
    """The mean score of the first k answers; of all, where no k is given."""

    sign = "mean@"

    usual = 0
    """0 stands for all of them."""

    def _value(self, answers: list[Any], scores: list[float], k: int) -> float:
        _enough(scores, k)
        taken = scores[:k] if k else scores
        return add_up(taken) / len(taken)


@register("metric", "variance")
class VarianceOfRepeats(OverRepeats):
    """What the variance of an answer's score is made of: differences between questions, and chance within one."""

    sign = "variance@"
    usual = 0
    aggregation = "variance_of_repeats"
    higher_is_better = False

    def __init__(self, metric: str = "exact_match", **arguments: Any) -> None:
        super().__init__(metric=metric, **arguments)

    def measure(self, case: Case) -> Any:
        answers = case.extracted[0]
        return [self._score_one(case, answer) for answer in (answers if isinstance(answers, list) else [answers])]

    def unanswered(self, case: Case) -> Any:
        return None


@lru_cache(maxsize=4096)
def _pass_at_k(total: int, right: int, k: int) -> float:
    from regrade.statistics.repeats import pass_at_k

    return float(pass_at_k(total, right, k))


@lru_cache(maxsize=4096)
def _pass_all_k(total: int, right: int, k: int) -> float:
    from regrade.statistics.repeats import pass_all_k

    return float(pass_all_k(total, right, k))


for _kind in (PassAtK, PassAllK, MajorityAtK, MeanAtK):
    for _number in _USUAL:
        _doc = f"`{_kind.__name__}` with k = {_number}."
        register("metric", f"{_kind.sign}{_number}")(
            type(f"{_kind.__name__}{_number}", (_kind,), {"usual": _number, "__doc__": _doc, "__module__": __name__})
        )
