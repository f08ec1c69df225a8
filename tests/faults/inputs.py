"""Small inputs of every kind that a command reads, and what is done with each."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

import regrade
from regrade.cli import main
from regrade.reports.comparison import render_comparison
from regrade.reports.samples import render_card
from regrade.scoring.browse import browse
from regrade.scoring.compare import compare_paths
from regrade.scoring.options import Options

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DATE = "2025-03-01T10-00-00.000000"


class Kind(NamedTuple):
    """A kind of input.

    Attributes:
        files: Those that are damaged, below the folder, with how they are written.
        use: What is done with the folder.
    """

    files: dict[str, str]
    use: Callable[[Path], object]


def look(*paths: Path, **options: Any) -> None:
    """Score, look at every sample, compare with itself."""
    scores = regrade.score(*paths, keep=True, resamples=20, bootstrap_iterations=20, **options)
    scores.summary()
    scores.to_dict()
    for card in browse(scores):
        render_card(card)


def look_and_compare(*paths: Path, **options: Any) -> None:
    """The same, and compare with itself."""
    look(*paths, **options)
    metrics = [(options["metric"], {})] if "metric" in options else None
    read = {name: value for name, value in options.items() if name in ("answer", "expected", "id", "answers")}
    chosen = Options(keep=True, resamples=20, bootstrap_iterations=20, metrics=metrics, read=read)
    render_comparison(compare_paths(paths[0], paths[0], chosen))


def run_quietly(*arguments: object) -> int:
    """Run ``regrade`` in this process; a bare exception comes through."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["--debug", *map(str, arguments)]) if arguments else 0
    assert "\x1b]0;" not in out.getvalue() + err.getvalue()
    return code


def lines(path: Path, rows: list[Any]) -> None:
    """Write JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def first_lines(source: Path, count: int) -> list[Any]:
    """The first rows of a file of JSON lines."""
    return [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()[:count]]


def _logs(folder: Path) -> None:
    for name in ("results", "results_choices"):
        [source] = sorted((EXAMPLES / name / "careful").glob("samples_*.jsonl"))[:1]
        lines(folder / source.name, first_lines(source, 6))
        [results] = (EXAMPLES / name / "careful").glob("results_*.json")
        shutil.copy(results, folder / results.name)


TABLE = [
    {"id": f"r{n}", "answer": text, "expected": "4", "about": {"level": n}} for n, text in enumerate(["4", "5", "4"])
]


def _tables(folder: Path) -> None:
    lines(folder / "t.jsonl", TABLE)
    (folder / "array.json").write_text(json.dumps(TABLE), encoding="utf-8")
    (folder / "nested.json").write_text(json.dumps({"note": 1, "data": {"rows": TABLE}}), encoding="utf-8")
    (folder / "objects.json").write_text("\n".join(json.dumps(row, indent=1) for row in TABLE), encoding="utf-8")
    (folder / "t.csv").write_text('id,answer,expected\nr1,"4, or ""five""",4\nr2,5,4\nr3,"4\n",4\n', encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(TABLE), folder / "t.parquet", write_page_checksum=True)


def _inspect(folder: Path) -> None:
    log = {
        "version": 2,
        "status": "success",
        "eval": {"task": "t", "model": "m/x", "created": "2025", "dataset": {"sample_ids": [1, 2]}, "config": {}},
        "results": {
            "total_samples": 2,
            "scores": [
                {"name": "match", "scorer": "match", "metrics": {"accuracy": {"name": "accuracy", "value": 0.5}}}
            ],
        },
    }
    samples = [
        {
            "id": n,
            "epoch": 1,
            "input": "q",
            "target": "a",
            "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
            "output": {"choices": [{"message": {"content": [{"type": "text", "text": "a"}]}, "stop_reason": "stop"}]},
            "scores": {"match": {"value": value, "answer": "a"}},
            "attachments": {"k": "v"},
            "metadata": {"k": 1},
        }
        for n, value in ((1, "C"), (2, {"a": 1, "b": 0}))
    ]
    (folder / "log.json").write_text(json.dumps({**log, "samples": samples}), encoding="utf-8")
    with zipfile.ZipFile(folder / "log.eval", "w") as archive:
        archive.writestr("_journal/start.json", json.dumps({key: log[key] for key in ("version", "eval")}))
        for each in samples:
            archive.writestr(f"samples/{each['id']}_epoch_1.json", json.dumps(each))
        archive.writestr("header.json", json.dumps(log))


def _helm(folder: Path) -> None:
    stats = [
        {"name": {"name": name, "split": "test"}, "count": 1, "sum": value, "mean": value}
        for name, value in (("exact_match", 1.0), ("num_output_tokens", 5.0))
    ]
    rows = [{"instance_id": f"id{n}", "train_trial_index": 0, "stats": stats} for n in range(2)]
    states = [
        {
            "instance": {
                "id": f"id{n}",
                "input": {"text": "q"},
                "references": [{"output": {"text": "a"}, "tags": ["correct"]}],
            },
            "request": {"prompt": "q"},
            "result": {"completions": [{"text": "a"}]},
            "train_trial_index": 0,
        }
        for n in range(2)
    ]
    for name, content in (
        ("per_instance_stats.json", rows),
        ("scenario_state.json", {"request_states": states}),
        ("run_spec.json", {"name": "mmlu:subject=x,model=m", "adapter_spec": {"model": "m"}}),
        (
            "stats.json",
            [*stats, {"name": {"name": "num_instances", "split": "test"}, "count": 1, "sum": 2.0, "mean": 2.0}],
        ),
    ):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _judgements(folder: Path) -> None:
    shutil.copytree(EXAMPLES / "mt_bench", folder / "mt_bench")
    for path in (folder / "mt_bench" / "model_judgment").iterdir():
        lines(path, first_lines(path, 6))
    rows = [
        {
            "instruction": f"say {n}",
            "output_1": "a",
            "generator_1": "base",
            "output_2": "b",
            "generator_2": "m",
            "annotator": "j",
            "preference": value,
        }
        for n, value in enumerate((1.0, 2, 1.4))
    ]
    (folder / "annotations.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "leaderboard.csv").write_text(",win_rate,standard_error\nm,46.7,1.0\n", encoding="utf-8")
    scored = {"raw_generations": {"s1": ["a", "b"]}, "raw_scored_generations": {"s1": [True, False]}, "pass_at_1": 50.0}
    (folder / "scored.json").write_text(json.dumps(scored), encoding="utf-8")
    (folder / "repeats.json").write_text(json.dumps({"s1": [True, False], "s2": [1, 1]}), encoding="utf-8")


def _card(folder: Path) -> None:
    shutil.copytree(EXAMPLES / "card", folder / "card")
    samples = regrade.load_card(folder / "card" / "card.yaml").samples()
    samples.write(folder / "samples.jsonl")
    samples.write(folder / "samples.parquet")


def _run(folder: Path) -> None:
    run = folder / "run"
    run.mkdir()
    samples = regrade.load_card(EXAMPLES / "card" / "card.yaml").samples(limit=4)
    samples.write(run / "samples.parquet")
    ids = [sample.sample_id for sample in samples]
    manifest = {
        "name": "run",
        "created": "2025-01-01T00:00:00Z",
        "status": "complete",
        "recipe": {"dialect": "card"},
        "recipe_name": "sums",
        "model": {"identity": {"type": "openai", "model": "m"}, "asked": {"model": "openai:m"}},
        "samples": len(ids),
    }
    (run / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
    call = [{"type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]
    answers: list[dict[str, Any]] = [{"text": "A"}, {"text": "B", "thinking": "hm"}, {"tool_calls": call}]
    answers.append({"error": {"kind": "server", "message": "no"}})
    lines(
        run / "answers.jsonl",
        [{"sample_id": i, "position": n, **a} for n, (i, a) in enumerate(zip(ids, answers, strict=True))],
    )


def _judge_run(folder: Path) -> None:
    about = [{"item": f"q{n}", "turn": 1, "repeat": 0, "models": ["m"], "swapped": False} for n in range(3)]
    rows = [
        {
            "sample_id": f"s{n}",
            "doc": json.dumps({"question": "q", "answer": "a"}),
            "messages": json.dumps([{"role": "user", "content": "rate"}]),
            "metadata": json.dumps(one),
            "references": ["r"],
        }
        for n, one in enumerate(about)
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "samples.parquet")
    reading = {"steps": [{"function": "fastchat_rating"}, {"function": "take_first"}]}
    manifest = {
        "name": "judged",
        "created": "2025",
        "recipe": {"dialect": "judge", "mode": "rating", "readings": {"": reading}},
        "recipe_name": "j",
        "model": {"identity": {"model": "j"}},
        "samples": 3,
    }
    (folder / "run.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    lines(
        folder / "answers.jsonl",
        [{"sample_id": f"s{n}", "position": n, "text": f"Rating: [[{n + 5}]]"} for n in range(3)],
    )


def _descriptions(folder: Path) -> None:
    _logs(folder)
    shutil.copy(EXAMPLES / "my_filters.yaml", folder / "filters.yaml")
    pipelines = [
        {"name": "n", "filter": [{"function": "regex", "regex_pattern": "(\\d+)"}, {"function": "take_first"}]}
    ]
    (folder / "filters.json").write_text(json.dumps(pipelines), encoding="utf-8")
    shutil.copy(EXAMPLES / "tasks" / "word_problems.yaml", folder / "task.yaml")


def _chat(folder: Path) -> None:
    shutil.copytree(EXAMPLES / "chat", folder / "chat")
    rows = first_lines(EXAMPLES / "chat" / "shop.jsonl", 9)
    (folder / "chat" / "array.json").write_text(json.dumps(rows), encoding="utf-8")
    messages = [{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}] * 3
    pq.write_table(pa.Table.from_pylist(messages), folder / "chat" / "m.parquet")


def _log(folder: Path) -> Path:
    return next(folder.glob("samples_word*"))


def _use_card(folder: Path) -> None:
    card = regrade.load_card(folder / "card" / "card.yaml")
    samples = list(card.samples())
    card.score({sample.sample_id: "A" for sample in samples})


def _convert(name: str) -> Callable[[Path], object]:
    def use(folder: Path) -> None:
        columns = ["--columns", "prompt=q,completion=a"] if name.endswith(".csv") else []
        run_quietly("convert", folder / "chat" / name, "-o", folder / "out.jsonl", *columns)
        run_quietly("detect", folder / "chat" / name, *columns)

    return use


def _score_answers(samples: str) -> Callable[[Path], object]:
    return lambda folder: look_and_compare(folder / samples, answers=str(folder / "card" / "answers.jsonl"))


BUILDERS: dict[str, Callable[[Path], None]] = {
    "logs": _logs,
    "tables": _tables,
    "inspect": _inspect,
    "helm": _helm,
    "judgements": _judgements,
    "card": _card,
    "run": _run,
    "judge_run": _judge_run,
    "descriptions": _descriptions,
    "chat": _chat,
}
"""What makes the undamaged folders, by name."""


def kinds(folders: dict[str, Path]) -> Iterator[tuple[str, str, Kind]]:
    """Every kind of input: its name, the folder it is of, and what is done with it."""
    logs = {path.name: "lines" if path.name.startswith("samples_") else "json" for path in folders["logs"].iterdir()}
    for name, written in sorted(logs.items()):
        yield f"log:{name.split('_2')[0]}", "logs", Kind({name: written}, look_and_compare)
    columns: dict[str, Any] = {"answer": "answer", "expected": "expected", "metric": "exact_match"}
    for name, written in (
        ("t.jsonl", "lines"),
        ("array.json", "json"),
        ("nested.json", "json"),
        ("objects.json", "text"),
        ("t.csv", "text"),
        ("t.parquet", "binary"),
    ):
        use = partial(lambda folder, file: look_and_compare(folder / file, **columns), file=name)
        yield f"table:{name}", "tables", Kind({name: written}, use)
    yield (
        "table:guessed",
        "tables",
        Kind({"t.jsonl": "lines"}, lambda f: look_and_compare(f / "t.jsonl", metric="exact_match")),
    )
    yield (
        "table:joined",
        "tables",
        Kind(
            {"t.jsonl": "lines", "array.json": "json"},
            lambda f: look(f / "t.jsonl", docs=str(f / "array.json"), join_on="id", **columns),
        ),
    )
    yield (
        "table:where",
        "tables",
        Kind({"t.jsonl": "lines"}, lambda f: look(f / "t.jsonl", where="doc.about.level > 0", by="doc.id", **columns)),
    )
    yield "inspect:json", "inspect", Kind({"log.json": "json"}, lambda f: look_and_compare(f / "log.json"))
    yield "inspect:eval", "inspect", Kind({"log.eval": "binary"}, lambda f: look_and_compare(f / "log.eval"))
    for name in ("per_instance_stats", "scenario_state", "run_spec", "stats"):
        yield f"helm:{name}", "helm", Kind({f"{name}.json": "json"}, look_and_compare)
    for name in ("toy-judge_single.jsonl", "toy-judge_pair.jsonl"):
        path = f"mt_bench/model_judgment/{name}"
        yield f"mt-bench:{name}", "judgements", Kind({path: "lines"}, lambda f, p=path: look(f / p))  # type: ignore[misc]
    questions = "mt_bench/model_judgment/toy-judge_single.jsonl"
    yield "mt-bench:questions", "judgements", Kind({"mt_bench/question.jsonl": "lines"}, lambda f: look(f / questions))
    for name, written in (
        ("annotations.json", "json"),
        ("scored.json", "json"),
        ("repeats.json", "json"),
        ("leaderboard.csv", "text"),
    ):
        used = name if name != "leaderboard.csv" else "annotations.json"
        yield f"judged:{name}", "judgements", Kind({name: written}, lambda f, n=used: look_and_compare(f / n))  # type: ignore[misc]
    yield "card:jsonl", "card", Kind({"samples.jsonl": "lines"}, _score_answers("samples.jsonl"))
    yield "card:run.json", "card", Kind({"samples.jsonl.run.json": "json"}, _score_answers("samples.jsonl"))
    yield "card:parquet", "card", Kind({"samples.parquet": "binary"}, _score_answers("samples.parquet"))
    yield "card:answers", "card", Kind({"card/answers.jsonl": "lines"}, _score_answers("samples.parquet"))
    yield "card:yaml", "card", Kind({"card/card.yaml": "text"}, _use_card)
    yield "card:csv", "card", Kind({"card/questions.csv": "text"}, _use_card)
    for name, written in (("run.json", "json"), ("answers.jsonl", "lines"), ("samples.parquet", "binary")):
        yield f"run:{name}", "run", Kind({f"run/{name}": written}, lambda f: look_and_compare(f / "run"))
        yield f"judge:{name}", "judge_run", Kind({name: written}, look_and_compare)
    yield "runs:list", "run", Kind({"run/run.json": "json"}, lambda f: run_quietly("runs", "--workspace", f))
    for name, written in (("filters.yaml", "text"), ("filters.json", "json")):
        yield (
            f"filters:{name}",
            "descriptions",
            Kind({name: written}, lambda f, n=name: look(_log(f), filters=str(f / n))),  # type: ignore[misc]
        )
    yield "task:yaml", "descriptions", Kind({"task.yaml": "text"}, lambda f: look(_log(f), task=str(f / "task.yaml")))
    for name, written in (
        ("shop.jsonl", "lines"),
        ("notes.json", "json"),
        ("visitors.csv", "text"),
        ("array.json", "json"),
        ("m.parquet", "binary"),
    ):
        yield f"chat:{name}", "chat", Kind({f"chat/{name}": written}, _convert(name))
