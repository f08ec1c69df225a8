"""lm-evaluation-harness's own files: ``samples_TASK_DATE.jsonl`` and ``results_DATE.json``, as 0.4.13 writes them.

They go into a folder named after the model, as the harness puts them. ``regrade score DIR --check`` reproduces every
value from them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regrade.errors import UsageError
from regrade.lm_eval.generation import generation_kwargs
from regrade.lm_eval.named import config_of
from regrade.recorded_values import plain
from regrade.reports.export.scored import Scored, kept_sources, scored_samples
from regrade.reports.export.whole_folder import whole_folder
from regrade.schema import FunctionRef, Recipe

if TYPE_CHECKING:
    from regrade.scoring.browse import Outcome
    from regrade.scoring.results import SourceScores
    from regrade.scoring.scores import ScoredSources, SourceBlock

VERSION: Final = "0.4.13"
"""Of the harness whose layout this is."""


def write_logs(scores: ScoredSources, path: Path) -> int:
    """Write the files of every run and task that was scored; how many samples there were.

    Raises:
        UsageError: a source is no task of the harness, or there is something in the folder.
    """
    kept = kept_sources(scores)
    for block in kept:
        if "card" in block.plan.recipe.metadata:
            raise UsageError(
                "is a run of a card, which the harness has no place for",
                where=block.source.run.name,
                hint="--to every-eval-ever, parquet, csv, jsonl or hf",
            )
    count = 0
    with whole_folder(path) as folder:
        for model, date, blocks in _together(kept):
            place = folder / _sanitized(model)
            place.mkdir(exist_ok=True)
            hashes = {}
            for block in blocks:
                name = f"samples_{block.source.task}_{date}.jsonl"
                hashes[block.source.task], lines = _write_samples(block, place / name)
                count += lines
            results = _results(scores, blocks, model, date, hashes)
            text = json.dumps(results, indent=2, ensure_ascii=False, default=str)
            (place / f"results_{date}.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    return count


def _together(kept: list[SourceBlock]) -> Iterator[tuple[str, str, list[SourceBlock]]]:
    """Sources that share a results file: one model's, each task once; with the time in the harness's form."""
    sets: list[tuple[str, dict[str, SourceBlock]]] = []
    for block in kept:
        model = block.source.run.model or block.source.run.name
        fitting = next((tasks for name, tasks in sets if name == model and block.source.task not in tasks), None)
        if fitting is None:
            fitting = {}
            sets.append((model, fitting))
        fitting[block.source.task] = block
    taken: set[tuple[str, str]] = set()
    for model, tasks in sets:
        blocks = list(tasks.values())
        when = _time(max((block.source.run.date or "" for block in blocks), default=""))
        micro = 0
        while (model, date := f"{when}.{micro:06d}") in taken:  # files of the same second are told apart
            micro += 1
        taken.add((model, date))
        yield model, date, blocks


def _time(iso: str) -> str:
    try:
        moment = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        moment = datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H-%M-%S")


def _sanitized(model: str) -> str:
    """A model's name as the name of a folder, as the harness makes it."""
    return "".join("_" if character in '<>:"/\\|?*[] ' else character for character in model) or "model"


def _write_samples(block: SourceBlock, path: Path) -> tuple[str, int]:
    """Write a samples file; returns the hash of all its samples, and how many there were.

    The harness writes all rows of one filter, then those of the next; here the rows of a sample stand together, which
    every reader takes, and which needs no more memory than a sample.
    """
    whole = hashlib.sha256()
    count = 0
    with path.open("w", encoding="utf-8", errors="surrogatepass") as file:
        for sample in scored_samples(block):
            common = _common(sample, block.plan.recipe)
            hashes = "".join(common[name] for name in ("doc_hash", "prompt_hash", "target_hash"))
            for outcome in sample.outcomes:
                whole.update(hashes.encode())
                file.write(json.dumps(_row(common, outcome), ensure_ascii=False, default=str) + "\n")
            count += 1
    return whole.hexdigest(), count


def _common(sample: Scored, recipe: Recipe) -> dict[str, Any]:
    """What all rows of a sample have in common."""
    record = sample.record
    target = str(record.target)
    settings = generation_kwargs(recipe) if recipe.output_type == "generate_until" else None
    requests = []
    for asked in record.arguments:
        prompt = [json.dumps(asked[0], ensure_ascii=False)] if isinstance(asked[0], list) else asked[0]
        requests.append([prompt, *asked[1:]] if len(asked) > 1 or settings is None else [prompt, settings])
    doc = record.doc
    first = requests[0][0] if requests else ""
    return {
        "doc_id": record.sample_id,
        "doc": doc,
        "target": target,
        "arguments": {
            f"gen_args_{place}": {f"arg_{number}": value for number, value in enumerate(request)}
            for place, request in enumerate(requests)
        },
        "resps": _texts(record.answers),
        "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False, default=str)),
        "prompt_hash": _hash(str(first[0] if isinstance(first, list) else first)),
        "target_hash": _hash(target),
    }


def _row(common: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    order = ("doc_id", "doc", "target", "arguments", "resps")
    return {
        **{name: common[name] for name in order},
        "filtered_resps": _texts(plain(outcome.extracted)),
        "filter": outcome.filter,
        "metrics": list(outcome.values),
        **{name: common[name] for name in ("doc_hash", "prompt_hash", "target_hash")},
        **{name: plain(value) for name, value in outcome.values.items()},
    }


def _texts(value: Any) -> Any:
    """Everything in lists as text, as the harness writes it."""
    return [_texts(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# -- the results file --------------------------------------------------------------------------------------------------


def _results(
    scores: ScoredSources, blocks: list[SourceBlock], model: str, date: str, hashes: dict[str, str]
) -> dict[str, Any]:
    parts = {block.source.task: _part(scores, block) for block in blocks}
    recipes = {block.source.task: block.plan.recipe for block in blocks}
    choices: dict[str, Any] = blocks[0].source.options.get("choices") or {}
    system = choices.get("system_prompt")
    moment = datetime.strptime(date, "%Y-%m-%dT%H-%M-%S.%f").replace(tzinfo=UTC)
    return {
        "results": {task: _values(part) for task, part in parts.items()},
        "group_subtasks": {},
        "configs": {task: _config(recipe) for task, recipe in recipes.items()},
        "versions": {task: "Yaml" if recipe.version is None else recipe.version for task, recipe in recipes.items()},
        "n-shot": {task: int(recipe.metadata.get("num_fewshot") or 0) for task, recipe in recipes.items()},
        "higher_is_better": {
            task: {result.metric: result.higher_is_better for result in part.whole} for task, part in parts.items()
        },
        "n-samples": {block.source.task: _counts(block, parts[block.source.task]) for block in blocks},
        "config": {
            "model": (blocks[0].source.options.get("model") or {}).get("identity", {}).get("type", "regrade"),
            "model_args": {"model": model},
            "batch_size": None,
            "batch_sizes": [],
            "device": None,
            "use_cache": None,
            "limit": choices.get("limit"),
            "bootstrap_iters": blocks[0].source.options.get("bootstrap_iterations", 100_000),
            "gen_kwargs": blocks[0].source.options.get("parameters"),
            "random_seed": 0,
            "numpy_seed": 1234,
            "torch_seed": 1234,
            "fewshot_seed": choices.get("seed", 1234),
        },
        "git_hash": None,
        "date": moment.timestamp(),
        "lm_eval_version": VERSION,
        "task_hashes": hashes,
        "model_source": "regrade",
        "model_name": model,
        "model_name_sanitized": _sanitized(model),
        "system_instruction": system,
        "system_instruction_sha": _hash(system) if system else None,
        "fewshot_as_multiturn": bool(choices.get("fewshot_as_multiturn", True)),
        "chat_template": None,
        "chat_template_sha": None,
    }


def _part(scores: ScoredSources, block: SourceBlock) -> SourceScores:
    own = (block.source.path, block.source.task, block.source.run.name)
    return next(part for part in scores.parts if part.main and (part.path, part.task, part.run) == own)


def _values(part: SourceScores) -> dict[str, Any]:
    values: dict[str, Any] = {"name": part.task, "alias": part.task, "sample_len": part.counts.selected}
    for result in part.whole:
        if result.method != "unavailable":
            values[result.key] = plain(result.value)
            values[f"{result.metric}_stderr,{result.filter}"] = "N/A" if result.stderr is None else result.stderr
    return values


def _counts(block: SourceBlock, part: SourceScores) -> dict[str, int]:
    """What was to be asked; what is missing is seen beside it."""
    asked = part.counts.expected if part.counts.expected is not None else part.counts.selected
    return {"original": int(block.source.options.get("of") or asked), "effective": asked}


def _config(recipe: Recipe) -> dict[str, Any]:
    """A task's configuration as a results file records it: functions by their source texts."""
    config: dict[str, Any] = _quoted(config_of(recipe))
    if recipe.output_type == "generate_until":
        config["generation_kwargs"] = generation_kwargs(recipe)
    return config


def _quoted(value: Any) -> Any:
    if isinstance(value, FunctionRef):
        return source_text(value.name, value.file) or f"<function {value.name} at 0x0>"
    if isinstance(value, dict):
        return {str(key): _quoted(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_quoted(item) for item in value]
    return value


@lru_cache(maxsize=64)
def source_text(name: str, file: str | None) -> str | None:
    """The source text of a function in a file, as ``inspect.getsource`` gives it; None where it is not to be had."""
    import ast

    try:
        text = Path(file or "").read_text("utf-8")
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return None
    lines = text.splitlines(keepends=True)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            return "".join(lines[first - 1 : node.end_lineno])
    return None
