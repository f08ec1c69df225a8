"""Reader of EvalScope's reviews."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from regrade.registry import register
from regrade.rows.readers.scored_log import About, Entry, ScoredLog, last_words, lines_of, one_or_all, stem
from regrade.schema import Malformed


@register("reader", "evalscope")
class EvalScopeReader(ScoredLog):
    """EvalScope's ``reviews/MODEL/DATASET_SUBSET.jsonl``: the recorded values are those of each sample score.

    As version 1.14 writes them, with the names that earlier ones of version 1 used. A score that EvalScope calls
    unusable (its judge failed, say) lacks values, and its sample leaves EvalScope's average; here it has failed and is
    named. ``doc.extracted_prediction`` is what EvalScope took from the answer.
    """

    title: ClassVar[str] = "EvalScope reviews"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"index"',),)
    registered: ClassVar[str] = "evalscope"

    def matches(self, path: Path, head: bytes) -> str | None:
        start = head.lstrip()
        if start[:1] != b"{" or not start.startswith((b'{"index"', b'{ "index"')):
            return None
        line = start.partition(b"\n")[0]
        if b'"sample_score"' in line or ("reviews" in path.parts and b"\n" not in start):
            return "rows hold index and sample_score"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        return lines_of(path)

    def about(self, path: Path) -> About:
        return About(stem(path), model=path.parent.name or None)

    def entry(self, row: Any) -> Entry | None:
        scored = row["sample_score"]
        score = scored["score"]
        said = score.get("prediction")
        messages = row.get("messages") or []
        target = row.get("target")
        sample_id = scored.get("sample_id")
        asked = [message for message in messages if message.get("role") in ("system", "user")] or row.get("input")
        return Entry(
            row["index"] if sample_id is None else sample_id,
            dict(score.get("value") or {}),
            {
                "index": row["index"],
                "group_id": scored.get("group_id"),
                "extracted_prediction": score.get("extracted_prediction"),
                "explanation": score.get("explanation"),
                "status": score.get("status"),
                "metadata": scored.get("sample_metadata") or {},
            },
            [last_words(messages) if said is None else said],
            target=one_or_all(target) if isinstance(target, list) else target,
            prompt=asked,
        )
