"""F1 of entities that are marked by IOB tags, as the package seqeval counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regrade.metrics.rates import rates

Entity = tuple[str, int, int]
"""Type, first word, last word."""


def entities_of_tags(tags: Sequence[str], *, suffix: bool = False) -> set[Entity]:
    """The entities in the tags of one text (IOB1, IOB2, IOE1, IOE2 or IOBES alike).

    Args:
        tags: Per word ``O``, or a mark and a type: ``B-PER``.
        suffix: The mark comes last: ``PER-B``.

    Source: the package seqeval's lenient mode, which follows the script conlleval.

    >>> sorted(entities_of_tags(["B-PER", "I-PER", "O", "I-LOC"]))
    [('LOC', 3, 3), ('PER', 0, 1)]
    """
    found: set[Entity] = set()
    start, before, kind_before = 0, "O", ""
    for place, tag in enumerate([*tags, "O"]):
        mark, kind = _split(tag, suffix)
        changed = kind != kind_before
        if before not in "O." and (before in "ES" or mark in "BSO." or changed):
            found.add((kind_before, start, place - 1))
        if mark not in "O." and (mark in "BS" or before in "ESO." or changed):
            start = place
        before, kind_before = mark, kind
    return found


def _split(tag: str, suffix: bool) -> tuple[str, str]:
    if suffix:
        kind, _, mark = tag.rpartition("-")
        return mark[-1:] or "O", kind or "_"
    mark, _, kind = tag.partition("-")
    return mark[:1] or "O", kind or "_"


def span_scores(statistics: Sequence[Any], zero_division: float = 0.0) -> dict[str, Any]:
    """Precision, recall and F1 of entities, by type and overall.

    Args:
        statistics: Per text: tags that agree, tags, and per type (type, entities found, predicted, there).
        zero_division: Stands for a share of nothing.

    Returns:
        Per type ``precision``, ``recall``, ``f1`` and ``number``; and ``overall_precision``, ``overall_recall``,
        ``overall_f1`` and ``overall_accuracy`` (of tags).
    """
    totals: dict[str, list[int]] = {}
    for _, _, kinds in statistics:
        for kind, *counts in kinds:
            known = totals.setdefault(kind, [0, 0, 0])
            totals[kind] = [a + b for a, b in zip(known, counts, strict=True)]

    result: dict[str, Any] = {}
    for kind in sorted(totals):
        found = rates(*totals[kind], empty=zero_division)
        result[kind] = {**found._asdict(), "number": totals[kind][2]}
    right, predicted, there = (sum(counts[place] for counts in totals.values()) for place in range(3))
    overall = rates(right, predicted, there, empty=zero_division)
    result |= {f"overall_{name}": rate for name, rate in overall._asdict().items()}
    agreed, tags = (sum(row[place] for row in statistics) for place in range(2))
    result["overall_accuracy"] = agreed / tags if tags else 0.0
    return result
