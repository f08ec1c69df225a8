"""Reader of lighteval's details."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from regrade.files import tables as table_files
from regrade.registry import register
from regrade.rows.readers.scored_log import About, Entry, ScoredLog, one_or_all, stem
from regrade.schema import Malformed

_NAME = re.compile(r"details_(.+)_(\d{4}-\d{2}-\d{2}T.+)")


@register("reader", "lighteval")
class LightevalReader(ScoredLog):
    """lighteval's ``details/MODEL/DATE/details_TASK_DATE.parquet``, which ``--save-details`` writes.

    As in version 0.13: columns ``doc``, ``model_response`` and ``metric``. The recorded values are those
    of each sample's ``metric``. A metric of the whole corpus (BLEU, say) has parts instead of numbers there, and is
    named. References are the choices at the gold indices, answers the generated texts; where choices were compared by
    their log-likelihoods, the file holds no answer.
    """

    title: ClassVar[str] = "lighteval details"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b"PAR1",),)
    registered: ClassVar[str] = "lighteval"

    def matches(self, path: Path, head: bytes) -> str | None:
        if not head.startswith(b"PAR1"):
            return None
        names = set(table_files.open_parquet(str(path)).schema_arrow.names)
        return "columns doc, model_response and metric" if {"doc", "model_response", "metric"} <= names else None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        for item in table_files.all_rows(table_files.open_table(path)):
            yield item if isinstance(item, Malformed) else (item[0], (item[0], item[1]))

    def about(self, path: Path) -> About:
        named = _NAME.fullmatch(stem(path))
        parts = path.parts
        model = None
        if named is not None and "details" in parts[:-2]:
            below = len(parts) - 1 - parts[::-1].index("details")
            model = "/".join(parts[below + 1 : -2]) or None
        return About(named[1] if named else stem(path), model=model, date=named[2] if named else None)

    def entry(self, row: Any) -> Entry | None:
        line, columns = row
        doc, response = columns["doc"], columns["model_response"]
        choices, gold = doc.get("choices") or [], doc.get("gold_index")
        places = gold if isinstance(gold, list) else [] if gold is None else [gold]
        return Entry(
            doc.get("id") or line,
            dict(columns["metric"]),
            doc,
            [text for text in response.get("text") or [] if text is not None],
            target=one_or_all([choices[place] for place in places if 0 <= place < len(choices)]),
            prompt=doc.get("query"),
        )
