"""Tasks of the installed lm-evaluation-harness, by name, on made-up documents: the harness beside Regrade.

    python tests/differential/compare_named.py [--each 3] [--keep FOLDER] [--table FILE]

For every task that runs on made-up documents, ``regrade score --task NAME LOG`` and ``regrade score LOG`` must come to
the harness's values and standard errors. ``--table`` writes what came of each task.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from differential.compare_harness import compare_with, numbers, results_of
from differential.comparing import (
    Difference,
    compare_all,
    meant_differences,
    reason_for,
    score_json,
)

WORKER = Path(__file__).with_name("named_tasks_worker.py")


def compare_task(folder: Path) -> list[Difference]:
    """The log of one task scored by its name and by what the log recorded, against the harness."""
    recorded = results_of(folder / "log")
    about = f"(task {folder.name}) "
    found = compare_with(recorded, *score_json(folder / "log", "--task", folder.name), f"{about}--task")
    return found + compare_with(recorded, *score_json(folder / "log"), f"{about}score")


def carry_out(folder: Path, each: int) -> None:
    """Have the harness run the tasks, in two processes."""

    def some(part: int) -> None:
        command = [sys.executable, str(WORKER), str(folder), "--each", str(each), "--part", f"{part}/2"]
        subprocess.run(command, check=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(some, range(2)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=3, help="tasks of every folder of the harness (default 3)")
    parser.add_argument("--keep", type=Path, help="where the logs stay (default: a temporary folder)")
    parser.add_argument("--again", action="store_true", help="compare the logs in --keep; do not run the harness")
    parser.add_argument("--table", type=Path, help="write what came of each task as tab-separated values")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        if not args.again:
            carry_out(folder, args.each)
        done = sorted(path for path in folder.iterdir() if list(path.rglob("results*.json")))
        return tell(done, args.table)


def tell(folders: list[Path], table: Path | None) -> int:
    """Print the differences that are not meant; 1 if there are any."""
    meant = meant_differences("named")
    lines, wrong, telling = [], 0, 0
    for (name, outcome), folder in zip(compare_all(compare_task, folders), folders, strict=True):
        values = _values(folder)
        telling += any(value not in (0, 1) for value in values.values())
        reports = [str(difference) for difference in outcome]
        new = [report for report in reports if reason_for(report, meant) is None]
        wrong += bool(new)
        for report in new[:3]:
            print(f"{name}: {report[:900]}", flush=True)
        outcome_text = "differs" if new else f"meant: {reason_for(reports[0], meant)}" if reports else "equal"
        shown = "; ".join(f"{key}={value:.6g}" for key, value in values.items())
        lines.append(f"{name}\t{outcome_text}\t{shown}")
    print(f"{len(folders)} tasks compared, {telling} with values neither 0 nor 1, {wrong} differ")
    if table is not None:
        table.write_text("task\toutcome\tvalues\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return int(wrong > 0)


def _values(folder: Path) -> dict[str, Any]:
    recorded = results_of(folder / "log")["results"][folder.name]
    return {key: v for key, v in numbers(recorded).items() if "_stderr" not in key and isinstance(v, int | float)}


if __name__ == "__main__":
    sys.exit(main())
