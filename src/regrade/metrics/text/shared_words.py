"""F1 of the words that a prediction shares with its references, by spaCy's English tokenizer."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from regrade import extras
from regrade.artifacts import artifact
from regrade.metrics.card_metric import InstanceMetric, Scores
from regrade.metrics.rates import f1_of_counts

_USE = "the English tokenizer of f1_strings"


@artifact("f1_strings")
class F1Strings(InstanceMetric):
    """F1 of the words, in lower case, of the prediction and of all references joined."""

    main_score: str = "f1_strings"
    prediction_type: str = "str"

    def needs(self) -> str | None:
        return extras.find_missing("spacy", to=_USE)

    def prepare(self) -> None:
        super().prepare()
        _tokenizer()

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        ours, theirs = _words(prediction), _words(" ".join(references))
        return {self.main_score: f1_of_counts((ours & theirs).total(), ours.total(), theirs.total())}


def _words(text: str) -> Counter[str]:
    return Counter(token.text.lower() for token in _tokenizer()(text))


@cache
def _tokenizer() -> Any:
    return extras.require("spacy", to=_USE).blank("en").tokenizer
