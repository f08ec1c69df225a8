"""Reader of DeepEval's test runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from regrade.registry import register
from regrade.rows.readers.scored_log import About, Entry, ScoredLog, number_objects, read_object, stem, text_of
from regrade.schema import Malformed


@register("reader", "deepeval")
class DeepEvalReader(ScoredLog):
    """DeepEval's ``test_run_DATE.json`` and ``.latest_run_full.json``, and a dumped ``EvaluationResult``.

    As version 4.3 writes them. The recorded values are each metric's ``score``, and ``success`` of the test case. A
    metric applies to the test cases that it was run on; where it ended in an error, that sample has failed.
    ``doc.reasons`` holds the judge's reasons.
    """

    title: ClassVar[str] = "DeepEval test runs"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = (
        (b'"testCases"', b'"metricsData"'),
        (b'"test_results"', b'"metrics_data"'),
    )
    registered: ClassVar[str] = "deepeval"
    complete: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        if head.lstrip()[:1] != b"{":
            return None
        for cases, metrics in ((b'"testCases"', b'"metricsData"'), (b'"test_results"', b'"metrics_data"')):
            if cases in head and metrics in head:
                return f"an object with {cases.decode()} and their {metrics.decode()}"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        run = _run(read_object(path))
        if "test_results" in run:
            return number_objects(run["test_results"], path, "test results")
        return number_objects(
            [*(run.get("testCases") or []), *(run.get("conversationalTestCases") or [])], path, "test cases"
        )

    def about(self, path: Path) -> About:
        run = _run(read_object(path))
        parameters = run.get("hyperparameters")
        model = parameters.get("model") if isinstance(parameters, dict) else None
        return About(str(run.get("datasetAlias") or stem(path)), model=model if isinstance(model, str) else None)

    def entry(self, row: Any) -> Entry | None:
        metrics = row.get("metricsData", row.get("metrics_data")) or []
        turns = row.get("turns") or []
        said = row.get("actualOutput", row.get("actual_output"))
        if said is None and turns:
            said = [turn.get("content") for turn in turns if turn.get("role") == "assistant"][-1:]
            said = said[0] if said else None
        asked = row.get("input") if row.get("input") is not None else row.get("scenario")
        index = row.get("order", row.get("index"))
        return Entry(
            row["name"] if index is None else index,
            {"success": row.get("success")}
            | {one["name"]: None if one.get("error") else one.get("score") for one in metrics},
            {
                "name": row["name"],
                "reasons": {one["name"]: one.get("reason") for one in metrics},
                "errors": {one["name"]: one["error"] for one in metrics if one.get("error")},
                "context": row.get("context"),
                "retrieval_context": row.get("retrievalContext", row.get("retrieval_context")),
                "metadata": row.get("metadata") or {},
                "tags": row.get("tags") or [],
            },
            [text_of(said)],
            target=row.get("expectedOutput", row.get("expected_output", row.get("expectedOutcome"))),
            prompt=asked if asked is None else text_of(asked),
        )


def _run(content: dict[str, Any]) -> dict[str, Any]:
    """The test run in a file: the file itself, or what it holds under one key."""
    for value in (content, *content.values()):
        if isinstance(value, dict) and ("testCases" in value or "test_results" in value):
            return value
    return content
