"""Carries out drawn recipes with the Unitxt that is installed where this is run; needs nothing of Regrade.

    python unitxt_worker.py RECIPES.json FOLDER

Each recipe gets FOLDER/SEED with ``recipe.json`` and ``made.json``: the samples that Unitxt made, canned predictions,
what its postprocessors made of them, and its scores; or ``refused.txt``, where it could not.
"""

import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path

os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    UNITXT_ALLOW_UNVERIFIED_CODE="True",
    UNITXT_DEFAULT_VERBOSITY="critical",
    TQDM_DISABLE="1",
)

import nltk

nltk.download = lambda *_, **__: True

from unitxt import evaluate  # noqa: E402
from unitxt.artifact import Artifact  # noqa: E402


def predict(draw, row, others):
    """What a model may say: often right, often not quite, sometimes nothing."""
    target = draw.choice([row["target"], *map(str, row["references"])])
    if draw.random() < 0.3:
        target = draw.choice(others)["target"]
    words = target.split()
    draw.shuffle(words)
    return draw.choice(
        [target] * 6
        + [
            target.upper(),
            target + ".",
            f"The answer is: {target}",
            f"  {target}\n",
            f"{target}\nBecause.",
            "",
            "None",
            "nan",
            " ".join(words),
            f"[[{target}]]",
            f'"{target}"',
            f"Rating: [[{draw.randint(0, 11)}]]",
            str(draw.randint(0, 6)),
            str(draw.random() * 5),
            target[: len(target) // 2],
            "```json\n" + target + "\n```",
            "yes",
            "No",
            f"A. {target}",
            f"{target}, {target}",
            "I don't know",
            "İ " + target,
            "[]",
            "{}",
            f"[[{draw.choice('AB')}]]",
        ]
    )


def carry_out(recipe, folder):
    seed = int(folder.name)
    rows = list(Artifact.from_dict(recipe)()["test"])
    if not rows:
        raise ValueError("no rows")
    draw = random.Random(seed)
    predictions = [predict(draw, row, rows) for row in rows]
    samples = [
        {
            "source": row["source"],
            "target": row["target"],
            "references": row["references"],
            "task_data": json.loads(row["task_data"]),
            "prediction": prediction,
        }
        for row, prediction in zip(rows, predictions, strict=True)
    ]
    made = {"samples": samples}
    try:
        results = evaluate(predictions, rows)
        for sample, row in zip(samples, results, strict=True):
            sample["processed_prediction"] = row["processed_prediction"]
            sample["processed_references"] = row["processed_references"]
            sample["scores"] = row["score"]["instance"]
        made["scores"] = dict(results.global_scores)
    except Exception:
        made["unscored"] = traceback.format_exc()
    (folder / "made.json").write_text(json.dumps(made, default=plain), encoding="utf-8")


def plain(value):
    return value.item() if hasattr(value, "item") else value.tolist() if hasattr(value, "tolist") else str(value)


def too_long(*_):
    raise TimeoutError("took too long")


def main():
    recipes, folder = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    signal.signal(signal.SIGALRM, too_long)
    for seed, recipe in recipes.items():
        own = folder / seed
        own.mkdir(parents=True, exist_ok=True)
        (own / "refused.txt").unlink(missing_ok=True)  # of an earlier run
        (own / "recipe.json").write_text(json.dumps(recipe, indent=1), encoding="utf-8")
        signal.alarm(120)
        try:
            carry_out(recipe, own)
        except Exception:
            (own / "refused.txt").write_text(traceback.format_exc(), encoding="utf-8")
        signal.alarm(0)


if __name__ == "__main__":
    main()
