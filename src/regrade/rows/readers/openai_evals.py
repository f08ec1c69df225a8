"""Reader of the record logs of OpenAI Evals."""

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
    lines_of,
    numbers_of,
    stem,
    text_of,
)
from regrade.schema import Malformed


@register("reader", "openai-evals")
class OpenAIEvalsReader(ScoredLog):
    """OpenAI Evals' record log of ``oaieval`` (JSON lines of events, versions 1 to 3): the events of a sample together.

    The recorded values are ``accuracy`` (the share of a sample's ``match`` events that are correct) and the numbers of
    its ``metrics`` events. A sample of which only an error was recorded has failed. The answer is what was sampled
    last; the reference is what a match expected, what it picked stands in ``doc.picked``.
    """

    title: ClassVar[str] = "OpenAI Evals logs"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"spec"',),)
    registered: ClassVar[str] = "openai-evals"

    def matches(self, path: Path, head: bytes) -> str | None:
        spec = first_object(head).get("spec")
        if isinstance(spec, dict) and "run_id" in spec and ("eval_name" in spec or "base_eval" in spec):
            return "the first line is the spec of a run"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        samples: dict[str, tuple[int, list[dict[str, Any]]]] = {}
        for item in lines_of(path):
            if isinstance(item, Malformed):
                yield item
            elif isinstance(sample_id := item[1].get("sample_id"), str):
                samples.setdefault(sample_id, (item[0], []))[1].append(item[1])
        yield from samples.values()

    def about(self, path: Path) -> About:
        spec: dict[str, Any] = {}
        report: Any = None
        for item in lines_of(path):
            if not isinstance(item, Malformed):
                spec = item[1].get("spec") or spec
                report = item[1].get("final_report") or report
        models = spec.get("completion_fns") or [spec.get("model_name")]
        recorded = numbers_of(report) if isinstance(report, dict) else {}
        return About(
            str(spec.get("eval_name") or stem(path)),
            model=", ".join(str(model) for model in models if model) or None,
            date=spec.get("created_at"),
            recorded={name: value for name, value in recorded.items() if name == "accuracy"},
        )

    def entry(self, row: Any) -> Entry | None:
        data: dict[str, list[dict[str, Any]]] = {}
        for event in row:
            data.setdefault(event["type"], []).append(event.get("data") or {})
        matches, sampled, errors = (data.get(kind, []) for kind in ("match", "sampling", "error"))
        scores: dict[str, Any] = {}
        if matches:
            scores["accuracy"] = sum(bool(match["correct"]) for match in matches) / len(matches)
        for metrics in data.get("metrics", []):
            scores |= numbers_of(metrics)
        if not scores and not sampled and not errors:
            return None
        said = sampled[-1].get("sampled") if sampled else None
        prompt = sampled[-1].get("prompt") if sampled else None
        last = matches[-1] if matches else {}
        return Entry(
            row[0]["sample_id"],
            scores,
            {
                "picked": last.get("picked"),
                "events": list(data),
                "error": errors[-1].get("message") if errors else None,
            },
            [text_of(one) for one in said] if isinstance(said, list) else [text_of(said)],
            target=last.get("expected"),
            prompt=prompt,
        )
