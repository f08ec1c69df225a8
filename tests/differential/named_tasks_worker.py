"""Runs tasks of the installed lm-evaluation-harness on made-up documents with canned answers; no data set is fetched.

    python named_tasks_worker.py FOLDER [--each N] [--only PREFIX] [--part I/N]

FOLDER/TASK/log holds what the harness wrote for each task that could be run; ``tried.tsv`` tells of all.
"""

import argparse
import os
import signal
import sys
import traceback
from collections import defaultdict
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = os.environ["DISABLE_MULTIPROC"] = "1"
os.environ["TQDM_DISABLE"] = os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
os.environ.setdefault("LOGLEVEL", "CRITICAL")

import datasets
import lm_eval.api.task
from fabricated_docs import answers_for, fabricate, fields_of, generator
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import Kind
from lm_eval.tasks._yaml_loader import load_yaml

COUNT = 12


class Splits(dict):
    """A data set whose every split is the same made-up documents."""

    def __init__(self, docs):
        super().__init__()
        self.docs = docs

    def __missing__(self, _):
        return self.docs

    def __contains__(self, _):
        return True


class Canned(LM):
    """Says the target in some form, or something else; likes the right choice a little better."""

    def __init__(self, task, seed):
        super().__init__()
        self.task, self.seed = task, seed

    def generate_until(self, requests, **_):
        said = []
        for place, request in enumerate(requests):
            said.append(answers_for(self.task, request.doc, generator(self.seed, place)))
        return said

    def loglikelihood(self, requests, **_):
        draws = [generator(self.seed, place) for place in range(len(requests))]
        return [(-draw.expovariate(0.1) - 0.1, draw.random() < 0.4) for draw in draws]

    def loglikelihood_rolling(self, requests, **_):
        return [-generator(self.seed, place).uniform(5, 200) for place in range(len(requests))]


def attempt(manager, name, entry, number, folder):
    config = load_yaml(entry.yaml_path, resolve_func=True)
    if config.get("custom_dataset") or config.get("doc_to_image") or config.get("doc_to_audio"):
        raise LookupError("needs a data set of its own")
    draw = generator(name, number)
    docs = datasets.Dataset.from_list(fabricate(fields_of(config), draw, COUNT))
    lm_eval.api.task.datasets.load_dataset = lambda *_, **__: Splits(docs)
    task = manager.load([name])["tasks"][name]
    task.set_config("num_fewshot", 0)
    tracker = EvaluationTracker(output_path=str(folder / "log"))
    results = lm_eval.simple_evaluate(
        model=Canned(task, f"{name}/{number}"),
        tasks=[name],
        num_fewshot=0,
        bootstrap_iters=100,
        evaluation_tracker=tracker,
        task_manager=manager,
        confirm_run_unsafe_code=False,
    )
    numbers = [v for k, v in results["results"][name].items() if "," in k and "_stderr" not in k]
    telling = sum(isinstance(v, int | float) and v not in (0, 1) for v in numbers)
    if not telling and number < 6:
        raise ArithmeticError(f"values tell nothing: {numbers}")
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples(task_name=name, samples=samples[name])
    return telling, len(numbers)


def chosen(manager, each, only):
    """Up to ``each`` tasks of every folder, spread over it."""
    folders = defaultdict(list)
    for name, entry in manager.task_index.items():
        if entry.kind is Kind.TASK and entry.yaml_path is not None and name.startswith(only):
            parts = Path(entry.yaml_path).parts
            folders[parts[parts.index("tasks") + 1]].append(name)
    for _, names in sorted(folders.items()):
        names.sort()
        step = max(1, len(names) // each)
        yield from names[::step][:each]


def too_long(*_):
    raise TimeoutError("took too long")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--part", default="0/1")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGALRM, too_long)
    manager = TaskManager()
    part, of = map(int, args.part.split("/"))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    with (args.folder / f"tried_{part}.tsv").open("w", encoding="utf-8") as tried:
        for name in list(chosen(manager, args.each, args.only))[part::of]:
            error = ""
            for number in range(8):
                signal.alarm(40)
                try:
                    telling, count = attempt(manager, name, manager.task_index[name], number, args.folder / name)
                    error = f"ok\t{telling} of {count} values neither 0 nor 1"
                    break
                except BaseException as failure:
                    error = f"no\t{type(failure).__name__}: {str(failure)[:200]!r} {where(failure)}"
                    if isinstance(failure, LookupError | ImportError) and "data set of its own" in str(failure):
                        break
                finally:
                    signal.alarm(0)
            tried.write(f"{name}\t{error}\n")
            tried.flush()


def where(failure):
    frames = traceback.extract_tb(failure.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


if __name__ == "__main__":
    sys.exit(main())
