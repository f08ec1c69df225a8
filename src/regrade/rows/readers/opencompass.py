"""Reader of OpenCompass' results and predictions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from regrade.files import reading as files
from regrade.files.location import exists
from regrade.registry import register
from regrade.rows.readers.scored_log import About, Entry, ScoredLog, one_or_all, read_object, stem, text_of
from regrade.schema import Malformed

_CORRECT: Final = ("correct", "is_correct", "cascade_correct")
_DETAILS: Final = re.compile(rb'"details"\s*:\s*(?:\[\s*\{|\{\s*"(?:type|0)"\s*:)')
_PREDICTIONS: Final = re.compile(rb'\{\s*"0"\s*:\s*\{')


@register("reader", "opencompass")
class OpenCompassReader(ScoredLog):
    """OpenCompass' ``results/MODEL/DATASET.json`` with details, and the ``predictions`` beside them.

    The recorded value is ``accuracy``, 1 where a detail is correct (its share, where a question was asked several
    times; OpenCompass' own is in percent), and what else a detail has of numbers. Details that say nothing of being
    correct, and predictions, hold answers and references only: they are measured, by ``exact_match`` if nothing else is
    asked for. Predictions whose results hold details are passed over. ``--dump-eval-details`` writes details; both are
    read as OpenCompass' task ``OpenICLEval`` and its base evaluator write them.
    """

    title: ClassVar[str] = "OpenCompass results"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"details"',), (b'"prediction"', b'"origin_prompt"'))
    registered: ClassVar[str] = "opencompass"

    def matches(self, path: Path, head: bytes) -> str | None:
        start = head.lstrip()
        if start[:1] != b"{":
            return None
        if _DETAILS.search(head) and any(
            f'"{key}"'.encode() in head for key in ("pred", "predictions", "example_abbr")
        ):
            return "an object with details of predictions"
        if _PREDICTIONS.match(start) and b'"prediction"' in head and b'"origin_prompt"' in head:
            return None if _has_details(path) else "numbered predictions with their prompts"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        content = read_object(path)
        details = content.get("details", content)
        items = enumerate(details) if isinstance(details, list) else details.items()
        number = 0
        for name, item in items:
            if isinstance(item, dict):
                number += 1
                yield number, (str(name), item)
            elif name != "type":
                number += 1
                yield Malformed(str(path), number, f"{name}: expected a JSON object")

    def about(self, path: Path) -> About:
        content = read_object(path)
        own = [f"{name} {value:g}" for name, value in content.items() if isinstance(value, (int, float))]
        notes = (f"OpenCompass' own values: {', '.join(own[:6])}",) if own and "details" in content else ()
        return About(stem(path), model=path.parent.name or None, notes=notes)

    def entry(self, row: Any) -> Entry | None:
        name, item = row
        scores = {
            key: value
            for key, value in item.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool) and key not in _CORRECT
        }
        found = next((item[key] for key in _CORRECT if item.get(key) is not None), None)
        if found is not None:
            verdicts = found if isinstance(found, list) else [found]
            scores = {"accuracy": sum(map(bool, verdicts)) / len(verdicts), **scores}
        said = item.get("origin_prediction", item.get("prediction"))
        if not isinstance(said, (str, list)):
            said = item.get("pred", item.get("predictions"))
        reference = next((item[key] for key in ("answer", "references", "gold") if item.get(key) is not None), None)
        if isinstance(reference, list):
            reference = one_or_all(list(dict.fromkeys(map(text_of, reference))))
        return Entry(
            item.get("example_abbr") or name,
            scores,
            item,
            [text_of(one) for one in said] if isinstance(said, list) else [text_of(said)],
            target=reference,
            prompt=item.get("prompt", item.get("origin_prompt")),
        )


def _has_details(path: Path) -> bool:
    """Whether the results that belong to predictions hold them, too."""
    folder = path.parent.parent
    if folder.name != "predictions":
        return False
    other = folder.with_name("results") / path.parent.name / path.name
    return exists(other) and _DETAILS.search(files.read_head(other)) is not None
