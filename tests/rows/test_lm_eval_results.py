"""Which results file belongs to a samples file, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.rows.lm_eval_results import date_of, results_for, results_in


@pytest.mark.parametrize(
    ("name", "iso"),
    [
        ("samples_x_2024-08-21T03-40-10.802679.jsonl", "2024-08-21T03:40:10.802679"),
        ("results_2024-08-21T03:40:10.802679.json", "2024-08-21T03:40:10.802679"),
        ("results_2024-08-21T03-40-10.802679.cc3a51.json", "2024-08-21T03:40:10.802679"),
        ("samples_x_2024-08-21T03-40-10.jsonl", "2024-08-21T03:40:10"),
        ("2023-01-01T00-00-00.1_results_2024-08-21T03-40-10.2.json", "2024-08-21T03:40:10.2"),
        ("results.json", None),
        ("samples_2024.jsonl", None),
    ],
)
def test_dates_in_names(name: str, iso: str | None) -> None:
    date = date_of(name)
    assert (date.iso if date else None) == iso


def test_files_that_are_no_results_are_passed_over(logs: Any) -> None:
    good = logs.results()
    (logs.folder / "notes.json").write_text('{"results": "none"}', encoding="utf-8")
    (logs.folder / "list.json").write_text("[1, 2]", encoding="utf-8")
    (logs.folder / "broken.json").write_text('{"results": {', encoding="utf-8")
    (logs.folder / "x_write_out_info.json").write_text('{"results": {}, "config": {}}', encoding="utf-8")
    assert [results.path for results in results_in(logs.folder)] == [good]


def test_the_same_time_stamp_decides(logs: Any) -> None:
    samples = logs.write([])
    logs.results(name="results_2025-03-01T09-59-59.000000.json")
    mine = logs.results()
    found = results_for(samples)
    assert found is not None
    assert (found.path, found.same_run, found.notes) == (mine, True, ())


def test_the_nearest_run_gives_the_recipe_only(logs: Any) -> None:
    samples = logs.write([])
    for name in ("results_2025-02-01T10-00-00.0.json", "results_2025-03-02T10-00-00.0.json"):
        logs.results(name=name)
    found = results_for(samples)
    assert found is not None
    assert (found.path.name, found.same_run) == ("results_2025-03-02T10-00-00.0.json", False)
    assert "recipe is taken from" in found.notes[0]


def test_results_of_other_tasks_are_not_taken(logs: Any) -> None:
    samples = logs.write([], "sums")
    logs.results({"products": {}}, name="results_2025-02-01T10-00-00.0.json")
    assert results_for(samples) is None


def test_no_results_file(logs: Any) -> None:
    assert results_for(logs.write([])) is None


def test_what_an_early_file_says(logs: Any) -> None:
    path = logs.folder / "results.json"
    content = {
        "results": {"sums": {"acc": 0.5, "acc_stderr": 0.1, "alias": " - sums"}},
        "versions": {"sums": 0},
        "config": {"model": "hf", "model_args": "dtype=float,pretrained=org/tiny,parallelize=True"},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    [results] = results_in(logs.folder)
    assert results.recorded_values("sums") == {"acc,none": 0.5, "acc_stderr,none": 0.1}
    assert results.model == "org/tiny"
    assert results.expected_samples("sums") is None
    assert results.config("sums") is None
    assert results.bootstrap_iterations == 100_000
    assert results.harness_version == "0.4.2"


@pytest.mark.parametrize(
    ("content", "model"),
    [
        ({"model_name": "org/name", "config": {"model_args": "pretrained=other"}}, "org/name"),
        ({"config": {"model": "hf", "model_args": {"pretrained": "org/dict"}}}, "org/dict"),
        ({"config": {"model": "openai", "model_args": "model=gpt,base_url=x"}}, "gpt"),
        ({"config": {"model": "dummy", "model_args": None}}, "dummy"),
        ({"config": {}}, None),
    ],
)
def test_the_model_from_wherever_it_is_kept(logs: Any, content: dict[str, Any], model: str | None) -> None:
    (logs.folder / "results.json").write_text(json.dumps({"results": {"sums": {}}, **content}), encoding="utf-8")
    assert results_in(logs.folder)[0].model == model


def test_results_with_nan_are_read(logs: Any) -> None:
    logs.results({"sums": {"exact_match,none": float("nan"), "exact_match_stderr,none": "N/A"}}, n=3)
    [results] = results_in(logs.folder)
    recorded = results.recorded_values("sums")
    assert recorded["exact_match,none"] != recorded["exact_match,none"]
    assert recorded["exact_match_stderr,none"] == "N/A"
    assert results.expected_samples("sums") == 3


def test_the_recorded_groups_of_a_real_file(lm_eval_logs: Path) -> None:
    folder = lm_eval_logs / "truncated_pyfade_v0.4.9.1" / "eval_mmlu_pro_plus"
    first = results_in(folder)[0]
    assert first.harness_version == "0.4.9.1"
    groups = first.groups
    assert len(groups["group_subtasks"]["mmlu_pro_plus"]) == 14
    assert groups["groups"]["mmlu_pro_plus"]["exact_match,custom-extract"] == pytest.approx(0.365714, abs=5e-7)
    assert set(groups["sizes"].values()) == {100}


# -- damaged and incomplete files --------------------------------------------------------------------------------------


def test_either_field_gives_the_number_of_samples(logs: Any) -> None:
    for name, content, expected in (
        ("a", {"results": {"sums": {"sample_len": 6}}, "config": {}}, 6),
        ("b", {"results": {"sums": {}}, "config": {}, "n-samples": {"sums": {"original": 8, "effective": 5}}}, 5),
        ("c", {"results": {"sums": {}}, "config": {}, "n-samples": {"sums": {"original": 8}}}, 8),
        ("d", {"results": {"sums": {"sample_len": True}}, "config": {}, "n-samples": {"sums": 3}}, None),
    ):
        folder = logs.folder / name
        folder.mkdir(parents=True)
        (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
        assert results_in(folder)[0].expected_samples("sums") == expected, name


def test_samples_that_are_missing_by_sample_len(logs: Any, cli: Any) -> None:
    logs.results({"sums": {"sample_len": 6, "exact_match,none": 0.5}})
    ran = cli("score", logs.write(logs.rows(["1", "0", "1"])))
    assert (ran.code, "3 of 6 evaluated samples are in the log" in ran.out) == (3, True)


def damage(path: Any, how: str) -> None:
    """Cut a results file off, empty it, or put another value into it."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if how == "cut off":
        text = path.read_text(encoding="utf-8")[:200]
    elif how == "empty":
        text = ""
    else:
        content[how] = [1, 2]
        text = json.dumps(content)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("how", ["cut off", "empty", "results", "configs", "n-samples", "groups", "config", "versions"])
@pytest.mark.parametrize("named", ["folder", "file"])
def test_a_damaged_results_file_is_named(logs: Any, cli: Any, how: str, named: str) -> None:
    results = logs.results(n=3)
    samples = logs.write(logs.rows(["1", "0", "1"]))
    damage(results, how)
    ran = cli("score", logs.folder if named == "folder" else samples)
    assert ran.code == 3
    assert results.name in ran.out


def test_a_damaged_results_file_of_another_run_is_named(logs: Any, cli: Any) -> None:
    logs.results(n=1)
    logs.write(logs.rows(["1"]))
    other = logs.results(name="results_2024-01-01T00-00-00.0.json")
    damage(other, "cut off")
    ran = cli("score", logs.folder)
    assert (ran.code, f"{other.name}: not valid JSON" in ran.out) == (3, True)


def test_a_task_whose_configuration_cannot_be_read_costs_no_other(logs: Any, cli: Any) -> None:
    results = logs.results(
        {"sums": {}, "more": {}}, configs={"sums": logs.config(), "more": logs.config(metric_list=[3])}
    )
    logs.write(logs.rows(["1", "0"]))
    logs.write(logs.rows(["1"]), "more")
    ran = cli("score", logs.folder)
    assert (ran.code, "0.5000" in ran.out, results.name in ran.out) == (3, True, True)
    assert "metric_list holds 3" in ran.out


def test_results_whose_samples_were_not_logged(logs: Any, cli: Any) -> None:
    results = logs.results()
    for path in (results, logs.folder):
        ran = cli("score", path)
        assert (ran.code, "--log_samples" in ran.err) == (1, True)


def test_tasks_of_a_run_without_samples_are_named(logs: Any, cli: Any) -> None:
    logs.results({"sums": {}, "more": {}}, configs={"sums": logs.config(), "more": logs.config()})
    logs.write(logs.rows(["1"]))
    ran = cli("score", logs.folder)
    assert "1 of the run's tasks have no samples here, and are not scored: more" in ran.out


def test_a_task_is_not_taken_for_one_whose_name_its_own_ends_with(logs: Any, cli: Any) -> None:
    logs.results({"math": {"exact_match,none": 0.0}}, configs={"math": logs.config()}, n=7)
    ran = cli("score", logs.write(logs.rows(["1", "0"]), "pro_math"))
    assert ran.out.splitlines()[1].startswith("pro_math ")
    assert "reports no task 'pro_math': nothing is taken from it" in ran.out
    assert "7" not in ran.out.splitlines()[1].split()
