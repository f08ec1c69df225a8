"""Metrics over texts that only a whole corpus has: each value is the reference and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.metrics.metric import Passthrough
from regrade.registry import register

if TYPE_CHECKING:
    from regrade.metrics.case import Case


class Corpus(Passthrough):
    """A metric of all texts together, for which an answer that cannot be read is an empty one."""

    def unanswered(self, case: Case) -> Any:
        return [case.gold, ""]


@register("metric", "bleu")
class Bleu(Corpus):
    """The reference and the answer, for corpus BLEU."""

    aggregation = "bleu"


@register("metric", "chrf")
class Chrf(Corpus):
    """The reference and the answer, for chrF."""

    aggregation = "chrf"


@register("metric", "chrf++")
class ChrfPlusPlus(Corpus):
    """The reference and the answer, for chrF++."""

    aggregation = "chrf++"


@register("metric", "ter")
class Ter(Corpus):
    """The reference and the answer, for the translation edit rate."""

    aggregation = "ter"
    higher_is_better = False
