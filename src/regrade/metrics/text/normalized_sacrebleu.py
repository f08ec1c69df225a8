"""BLEU by sacrebleu, on a scale of 0 to 1, with a tokenizer for each language."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache, cached_property
from typing import Any

import msgspec

from regrade.addition import add_up
from regrade.artifacts import ArtifactError, artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import MapReduceMetric, Scores
from regrade.metrics.text.bleu import tokenizer_of
from regrade.metrics.translation.bleu import MAX_ORDER, SMOOTHING, Bleu


@artifact("normalized_sacrebleu")
class NormalizedSacrebleu(MapReduceMetric):
    """Corpus BLEU by sacrebleu, 0 to 1, rounded to two digits as Unitxt has it.

    Args:
        language_to_tokenizer: For samples with a field ``target_language``: sacrebleu's tokenizer for each, null for
            its usual one (13a).
        tokenize: The tokenizer for all samples, whatever their language.
        lowercase: Compare in lower case.
        force: Accepted for Unitxt's sake.
        smooth_method: ``exp``, ``floor``, ``add-k`` or ``none``.
        smooth_value: For ``floor`` and ``add-k``.
        use_effective_order: Leave out orders for which predictions are too short.
        max_ngram_order: Length of the longest n-grams.

    Source: Post, "A call for clarity in reporting BLEU scores" (WMT 2018).

    >>> bleu = NormalizedSacrebleu()
    >>> bleu.reduce([bleu.measure("the cat sat on the mat", ["the cat sat on a mat"], {})])["sacrebleu"]
    0.54
    """

    main_score: str = "sacrebleu"
    prediction_type: str = "str"
    ci_score_names: list[str] | None = msgspec.field(default_factory=lambda: ["sacrebleu"])
    language_to_tokenizer: dict[str, str | None] | None = None
    tokenize: str | None = None
    lowercase: bool = False
    force: bool = False
    smooth_method: str = "exp"
    smooth_value: float | None = None
    use_effective_order: bool = True
    max_ngram_order: int = MAX_ORDER

    def verify(self) -> None:
        super().verify()
        if self.smooth_method not in SMOOTHING:
            raise ArtifactError(f"smooth_method must be one of {', '.join(SMOOTHING)}", path=("smooth_method",))
        if self.max_ngram_order < 1:
            raise ArtifactError("max_ngram_order must be at least 1", path=("max_ngram_order",))

    def prepare(self) -> None:
        super().prepare()
        for tokenize in {self.tokenize, *(self.language_to_tokenizer or {}).values()}:
            with suppress(UnavailableError, ValueError):  # samples in that language say so
                self._metric(tokenize)

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> tuple[float, ...]:
        tokenize = self.tokenize
        if tokenize is None and "target_language" in task_data:
            tokenize = tokenizer_of(task_data["target_language"], self.language_to_tokenizer)
        return self._metric(tokenize).statistics(prediction, references)

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        return self._scores([add_up(column) for column in zip(*statistics, strict=True)])

    def resampler(self, statistics: Sequence[Any], names: list[str]) -> Any:
        from regrade.metrics.resampler import Sums
        from regrade.metrics.sums import rowwise

        return Sums(statistics, lambda sums: rowwise(self._scores, sums, names), names)

    def _scores(self, sums: Sequence[float]) -> Scores:
        order = self.max_ngram_order
        found = self._usual.score(sums)
        return {
            "sacrebleu": round(found.score / 100, 2),
            "counts": list(sums[2 : 2 + order]),
            "totals": list(sums[2 + order :]),
            "precisions": [round(precision / 100, 2) for precision in found.precisions],
            "bp": round(found.bp, 2),
            "sys_len": int(sums[0]),
            "ref_len": int(sums[1]),
        }

    @cached_property
    def _usual(self) -> Bleu:
        return self._metric(None)

    def _metric(self, tokenize: str | None) -> Bleu:
        return _bleu(
            tokenize or "13a",
            lowercase=self.lowercase,
            smooth_method=self.smooth_method,
            smooth_value=self.smooth_value,
            max_order=self.max_ngram_order,
            effective_order=self.use_effective_order,
        )


@cache
def _bleu(tokenize: str, **options: Any) -> Bleu:
    """The same for the same arguments: some tokenizers take seconds to load."""
    return Bleu(tokenize, **options)
