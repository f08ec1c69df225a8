"""Carries out drawn runs with the lm-evaluation-harness that is installed where this is run; needs nothing of Regrade.

    python harness_worker.py RUNS.json FOLDER

Each run gets FOLDER/SEED with ``tasks/`` (the task files), ``log/`` (what the harness wrote) and, where the run has
other filters or another metric, ``filters_log/`` and ``metric_log/``; ``refused.txt`` holds the error of a run that the
harness did not finish.
"""

import json
import os
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp(prefix="differential-")
os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = os.environ["DISABLE_MULTIPROC"] = "1"
os.environ["TQDM_DISABLE"] = os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
os.environ.setdefault("LOGLEVEL", "CRITICAL")

import lm_eval
import yaml
from lm_eval.api.model import LM
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager


class Canned(LM):
    """A model that says what was prepared for each document, request and repeat."""

    def __init__(self, answers):
        super().__init__()
        self.answers = answers
        self.asked = Counter()

    def _say(self, requests):
        said = []
        for request in requests:
            key = (request.task_name, request.doc["id"], request.idx)
            answers = self.answers[request.task_name][str(request.doc["id"])][request.idx]
            said.append(answers[self.asked[key] % len(answers)])
            self.asked[key] += 1
        return said

    def generate_until(self, requests, **_):
        return self._say(requests)

    def loglikelihood(self, requests, **_):
        return [tuple(answer) for answer in self._say(requests)]

    def loglikelihood_rolling(self, requests, **_):
        return self._say(requests)


def write_tasks(run, folder, change=None):
    folder.mkdir(parents=True, exist_ok=True)
    for task in run["tasks"]:
        config = dict(task["config"], **(change or {}))
        docs = folder / (config["task"] + ".jsonl")
        docs.write_text("".join(json.dumps(doc, ensure_ascii=False) + "\n" for doc in task["docs"]), encoding="utf-8")
        config["dataset_kwargs"] = {"data_files": {"test": str(docs)}}
        path = folder / (config["task"] + ".yaml")
        path.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    for group in run["groups"]:
        path = folder / (group["group"] + ".yaml")
        path.write_text(yaml.safe_dump(group, sort_keys=False, allow_unicode=True), encoding="utf-8")


def evaluate(run, tasks, log):
    model = Canned({task["config"]["task"]: task["answers"] for task in run["tasks"]})
    tracker = EvaluationTracker(output_path=str(log))
    results = lm_eval.simple_evaluate(
        model=model,
        model_args="",  # None is more than the trackers of 0.4.3 and 0.4.9 can take
        tasks=run["run"],
        num_fewshot=run["num_fewshot"],
        limit=run["limit"],
        bootstrap_iters=run["bootstrap_iters"],
        evaluation_tracker=tracker,
        task_manager=TaskManager(include_path=str(tasks), include_defaults=False),
        log_samples=True,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for name in results["configs"]:
        tracker.save_results_samples(task_name=name, samples=samples[name])
    if not list(Path(log).rglob("results*.json")):
        raise RuntimeError("the harness could not write its results file")


def carry_out(run, folder):
    (folder / "refused.txt").unlink(missing_ok=True)  # of an earlier run
    try:
        write_tasks(run, folder / "tasks")
        evaluate(run, folder / "tasks", folder / "log")
    except Exception:
        (folder / "refused.txt").write_text(traceback.format_exc(), encoding="utf-8")
        return
    config = run["tasks"][0]["config"]
    if run.get("other_filters"):
        variant(run, folder, "filters", {"filter_list": run["other_filters"]})
        path = folder / "filters.yaml"
        path.write_text(yaml.safe_dump({"filter_list": run["other_filters"]}, allow_unicode=True), encoding="utf-8")
    if run.get("other_metric") and all(m["metric"] == "exact_match" for m in config.get("metric_list", ())):
        variant(run, folder, "metric", {"metric_list": [{"metric": "exact_match", **run["other_metric"]}]})


def variant(run, folder, name, change):
    try:
        write_tasks(run, folder / (name + "_tasks"), change)
        evaluate(run, folder / (name + "_tasks"), folder / (name + "_log"))
    except Exception:
        (folder / (name + "_refused.txt")).write_text(traceback.format_exc(), encoding="utf-8")


def main():
    runs, folder = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    quiet = os.open(os.devnull, os.O_WRONLY)
    if not os.environ.get("SHOW"):
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
    for run in runs:
        carry_out(run, folder / str(run["seed"]))


if __name__ == "__main__":
    main()
