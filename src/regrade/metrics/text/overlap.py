"""How much of a reference an answer holds: containment, shared words, ROUGE. Of several references the best counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.addition import add_up
from regrade.metrics.metric import Metric, gold_and_answer
from regrade.metrics.rates import f1_of_counts
from regrade.metrics.text import squad
from regrade.metrics.text.rouge_scores import KINDS, rouge_scores
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.metrics.case import Case


def _best(case: Case, score: Callable[[str, str], float]) -> float:
    """The best score of the answer (the mean over several kept ones) against any reference."""
    gold, answer = gold_and_answer(case)
    golds = gold if isinstance(gold, list) else [gold]
    if isinstance(answer, list):
        return add_up(max(score(str(one), text) for one in golds) for text in answer) / len(answer)
    return max(score(str(one), answer) for one in golds)


@register("metric", "contains")
class Contains(Metric):
    """1.0 where the answer contains the reference, else 0.0.

    Args:
        ignore_case: Compare in lower case.
    """

    def __init__(self, ignore_case: bool = False) -> None:
        self.ignore_case = ignore_case

    def measure(self, case: Case) -> float:
        return _best(case, self._score)

    def _score(self, gold: str, answer: str) -> float:
        if self.ignore_case:
            gold, answer = gold.lower(), answer.lower()
        return float(gold in answer)


@register("metric", "token_f1")
class TokenF1(Metric):
    """F1 of the words that answer and reference share (SQuAD's F1, 0 to 1).

    Args:
        normalise: First bring both into lower case and drop punctuation and English articles, as SQuAD does.

    Source: Rajpurkar et al., "SQuAD" (arXiv:1606.05250), and its evaluation script, version 1.1.
    """

    def __init__(self, normalise: bool = True) -> None:
        self.normalise = normalise

    def measure(self, case: Case) -> float:
        return _best(case, self._score)

    def _words(self, text: str) -> list[str]:
        return squad.words(text) if self.normalise else text.split()

    def _score(self, gold: str, answer: str) -> float:
        theirs, ours = self._words(gold), self._words(answer)
        return f1_of_counts((Counter(theirs) & Counter(ours)).total(), len(ours), len(theirs))


@register("metric", "rouge")
class Rouge(Metric):
    """ROUGE-1, -2, -L and -Lsum F-measures (0 to 1), as Hugging Face's evaluate library names and computes them.

    Args:
        use_stemmer: Compare stems of English words.
        rouge_types: Which of the four.
    """

    kinds: ClassVar[tuple[str, ...]] = KINDS

    def __init__(self, use_stemmer: bool = False, rouge_types: list[str] | None = None) -> None:
        self.use_stemmer = use_stemmer
        self.chosen = tuple(rouge_types or self.kinds)

    def _score(self, gold: Any, answer: str) -> dict[str, float]:
        golds = [str(one) for one in gold] if isinstance(gold, list) else [str(gold)]
        return rouge_scores(answer, golds, self.chosen, stem=self.use_stemmer)

    def measure(self, case: Case) -> Any:
        gold, answer = gold_and_answer(case)
        answers = answer if isinstance(answer, list) else [answer]
        scores = [self._score(gold, text) for text in answers]
        return {kind: add_up(score[kind] for score in scores) / len(scores) for kind in self.chosen}

    def unanswered(self, case: Case) -> Any:
        return dict.fromkeys(self.chosen, 0.0)


class OneRouge(Rouge):
    """One kind of ROUGE.

    Args:
        use_stemmer: Compare stems of English words.
    """

    def __init__(self, use_stemmer: bool = False) -> None:
        super().__init__(use_stemmer)

    def measure(self, case: Case) -> float:
        values: dict[str, float] = super().measure(case)
        return values[self.chosen[0]]

    def unanswered(self, case: Case) -> float:
        return 0.0


@register("metric", "rouge1")
class Rouge1(OneRouge):
    """ROUGE-1: F-measure of shared words."""

    kinds = ("rouge1",)


@register("metric", "rouge2")
class Rouge2(OneRouge):
    """ROUGE-2: F-measure of shared word pairs."""

    kinds = ("rouge2",)


@register("metric", "rougeL")
class RougeL(OneRouge):
    """ROUGE-L: F-measure of the longest common subsequence of words."""

    kinds = ("rougeL",)


@register("metric", "rougeLsum")
class RougeLsum(OneRouge):
    """ROUGE-Lsum: as ROUGE-L, line by line."""

    kinds = ("rougeLsum",)
