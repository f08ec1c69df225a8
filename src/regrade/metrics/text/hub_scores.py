"""Scores that Hugging Face's evaluate library names, computed here: its own run code downloaded from the hub.

A score has ``measure``, from a prediction and its references to what they add, and ``reduce``, from what samples add
to a dict named as evaluate names it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from regrade.addition import add_up
from regrade.metrics.card_metric import Scores
from regrade.metrics.labels import confusion
from regrade.metrics.labels.tagging import entities_of_tags, span_scores
from regrade.metrics.text.bleu import bleu_scores, bleu_statistics
from regrade.metrics.text.edits import word_errors
from regrade.metrics.text.squad import exact, token_f1
from regrade.metrics.translation import bleu, chrf, ter
from regrade.metrics.translation.bleu import MAX_ORDER


class HubScore:
    """A score by evaluate's name; keyword arguments are those of its ``compute``."""

    def prepare(self) -> None:
        """Do once what would take its time at the first sample."""

    def measure(self, prediction: Any, references: Any) -> Any:
        """What one sample adds.

        Args:
            prediction: The prediction.
            references: A list of references, or what the score takes for one.
        """
        raise NotImplementedError

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        """The scores of samples together."""
        raise NotImplementedError


class HubSum(HubScore):
    """A score of sums: every sample adds as many numbers."""

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        return self.scores_of_sums([add_up(column) for column in zip(*statistics, strict=True)])

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        """The scores of totals."""
        raise NotImplementedError


class Bleu(HubSum):
    """Evaluate's ``bleu``, 0 to 1."""

    def __init__(self, max_order: int = MAX_ORDER, smooth: bool = False) -> None:
        self.max_order, self.smooth = max_order, smooth

    def prepare(self) -> None:
        bleu_statistics("a b", ["a b"], self.max_order)

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        return bleu_statistics(prediction, references, self.max_order)

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return bleu_scores(sums, self.smooth)


class Sacrebleu(HubSum):
    """Evaluate's ``sacrebleu``, 0 to 100."""

    def __init__(
        self,
        smooth_method: str = "exp",
        smooth_value: float | None = None,
        force: bool = False,
        lowercase: bool = False,
        tokenize: str | None = None,
        use_effective_order: bool = False,
    ) -> None:
        self.metric = bleu.Bleu(
            tokenize or "13a",
            lowercase=lowercase,
            smooth_method=smooth_method,
            smooth_value=smooth_value,
            effective_order=use_effective_order,
        )

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        return self.metric.statistics(prediction, references)

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return self.metric.score(sums)._asdict()


class Chrf(HubSum):
    """Evaluate's ``chrf``, 0 to 100."""

    def __init__(
        self,
        char_order: int = 6,
        word_order: int = 0,
        beta: int = 2,
        lowercase: bool = False,
        whitespace: bool = False,
        eps_smoothing: bool = False,
    ) -> None:
        self.orders = {"char_order": char_order, "word_order": word_order, "beta": beta}
        self.metric = chrf.Chrf(lowercase=lowercase, whitespace=whitespace, eps_smoothing=eps_smoothing, **self.orders)

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        return self.metric.statistics(prediction, references)

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return {"score": self.metric.score(sums), **self.orders}


class Ter(HubSum):
    """Evaluate's ``ter``: edits per 100 words."""

    def __init__(
        self,
        normalized: bool = False,
        ignore_punct: bool = False,
        support_zh_ja_chars: bool = False,
        case_sensitive: bool = False,
    ) -> None:
        self.metric = ter.Ter(
            normalized=normalized,
            no_punct=ignore_punct,
            asian_support=support_zh_ja_chars,
            case_sensitive=case_sensitive,
        )

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        return self.metric.statistics(prediction, references)

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return self.metric.score(sums)._asdict()


class Wer(HubSum):
    """Evaluate's ``wer``: word errors per word."""

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        return word_errors(prediction, _only(references))

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return {"wer": sums[0] / sums[1]}


class Squad(HubSum):
    """Evaluate's ``squad``, 0 to 100; predictions and references are dicts that share an ``id``."""

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        reference = _only(references)
        texts = reference["answers"]["text"]
        if prediction["id"] != reference["id"]:
            return 0.0, 0.0, 1
        answer = prediction["prediction_text"]
        return (
            max(exact(answer, text) for text in texts),
            max(token_f1(answer, text) for text in texts),
            1,
        )

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return {"exact_match": 100 * sums[0] / sums[2], "f1": 100 * sums[1] / sums[2]}


class Share(HubSum):
    """Evaluate's ``accuracy`` and ``exact_match``: the share of predictions that equal their reference."""

    def __init__(self, name: str) -> None:
        self.name = name

    def measure(self, prediction: Any, references: Any) -> tuple[float, ...]:
        return float(prediction == _only(references)), 1

    def scores_of_sums(self, sums: Sequence[float]) -> Scores:
        return {self.name: sums[0] / sums[1]}


class Matthews(HubScore):
    """Evaluate's ``matthews_correlation``, -1 to 1."""

    def prepare(self) -> None:
        import_module("numpy")

    def measure(self, prediction: Any, references: Any) -> tuple[Any, Any]:
        return prediction, _only(references)

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        labels = list(dict.fromkeys(label for pair in statistics for label in pair))
        return {"matthews_correlation": float(confusion.matthews(confusion.counts_of(statistics, labels))[0])}


class Seqeval(HubScore):
    """Evaluate's ``seqeval``: F1 of entities, given as lists of IOB tags."""

    def __init__(self, suffix: bool = False, zero_division: float = 0.0) -> None:
        self.suffix, self.zero_division = suffix, zero_division

    def measure(self, prediction: Any, references: Any) -> Any:
        tags = _only(references)
        if len(prediction) != len(tags):
            raise ValueError(f"there are {len(prediction)} tags predicted for {len(tags)} words")
        ours, theirs = (entities_of_tags(one, suffix=self.suffix) for one in (prediction, tags))
        agreed = sum(a == b for a, b in zip(prediction, tags, strict=True))
        kinds = sorted({kind for kind, _, _ in ours | theirs})
        return (
            agreed,
            len(tags),
            tuple(
                (
                    kind,
                    sum(span[0] == kind for span in ours & theirs),
                    sum(span[0] == kind for span in ours),
                    sum(span[0] == kind for span in theirs),
                )
                for kind in kinds
            ),
        )

    def reduce(self, statistics: Sequence[Any]) -> Scores:
        return span_scores(statistics, self.zero_division)


def _only(references: Any) -> Any:
    if not isinstance(references, list):
        return references
    if len(references) != 1:
        raise ValueError(f"exactly one reference is wanted, not {len(references)}")
    return references[0]


HUB_SCORES: Final[dict[str, Callable[..., HubScore]]] = {
    "accuracy": lambda: Share("accuracy"),
    "bleu": Bleu,
    "chrf": Chrf,
    "exact_match": lambda: Share("exact_match"),
    "matthews_correlation": Matthews,
    "sacrebleu": Sacrebleu,
    "seqeval": Seqeval,
    "squad": Squad,
    "ter": Ter,
    "wer": Wer,
}
"""Evaluate's scores that are computed here."""
