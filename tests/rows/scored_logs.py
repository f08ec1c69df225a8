"""Small results of each tool, written after the shape that the tool's own code gives them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq


def _json(path: Path, value: Any, indent: int | None = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    return path


def _lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def every_eval_ever(folder: Path) -> Path:
    def row(number: int, score: float) -> dict[str, Any]:
        return {
            "schema_version": "0.3.0",
            "evaluation_id": "sums/acme_m1/1",
            "model_id": "acme/m1",
            "evaluation_name": "sums",
            "sample_id": f"s{number}",
            "interaction_type": "single_turn",
            "input": {"raw": f"{number}+1?", "reference": [str(number + 1)], "formatted": None},
            "output": {"raw": [f"It is {number + 1}." if score else "Five."]},
            "answer_attribution": [],
            "evaluation": {"score": score, "is_correct": score == 1.0},
            "metadata": {"kind": "ab"[number % 2]},
        }

    return _lines(folder / "eee_samples.jsonl", [row(n, s) for n, s in enumerate([1.0, 0.5, 1.0, 0.0])])


def verifiers(folder: Path) -> Path:
    _json(
        folder / "metadata.json",
        {"env_id": "gsm", "model": "acme/m1", "num_examples": 2, "rollouts_per_example": 2, "avg_reward": 0.5},
    )
    rows = [
        {
            "example_id": number // 2,
            "prompt": [{"role": "user", "content": "6*7?"}],
            "completion": [{"role": "assistant", "content": f"say {reward}"}],
            "answer": "42",
            "reward": reward,
            "error": None,
            "timing": {"generation_ms": 5.0},
            "is_completed": True,
            "is_truncated": False,
            "metrics": {"correct": reward, "format": 1.0},
            "correct": reward,
            "format": 1.0,
        }
        for number, reward in enumerate([1.0, 0.0, 0.5, 0.5])
    ]
    return _lines(folder / "results.jsonl", rows)


def evalscope(folder: Path) -> Path:
    def row(index: int, value: dict[str, float]) -> dict[str, Any]:
        return {
            "index": index,
            "target": ["B"],
            "messages": [
                {"role": "user", "content": f"Question {index}"},
                {"role": "assistant", "content": "ANSWER: B"},
            ],
            "sample_score": {
                "score": {
                    "value": value,
                    "status": "success" if value else "judge_failed",
                    "extracted_prediction": "B",
                    "prediction": "ANSWER: B",
                    "metadata": {},
                },
                "sample_id": index,
                "group_id": index,
                "sample_metadata": {"subject": "law"},
            },
        }

    path = folder / "reviews" / "m1" / "arc_easy.jsonl"
    return _lines(path, [row(0, {"acc": 1.0}), row(1, {"acc": 0.0}), row(2, {}), row(3, {"acc": 1.0})])


def lighteval(folder: Path) -> Path:
    rows = [
        {
            "doc": {"id": str(n), "query": f"{n}?", "choices": ["yes", "no"], "gold_index": [0], "task_name": "bool|0"},
            "model_response": {"text": ["yes" if right else "no"], "logprobs": [], "input": f"{n}?"},
            "metric": {"em": right, "corpus_bleu": {"golds": ["yes"], "preds": ["no"]}},
        }
        for n, right in enumerate([1.0, 0.0, 1.0])
    ]
    date = "2025-11-02T10-00-00.000000"
    path = folder / "details" / "acme" / "m1" / date / f"details_bool|0_{date}.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def promptfoo(folder: Path) -> Path:
    def result(test: int, prompt: int, score: float, reason: int = 0, **more: Any) -> dict[str, Any]:
        return {
            "id": f"{test}-{prompt}",
            "promptIdx": prompt,
            "testIdx": test,
            "testCase": {"vars": {"n": test}, "assert": [{"type": "equals", "value": "4"}], "options": {}},
            "promptId": "p",
            "provider": {"id": "openai:m1", "label": ""},
            "prompt": {"raw": f"2+{test}?", "label": "2+{{n}}?"},
            "vars": {"n": test},
            "response": {"output": "4", "tokenUsage": {}},
            "success": score == 1,
            "score": score,
            "namedScores": {},
            "latencyMs": 3,
            "gradingResult": None,
            "failureReason": reason,
            **more,
        }

    results = [
        result(0, 0, 1, namedScores={"tone": 0.5}),
        result(1, 0, 0.5, 1),
        result(2, 0, 0, 2, error="timeout"),
        result(0, 1, 1),
    ]
    summary = {"version": 3, "timestamp": "2025-11-02T10:00:00.000Z", "prompts": [], "results": results, "stats": {}}
    content = {"evalId": "eval-1", "results": summary, "config": {"description": "sums"}, "shareableUrl": None}
    return _json(folder / "promptfoo.json", content)


def deepeval(folder: Path) -> Path:
    def case(order: int, metrics: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "name": f"test_case_{order}",
            "input": "Who?",
            "actualOutput": "Ada",
            "expectedOutput": "Ada",
            "success": all(metric["success"] for metric in metrics),
            "metricsData": metrics,
            "order": order,
        }

    def metric(name: str, score: float | None, **more: Any) -> dict[str, Any]:
        return {"name": name, "threshold": 0.5, "success": bool(score), "score": score, "strictMode": False, **more}

    cases = [
        case(0, [metric("Answer Relevancy", 0.75), metric("Faithfulness", 1.0, reason="fine")]),
        case(1, [metric("Answer Relevancy", 0.25)]),
        case(2, [metric("Answer Relevancy", None, error="no reply")]),
    ]
    return _json(folder / "test_run_20251102_100000.json", {"testCases": cases, "testPassed": 2, "testFailed": 1}, None)


def openai_evals(folder: Path) -> Path:
    spec = {"completion_fns": ["m1"], "eval_name": "arith.dev", "base_eval": "arith", "run_id": "r1", "created_at": "d"}
    events: list[dict[str, Any]] = [{"spec": spec}]
    for number, correct in enumerate([True, False, True]):
        name = f"arith.dev.{number}"
        events.append({"sample_id": name, "type": "sampling", "data": {"prompt": "2+2?", "sampled": ["4"]}})
        match = {"correct": correct, "expected": "4", "picked": "4" if correct else None}
        events.append({"sample_id": name, "type": "match", "data": match})
    events.append({"sample_id": "arith.dev.3", "type": "error", "data": {"type": "Timeout", "message": "too slow"}})
    rows = [{"run_id": "r1", "event_id": n, **event} if "type" in event else event for n, event in enumerate(events)]
    return _lines(folder / "record.jsonl", [*rows, {"final_report": {"accuracy": 2 / 3}}])


def swe_bench(folder: Path) -> Path:
    ids = {
        "completed_ids": ["a__a-1", "a__a-2"],
        "incomplete_ids": ["b__b-5"],
        "empty_patch_ids": ["a__a-3"],
        "submitted_ids": ["a__a-1", "a__a-2", "a__a-3", "b__b-4"],
        "resolved_ids": ["a__a-1"],
        "unresolved_ids": ["a__a-2"],
        "error_ids": ["b__b-4"],
    }
    counts = {"total_instances": 5, "submitted_instances": 4, "completed_instances": 2, "resolved_instances": 1}
    return _json(folder / "acme__m1.first.json", {**counts, **ids, "schema_version": 2}, 4)


_PAGE = """
<h3>Prompt conversation</h3>
<div class="message user"><div class="role">user</div><div class="content"><pre>2 &lt; {n}?</pre></div></div>
<h3>Sampled message</h3>
<div class="message assistant"><div class="content"><pre>Answer: {answer}</pre></div></div>
<h3>Results</h3>
<p>Correct Answer: A</p>
<p>Extracted Answer: {answer}</p>
<p>Score: {score}</p>
"""


def simple_evals(folder: Path) -> Path:
    scores = [1.0, 0.0, 1.0, 1.0]
    content = {
        "score": 0.75,
        "metrics": {"chars": 9.0},
        "htmls": [_PAGE.format(n=n, answer="A" if s else "B", score=s) for n, s in enumerate(scores)],
        "convos": [
            [{"role": "user", "content": f"2 < {n}?"}, {"role": "assistant", "content": f"Answer: {'A' if s else 'B'}"}]
            for n, s in enumerate(scores)
        ],
        "metadata": None,
    }
    return _json(folder / "mmlu_m1_allresults.json", content)


def simple_evals_page(folder: Path) -> Path:
    pages = "\n<hr>\n".join(_PAGE.format(n=n, answer="A" if s else "B", score=s) for n, s in enumerate([1.0, 0.0]))
    path = folder / "mmlu_m1.html"
    path.write_text(f"<!DOCTYPE html>\n<html><body>\n<h1>Examples</h1>\n{pages}\n<hr>\n</body></html>")
    return path


def opencompass(folder: Path) -> Path:
    details = [
        {"example_abbr": f"arc_{n}", "pred": ["A"], "answer": ["A" if right else "B"], "correct": [right]}
        for n, right in enumerate([True, False, True, True])
    ]
    return _json(folder / "results" / "m1" / "arc.json", {"accuracy": 75.0, "details": details}, 4)


def opencompass_predictions(folder: Path) -> Path:
    content = {
        str(n): {"origin_prompt": [{"role": "HUMAN", "prompt": f"{n}?"}], "prediction": text, "gold": "A"}
        for n, text in enumerate(["A", "B"])
    }
    return _json(folder / "predictions" / "m1" / "other.json", content, 4)


def bigcode(folder: Path) -> Path:
    def ends(task: int, passed: int) -> list[list[Any]]:
        return [
            [n, {"task_id": task, "passed": n < passed, "result": "passed" if n < passed else "failed: 1 != 2"}]
            for n in range(10)
        ]

    logs = {str(task): ends(task, passed) for task, passed in enumerate([10, 5, 0, 1])}
    for problem in logs.values():
        for number, end in problem:
            end["completion_id"] = number
    return _json(folder / "logs.json", logs, 4)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "every-eval-ever": every_eval_ever,
    "verifiers": verifiers,
    "evalscope": evalscope,
    "lighteval": lighteval,
    "promptfoo": promptfoo,
    "deepeval": deepeval,
    "openai-evals": openai_evals,
    "swe-bench": swe_bench,
    "simple-evals": simple_evals,
    "opencompass": opencompass,
    "bigcode": bigcode,
}
