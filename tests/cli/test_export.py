"""Exports of runs: the harness's own files again, Every Eval Ever's schema, tables and a folder for datasets."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import regrade
from regrade.api.card import load_card
from regrade.asking.launch import Asked, create
from regrade.cli import main
from regrade.errors import Exit, UsageError
from regrade.lm_eval.prepare import prepare_task
from regrade.models.model import Model
from regrade.reports.export.lm_eval import source_text
from regrade.reports.export.targets import TARGETS, export
from regrade.schema import Answer, AnswerError, Request, Usage
from regrade.store.manifest import Manifest
from regrade.store.run import Run, now

TASKS = {"gsm8k_local_1000": "test", "arc_local_1000": "test", "mmlu_local_1000": "test", "ifeval_local_540": "train"}


class Nobody(Model):
    """A model that is never asked."""

    kinds = ("chat", "completion", "loglikelihood")

    @property
    def identity(self) -> dict[str, Any]:
        return {"type": "openai", "base_url": "https://api.example.org/v1", "model": self.name}

    def answer(self, requests: AsyncIterator[Request]) -> AsyncGenerator[Answer, None]:
        raise NotImplementedError


def recorded_rows(folder: Path) -> list[dict[str, Any]]:
    (log,) = folder.glob("samples_*.jsonl")
    with log.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def recorded_results(folder: Path) -> dict[str, Any]:
    (file,) = folder.glob("results_*.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def answer_of(row: dict[str, Any]) -> Answer:
    """What the harness recorded, as a run keeps it."""
    doc_id = str(row["doc_id"])
    if isinstance(row["resps"][0][0], list):
        pairs = [(float(request[0][0]), request[0][1] == "True") for request in row["resps"]]
        return Answer(sample_id=doc_id, choices=pairs)
    return Answer(sample_id=doc_id, text=row["resps"][0][0], finish_reason="stop", usage=Usage(10, 5), latency_s=0.5)


def run_of(folder: Path, task: str, logs: Path, tmp_path: Path) -> Path:
    """A run with the answers that the harness recorded."""
    pytest.importorskip("lm_eval")
    rows = {row["doc_id"]: row for row in recorded_rows(logs / task.replace("_local", ""))}
    data = tmp_path / f"data-{task}"
    data.mkdir()
    (data / f"{TASKS[task]}.jsonl").write_text("".join(json.dumps(row["doc"]) + "\n" for row in rows.values()))
    prepared = prepare_task(str(logs / "tasks" / f"{task}.yaml"), data=data, num_fewshot=0 if "gsm8k" in task else None)
    folder.mkdir(parents=True)
    run = create(folder, prepared, Asked(model="openai:org/m", kind="completion"), Nobody("org/m"))
    run.answers.write_bytes(b"".join(msgspec.json.encode(answer_of(row)) + b"\n" for row in rows.values()))
    run.set_status("complete")
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_the_harness_own_files_again(task: str, harness_log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    """Recorded answers as a run, and out again: the rows, values and configuration of the harness, which checks."""
    own = harness_log / task.replace("_local", "")
    run = run_of(tmp_path / "runs" / task, task, harness_log, tmp_path)
    out = tmp_path / "out"
    assert main(["export", str(run), "--to", "lm-eval", "-o", str(out)]) == Exit.DONE
    made = out / "org_m"
    # The harness writes one filter after the other, and prompts have examples where the pool of them was at hand.
    prompts = {"arguments", "prompt_hash"} if "gsm8k" in task else set()

    def comparable(rows: list[dict[str, Any]]) -> dict[tuple[int, str], dict[str, Any]]:
        return {
            (row["doc_id"], row["filter"]): {key: value for key, value in row.items() if key not in prompts}
            for row in rows
        }

    assert comparable(recorded_rows(made)) == comparable(recorded_rows(own))
    ours, theirs = recorded_results(made), recorded_results(own)
    values, wanted = ours["results"][task], theirs["results"][task]
    assert values.keys() == wanted.keys()
    for key, value in wanted.items():
        assert values[key] == (pytest.approx(value) if isinstance(value, float) else value), key
    assert ours["n-samples"] == theirs["n-samples"]
    assert ours["higher_is_better"] == theirs["higher_is_better"]
    assert ours["versions"] == theirs["versions"]
    for key in ("metric_list", "filter_list", "doc_to_text", "doc_to_target", "doc_to_choice", "generation_kwargs"):
        assert ours["configs"][task].get(key) == theirs["configs"][task].get(key), key
    assert ours["configs"][task].get("process_results") == theirs["configs"][task].get("process_results")
    assert theirs.keys() - ours.keys() <= {
        "pretty_env_info",
        "transformers_version",
        "upper_git_hash",
        "total_evaluation_time_seconds",
    }
    checked = cli("score", str(out), "--check", "--verify-hashes", "--json")
    assert checked.code == Exit.DONE
    verdicts = {(row["filter"], row["metric"]): row["verdict"] for row in json.loads(checked.out)["check"]}
    assert set(verdicts.values()) == {"equal"}
    assert len(verdicts) == len(ours["higher_is_better"][task]) * len({row["filter"] for row in recorded_rows(made)})


def test_a_run_that_is_not_whole_says_so_in_its_files(
    harness_log: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    run = run_of(tmp_path / "runs" / "gsm", "gsm8k_local_1000", harness_log, tmp_path)
    journal = run / "answers.jsonl"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join(lines[:900]) + b"\n")
    assert main(["export", str(run), "--to", "lm-eval", "-o", str(tmp_path / "out")]) == Exit.INCOMPLETE
    results = recorded_results(tmp_path / "out" / "org_m")
    assert results["n-samples"]["gsm8k_local_1000"] == {"original": 1000, "effective": 1000}
    checked = cli("score", str(tmp_path / "out"), "--check")
    assert checked.code == Exit.INCOMPLETE


def test_other_filters_are_exported_as_such(harness_log: Path, tmp_path: Path) -> None:
    run = run_of(tmp_path / "runs" / "gsm", "gsm8k_local_1000", harness_log, tmp_path)
    options = ["--extract", "last=(\\d+)(?!.*\\d)"]
    assert main(["export", str(run), "--to", "lm-eval", "-o", str(tmp_path / "out"), *options]) == Exit.DONE
    config = recorded_results(tmp_path / "out" / "org_m")["configs"]["gsm8k_local_1000"]
    assert [pipeline["name"] for pipeline in config["filter_list"]] == ["last"]
    assert main(["score", str(tmp_path / "out"), "--check"]) == Exit.DONE


# -- Every Eval Ever ---------------------------------------------------------------------------------------------------


def validator(schemas: Path, name: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    return jsonschema.Draft7Validator(json.loads((schemas / name).read_text()))


@pytest.mark.parametrize("task", ["gsm8k_local_1000", "arc_local_1000", "ifeval_local_540"])
def test_every_eval_ever(task: str, harness_log: Path, shared_data: Path, tmp_path: Path) -> None:
    schemas = shared_data / "every_eval_ever" / "schemas"
    if not schemas.is_dir():
        pytest.skip("no every_eval_ever in the shared data")
    run = run_of(tmp_path / "runs" / task, task, harness_log, tmp_path)
    out = tmp_path / "out"
    assert main(["export", str(run), "--to", "every-eval-ever", "-o", str(out)]) == Exit.DONE
    (file,) = out.glob("data/*/*/*/*.json")
    record = json.loads(file.read_text())
    validator(schemas, "eval.schema.json").validate(record)
    detailed = record["detailed_evaluation_results"]
    samples = out / detailed["file_path"]
    assert file.parent == out / "data" / task / "org" / "m"
    lines = [json.loads(line) for line in samples.read_text(encoding="utf-8").strip().split("\n")]
    assert len(lines) == detailed["total_rows"]
    check = validator(schemas, "instance_level_eval.schema.json")
    for line in lines:
        check.validate(line)
    wanted = recorded_results(harness_log / task.replace("_local", ""))["results"][task]
    assert {one["evaluation_result_id"]: one["score_details"]["score"] for one in record["evaluation_results"]} == {
        f"{task}.{key.partition(',')[2]}.{key.partition(',')[0]}": pytest.approx(value)
        for key, value in wanted.items()
        if "," in key and "_stderr" not in key
    }
    ids = {one["evaluation_result_id"] for one in record["evaluation_results"]}
    assert {line["evaluation_result_id"] for line in lines} == ids
    for name in ids:
        scores = [line["evaluation"]["score"] for line in lines if line["evaluation_result_id"] == name]
        if not name.endswith("inst_level_strict_acc") and not name.endswith("inst_level_loose_acc"):
            wanted_score = next(
                one["score_details"]["score"]
                for one in record["evaluation_results"]
                if one["evaluation_result_id"] == name
            )
            assert sum(scores) / len(scores) == pytest.approx(wanted_score)
    again = tmp_path / "again"
    assert main(["export", str(run), "--to", "every-eval-ever", "-o", str(again)]) == Exit.DONE
    assert [path.relative_to(again) for path in sorted(again.rglob("*"))] == [
        path.relative_to(out) for path in sorted(out.rglob("*"))
    ]


# -- tables and datasets -----------------------------------------------------------------------------------------------


@pytest.fixture
def card_run(tmp_path: Path) -> Path:
    """A run of a card: right, wrong with a comma and a line's end in it, with thoughts; and one that failed."""
    card = load_card(
        {
            "__type__": "task_card",
            "loader": {
                "__type__": "load_from_dictionary",
                "data": {"test": [{"q": f"{n}+1?", "a": str(n + 1)} for n in range(4)]},
            },
            "task": {
                "__type__": "task",
                "input_fields": {"q": "str"},
                "reference_fields": {"a": "str"},
                "prediction_type": "str",
                "metrics": ["metrics.accuracy"],
            },
            "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
        }
    )
    folder = tmp_path / "runs" / "sums"
    folder.mkdir(parents=True)
    samples = card.samples()
    samples.write(folder / "samples.parquet")
    ids = [sample.sample_id for sample in samples]
    model = {"identity": {"type": "openai", "base_url": "http://localhost:1/v1", "model": "m"}}
    Run(
        folder,
        Manifest(name="sums", created=now(), recipe={"dialect": "card"}, recipe_name="sums", samples=4, model=model),
    ).save()
    answers = [
        Answer(sample_id=ids[0], text="1", finish_reason="stop", usage=Usage(7, 2), latency_s=0.25),
        Answer(sample_id=ids[1], text='no,\n"never"', finish_reason="length", thinking="hm"),
        Answer(sample_id=ids[2], text="3"),
        Answer(sample_id=ids[3], error=AnswerError("server", "down")),
    ]
    (folder / "answers.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in answers))
    return folder


def test_tables(card_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.parquet as pq

    for kind in ("parquet", "csv", "jsonl"):
        assert main(["export", str(card_run), "--to", kind, "-o", str(tmp_path / f"t.{kind}")]) == Exit.INCOMPLETE
    assert "1 samples missing" in capsys.readouterr().err
    table = pq.read_table(tmp_path / "t.parquet").to_pylist()
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    with (tmp_path / "t.csv").open(newline="") as file:
        texts = list(csv.DictReader(file))
    assert [(row["answer"], row["value"]) for row in table] == [("1", 1.0), ('no,\n"never"', 0.0), ("3", 1.0)]
    assert [(row["answer"], float(row["value"])) for row in texts] == [(row["answer"], row["value"]) for row in table]
    assert [row["answer"] for row in lines] == [row["answer"] for row in table]
    assert lines[0]["doc"] == {"q": "0+1?", "a": "1"}
    first = table[0]
    assert (first["input_tokens"], first["output_tokens"], first["latency_s"]) == (7, 2, 0.25)
    assert (table[1]["thinking"], table[1]["finish_reason"], first["task"]) == ("hm", "length", "sums")
    assert {row["metric"] for row in table} == {"accuracy"}
    assert regrade.score(tmp_path / "t.csv", answer="answer", expected="target", metric="exact_match")


def test_a_folder_for_datasets(card_run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = tmp_path / "hub"
    assert main(["export", str(card_run), "--to", "hf", "-o", str(out)]) == Exit.INCOMPLETE
    cache = str(tmp_path / "cache")
    scores = datasets.load_dataset(str(out), split="test", cache_dir=cache)
    assert scores["answer"] == ["1", 'no,\n"never"', "3"]
    results = datasets.load_dataset(str(out), "results", split="test", cache_dir=cache)
    assert results[0]["value"] == pytest.approx(2 / 3)
    assert results[0]["missing"] == 1
    assert "| sums | to_string_stripped | accuracy | 0.6667 |" in (out / "README.md").read_text()


def test_what_cannot_be_exported(card_run: Path, tmp_path: Path) -> None:
    scores = regrade.score(card_run)
    with pytest.raises(UsageError, match="no place for"):
        export(scores, "lm-eval", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="no format"):
        export(scores, "xml", tmp_path / "out")
    full = tmp_path / "full"
    full.mkdir()
    (full / "a").write_text("mine")
    for target in TARGETS:
        with pytest.raises(UsageError, match=r"is there already|is a folder|no place for"):
            export(scores, target, full)
    assert [path.name for path in full.iterdir()] == ["a"]
    with pytest.raises(UsageError, match="all samples"):
        export(regrade.score(card_run, limit=1), "csv", tmp_path / "t.csv")


@pytest.mark.parametrize("target", ["every-eval-ever", "hf", "parquet", "csv", "jsonl"])
def test_an_export_that_breaks_off_leaves_nothing(
    target: str, card_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = regrade.score(card_run)
    place = tmp_path / "place"
    place.mkdir()

    def broken(*_: object) -> Any:
        raise RuntimeError("no power")

    for module in ("tables", "every_eval_ever"):
        monkeypatch.setattr(f"regrade.reports.export.{module}.answer_texts_of", broken)
    with pytest.raises(RuntimeError, match="no power"):
        export(scores, target, place / "out")
    assert list(place.iterdir()) == []


def test_source_text_is_that_of_inspect(tmp_path: Path) -> None:
    import inspect

    from regrade import atomic

    assert source_text("replacing", str(atomic.__file__)) == inspect.getsource(atomic.replacing)
    assert source_text("nothing", str(atomic.__file__)) is None
    assert source_text("f", None) is None


NUMPY_TASK = """\
task: word_problems
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
process_results: !function functions.process
metric_list:
  - {metric: score, aggregation: !function functions.aggregate, higher_is_better: true}
"""
NUMPY_CODE = """\
import numpy as np

def process(doc, results):
    return {"score": np.float64(0.25), "flag": np.bool_(True), "many": np.int64(3)}

def aggregate(values):
    return np.mean(values)
"""


def test_numbers_of_numpy_are_numbers_wherever_they_are_written(
    tmp_path: Path, examples: Path, cli: Callable[..., Any]
) -> None:
    (tmp_path / "task.yaml").write_text(NUMPY_TASK, encoding="utf-8")
    (tmp_path / "functions.py").write_text(NUMPY_CODE, encoding="utf-8")
    log = examples / "results" / "careful"
    task = ("--task", tmp_path / "task.yaml", "--trust-code")
    scored = cli("score", log, *task, "--json")
    assert scored.code == 0, scored.err
    found = json.loads(scored.out)["results"]["word_problems"]
    assert (found["score,none"], found["flag,none"], found["many,none"]) == (0.25, 1.0, 3.0)
    shown = cli("show", log, *task, "--json", "--limit", "1")
    [outcome] = json.loads(shown.out.splitlines()[0])["outcomes"]
    assert outcome["values"] == {"score": 0.25, "flag": True, "many": 3}
    assert cli("export", log, *task, "--to", "jsonl", "--out", tmp_path / "rows.jsonl").code == 0
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["metric"]: row["value"] for row in rows[:3]} == {"score": 0.25, "flag": 1.0, "many": 3.0}
