"""Cards: Regrade beside Unitxt, in the same run, on the same files: samples made, predictions scored with intervals.

Linux only, for memory is read from /proc. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from judgements import make_judgements
from peer import offline
from process_tree import Usage, adopt_orphans, run
from questions import SHAPES, make_questions

SOURCE = Path(__file__).resolve().parent.parent / "src"
HERE = Path(__file__).resolve().parent
UNITXT_VERSION = "1.26.10"
PACKAGES = (f"unitxt=={UNITXT_VERSION}", "datasets", "scikit-learn")
"""Unitxt wants no more for these cards."""
UNITXT_CARD = "cards.mt_bench.response_assessment.pairwise_comparison.multi_turn_with_reference_gpt4_judgement"
OUR_CARD = "cards.mt_bench.pairwise.multi_turn_with_reference"
MEASURES = {"cpu_s": "CPU s", "wall_s": "wall s", "pss_mb": "peak MB"}
TOLERANCE = 1e-12


@dataclass
class Case:
    """Something that both do."""

    name: str
    commands: dict[str, list[str | Path]]
    runs: dict[str, list[Usage]] = field(default_factory=lambda: {"unitxt": [], "regrade": []})
    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def figure(self, who: str, measure: str) -> float:
        """The median over the runs."""
        return statistics.median(getattr(usage, measure) for usage in self.runs[who])

    def measure(self, who: str, env: dict[str, str]) -> None:
        """Run it once."""
        usage = run(self.commands[who], env)
        self.runs[who].append(usage)
        if usage.returncode:
            last = (usage.stderr.strip().splitlines() or ["no message"])[-1]
            self.complaints.append(f"{who} ended with {usage.returncode}: {last}")
        else:
            self.said[who] = _said(usage.stdout)

    def compare(self) -> None:
        """What both say has to be the same: how many samples, and the scores with their intervals."""
        if len(self.said) < 2:
            return
        ours, theirs = self.said["regrade"], self.said["unitxt"]
        if ours["rows"] != theirs["rows"]:
            self.complaints.append(f"{ours['rows']} samples, Unitxt makes {theirs['rows']}")
        for name, value in theirs.get("scores", {}).items():
            if name.startswith("accuracy") and abs(ours["scores"].get(name, float("nan")) - value) > TOLERANCE:
                self.complaints.append(f"{name} is {ours['scores'].get(name)}, Unitxt says {value}")


def _said(stdout: str) -> dict[str, Any]:
    """The last line of output that is JSON, as rows and scores."""
    start = stdout.rindex("\n{\n") + 1 if "\n{\n" in stdout else 0
    text = stdout[start:] if stdout[start:].startswith("{\n") else stdout.strip().splitlines()[-1]
    said: dict[str, Any] = json.loads(text)
    if "samples" in said:  # regrade card run --json
        return {"rows": said["samples"]}
    if "results" in said:  # regrade score --json
        (task,) = said["results"].values()
        (intervals,) = said["intervals"].values()
        return {"rows": task["sample_len"], "scores": _scores(task, intervals)}
    return said


def _scores(task: dict[str, Any], intervals: dict[str, Any]) -> dict[str, float]:
    """Accuracy and its interval, by Unitxt's names."""
    key = next(name for name in task if name.startswith("accuracy,"))
    found = intervals[key]
    return {"accuracy": task[key], "accuracy_ci_low": found["low"], "accuracy_ci_high": found["high"]}


def cases(args: argparse.Namespace, python: Path) -> Iterator[Case]:
    """Everything that is to be measured."""
    regrade: list[str | Path] = [sys.executable, "-m", "regrade"]
    theirs: list[str | Path] = [python, HERE / "in_peer" / "cards_unitxt.py"]
    out = args.workdir / "cards_out"
    out.mkdir(parents=True, exist_ok=True)
    for count in map(_number, args.judgements.split(",") if args.judgements else []):
        data = make_judgements(args.workdir, count)
        run_it = ["card", "run", OUR_CARD, "--data", data, "-o", out / "samples.parquet", "--json"]
        yield Case(
            f"MT-Bench pairwise, {count:,} judgements",
            {
                "unitxt": [*theirs, "process", UNITXT_CARD, data, out / "samples.jsonl"],
                "regrade": [*regrade, *run_it],
            },
        )
    for shape in args.shapes.split(",") if args.shapes else []:
        recipe, data = make_questions(args.workdir, shape, _number(args.questions))
        samples, answers = out / f"{shape}.parquet", out / f"{shape}.answers.jsonl"
        yield Case(
            f"{shape}, {args.questions} rows",
            {
                "unitxt": [*theirs, "process", recipe, data, out / "samples.jsonl"],
                "regrade": [*regrade, "card", "run", recipe, "-o", samples, "--json"],
            },
        )
        if args.evaluate:
            write_answers([*regrade, "card", "run", recipe], out / f"{shape}.jsonl", answers)
            make = shlex.join(map(str, [*regrade, "card", "run", recipe, "-o", samples]))
            score = shlex.join(map(str, [*regrade, "score", samples, "--answers", answers, "--json"]))
            yield Case(
                f"{shape}, {args.questions} rows: processed and scored with intervals",
                {
                    "unitxt": [*theirs, "evaluate", recipe, data, out / "samples.jsonl"],
                    "regrade": ["sh", "-c", f"{make} && {score}"],
                },
            )


def write_answers(command: list[str | Path], samples: Path, answers: Path) -> None:
    """The predictions that the other side makes for itself."""
    from predictions import prediction

    subprocess.run([*command, "-o", samples], check=True, capture_output=True, env=our_environment())
    with answers.open("w") as file, samples.open() as lines:
        for number, line in enumerate(lines):
            sample = json.loads(line)
            answer = prediction(number, sample["target"])
            file.write(json.dumps({"sample_id": sample["sample_id"], "answer": answer}) + "\n")


def our_environment() -> dict[str, str]:
    """Variables for our processes."""
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


def find_unitxt(python: Path | None, workdir: Path) -> Path:
    """The given Python, or one in an environment that is made on first use."""
    if python is not None:
        return python.absolute()
    folder = workdir / f"unitxt-{UNITXT_VERSION}"
    made = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    if not stamp.exists():
        print(f"installing {', '.join(PACKAGES)} into {folder} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([made, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        stamp.write_text("\n".join(PACKAGES), encoding="utf-8")
    return made


def _number(text: str) -> int:
    return int(text[:-1]) * 1000 if text.endswith("k") else int(text)


def print_case(case: Case) -> None:
    """The figures and ratios of a case."""
    print(f"\n{case.name}")
    for who, usages in case.runs.items():
        if usages:
            cells = "".join(f"{case.figure(who, measure):>10.2f} {title}" for measure, title in MEASURES.items())
            print(f"  {who:10}{cells}   {case.said.get(who, {}).get('rows', 0):,} samples")
    if all(case.runs.values()) and not case.complaints:
        ratios = (case.figure("unitxt", m) / (case.figure("regrade", m) or 1e-9) for m in MEASURES)
        text = ", ".join(f"{title} {ratio:.1f}x" for title, ratio in zip(MEASURES.values(), ratios, strict=True))
        print(f"  Unitxt / Regrade: {text}")
    parts = {name: value for name, value in case.said.get("unitxt", {}).items() if name.endswith("_s")}
    if parts:
        print("  of Unitxt's wall s: " + ", ".join(f"{name[:-2]} {value:.1f}" for name, value in parts.items()))
    for complaint in dict.fromkeys(case.complaints):
        print(f"  WRONG: {complaint}")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "regrade-bench"
    parser.add_argument("--judgements", default="10k,100k", help="of MT-Bench, comma-separated (default: %(default)s)")
    parser.add_argument("--shapes", default=",".join(SHAPES), help="of questions (default: %(default)s)")
    parser.add_argument("--questions", default="10k", help="how many of each (default: %(default)s)")
    parser.add_argument("--no-evaluate", dest="evaluate", action="store_false", help="make samples only")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, interleaved (default: %(default)s)")
    parser.add_argument("--workdir", type=Path, default=cache, help="where files and environments are kept")
    parser.add_argument("--peer", type=Path, help=f"a Python with unitxt {UNITXT_VERSION} (default: one is made)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every run here")
    return parser.parse_args()


def main() -> int:
    """Measure and print; 1 if anything failed or disagreed."""
    args = parse_arguments()
    args.workdir = args.workdir.absolute()
    args.workdir.mkdir(parents=True, exist_ok=True)
    adopt_orphans()
    python = find_unitxt(args.peer, args.workdir)
    environments = {
        "unitxt": {**offline(args.workdir), "UNITXT_DEFAULT_VERBOSITY": "error"},
        "regrade": our_environment(),
    }
    done: list[Case] = []
    for case in cases(args, python):
        for _ in range(args.repeat):
            for who, env in environments.items():
                case.measure(who, env)
        case.compare()
        print_case(case)
        done.append(case)
        if args.json:
            args.json.write_text(json.dumps(_as_json(done), indent=1), encoding="utf-8")
    return int(any(case.complaints for case in done))


def _as_json(done: list[Case]) -> dict[str, Any]:
    def told(usage: Usage) -> dict[str, Any]:
        return {key: value for key, value in asdict(usage).items() if key not in ("stdout", "stderr")}

    return {
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "unitxt": UNITXT_VERSION,
        "cases": [
            {
                "name": case.name,
                "runs": {who: list(map(told, usages)) for who, usages in case.runs.items()},
                "said": case.said,
                "complaints": case.complaints,
            }
            for case in done
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
