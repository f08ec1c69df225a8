"""Random configurations through lm-evaluation-harness and through Regrade.

    python tests/differential/compare_harness.py --seeds 0:200 [--python OTHER_ENVIRONMENT/bin/python] [--keep FOLDER]

The harness (of the given interpreter's environment; by default of this one) runs each configuration with canned answers
and writes its log; ``regrade score`` reads the log and must come to the same values and standard errors: with the
recorded specification, with the task files (``--task``), with other filters and another metric (against the harness run
with them), and row by row (``--check``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from differential.comparing import (
    Difference,
    compare_all,
    differing,
    run_regrade,
    score_json,
    tell,
)
from differential.harness_tasks import draw_run

WORKER = Path(__file__).with_name("harness_worker.py")


def results_of(log: Path) -> dict[str, Any]:
    """The results file below a log folder."""
    return json.loads(next(log.rglob("results*.json")).read_text(encoding="utf-8"))


def numbers(row: dict[str, Any]) -> dict[str, Any]:
    """The values and standard errors of one row of ``results``."""
    return {key: value for key, value in row.items() if "," in key}


def compare_with(recorded: dict[str, Any], scored: dict[str, Any], told: str, where: str) -> list[Difference]:
    """Every number of the harness's results file beside that of ``regrade score --json``."""
    found = []
    for name, row in recorded["results"].items():
        mine = scored.get("results", {}).get(name)
        if mine is None:
            found += [Difference(f"{where}: {name}", numbers(row), f"(nothing) {told}")] if numbers(row) else []
            continue
        found += differing(numbers(row), mine, f"{where}: {name}")
    return found


def compare_run(folder: Path) -> list[Difference]:
    """All that Regrade makes of one run's log, against the harness; each difference says what the tasks are of."""
    about = set()
    for config in results_of(folder / "log")["configs"].values():
        about.add(config["output_type"])
        about |= {step["function"] for steps in config.get("filter_list", ()) for step in steps["filter"]}
        about |= {str(metric["metric"]) for metric in config.get("metric_list", ())}
    return [one._replace(where=f"{one.where} ({' '.join(sorted(about))})") for one in _compare_run(folder)]


def _compare_run(folder: Path) -> list[Difference]:
    log = folder / "log"
    recorded = results_of(log)
    found = compare_with(recorded, *score_json(log), "score")
    code, out, told = run_regrade("score", log, "--check", "--json")
    if code:
        found.append(Difference("score --check", "equal", f"exit {code} {told}\n{_unequal(out)}"))
    tasks = sorted((folder / "tasks").glob("task_*.yaml"))
    if len(tasks) == 1:
        found += compare_with(recorded, *score_json(log, "--task", tasks[0]), "--task")
        if (folder / "filters_log").is_dir() and not (folder / "filters_refused.txt").is_file():
            scored = score_json(log, "--filters", folder / "filters.yaml")
            found += compare_with(results_of(folder / "filters_log"), *scored, "--filters")
        if (folder / "metric_log").is_dir() and not (folder / "metric_refused.txt").is_file():
            found += compare_with(
                results_of(folder / "metric_log"),
                *score_json(log, "--task", folder / "metric_tasks" / tasks[0].name),
                "other metric",
            )
    return found


def _unequal(out: str) -> str:
    try:
        rows = json.loads(out).get("check", [])
    except json.JSONDecodeError:
        return out[-600:]
    return "\n".join(str(row)[:600] for row in rows if row.get("verdict") != "equal")


def carry_out(runs: list[dict[str, Any]], python: str, folder: Path) -> None:
    """Have the harness do the runs, in two processes."""

    def some(part: int) -> None:
        path = folder / f"runs_{part}.json"
        path.write_text(json.dumps(runs[part::2]), encoding="utf-8")
        subprocess.run([python, str(WORKER), str(path), str(folder)], check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(some, range(2)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:200", help="FIRST:END (default 0:200)")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the harness's environment")
    parser.add_argument("--old", action="store_true", help="the harness is older than 0.4.10")
    parser.add_argument("--keep", type=Path, help="where the logs stay (default: a temporary folder)")
    parser.add_argument("--again", action="store_true", help="score the logs in --keep again; do not run the harness")
    args = parser.parse_args()
    first, _, end = args.seeds.partition(":")
    runs = [draw_run(seed, modern=not args.old) for seed in range(int(first), int(end))]
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not args.again:
            carry_out(runs, args.python, folder)
        return tell("harness", compare_all(compare_run, [folder / str(run["seed"]) for run in runs]))


if __name__ == "__main__":
    sys.exit(main())
