"""Reader of promptfoo's results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from regrade.registry import register
from regrade.rows.readers.scored_log import (
    About,
    Entry,
    ScoredLog,
    lines_of,
    number_objects,
    read_object,
    stem,
    text_of,
)
from regrade.schema import Malformed

_ERROR: Final = 2
"""``ResultFailureReason.ERROR``: the test could not be carried out."""


@register("reader", "promptfoo")
class PromptfooReader(ScoredLog):
    """promptfoo's ``--output results.json`` or ``.jsonl``: one source per prompt and provider.

    Summaries of version 2 and 3 are read. The recorded values are ``success``, ``score`` and the named scores of
    assertions, which apply to the tests that have them. A test that ended in an error (``failureReason`` 2) has failed;
    promptfoo counts those apart, too. A test's variables are ``doc.vars``; the value of its one ``equals`` assertion is
    the reference.
    """

    title: ClassVar[str] = "promptfoo results"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = (
        (b'"promptIdx"', b'"testCase"', b'"success"'),
        (b'"evalId"', b'"results"', b'"prompts"', b'"provider"'),
    )
    registered: ClassVar[str] = "promptfoo"
    complete: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        if head.lstrip()[:1] != b"{":
            return None
        if b'"promptIdx"' in head and b'"testCase"' in head and b'"success"' in head:
            return "results hold promptIdx, testCase and success"
        if b'"evalId"' in head and b'"results"' in head and b'"prompts"' in head and b'"provider"' in head:
            return "an object with evalId, prompts and results"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            return lines_of(path)
        return number_objects(_results(read_object(path)).get("results"), path, "results")

    def about(self, path: Path) -> About:
        if path.name.removesuffix(".gz").endswith(".jsonl"):
            return About(stem(path))
        content = read_object(path)
        config = content.get("config") if isinstance(content.get("config"), dict) else {}
        metadata = content.get("metadata") if isinstance(content.get("metadata"), dict) else {}
        return About(
            str((config or {}).get("description") or stem(path)),
            version=(metadata or {}).get("promptfooVersion"),
            date=_results(content).get("timestamp"),
        )

    def entry(self, row: Any) -> Entry | None:
        test = row.get("testCase") or {}
        provider = row.get("provider")
        if isinstance(provider, dict):
            provider = provider.get("label") or provider.get("id")
        prompt = row.get("prompt") or {}
        failed = row.get("failureReason") == _ERROR
        scores = {"success": row["success"], "score": row["score"]}
        equal = [one.get("value") for one in test.get("assert") or [] if one.get("type") == "equals"]
        response = row.get("response") or {}
        label = str(prompt.get("label") or prompt.get("raw") or "")
        return Entry(
            row.get("testIdx", row.get("description") or "test"),
            dict.fromkeys(scores) if failed else {**scores, **(row.get("namedScores") or {})},
            {
                "vars": row.get("vars") or {},
                "description": test.get("description"),
                "metadata": test.get("metadata") or {},
                "prompt": label,
                "error": row.get("error"),
            },
            [text_of(response.get("output"))],
            target=equal[0] if len(equal) == 1 else None,
            prompt=prompt.get("raw"),
            model=f"{provider}, prompt {row['promptIdx']}" if row.get("promptIdx") else provider,
        )


def _results(content: dict[str, Any]) -> dict[str, Any]:
    """The summary in a file: under ``results``, or the file itself."""
    found = content.get("results")
    return found if isinstance(found, dict) else content
