"""Random recipes through Unitxt and through Regrade.

    python tests/differential/compare_unitxt.py --seeds 0:200 --python UNITXT_ENVIRONMENT/bin/python [--keep FOLDER]

Unitxt (of the given interpreter's environment) makes the samples of each recipe, gets canned predictions, and scores
them; ``regrade card run`` and ``regrade score --compat unitxt`` must come to the same prompts, targets, references,
processed predictions and scores.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from differential.comparing import (
    Difference,
    compare_all,
    run_regrade,
    same,
    score_json,
    tell,
)
from differential.unitxt_recipes import draw_recipe

WORKER = Path(__file__).with_name("unitxt_worker.py")
NOT_SCORES = ("score", "score_name", "num_of_instances", "score_ci_low", "score_ci_high")


def compare_recipe(folder: Path) -> list[Difference]:
    """All that Regrade makes of one recipe, against Unitxt; each difference says what the recipe is of."""
    recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    steps = " ".join(step["__type__"] for step in recipe["card"].pop("preprocess_steps"))
    about = f"({recipe.pop('card')['task']}; {steps}; {json.dumps(recipe)})"
    return [found._replace(where=f"{found.where} {about}") for found in _compare_recipe(folder)]


def _compare_recipe(folder: Path) -> list[Difference]:
    made = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    samples_file, answers = folder / "samples.jsonl", folder / "answers.jsonl"
    code, _, told = run_regrade(
        "card", "run", folder / "recipe.json", "--catalog", "unitxt", "--compat", "unitxt", "-o", samples_file
    )
    if code and "unscored" in made and "cannot be scored" in told:
        return []  # Unitxt makes the samples, and refuses to score them
    if code:
        return [Difference("card run", f"{len(made['samples'])} samples", f"exit {code} {told.strip()[:800]}")]
    samples = [json.loads(line) for line in samples_file.read_text(encoding="utf-8").splitlines()]
    found = list(_compare_samples(made["samples"], samples))
    if found or "unscored" in made:
        return found
    with answers.open("w", encoding="utf-8") as file:
        for theirs, sample in zip(made["samples"], samples, strict=True):
            file.write(json.dumps({"sample_id": sample["sample_id"], "answer": theirs["prediction"]}) + "\n")
    out = folder / "out"
    scored, told = score_json(samples_file, "--answers", answers, "--compat", "unitxt", "--out", out)
    if "results" not in scored:
        return [Difference("score", made["scores"], told[:800])]
    found += _compare_scores(made["scores"], scored, told)
    # A name that two metrics' scores have is one value in Unitxt's rows.
    twice = {
        key.partition(",")[0].rpartition(".")[2] for row in scored["results"].values() for key in row if "." in key
    }
    return found + list(_compare_rows(made["samples"], samples, out / "scores.parquet", twice))


def _compare_samples(theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> Iterator[Difference]:
    if len(theirs) != len(ours):
        yield Difference("samples", len(theirs), len(ours))
        return
    for place, (their, our) in enumerate(zip(theirs, ours, strict=True)):
        source, said = their["source"], our.get("prompt")
        if said is None and isinstance(source, str):
            source, said = json.loads(source), our["messages"]  # Unitxt writes messages as text
        pairs = [("source", source, said)]
        pairs += [(name, their[name], our.get(name)) for name in ("target", "references")]
        for name, one, other in pairs:
            if not same(one, other):
                yield Difference(f"sample {place}: {name}", one, other)
                return


def _compare_scores(theirs: dict[str, Any], scored: dict[str, Any], told: str) -> list[Difference]:
    """Every global score and bound of an interval; a score that two metrics have may stand after one's name."""
    (row,) = scored["results"].values()
    intervals = next(iter(scored["intervals"].values()), {})
    ours: dict[str, list[Any]] = {}
    for key, value in row.items():
        label, comma, _ = key.rpartition(",")
        if not comma or label.endswith("_stderr"):
            continue
        interval = intervals.get(key) or {}
        for name in {label, label.rpartition(".")[2]}:
            ours.setdefault(name, []).append(value)
            for bound in ("low", "high"):
                ours.setdefault(f"{name}_ci_{bound}", []).append(interval.get(bound))
    return [
        Difference(f"score: {name}", value, ours.get(name, f"(nothing) {told[:300]}"))
        for name, value in theirs.items()
        if name not in NOT_SCORES
        and isinstance(value, int | float)
        and not any(same(value, one) for one in ours.get(name, ["(nothing)"]))
    ]


def _compare_rows(
    theirs: list[dict[str, Any]], samples: list[dict[str, Any]], scores: Path, twice: set[str]
) -> Iterator[Difference]:
    """Processed predictions and each sample's scores."""
    import pyarrow.parquet as pq

    place_of = {sample["sample_id"]: place for place, sample in enumerate(samples)}
    values: dict[tuple[int, str], list[Any]] = {}
    for row in pq.read_table(scores).to_pylist():
        place, name = place_of[row["sample_id"]], row["metric"].rpartition(".")[2]
        value = row["value"] if row["value_json"] is None else json.loads(row["value_json"])
        values.setdefault((place, name), []).append(value if row["error"] is None else row["error"])
        processed = theirs[place]["processed_prediction"]
        if row["error"] is None and not any(same(processed, form) for form in _forms(row["extracted"])):
            yield Difference(f"sample {place}: {name}: processed prediction", processed, row["extracted"])
    for (place, name), ours in values.items():
        expected = theirs[place]["scores"].get(name)
        if not isinstance(expected, int | float) or math.isnan(expected) or name in twice:
            continue
        if not any(same(expected, one) for one in ours):
            yield Difference(f"sample {place}: {name}", expected, ours)


def _forms(text: Any) -> list[Any]:
    """What a table's text of an extracted answer may stand for: itself, its JSON, the one answer in a list."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return [text]
    return [text, value, *(value if isinstance(value, list) and len(value) == 1 else ())]


def carry_out(seeds: range, python: str, folder: Path) -> None:
    """Have Unitxt do the recipes, in two processes."""

    def some(part: int) -> None:
        path = folder / f"recipes_{part}.json"
        path.write_text(json.dumps({str(seed): draw_recipe(seed) for seed in seeds[part::2]}), encoding="utf-8")
        subprocess.run([python, str(WORKER), str(path), str(folder)], check=True, capture_output=True)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(some, range(2)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:200", help="FIRST:END (default 0:200)")
    parser.add_argument("--python", required=True, help="interpreter of an environment with unitxt 1.26.10")
    parser.add_argument("--keep", type=Path, help="where the files stay (default: a temporary folder)")
    parser.add_argument("--again", action="store_true", help="compare the files in --keep again; do not run Unitxt")
    args = parser.parse_args()
    first, _, end = args.seeds.partition(":")
    seeds = range(int(first), int(end))
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not args.again:
            carry_out(seeds, args.python, folder)
        return tell("unitxt", compare_all(compare_recipe, [folder / str(seed) for seed in seeds]))


if __name__ == "__main__":
    sys.exit(main())
