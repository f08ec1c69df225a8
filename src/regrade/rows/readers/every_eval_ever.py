"""Reader of Every Eval Ever's instance-level results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from regrade.registry import register
from regrade.rows.readers.scored_log import Entry, ScoredLog, last_words, lines_of, one_or_all
from regrade.schema import Malformed


@register("reader", "every-eval-ever")
class EveryEvalEverReader(ScoredLog):
    """Every Eval Ever's instance-level JSON lines, schema 0.2 and 0.3: one source per evaluation and model.

    The recorded values are ``score`` and ``is_correct`` of a sample's ``evaluation``. Answers are ``output.raw``, of a
    conversation the assistant's last words.
    """

    title: ClassVar[str] = "Every Eval Ever"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = (
        (b'"schema_version"', b'"evaluation_id"', b'"sample_id"', b'"interaction_type"'),
    )
    registered: ClassVar[str] = "every-eval-ever"

    def matches(self, path: Path, head: bytes) -> str | None:
        keys = (b'"schema_version"', b'"evaluation_id"', b'"sample_id"', b'"interaction_type"')
        if head.lstrip()[:1] == b"{" and all(key in head.partition(b"\n")[0] for key in keys):
            return "rows hold schema_version, evaluation_id, sample_id and interaction_type"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        return lines_of(path)

    def entry(self, row: Any) -> Entry | None:
        asked, evaluation = row["input"], row["evaluation"]
        said = (row.get("output") or {}).get("raw")
        references = asked.get("reference")
        return Entry(
            row["sample_id"],
            {name: evaluation.get(name) for name in ("score", "is_correct")},
            row,
            [last_words(row.get("messages"))] if said is None else [said] if isinstance(said, str) else said,
            target=one_or_all(references) if isinstance(references, list) else references,
            prompt=asked.get("formatted") or asked.get("raw"),
            task=str(row["evaluation_name"]),
            model=str(row["model_id"]),
        )
