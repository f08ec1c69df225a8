"""ROUGE, as cards name it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, ClassVar

import msgspec

from regrade import extras
from regrade.artifacts import ArtifactError, artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import InstanceMetric, Scores
from regrade.metrics.text.rouge_scores import KIND, KINDS, rouge_scores

_MAY_END_A_SENTENCE = re.compile(r"[.?!]\W")
"""Without one of these there is one sentence, whatever the splitter has learnt."""


@artifact("rouge")
class Rouge(InstanceMetric):
    """ROUGE F-measures, 0 to 1; of several references the best counts, for each kind of ROUGE by itself.

    Args:
        rouge_types: ``rouge1`` to ``rouge9``, ``rougeL`` and ``rougeLsum``.
        sent_split_newline: Put each sentence on a line of its own, as rougeLsum wants it. Sentences are split by
            NLTK's Punkt (extra ``nltk``), whose English model must have been downloaded.

    Source: Lin, "ROUGE: a package for automatic evaluation of summaries" (2004).

    >>> scores = Rouge(n_resamples=None).measure("the cat sat", ["the cat", "a dog sat"], {})
    >>> scores["rouge1"], scores["rouge2"]
    (0.8, 0.6666666666666666)
    """

    main_score: str = "rougeL"
    prediction_type: str = "str"
    rouge_types: list[str] = msgspec.field(default_factory=lambda: list(KINDS))
    sent_split_newline: bool = True

    reductions: ClassVar[dict[str, list[str]] | None] = {"mean": list(KINDS)}
    intervals_of: ClassVar[tuple[str, ...]] = KINDS

    def verify(self) -> None:
        super().verify()
        for kind in self.rouge_types:
            if not KIND.fullmatch(kind):
                raise ArtifactError(f"{kind!r} is no kind of ROUGE", path=("rouge_types",))

    def prepare(self) -> None:
        super().prepare()
        if self.sent_split_newline and "rougeLsum" in self.rouge_types:
            with suppress(UnavailableError):  # samples of one sentence need none
                _splitter()

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        if self.sent_split_newline and "rougeLsum" in self.rouge_types:  # lines mean nothing to the other kinds
            prediction, references = _one_per_line(prediction), [_one_per_line(text) for text in references]
        return rouge_scores(prediction, references, self.rouge_types)


@artifact("rouge_hf")
class RougeHF(Rouge):
    """ROUGE as Hugging Face's evaluate library has it: the same F-measures.

    Args:
        hf_metric_name: Accepted for Unitxt's sake.
        hf_metric_fields: The scores to keep.
        hf_compute_args: Accepted for Unitxt's sake.
        scale: Accepted for Unitxt's sake.

    >>> RougeHF().measure("the cat", ["the cat"], {})["rougeL"]
    1.0
    """

    hf_metric_name: str = "rouge"
    hf_metric_fields: list[str] = msgspec.field(default_factory=lambda: list(KINDS))
    hf_compute_args: dict[str, Any] = msgspec.field(default_factory=dict)
    scale: float = 1.0

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        scores = super().measure(prediction, references, task_data)
        return {name: scores[name] for name in self.hf_metric_fields}


def _one_per_line(text: str) -> str:
    text = text.strip()
    return "\n".join(_splitter()(text)) if _MAY_END_A_SENTENCE.search(text) else text


@cache
def _splitter() -> Callable[[str], list[str]]:
    """NLTK's Punkt for English.

    Raises:
        UnavailableError: NLTK or its model is not here.
    """
    otherwise = "sent_split_newline: false where a line is a sentence"
    split: Callable[[str], list[str]] = extras.require("nltk", to="rougeLsum (sentences)", hint=otherwise).sent_tokenize
    try:
        split("One. Two.")
    except LookupError:
        raise UnavailableError(
            "rougeLsum splits texts into sentences, and NLTK's model for that is not here",
            hint=f"python -m nltk.downloader punkt_tab, or {otherwise}",
        ) from None
    return split
