"""Reader of the rollouts that verifiers saves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from regrade.registry import register
from regrade.rows.readers.scored_log import (
    About,
    Entry,
    ScoredLog,
    first_object,
    last_words,
    lines_of,
    numbers_of,
    object_beside,
)
from regrade.schema import Malformed

_OWN = frozenset(
    ("id", "example_id", "reward", "is_completed", "is_truncated", "generation_ms", "scoring_ms", "total_ms")
)
_FURTHER = ("is_completed", "timing", "metrics", "generation_ms")


@register("reader", "verifiers")
class VerifiersReader(ScoredLog):
    """verifiers' ``results.jsonl`` (0.1), with the ``metadata.json`` beside it: a sample is a rollout.

    The recorded values are ``reward`` and the rubric's metrics. Rollouts of one example are samples of their own;
    ``--cluster doc.example_id`` takes them as dependent. A rollout that ended in an error keeps the reward that
    verifiers gave it, and ``doc.error`` says so.
    """

    title: ClassVar[str] = "verifiers' rollouts"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = (
        (b'"prompt"', b'"completion"', b'"reward"'),
        (b'"prompt"', b'"example_id"'),
        (b'"prompt"', b'"id"'),
    )
    registered: ClassVar[str] = "verifiers"

    def matches(self, path: Path, head: bytes) -> str | None:
        row = first_object(head)
        if {"prompt", "completion", "reward"} <= row.keys() and any(name in row for name in _FURTHER):
            return "rows hold prompt, completion, reward and how the rollout went"
        cut = not row and head.startswith((b'{"example_id":', b'{"id":')) and b'"prompt"' in head
        if cut and {"env_id", "model"} <= object_beside(path, "metadata.json").keys():
            return "rollouts, with a metadata.json that names environment and model"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        return lines_of(path)

    def about(self, path: Path) -> About:
        known = object_beside(path, "metadata.json")
        averages = {"reward": known.get("avg_reward"), **(known.get("avg_metrics") or {})}
        return About(
            str(known.get("env_id") or path.parent.name or "verifiers"),
            model=known.get("model"),
            date=known.get("date"),
            recorded=numbers_of(averages),
        )

    def entry(self, row: Any) -> Entry | None:
        metrics = row.get("metrics")
        if not isinstance(metrics, dict):
            metrics = numbers_of(row, _OWN)
        sample_id = row.get("example_id", row.get("id"))
        return Entry(
            sample_id if sample_id is not None else "rollout",
            {"reward": row["reward"], **metrics},
            row,
            [last_words(row["completion"])],
            target=row.get("answer"),
            prompt=row["prompt"],
            task=row.get("task") if isinstance(row.get("task"), str) and row["task"] != "default" else None,
        )
