"""Reader of SWE-bench's reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from regrade.registry import register
from regrade.rows.readers.scored_log import About, Entry, ScoredLog, read_object, stem
from regrade.schema import Malformed

_STATES: Final = (
    ("resolved_ids", "resolved"),
    ("unresolved_ids", "unresolved"),
    ("empty_patch_ids", "empty patch"),
    ("error_ids", "error"),
)


@register("reader", "swe-bench")
class SweBenchReader(ScoredLog):
    """SWE-bench's ``MODEL.RUN_ID.json`` (schema 1 and 2) and ``report.json``: was each submitted instance ``resolved``?

    As in SWE-bench, an instance with an empty patch or whose evaluation ended in an error is not resolved; a note
    counts them, ``doc.state`` says which. Instances of the data set for which nothing was submitted are missing.
    """

    title: ClassVar[str] = "SWE-bench reports"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = (
        (b'"submitted_instances"', b'"resolved_instances"'),
        (b'"patch_successfully_applied"', b'"resolved"'),
    )
    registered: ClassVar[str] = "swe-bench"

    def matches(self, path: Path, head: bytes) -> str | None:
        if head.lstrip()[:1] != b"{":
            return None
        if b'"submitted_instances"' in head and b'"resolved_instances"' in head:
            return "a report of submitted and resolved instances"
        if b'"patch_successfully_applied"' in head and b'"resolved"' in head:
            return "instances with whether their patch was applied and resolved"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        content = read_object(path)
        if "submitted_ids" not in content:
            for number, (name, found) in enumerate(content.items(), 1):
                yield number, (name, None, found)
            return
        states = {name: state for key, state in reversed(_STATES) for name in content.get(key) or []}
        for number, name in enumerate(content["submitted_ids"], 1):
            if name in states:
                yield number, (name, states[name], {})
            else:
                yield Malformed(str(path), number, f"{name}: the report does not say whether it was resolved")

    def about(self, path: Path) -> About:
        content = read_object(path)
        if "submitted_ids" not in content:
            return About(stem(path))
        notes = [
            f"{len(content[key])} of the instances ended as: {state}; they count as not resolved, as in SWE-bench"
            for key, state in _STATES[2:]
            if content.get(key)
        ]
        return About(
            "swe-bench",
            model=stem(path).partition(".")[0].replace("__", "/"),
            expected=content.get("total_instances"),
            notes=tuple(notes),
        )

    def entry(self, row: Any) -> Entry | None:
        name, state, details = row
        if state is None:
            state = "resolved" if details["resolved"] is True else "unresolved"
        return Entry(
            name,
            {"resolved": state == "resolved"},
            {"instance_id": name, "repository": name.rpartition("-")[0].replace("__", "/"), "state": state, **details},
            [],
            prompt=name,
        )
