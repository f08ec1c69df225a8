"""Keep a few runs that the tools made as small files, for the tests to compare with where the tools are not installed.

    python tests/differential/record.py harness KEPT SEED ...
    python tests/differential/record.py unitxt KEPT SEED ...

KEPT is the folder that ``compare_harness.py`` or ``compare_unitxt.py`` was given as ``--keep``. Paths and what the
files say of the machine are left out.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded")
RESULTS = (
    "results", "groups", "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config",
    "task_hashes", "model_source", "model_name", "model_name_sanitized", "date", "start_time", "lm_eval_version",
)  # fmt: skip


def record_harness(kept: Path, seed: str) -> None:
    """Copy the logs and task files of one run."""
    to = RECORDED / f"harness_{seed}"
    shutil.rmtree(to, ignore_errors=True)
    for path in sorted((kept / seed).rglob("*")):
        if (
            path.is_dir()
            or path.name.endswith("refused.txt")
            or (path.suffix == ".jsonl" and "tasks" in path.parent.name)
        ):
            continue
        text = re.sub(r"/[\w/.-]*/(\w+\.(?:jsonl|yaml))", r"tasks/\1", path.read_text(encoding="utf-8"))
        if path.name.startswith("results"):
            content = json.loads(text)
            text = json.dumps({key: content[key] for key in RESULTS if key in content}, ensure_ascii=False)
        where = to / path.relative_to(kept / seed)
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text, encoding="utf-8")


def record_unitxt(kept: Path, seed: str) -> None:
    """Copy one recipe and what Unitxt made of it."""
    to = RECORDED / f"unitxt_{seed}"
    to.mkdir(parents=True, exist_ok=True)
    for name in ("recipe.json", "made.json"):
        content = json.loads((kept / seed / name).read_text(encoding="utf-8"))
        (to / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def main() -> None:
    tool, kept, *seeds = sys.argv[1:]
    for seed in seeds:
        {"harness": record_harness, "unitxt": record_unitxt}[tool](Path(kept), seed)


if __name__ == "__main__":
    main()
