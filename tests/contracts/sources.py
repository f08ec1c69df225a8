"""The same questions and answers as every reader finds them: logs, tables, a card's samples, a run's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from regrade.api.card import load_card
from regrade.schema import Answer
from regrade.store.manifest import Manifest
from regrade.store.run import Run, now

DATE = "2025-03-01T10-00-00.000000"
KINDS = ("log", "log alone", "log array", "jsonl", "parquet", "csv", "card", "run")


class Question(NamedTuple):
    """A question with its answers: several are repeats."""

    gold: str
    answers: list[str]
    choices: tuple[str, ...] = ("red", "blue")


class Found(NamedTuple):
    """Where a source lies, and what its reader must be told."""

    path: Path
    options: dict[str, str]

    @property
    def arguments(self) -> list[str]:
        """The options of the command line."""
        return [part for name, value in self.options.items() for part in (f"--{name}", value)]


def write_source(kind: str, folder: Path, questions: list[Question]) -> Found:
    """Write questions and answers as a source of one kind."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind.startswith("log"):
        return _log(kind, folder, questions)
    if kind in ("card", "run"):
        return _card(kind, folder, questions)
    return _table(kind, folder, questions)


def _log(kind: str, folder: Path, questions: list[Question]) -> Found:
    rows = [
        {
            "doc_id": number,
            "doc": {"question": f"question {number}", "answer": one.gold, "choices": list(one.choices)},
            "target": one.gold,
            "arguments": {"gen_args_0": {"arg_0": f"question {number}", "arg_1": {"until": ["\n"]}}},
            "resps": [one.answers],
            "filtered_resps": one.answers[:1],
            "filter": "none",
            "metrics": ["exact_match"],
            "exact_match": float(one.answers[0] == one.gold),
        }
        for number, one in enumerate(questions)
    ]
    path = folder / f"samples_words_{DATE}.jsonl"
    text = json.dumps(rows) if kind == "log array" else "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(text)
    if kind != "log alone":
        config = {
            "task": "words",
            "output_type": "generate_until",
            "doc_to_text": "{{question}}",
            "doc_to_target": "{{answer}}",
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
            "repeats": len(questions[0].answers),
        }
        results = {
            "results": {"words": {"alias": "words"}},
            "configs": {"words": config},
            "versions": {"words": 1},
            "config": {"model": "dummy", "bootstrap_iters": 0},
            "lm_eval_version": "0.4.13",
        }
        (folder / f"results_{DATE}.json").write_text(json.dumps(results))
    return Found(path, {})


def _table(kind: str, folder: Path, questions: list[Question]) -> Found:
    rows = [
        {
            "id": number,
            "question": f"question {number}",
            "choices": list(one.choices),
            "gold": one.gold,
            "said": one.answers if len(one.answers) > 1 else one.answers[0],
        }
        for number, one in enumerate(questions)
    ]
    path = folder / f"words.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "csv":
        import csv

        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
    return Found(path, {"answer": "said", "expected": "gold", "id": "id"})


def _card(kind: str, folder: Path, questions: list[Question]) -> Found:
    data = [
        {"id": f"q{number}", "question": f"question {number}", "answer": one.gold, "choices": list(one.choices)}
        for number, one in enumerate(questions)
    ]
    card = {
        "__type__": "task_card",
        "loader": {"__type__": "load_from_dictionary", "data": {"test": data}},
        "task": {
            "__type__": "task",
            "input_fields": {"question": "str", "choices": "List[str]"},
            "reference_fields": {"answer": "str"},
            "prediction_type": "str",
            "metrics": ["metrics.accuracy"],
        },
        "templates": [
            {
                "__type__": "input_output_template",
                "input_format": "{question}",
                "output_format": "{answer}",
                "postprocessors": [],
            }
        ],
    }
    made = load_card(card).samples()
    ids = [sample.sample_id for sample in made]
    write = write_run if kind == "run" else write_answered
    return write(folder, made, ids, [one.answers for one in questions])


def write_run(folder: Path, made: Any, ids: list[str], texts: list[list[str]]) -> Found:
    """A run of samples, to each of which a model gave these texts."""
    made.write(folder / "samples.parquet")
    manifest = Manifest(
        name=folder.name,
        created=now(),
        recipe={"dialect": "card"},
        recipe_name="words",
        repeats=len(texts[0]),
        samples=len(ids),
        model={"identity": {"type": "openai", "model": "m"}, "asked": {"model": "openai:m"}},
    )
    run = Run(folder, manifest)
    run.set_status("complete")
    answers = [
        Answer(sample_id=ids[number], position=number, repeat=repeat, text=text)
        for number, each in enumerate(texts)
        for repeat, text in enumerate(each)
    ]
    run.answers.write_bytes(b"".join(msgspec.json.encode(answer) + b"\n" for answer in answers))
    return Found(folder, {})


def write_answered(folder: Path, made: Any, ids: list[str], texts: list[list[str]]) -> Found:
    """A file of samples, and one of answers to them."""
    made.write(folder / "samples.jsonl")
    answers = [{"sample_id": ids[number], "answer": each} for number, each in enumerate(texts)]
    (folder / "said.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers), encoding="utf-8")
    return Found(folder / "samples.jsonl", {"answers": str(folder / "said.jsonl")})
