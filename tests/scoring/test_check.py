"""Checks against recorded values: on every published log, and on small ones where the outcome is known."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.scoring.check import check, same, same_stderr

HARNESS = importlib.util.find_spec("lm_eval") is not None
IFEVAL = HARNESS and all(importlib.util.find_spec(name) for name in ("langdetect", "immutabledict", "nltk"))

#: Folders of logs with results files, and how a check of them ends.
FOLDERS = {
    "harness_v0.4.13/arc_1000": 0,
    "harness_v0.4.13/gsm8k_1000": 0,
    "harness_v0.4.13/ifeval_540": 0,
    "harness_v0.4.13/mmlu_1000": 0,
    "calamita_v0.4.6": 0,
    "negotiationtom_v0.4.13": 0,
    "asdiv_v0.4.3": 0,
    "truncated_olot_v0.4.8": 3,
    "truncated_pyfade_v0.4.9.1": 3,
}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}T[\d-]+\.\d+")
LABELS = ("alias", "sample_len", "sample_count", "name")


def recorded_values(folder: Path) -> dict[tuple[str, str, str], tuple[Any, Any]]:
    """By (date, task, ``metric,filter``) value and standard error, of tasks whose samples are there, and of groups."""
    found = {}
    for path in folder.rglob("results_*.json"):
        date = DATE.findall(path.name)[0]
        content = json.loads(path.read_text(encoding="utf-8"))
        samples = [p.name for p in path.parent.glob(f"samples_*{date}.jsonl")]
        tasks = [task for task in content["results"] if f"samples_{task}_{date}.jsonl" in samples]
        groups = [group for group in content.get("groups") or {} if samples]
        for section, names in ((content["results"], tasks), (content.get("groups") or {}, groups)):
            for name in names:
                for key, value in section[name].items():
                    metric, comma, pipeline = key.partition(",")
                    if comma and not metric.endswith("_stderr"):
                        found[date, name, key] = (value, section[name].get(f"{metric}_stderr,{pipeline}"))
    return found


def recorded_rows(folder: Path) -> dict[str, int]:
    """By samples file its rows, counted by hand."""
    return {path.name: path.read_bytes().count(b"\n") for path in folder.rglob("samples_*.jsonl")}


@pytest.mark.parametrize("name", FOLDERS)
def test_published_logs_give_their_recorded_values(lm_eval_logs: Path, cli: Callable[..., Any], name: str) -> None:
    folder = lm_eval_logs / name
    ran = cli("score", folder, "--check", "--json")
    assert ran.code == FOLDERS[name], ran.err
    rows = json.loads(ran.out)["check"]
    recorded = recorded_values(folder)
    assert len(recorded) == len(rows)
    for row in rows:
        date = DATE.findall(row["run"].replace(":", "-"))[0]
        value, stderr = recorded.pop((date, row["task"], f"{row['metric']},{row['filter']}"))
        assert row["recorded"] == value
        group = (row["reason"] or "").startswith("group")
        if FOLDERS[name] == 3 and not group:
            assert row["verdict"] == "incomplete"
            assert re.match(r"3 of (100|1319) samples are in the log", row["reason"])
            continue
        assert row["verdict"] == "equal", row
        assert math.isclose(row["computed"], value, rel_tol=1e-9, abs_tol=1e-12)
        if isinstance(stderr, float):
            assert math.isclose(row["computed_stderr"], stderr, rel_tol=1e-9, abs_tol=1e-12)
        if row["method"] == "re-aggregated":
            assert row["reason"]
    assert not recorded


@pytest.mark.skipif(not HARNESS, reason="needs regrade[lm-eval]")
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("gsm8k_1000", "gsm8k"),
        ("gsm8k_1000", "tasks/gsm8k_local_1000.yaml"),
        ("arc_1000", "tasks/arc_local_1000.yaml"),
        ("mmlu_1000", "tasks/mmlu_local_1000.yaml"),
    ],
)
def test_tasks_by_name_and_file_give_the_recorded_values(harness_log: Path, name: str, task: str) -> None:
    named = harness_log / task if task.endswith(".yaml") else task
    rows = check(regrade.score(harness_log / name, task=named, check=True))
    assert rows
    assert {(row.method, row.rows, row.verdict) for row in rows} == {("recomputed", 1000, "equal")}


@pytest.mark.parametrize(
    ("name", "recomputed"),
    [
        ("harness_v0.4.13/gsm8k_1000", 1000),
        ("harness_v0.4.13/mmlu_1000", 1000),
        ("harness_v0.4.13/arc_1000", 1000),
        ("asdiv_v0.4.3", 50),
        pytest.param(
            "harness_v0.4.13/ifeval_540", 540, marks=pytest.mark.skipif(not IFEVAL, reason="needs regrade[lm-eval]")
        ),
    ],
)
def test_every_row_is_recomputed_where_it_can_be(lm_eval_logs: Path, name: str, recomputed: int) -> None:
    rows = check(regrade.score(lm_eval_logs / name, check=True, bootstrap_iterations=0))
    assert {(row.method, row.rows, len(row.differences)) for row in rows} == {("recomputed", recomputed, 0)}


def values(scores: Any, task: str) -> dict[str, Any]:
    return {result.metric: result.value for result in scores.results if result.task == task and not result.group}


def test_numbers_of_the_readme_negotiationtom(lm_eval_logs: Path) -> None:
    scores = regrade.score(lm_eval_logs / "negotiationtom_v0.4.13")
    found = {(result.task, result.metric): result for result in scores.results}
    belief, desire = found["negotiationtom_belief", "acc"], found["negotiationtom_desire", "acc"]
    assert (belief.value, round(belief.stderr, 6)) == (0.45, 0.114133)
    assert (round(desire.value, 12), round(desire.stderr, 6)) == (0.60, 0.112390)
    # a corpus metric whose value per row is a pair [gold, predicted] of label sets
    intention = found["negotiationtom_intention", "micro_f1"]
    assert (intention.method, intention.n, intention.stderr) == ("re-aggregated", 20, "N/A")


def test_micro_f1_of_label_sets_by_hand(lm_eval_logs: Path) -> None:
    """Counts of the labels of every row, added up by hand."""
    folder = lm_eval_logs / "negotiationtom_v0.4.13"
    [path] = folder.glob("samples_negotiationtom_intention_2026-07-08T16*.jsonl")
    pairs = [json.loads(line)["micro_f1"] for line in path.read_text(encoding="utf-8").split("\n") if line]
    right = sum(len(set(gold) & set(predicted)) for gold, predicted in pairs)
    total = sum(len(set(gold)) + len(set(predicted)) for gold, predicted in pairs)
    assert values(regrade.score(path), "negotiationtom_intention")["micro_f1"] == pytest.approx(2 * right / total)


def test_numbers_of_the_readme_asdiv(lm_eval_logs: Path) -> None:
    for result in regrade.score(lm_eval_logs / "asdiv_v0.4.3").results:
        assert (result.metric, result.n, result.value, round(result.stderr, 6)) == ("acc", 50, 0.92, 0.038756)


def test_numbers_of_the_readme_calamita(lm_eval_logs: Path) -> None:
    scores = regrade.score(lm_eval_logs / "calamita_v0.4.6")
    assert len(scores.parts) == 11
    assert sum(part.counts.selected for part in scores.parts) == 8176
    assert {result.method for result in scores.results} == {"re-aggregated"}
    assert scores.exit_code == 0


TRUTHFUL = {"bleu_max": 13.8277, "bleu_acc": 0.3917, "bleu_diff": -0.3071, "rouge1_max": 34.2339, "rougeL_acc": 0.366}


def test_numbers_of_the_readme_truthfulqa(lm_eval_logs: Path) -> None:
    [long] = (lm_eval_logs / "truthfulqa_gen_v0.4.9").glob("*13-51*")
    scores = regrade.score(long)
    found = values(scores, "truthfulqa_gen")
    assert {name: round(found[name], 4) for name in TRUTHFUL} == TRUTHFUL
    assert "hallucination" not in found  # a text in the rows, no metric
    assert {(result.n, result.method) for result in scores.results} == {(817, "re-aggregated")}


@pytest.mark.skipif(not HARNESS, reason="needs regrade[lm-eval]")
def test_truthfulqa_is_recomputed_by_the_installed_task(lm_eval_logs: Path) -> None:
    scores = regrade.score(lm_eval_logs / "truthfulqa_gen_v0.4.9", task="truthfulqa_gen", check=True)
    rows = check(scores)
    assert Counter((row.method, row.verdict, row.rows) for row in rows) == {
        ("recomputed", "equal", 817): 12,
        ("recomputed", "equal", 20): 12,
    }
    [long] = [part for part in scores.parts if part.counts.selected == 817]
    found = {result.metric: result.value for result in long.whole}
    assert {name: round(found[name], 4) for name in TRUTHFUL} == TRUTHFUL


def test_the_group_of_a_truncated_log_follows_from_its_results_file(lm_eval_logs: Path) -> None:
    folder = lm_eval_logs / "truncated_pyfade_v0.4.9.1" / "eval_mmlu_pro_plus"
    rows = [row for row in check(regrade.score(folder, check=True)) if row.task == "mmlu_pro_plus"]
    assert [(round(row.computed, 6), round(row.computed_stderr, 6)) for row in rows] == [
        (0.365714, 0.012443),
        (0.376429, 0.012514),
    ]
    # no group value is made of three rows per task
    assert regrade.score(folder).task_groups == []


def test_early_logs_re_aggregate(lm_eval_logs: Path) -> None:
    for path in (lm_eval_logs / "early_2023").iterdir():
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        keys = [key for key in ("acc", "acc_norm", "exact_match", "em") if key in rows[0]]
        found = {result.metric: (result.value, result.n) for result in regrade.score(path).results}
        for key in keys:
            assert found[key] == (pytest.approx(sum(float(row[key]) for row in rows) / len(rows)), len(rows))


# -- other tools' logs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "win_rate", "scored"),
    [
        ("NullModel/weighted_alpaca_eval_gpt4_turbo", 76.9198, 805),
        ("claude-2/weighted_alpaca_eval_gpt4_turbo", 17.1882, 805),
        ("claude-2/alpaca_eval_gpt4", 91.3557, 804),
    ],
)
def test_numbers_of_the_readme_alpaca_eval(shared_data: Path, path: str, win_rate: float, scored: int) -> None:
    scores = regrade.score(shared_data / "alpaca_eval" / path)
    [result] = [result for result in scores.results if result.metric == "win_rate"]
    assert (round(result.value, 4), result.n, result.scored) == (win_rate, 805, scored)


@pytest.mark.parametrize(("mode", "at_1", "at_5"), [("input", 35.95, 44.9911), ("output", 34.2125, 40.2867)])
def test_numbers_of_the_readme_pass_at_k(
    shared_data: Path, cli: Callable[..., Any], mode: str, at_1: float, at_5: float
) -> None:
    folder = shared_data / "pass_at_k" / "cruxeval" / "samples" / "evaluation_results"
    ran = cli("score", folder / f"sample_scored_codellama-7b_temp0.2_{mode}.json", "--json")
    [found] = json.loads(ran.out)["results"].values()
    assert (round(found["pass@1,none"], 4), round(found["pass@5,none"], 4)) == (at_1, at_5)
    assert ran.code == 0


def test_numbers_of_the_readme_inspect(shared_data: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", shared_data / "inspect_ai" / "shortened", "--json")
    found = json.loads(ran.out)["results"]
    assert found["gsm8k"]["accuracy,match"] == 1.0
    assert found["humaneval"]["accuracy,verify"] == 0.8
    assert found["math"]["accuracy,expression_equivalance"] == 0.2


def test_inspect_logs_with_all_their_samples_agree_with_themselves(shared_data: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", shared_data / "inspect_ai", "--check", "--json")
    verdicts = Counter(row["verdict"] for row in json.loads(ran.out)["check"])
    assert verdicts["different"] == 0
    assert verdicts["equal"] > 10
    assert verdicts["incomplete"] > 0  # shortened logs are no mismatch
    assert ran.code == 3


def test_helm_statistics_agree_with_themselves(shared_data: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", shared_data / "every_eval_ever" / "tests" / "data" / "helm", "--check", "--json")
    rows = json.loads(ran.out)["check"]
    assert Counter(row["verdict"] for row in rows)["different"] == 0
    assert sum(row["verdict"] == "equal" for row in rows) > 30


# -- IFEval ------------------------------------------------------------------------------------------------------------

GPT4 = ("input_response_data_gpt4_20231107_145030.jsonl", "input_data.jsonl")


@pytest.mark.skipif(not IFEVAL, reason="needs regrade[lm-eval]")
def test_numbers_of_the_readme_ifeval(shared_data: Path) -> None:
    answers, docs = (shared_data / "ifeval" / name for name in GPT4)
    scores = regrade.score(answers, answer="response", docs=docs, join_on="position", task="ifeval")
    found = {result.metric: result for result in scores.results}
    assert {result.n for result in scores.results} == {541}
    assert abs(found["prompt_level_strict_acc"].value * 541 - 416) <= 2
    assert abs(found["inst_level_strict_acc"].value * 834 - 697) <= 2
    assert abs(found["prompt_level_loose_acc"].value - 0.7930) <= 3 / 541
    assert abs(found["inst_level_loose_acc"].value - 0.8537) <= 4 / 834
    assert scores.exit_code == 0
    [note] = [note for note in scores.parts[0].notes if "differs between the two files" in note]
    assert "'prompt'" in note
    assert "1 of 541" in note


@pytest.mark.skipif(not IFEVAL, reason="needs regrade[lm-eval]")
def test_two_runs_of_ifeval_give_the_same_bytes(shared_data: Path) -> None:
    answers, docs = (shared_data / "ifeval" / name for name in GPT4)
    command = [
        sys.executable, "-m", "regrade", "score", str(answers), "--answer", "response", "--docs", str(docs),
        "--join-on", "position", "--task", "ifeval", "--json",
        "--where", "'language:response_language' in doc.instruction_id_list",
    ]  # fmt: skip
    runs = [
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    [counts] = json.loads(runs[0])["counts"].values()
    by_hand = sum("language:response_language" in line for line in docs.read_text(encoding="utf-8").split("\n"))
    assert counts["selected"] == by_hand


def test_an_ifeval_join_by_prompt_names_the_trap(shared_data: Path, cli: Callable[..., Any]) -> None:
    answers, docs = (shared_data / "ifeval" / name for name in GPT4)
    ran = cli(
        "score", answers, "--answer", "response", "--docs", docs, "--join-on", "prompt", "--metric", "exact_match"
    )
    assert "1 of 541 answers have no document by prompt" in ran.out
    assert "1 of 541 documents have no answer by prompt" in ran.out
    assert ran.code == 3


# -- small logs --------------------------------------------------------------------------------------------------------


def test_a_changed_value_is_found_and_named(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results({"sums": {"exact_match,none": 0.5, "exact_match_stderr,none": 0.5}}, n=2)
    rows = logs.rows(["1", "0"])
    rows[1]["exact_match"] = 1.0
    path = logs.write(rows)
    ran = cli("score", path, "--check")
    assert ran.code == 1
    assert "line 2 (sample 1): recorded 1.0, computed 0.0" in ran.out
    assert "1 of 2 samples differ" in ran.out


@pytest.mark.parametrize(
    ("recorded", "verdict", "code"),
    [
        ({"exact_match,none": 0.5, "exact_match_stderr,none": 0.5}, "equal", 0),
        ({"exact_match,none": 0.5, "exact_match_stderr,none": "N/A"}, "different", 1),
        ({"exact_match,none": 0.5, "exact_match_stderr,none": 0.4}, "different", 1),
        ({"exact_match,none": 0.51, "exact_match_stderr,none": 0.5}, "different", 1),
        ({}, "equal", 0),
    ],
)
def test_verdicts(logs: Any, cli: Callable[..., Any], recorded: dict[str, Any], verdict: str, code: int) -> None:
    logs.results({"sums": recorded}, n=2)
    logs.write(logs.rows(["1", "0"]))
    ran = cli("score", logs.folder, "--check", "--json")
    assert ([row["verdict"] for row in json.loads(ran.out)["check"]], ran.code) == ([verdict], code)


@pytest.mark.parametrize("option", [["--where", "doc_id == 0"], ["--limit", "1"]])
def test_a_part_is_checked_row_by_row(logs: Any, cli: Callable[..., Any], option: list[str]) -> None:
    logs.results({"sums": {"exact_match,none": 0.5, "exact_match_stderr,none": 0.5}}, n=2)
    logs.write(logs.rows(["1", "0"]))
    ran = cli("score", logs.folder, "--check", "--json", *option)
    [row] = json.loads(ran.out)["check"]
    assert (row["verdict"], row["computed"], row["recorded"]) == ("equal", 1.0, None)
    assert "a part of the log" in row["reason"]
    assert ran.code == 0


def test_a_malformed_row_makes_a_check_incomplete(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results({"sums": {"exact_match,none": 1.0}})
    path = logs.write([*logs.rows(["1", "1"]), '{"doc_id": 2, "re'])
    ran = cli("score", path, "--check")
    assert ran.code == 3
    assert "1 rows could not be read" in ran.out
    assert f"{path}:3: not valid JSON: it breaks off" in ran.out


def test_a_recorded_metric_that_nobody_names_is_shown(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results({"sums": {"exact_match,none": 1.0, "exact_match_stderr,none": 0.0, "other,none": 0.25}}, n=2)
    logs.write(logs.rows(["1", "1"]))
    rows = {row["metric"]: row for row in json.loads(cli("score", logs.folder, "--check", "--json").out)["check"]}
    assert rows["exact_match"]["verdict"] == "equal"
    assert (rows["other"]["verdict"], rows["other"]["recorded"]) == ("not checked", 0.25)


def test_a_check_takes_no_other_filters(logs: Any, cli: Callable[..., Any]) -> None:
    logs.write(logs.rows(["1"]))
    for option in (["--metric", "exact_match"], ["--extract", "a=(.)"]):
        ran = cli("score", logs.folder, "--check", *option)
        assert (ran.code, ran.out) == (2, "")
        assert "recorded filters and metrics" in ran.err


@pytest.mark.parametrize(
    ("recorded", "computed", "equal"),
    [
        (1.0, True, True),
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.0 + 1e-8, False),
        (math.nan, math.nan, True),
        (math.nan, 0.0, False),
        ([1, [2.0, "a"]], (1, (2, "a")), True),
        ([1, 2], [1], False),
        ("1", 1, False),
        (None, None, True),
        (None, 0, False),
        ("N/A", 0.1, False),
        (0.0, 1e-13, True),
    ],
)
def test_what_counts_as_the_same(recorded: Any, computed: Any, equal: bool) -> None:
    assert same(recorded, computed) is equal


@pytest.mark.parametrize(
    ("recorded", "computed", "value", "equal"),
    [
        (450.25694123612703, 514.5793614127166, 3.8808469624362035e17, True),  # three documents alike: perplexity
        (450.25694123612703, 514.5793614127166, 1e6, False),
        (0.1, 0.1, "N/A", True),
        ("N/A", 0.0, 0.5, False),
        (0.0, 0.01, 1.0, False),
    ],
)
def test_standard_errors_that_are_rounding(recorded: Any, computed: Any, value: Any, equal: bool) -> None:
    assert same_stderr(recorded, computed, value) is equal
