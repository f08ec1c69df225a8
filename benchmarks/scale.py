"""How the cost of every command grows with its input: CPU seconds and memory at 1k, 10k, 100k, 1M rows.

The exponent of growth between two sizes is log(cost of the larger / cost of the smaller) / log(ratio of the sizes),
with the cost of starting taken off: 1 is linear, 2 quadratic. The script ends with exit code 1 where the CPU seconds of
a command grow by an exponent above 1.1 between the two largest sizes. Linux only, for memory is read from /proc.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from process_tree import Usage, adopt_orphans, run

SOURCE = Path(__file__).resolve().parent.parent / "src"
MOST = 1.1
"""The largest exponent that counts as linear: a tenth is what caches and memory cost."""
LEAST_S = 0.3
"""CPU seconds, net of the start, below which the smaller of two sizes says nothing."""
SMALL = 10
"""Rows whose cost is taken for that of starting."""
PER_FILE = 10
"""Rows of each file where there are many files."""

METRICS = [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}]
CONFIG = {
    "task": "sums",
    "output_type": "generate_until",
    "doc_to_text": "{{question}}",
    "doc_to_target": "{{answer}}",
    "metric_list": METRICS,
    "filter_list": [
        {
            "name": "number",
            "filter": [
                {"function": "regex", "regex_pattern": r"(-?\d+)", "group_select": -1},
                {"function": "take_first"},
            ],
        }
    ],
}
CARD = """\
__type__: task_card
loader: {__type__: load_csv, files: {test: questions.csv}}
sample_id: id
task:
  __type__: task
  input_fields: {question: str}
  reference_fields: {answer: str}
  prediction_type: str
  metrics: [metrics.accuracy]
templates:
  - {__type__: input_output_template, input_format: "{question}", output_format: "{answer}"}
"""


@dataclass(frozen=True)
class Inputs:
    """The files of one size.

    Attributes:
        folder: Where they lie; also where outputs go.
        rows: How many rows each has.
    """

    folder: Path
    rows: int

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


def question(number: int) -> tuple[str, str]:
    """A question and its answer."""
    return f"What is {number} plus {number % 97}? Say why, step by step.", str(number + number % 97)


def said(number: int, model: str) -> str:
    """What a model answered; 'a' is right to two thirds, 'b' to three quarters."""
    right = number % 3 if model == "a" else number % 4
    value = number + number % 97 + (right == 0)
    return f"We add {number % 97} to {number}. Adding gives what was asked for. The answer is {value}"


def log_row(number: int, model: str) -> dict[str, object]:
    """A row as lm-evaluation-harness 0.4.9 writes it."""
    text, answer = question(number)
    spoken = said(number, model)
    return {
        "doc_id": number,
        "doc": {"question": text, "answer": answer, "topic": number % 7, "story": number // 10},
        "target": answer,
        "arguments": {"gen_args_0": {"arg_0": text, "arg_1": {"until": ["\n"]}}},
        "resps": [[spoken]],
        "filtered_resps": [spoken.rpartition(" ")[2]],
        "filter": "number",
        "metrics": ["exact_match"],
        "exact_match": float(spoken.endswith(f" {answer}")),
    }


def write_log(folder: Path, numbers: Sequence[int], model: str, task: str = "sums") -> None:
    """A samples file and its results file."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"samples_{task}_2026-01-01T00-00-00.000000.jsonl").open("w") as file:
        file.writelines(json.dumps(log_row(number, model)) + "\n" for number in numbers)
    results = folder / "results_2026-01-01T00-00-00.000000.json"
    content = {"results": {}, "configs": {}, "n-samples": {}, "model_name": model, "lm_eval_version": "0.4.9"}
    if results.exists():
        content = json.loads(results.read_text())
    content["configs"][task] = {**CONFIG, "task": task}
    content["n-samples"][task] = {"original": len(numbers), "effective": len(numbers)}
    results.write_text(json.dumps(content))


def write_many_logs(folder: Path, rows: int) -> None:
    """Logs of a few rows each, one task a file, all described by one results file."""
    folder.mkdir(parents=True, exist_ok=True)
    configs, counts = {}, {}
    for place in range(max(1, rows // PER_FILE)):
        task = f"sums_{place}"
        numbers = range(place * PER_FILE, (place + 1) * PER_FILE)
        with (folder / f"samples_{task}_2026-01-01T00-00-00.000000.jsonl").open("w") as file:
            file.writelines(json.dumps(log_row(number, "a")) + "\n" for number in numbers)
        configs[task] = {**CONFIG, "task": task}
        counts[task] = {"original": PER_FILE, "effective": PER_FILE}
    content = {"results": {}, "configs": configs, "n-samples": counts, "model_name": "a", "lm_eval_version": "0.4.9"}
    (folder / "results_2026-01-01T00-00-00.000000.json").write_text(json.dumps(content))


def make_inputs(workdir: Path, rows: int) -> Inputs:
    """Every file of one size; made once."""
    folder = workdir / str(rows)
    done = folder / "whole"
    if done.exists():
        return Inputs(folder, rows)
    shutil.rmtree(folder, ignore_errors=True)
    for model in "ab":
        write_log(folder / model, range(rows), model)
    write_many_logs(folder / "files", rows)
    with (
        (folder / "questions.csv").open("w", newline="") as questions,
        (folder / "table.csv").open("w", newline="") as table,
        (folder / "answers.jsonl").open("w") as answers,
        (folder / "chats.jsonl").open("w") as chats,
    ):
        asked, told = csv.writer(questions), csv.writer(table)
        asked.writerow(["id", "question", "answer"])
        told.writerow(["id", "question", "expected", "answer"])
        for number in range(rows):
            text, answer = question(number)
            spoken = said(number, "a")
            asked.writerow([f"q{number}", text, f"= {answer}"])
            told.writerow([number, text, answer, spoken.rpartition(" ")[2]])
            answers.write(json.dumps({"sample_id": f"q{number}", "answer": f"= {answer}"}) + "\n")
            turns = [{"from": "human", "value": text}, {"from": "gpt", "value": spoken}]
            chats.write(json.dumps({"id": number, "conversations": turns}) + "\n")
    (folder / "card.yaml").write_text(CARD)
    done.touch()
    return Inputs(folder, rows)


Command = Callable[[Inputs], list[str | Path]]

COMMANDS: dict[str, Command] = {
    "score": lambda at: ["score", at / "a"],
    "score --by, 7 groups": lambda at: ["score", at / "a", "--by", "doc.topic"],
    "score --by, rows/10 groups": lambda at: ["score", at / "a", "--by", "doc.story", "--json"],
    "score --cluster": lambda at: ["score", at / "a", "--cluster", "doc.story"],
    "score --where": lambda at: ["score", at / "a", "--where", "doc.topic == 3"],
    "score --check": lambda at: ["score", at / "a", "--check"],
    "score --out": lambda at: ["score", at / "a", "--out", at / "out"],
    "score, rows/10 files": lambda at: ["score", at / "files", "--json"],
    "score table": lambda at: ["score", at / "table.csv", "--metric", "exact_match", "--expected", "expected"],
    "compare": lambda at: ["compare", at / "a", at / "b"],
    "show --failed": lambda at: ["show", at / "a", "--failed"],
    "detect": lambda at: ["detect", at / "chats.jsonl"],
    "convert": lambda at: ["convert", at / "chats.jsonl", "-o", at / "converted.jsonl"],
    "card run": lambda at: ["card", "run", at / "card.yaml", "-o", at / "samples.parquet"],
    "score samples": lambda at: ["score", at / "samples.parquet", "--answers", at / "answers.jsonl"],
    "run (stored answers)": lambda at: [
        "run", at / "card.yaml", "--model", f"replay:{at / 'answers.jsonl'}",
        "--workspace", at / "runs", "--name", "r", "--no-score",
    ],
    "score run": lambda at: ["score", at / "runs" / "r"],
    "resume, nothing to do": lambda at: ["resume", at / "runs" / "r", "--workspace", at / "runs", "--no-score"],
    "export": lambda at: ["export", at / "runs" / "r", "--to", "jsonl", "--out", at / "exported.jsonl"],
}  # fmt: skip


def measure(name: str, at: Inputs) -> Usage:
    """Run a command once, in place of what an earlier run left."""
    for left in {"run (stored answers)": ["runs"], "score --out": ["out"]}.get(name, []):
        shutil.rmtree(at / left, ignore_errors=True)
    for made in ("converted.jsonl", "exported.jsonl"):
        (at / made).unlink(missing_ok=True)
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "COLUMNS": "200"}
    usage = run([sys.executable, "-m", "regrade", *COMMANDS[name](at)], env=env)
    if usage.returncode not in (0, 3):
        raise SystemExit(f"{name} at {at.rows:,} rows: exit {usage.returncode}\n{usage.stderr[-2000:]}")
    return usage


def exponent(smaller: float, larger: float, ratio: float) -> float:
    """The exponent of growth; nan where the smaller cost is too small to tell."""
    return math.log(larger / smaller) / math.log(ratio) if smaller >= LEAST_S and larger > 0 else math.nan


def parse_size(text: str) -> int:
    """``10k``, ``1M`` or a number."""
    return int(float(text.rstrip("kM")) * {"k": 1_000, "M": 1_000_000}.get(text[-1], 1))


def main() -> int:
    """Measure, print a table, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "regrade-bench" / "scale"
    parser.add_argument("--sizes", default="10k,100k,1M", help="rows (default: %(default)s)")
    parser.add_argument("--only", action="append", default=[], help="commands that begin with this (repeatable)")
    parser.add_argument("--workdir", type=Path, default=cache, help="where files are kept")
    arguments = parser.parse_args()
    adopt_orphans()
    sizes = sorted(parse_size(text) for text in arguments.sizes.split(","))
    inputs = [make_inputs(arguments.workdir, rows) for rows in (SMALL, *sizes)]
    print(f"{'':<28}" + "".join(f"{f'{rows:,}':>12} {'MB':>6}" for rows in sizes) + f"{'exponent':>10}")
    steep = []
    for name in COMMANDS:
        if arguments.only and not any(name.startswith(prefix) for prefix in arguments.only):
            continue
        start, *costs = [measure(name, at) for at in inputs]
        net = [usage.cpu_s - start.cpu_s for usage in costs]
        grown = exponent(net[-2], net[-1], sizes[-1] / sizes[-2]) if len(sizes) > 1 else math.nan
        cells = "".join(f"{f'{usage.cpu_s:.2f} s':>12} {usage.pss_mb:>6.0f}" for usage in costs)
        print(f"{name:<28}{cells}{'' if math.isnan(grown) else f'{grown:.2f}':>10}", flush=True)
        if grown > MOST:
            steep.append(name)
    if steep:
        print(f"\ngrow faster than the work (exponent above {MOST}): {', '.join(steep)}")
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
