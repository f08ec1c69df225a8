"""Scoring of one chunk: what is kept, what fails alone, hashes."""

from __future__ import annotations

import hashlib
import itertools
import json
import pickle
from typing import Any

import pytest

from regrade.files.chunk import Chunk
from regrade.rows.source import Run, Source
from regrade.schema import FilterPipeline, FilterStep, MetricSpec, Recipe, Record
from regrade.scoring.chunk import score_chunk
from regrade.scoring.plan import Job, MetricPlan, Plan
from regrade.scoring.recorded_hashes import wrong_hashes


def job(path: str, **plan: Any) -> Job:
    recipe = Recipe(
        task="sums",
        doc_to_target="{{answer}}",
        filters=plan.pop("filters", [FilterPipeline("none", [FilterStep("take_first")])]),
        metrics=[MetricSpec("exact_match")],
    )
    source = Source(reader="lm-eval", path=path, task="sums", run=Run("run"), recipe=recipe, chunks=[Chunk(path)])
    metrics = [MetricPlan("exact_match", "recomputed", recipe.metrics[0])]
    return Job(source, source.chunks[0], Plan(recipe=recipe, metrics=metrics, primary="none", **plan))


def test_a_block(logs: Any) -> None:
    path = str(logs.write([*logs.rows(["1", "0"]), "{oops", "", logs.row(5, "1", doc="text")]))
    block = score_chunk(job(path, keep=True))
    assert (block.ids, list(block.lines), block.line_count) == ([0, 1, 5], [1, 2, 5], 5)
    assert [(bad.line, bad.file) for bad in block.malformed] == [(3, path)]
    out = block.pipelines["none"]
    assert (list(out.rows), list(out.unparsed), out.extracted) == ([0, 1, 2], [0, 0, 0], [["1"], ["0"], ["1"]])
    metric = out.metrics["exact_match"]
    assert (list(metric.rows), metric.values) == ([0, 1], [1.0, 0.0])
    assert [(failure.row, failure.timed_out) for failure in metric.failures] == [(2, False)]


def test_a_block_travels_between_processes(logs: Any) -> None:
    path = str(logs.write([*logs.rows(["1", "0"]), "{oops"]))
    block = pickle.loads(pickle.dumps(score_chunk(job(path, keep=True))))
    assert block.ids == [0, 1]
    assert block.pipelines["none"].metrics["exact_match"].values == [1.0, 0.0]


def test_joined_blocks_are_the_block_of_the_whole(logs: Any) -> None:
    path = logs.write([*logs.rows(["1", "0", "1"]), "{oops", *logs.rows(["0", "1"])])
    whole = score_chunk(job(str(path), keep=True))
    data = path.read_bytes()
    cuts = [0, data.index(b"\n") + 1, len(data) - 20, len(data)]
    joined = score_chunk(Job(*_chunk(job(str(path), keep=True), 0, cuts[1])))
    for start, stop in itertools.pairwise(cuts[1:]):
        joined.extend(score_chunk(Job(*_chunk(job(str(path), keep=True), start, stop))))
    assert joined.ids == whole.ids
    assert list(joined.lines) == list(whole.lines)
    assert [(m.line, m.reason) for m in joined.malformed] == [(m.line, m.reason) for m in whole.malformed]
    mine, theirs = (b.pipelines["none"].metrics["exact_match"] for b in (joined, whole))
    assert list(mine.rows) == list(theirs.rows)
    assert mine.values == theirs.values
    assert list(mine.column.data) == list(theirs.column.data)


def _chunk(made: Job, start: int, stop: int) -> tuple[Source, Chunk, Plan]:
    return made.source, Chunk(made.source.path, start, stop), made.plan


def test_a_filter_that_raises_costs_its_row(logs: Any) -> None:
    mapping = [FilterPipeline("none", [FilterStep("lowercase"), FilterStep("take_first")])]
    path = str(logs.write([*logs.rows(["1"]), logs.row(1, "", resps=[[{"text": "1"}]]), logs.row(2, "1")]))
    block = score_chunk(job(path, filters=mapping, keep=True))
    metric = block.pipelines["none"].metrics["exact_match"]
    assert (metric.values, [failure.row for failure in metric.failures]) == ([1.0, 1.0], [1])
    assert list(block.pipelines["none"].rows) == [0, 1, 2]


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, []),
        ({"doc": {"q": "é", "n": 2}}, ["doc_hash"]),
        ({"arguments": [["other"]]}, ["prompt_hash"]),
        ({"arguments": []}, ["prompt_hash"]),
        ({"target": 4}, ["target_hash"]),
        ({"hashes": {}}, []),
        ({"hashes": {"doc_hash": "0"}}, ["doc_hash"]),
    ],
)
def test_hashes(change: dict[str, Any], wrong: list[str]) -> None:
    doc = {"q": "é", "n": 1}
    content: dict[str, Any] = {
        "doc": doc,
        "target": 3,
        "arguments": [["prompt", {}]],
        "hashes": {
            "doc_hash": sha(json.dumps(doc, indent=2, ensure_ascii=False)),
            "prompt_hash": sha("prompt"),
            "target_hash": sha("3"),
        },
    }
    assert wrong_hashes(Record(0, 1, [["x"]], **{**content, **change})) == wrong


def test_the_hashes_of_published_logs(lm_eval_logs: Any) -> None:
    """The harness's own hashes, over its own logs of several versions."""
    import regrade

    for name in ("harness_v0.4.13/gsm8k_1000", "harness_v0.4.13/mmlu_1000", "asdiv_v0.4.3", "negotiationtom_v0.4.13"):
        scores = regrade.score(lm_eval_logs / name, verify_hashes=True, bootstrap_iterations=0)
        assert [part.hash_mismatches for part in scores.parts] == [[]] * len(scores.parts), name
