"""Reader of scored repeats: a JSON object of ids and whether each of their answers passed."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from regrade.errors import InputError
from regrade.files import json_lines
from regrade.files import reading as files
from regrade.files.chunk import Chunk
from regrade.files.tables import is_answer_object
from regrade.registry import register
from regrade.rows.guard import each_record
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Malformed, MetricSpec, Recipe, Record

_REASON = "whether an answer passed is recorded; telling it anew would mean to run it"
_AT_K = re.compile(r"pass[_@](?:at_)?(\d+)")


@register("reader", "scored-repeats")
class ScoredRepeatsReader(Reader):
    """A JSON object of id → list of booleans (or 0 and 1), one per answer, or CRUXEval's scored generations.

    CRUXEval's files hold the answers (``raw_generations``), whether each passed (``raw_scored_generations``) and the
    pass@k over all (``pass_at_1``, in percent). Answers are repeats of one sample; ``doc.passed`` says which passed.
    The recorded values are each sample's pass@k by the unbiased estimator of Chen et al. 2021 (arXiv:2107.03374), for
    the k that the file reports, else for 1, and in percent where the file's are.
    """

    title: ClassVar[str] = "scored repeats (pass@k)"
    whole_doc: ClassVar[bool] = False

    def matches(self, path: Path, head: bytes) -> str | None:
        start = head.lstrip()
        if re.match(rb'\{\s*"raw_(scored_)?generations"\s*:\s*\{', start):
            return "an object with raw_generations and whether they passed"
        if re.match(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\[\s*(true|false|0|1)\s*[,\]]', start) and is_answer_object(
            start, (bool, int)
        ):
            return "an object of ids and whether each of their answers passed"
        return None

    def sources(self, path: Path, options: dict[str, Any]) -> list[Source]:
        content = _read(str(path))
        scored, answers = _parts(content, str(path))
        ks = {key: int(k[1]) for key in content if (k := _AT_K.fullmatch(key)) and _number(content[key])}
        percent = answers is not None or any(content[key] > 1 for key in ks)
        scale = 100.0 if percent and ks else 1.0
        names = {f"pass@{k}": k for k in (ks.values() or [1])}
        sizes = {len(passed) for passed in scored.values() if isinstance(passed, list)}
        notes = [f"{len(scored)} samples of {_span(sizes)} answers each"]
        if answers is None:
            notes.append("the file holds no answers, only whether they passed")
        return [
            Source(
                reader="scored-repeats",
                path=str(path),
                task=path.name.split(".json")[0],
                run=Run(name=path.name.split(".json")[0]),
                recipe=Recipe(
                    task=path.name.split(".json")[0],
                    metrics=[MetricSpec(name, aggregation="mean") for name in names],
                    needs=dict.fromkeys(names, _REASON),
                    repeats=max(sizes, default=1),
                    metadata={"recorded_metrics": list(names)},
                ),
                chunks=[Chunk(str(path))],
                recorded={f"pass@{k},none": content[key] for key, k in ks.items()},
                options={"ks": names, "scale": scale},
                notes=notes,
            )
        ]

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        scored, answers = _parts(_read(source.path), source.path)
        ks: dict[str, int] = source.options["ks"]

        def make(line: int, entry: tuple[str, Any]) -> Record | Malformed:
            sample_id, passed = entry
            if not isinstance(passed, list) or not all(value in (0, 1) for value in passed):
                return Malformed(source.path, line, f"{sample_id!r} holds no list of true and false")
            texts = answers.get(sample_id) if answers is not None else []
            if not isinstance(texts, list) or (texts and len(texts) != len(passed)):
                return Malformed(source.path, line, f"{sample_id!r} has not as many answers as verdicts")
            right = sum(map(bool, passed))
            return Record(
                sample_id,
                line,
                [[str(text) for text in texts]],
                doc={"id": sample_id, "passed": [bool(value) for value in passed]},
                recorded={
                    name: pass_at_k(len(passed), right, k) * source.options["scale"]
                    for name, k in ks.items()
                    if k <= len(passed)
                },
                fingerprint=zlib.crc32(str(sample_id).encode("utf-8", "surrogatepass")),
            )

        yield from each_record(source.path, enumerate(scored.items(), 1), make)


def pass_at_k(n: int, right: int, k: int) -> float:
    """The chance that one of ``k`` answers drawn from ``n``, of which some are ``right``, passes.

    1 − C(n − right, k) / C(n, k): Chen et al. 2021, arXiv:2107.03374, equation 1.
    """
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def _read(path: str) -> dict[str, Any]:
    try:
        content = json_lines.decode_any(files.read_all(path))
    except ValueError as error:
        raise InputError(str(error), where=path) from None
    if not isinstance(content, dict):
        raise InputError(f"expected a JSON object, found {json_lines.kind_of(content)}", where=path)
    return content


def _parts(content: dict[str, Any], path: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """(id → verdicts, id → answers or None) of a file's content."""
    if "raw_generations" not in content and "raw_scored_generations" not in content:
        return content, None
    scored, answers = content.get("raw_scored_generations"), content.get("raw_generations")
    if not isinstance(scored, dict):
        raise InputError("has no object 'raw_scored_generations'", where=path)
    return scored, answers if isinstance(answers, dict) else None


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _span(sizes: set[int]) -> str:
    if len(sizes) < 2:
        return str(max(sizes, default=0))
    return f"{min(sizes)} to {max(sizes)}"
