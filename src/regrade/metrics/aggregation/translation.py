"""BLEU, chrF, chrF++ and TER over (references, answer) pairs, from what each sentence adds.

A corpus score is that of the summed statistics of its sentences, so it equals ``sacrebleu.corpus_*``, as
lm-evaluation-harness calls them, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from regrade.addition import add_up
from regrade.metrics.aggregation.aggregation import Aggregation, Stderr, pair
from regrade.registry import register

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from regrade.metrics.column import Column
    from regrade.metrics.resampler import Resampler

    Floats = NDArray[np.float64]


class TranslationScore(Aggregation):
    """A corpus score, 0 to 100; a value is a pair of a reference (or a list of them) and an answer."""

    stderr: ClassVar[Stderr] = "bootstrap"
    of_texts = True
    _slow = True

    @cached_property
    def metric(self) -> Any:
        """What computes it, with the defaults of sacrebleu's ``corpus_*`` functions."""
        raise NotImplementedError

    def statistics(self, value: Any) -> tuple[float, ...]:
        references, answer = pair(value)
        if isinstance(references, str):
            references = [references]
        if not isinstance(answer, str):
            if not isinstance(answer, list | tuple) or len(answer) != 1:
                raise TypeError(f"one answer is wanted, not {answer!r:.60}")
            answer = answer[0]
        found: tuple[float, ...] = self.metric.statistics(answer, references)
        return found

    def reduce(self, column: Column) -> float:
        return self._score(add_up(column.data[i :: self.width]) for i in range(self.width))

    def resampler(self, column: Column) -> Resampler:
        from regrade.metrics.resampler import Sums

        return Sums(column.numpy(), self._scores, [""])

    def _score(self, sums: Iterable[float]) -> float:
        found: float | tuple[float, ...] = self.metric.score(sums)
        return found[0] if isinstance(found, tuple) else found

    def _scores(self, sums: Floats) -> Floats:
        import numpy as np

        return np.array([self._score(row) for row in sums.tolist()])


@register("aggregation", "bleu")
class Bleu(TranslationScore):
    """Corpus BLEU: 4-grams, 13a tokens, exponential smoothing."""

    width = 10

    @cached_property
    def metric(self) -> Any:
        from regrade.metrics.translation import bleu

        return bleu.Bleu()


@register("aggregation", "chrf")
class Chrf(TranslationScore):
    """Corpus chrF: character 6-grams, beta 2."""

    width = 18

    @cached_property
    def metric(self) -> Any:
        from regrade.metrics.translation import chrf

        return chrf.Chrf()


@register("aggregation", "chrf++")
class ChrfPlusPlus(TranslationScore):
    """Corpus chrF++: chrF with word 2-grams."""

    width = 24

    @cached_property
    def metric(self) -> Any:
        from regrade.metrics.translation import chrf

        return chrf.Chrf(word_order=2)


@register("aggregation", "ter")
class Ter(TranslationScore):
    """Translation edit rate, in percent of the reference's words: edits, less is better."""

    width = 2

    @cached_property
    def metric(self) -> Any:
        from regrade.metrics.translation import ter

        return ter.Ter()
