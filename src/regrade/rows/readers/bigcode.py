"""Reader of the logs of the BigCode evaluation harness."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from regrade.registry import register
from regrade.rows.readers.scored_log import Entry, ScoredLog, read_object
from regrade.rows.readers.scored_repeats import pass_at_k
from regrade.schema import Malformed

_START: Final = re.compile(rb'\{\s*"\d+"\s*:\s*\[\s*\[\s*\d+\s*,\s*\{')
_KS: Final = (1, 10, 100)


@register("reader", "bigcode")
class BigCodeReader(ScoredLog):
    """The BigCode harness' ``logs.json`` of HumanEvalPack: whether each completion passed its tests.

    The recorded values are each problem's pass@1, pass@10 and pass@100, as far as it has so many completions, by the
    estimator that ``code_eval`` uses. The harness' ``evaluation_results.json`` holds averages only.
    """

    title: ClassVar[str] = "BigCode harness logs"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"passed"', b'"completion_id"'),)
    registered: ClassVar[str] = "bigcode"

    def matches(self, path: Path, head: bytes) -> str | None:
        if _START.match(head.lstrip()) and b'"passed"' in head and b'"completion_id"' in head:
            return "numbered problems with completions that passed or not"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        yield from enumerate(read_object(path).items(), 1)

    def entry(self, row: Any) -> Entry | None:
        name, completions = row
        ends = [one for _, one in completions]
        passed = [one["passed"] is True for one in ends]
        right, n = sum(passed), len(passed)
        return Entry(
            name,
            {f"pass@{k}": pass_at_k(n, right, k) for k in _KS if k <= n},
            {"problem": name, "passed": passed, "results": [one.get("result") for one in ends]},
            [],
            prompt=name,
        )
