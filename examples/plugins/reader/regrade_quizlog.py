"""The reader ``quizlog``: logs of a tool that writes a JSON object for each question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regrade.plugins import About, Entry, Malformed, ScoredLog, lines_of, register


@register("reader", "quizlog")
class Quizlog(ScoredLog):
    """Quizlog's ``*.jsonl``: question, reply, key and points of each item."""

    title = "quizlog"
    registered = "quizlog"
    marks = ((b'"quizlog"',),)  # what stands in every file of it, so that others need not be looked at

    def matches(self, path: Path, head: bytes) -> str | None:
        first = head.lstrip().partition(b"\n")[0]
        if first.startswith(b"{") and b'"quizlog"' in first and b'"points"' in first:
            return "objects with quizlog and points"
        return None

    def about(self, path: Path) -> About:
        return About(task=path.stem)

    def rows(self, path: Path) -> Iterator[tuple[int, dict[str, Any]] | Malformed]:
        return lines_of(path)

    def entry(self, row: dict[str, Any]) -> Entry:
        # A row that lacks something raises here; it is counted as malformed, and the others go on.
        return Entry(
            row["item"],
            {"points": row["points"]},
            {"question": row["question"]},
            [row["reply"]],
            target=row["key"],
            prompt=row["question"],
            model=row.get("player"),
        )
