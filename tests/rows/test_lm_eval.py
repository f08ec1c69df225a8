"""Logs of every version of lm-evaluation-harness, written here by hand in the shapes that its versions write."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.schema import Malformed

TWO_FILTERS = [
    {"name": "strict", "filter": [{"function": "regex", "regex_pattern": "#### (\\d+)"}, {"function": "take_first"}]},
    {
        "name": "loose",
        "filter": [
            {"function": "regex", "regex_pattern": "(\\d+)", "group_select": -1},
            {"function": "take_first"},
        ],
    },
]

#: Answers, the reference of each being "1": the strict filter finds 1 of 3, the loose one 2 of 3.
ANSWERS = ["#### 1", "it is 1", "no idea"]


def values(scores: Any, *, part: int = -1) -> dict[str, Any]:
    return {result.key: result.value for result in scores.parts[part].whole}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# -- the newest rows ---------------------------------------------------------------------------------------------------


def doubled(logs: Any, ids: list[int], answers: list[str]) -> list[dict[str, Any]]:
    """Rows as written since 0.4.7: all ids under the first filter, then all under the second."""
    found = {
        "strict": [["1", "[invalid]", "[invalid]"], [1.0, 0.0, 0.0]],
        "loose": [["1", "1", "[invalid]"], [1.0, 1.0, 0.0]],
    }
    return [
        logs.row(
            number,
            answers[number],
            filter=name,
            filtered_resps=[found[name][0][number]],
            exact_match=found[name][1][number],
        )
        for name in ("strict", "loose")
        for number in ids
    ]


def test_rows_doubled_per_filter_are_scored_once_per_filter(logs: Any) -> None:
    logs.results(
        {"sums": {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}},
        configs={"sums": logs.config(filter_list=TWO_FILTERS)},
        n=3,
    )
    logs.write(doubled(logs, [0, 1, 2], ANSWERS))
    scores = regrade.score(logs.folder)
    assert values(scores) == {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}
    assert [(r.n, r.unparsed) for r in scores.results] == [(3, 2), (3, 1)]
    assert (scores.parts[0].counts.samples, scores.parts[0].counts.missing, scores.exit_code) == (3, 0, 0)


def test_rows_of_several_ranks_come_in_blocks_of_interleaved_ids(logs: Any) -> None:
    answers = ["#### 1", "it is 1", "no idea"]
    logs.results(configs={"sums": logs.config(filter_list=TWO_FILTERS)}, n=3)
    logs.write(doubled(logs, [0, 2], answers) + doubled(logs, [1], answers))
    scores = regrade.score(logs.folder)
    assert len(scores.parts) == 1
    assert values(scores) == {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}
    table = scores.to_arrow().to_pylist()
    assert [(row["sample_id"], row["value"]) for row in table if row["filter"] == "loose"] == [
        ("0", 1.0), ("2", 0.0), ("1", 1.0),
    ]  # fmt: skip
    assert not regrade.score(logs.folder, check=True).parts[0].notes


def test_another_pipeline_is_applied_once_to_a_log_with_doubled_rows(logs: Any) -> None:
    logs.results(configs={"sums": logs.config(filter_list=TWO_FILTERS)}, n=3)
    logs.write(doubled(logs, [0, 1, 2], ANSWERS))
    scores = regrade.score(logs.folder, extract={"mine": "is (\\d)"}, metric="exact_match")
    [result] = scores.results
    assert (result.value, result.n, result.unparsed) == (1 / 3, 3, 2)


def test_a_log_that_breaks_off_in_its_second_filter_says_so(logs: Any) -> None:
    logs.results(
        {"sums": {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}},
        configs={"sums": logs.config(filter_list=TWO_FILTERS)},
        n=3,
    )
    logs.write(doubled(logs, [0, 1, 2], ANSWERS)[:5])
    from regrade.scoring.check import check

    verdicts = {row.filter: row.verdict for row in check(regrade.score(logs.folder, check=True))}
    assert verdicts == {"strict": "equal", "loose": "incomplete"}


# -- before 0.4.7: no filter key ---------------------------------------------------------------------------------------


def without_filter(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in ("filter", "metrics")} for row in rows]


@pytest.mark.parametrize("version", ["0.4.3", "0.4.6", None])
def test_repeated_blocks_without_filter_key_are_the_filters_in_order(logs: Any, version: str | None) -> None:
    logs.results(
        {"sums": {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}},
        configs={"sums": logs.config(filter_list=TWO_FILTERS)},
        version=version,
        n=3,
    )
    logs.write(without_filter(doubled(logs, [0, 1, 2], ANSWERS)))
    for options in ({}, {"check": True}):
        scores = regrade.score(logs.folder, **options)
        assert len(scores.parts) == 1
        assert values(scores) == {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}
        assert [(r.n, r.unparsed) for r in scores.results] == [(3, 2), (3, 1)]
        assert scores.exit_code == 0
    from regrade.scoring.check import check

    rows = check(scores)
    assert [(row.filter, row.rows, row.verdict) for row in rows] == [("strict", 3, "equal"), ("loose", 3, "equal")]


def test_repeated_blocks_without_filter_key_of_several_ranks(logs: Any) -> None:
    logs.results(configs={"sums": logs.config(filter_list=TWO_FILTERS)}, version="0.4.5", n=3)
    logs.write(without_filter(doubled(logs, [0, 2], ANSWERS) + doubled(logs, [1], ANSWERS)))
    for options in ({}, {"check": True}):
        scores = regrade.score(logs.folder, **options)
        assert len(scores.parts) == 1
        assert values(scores) == {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}


def test_two_runs_without_filter_key_in_one_file(logs: Any) -> None:
    logs.results(configs={"sums": logs.config(filter_list=TWO_FILTERS)}, version="0.4.5", n=3)
    other = ["#### 1", "#### 1", "#### 1"]
    again = [
        {**row, "resps": [[other[row["doc_id"]]]], "filtered_resps": ["1"], "exact_match": 1.0}
        for row in doubled(logs, [0, 1, 2], ANSWERS)
    ]
    logs.write(without_filter(doubled(logs, [0, 1, 2], ANSWERS) + again))
    scores = regrade.score(logs.folder)
    assert [part.part for part in scores.parts] == ["run 1 of 2", "run 2 of 2"]
    assert values(scores, part=0) == {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}
    assert values(scores, part=1) == {"exact_match,strict": 1.0, "exact_match,loose": 1.0}


# -- append mode -------------------------------------------------------------------------------------------------------


def test_two_runs_in_a_file_that_was_opened_for_appending(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results(n=2)
    path = logs.write(logs.rows(["1", "0"]) + logs.rows(["1", "1"]))
    scores = regrade.score(path)
    assert [(part.part, values(scores, part=i)) for i, part in enumerate(scores.parts)] == [
        ("run 1 of 2", {"exact_match,none": 0.5}),
        ("run 2 of 2", {"exact_match,none": 1.0}),
    ]
    assert scores.parts[1].notes == [
        "the file holds 2 runs, lines 1 to 2 and lines 3 to 4, in which the same ids come again; they are scored apart"
    ]
    assert [part.counts.samples for part in scores.parts] == [2, 2]
    layout = scores.to_dict()
    assert layout["results"]["sums"]["exact_match,none"] == 1.0  # the last run is the one the results file is of
    assert layout["results"]["sums (run 1 of 2)"]["exact_match,none"] == 0.5
    ran = cli("score", path)
    assert "sums (run 1 of 2)" in ran.out
    assert "2 runs, lines 1 to 2 and lines 3 to 4" in ran.out


def test_the_results_file_is_of_the_last_run_in_the_file(logs: Any) -> None:
    from regrade.scoring.check import check

    logs.results({"sums": {"exact_match,none": 1.0, "exact_match_stderr,none": 0.0}}, n=2)
    logs.write(logs.rows(["1", "0"]) + logs.rows(["1", "1"]))
    [row] = check(regrade.score(logs.folder, check=True))
    assert (row.verdict, row.recorded, row.computed, row.rows) == ("equal", 1.0, 1.0, 2)


# -- numbers that JSON does not have -----------------------------------------------------------------------------------


def test_bare_nan_and_infinity_are_read(logs: Any, read: Callable[..., Any]) -> None:
    row = logs.row(0, "1")
    row["doc"]["score"] = math.nan
    row["doc"]["weights"] = [math.inf, -math.inf, 1.5]
    row["exact_match"] = math.nan
    path = logs.write([row, logs.row(1, "1")])
    assert "NaN" in path.read_text(encoding="utf-8")
    records, malformed = read(path).records, read(path).malformed
    assert not malformed
    assert [record.line for record in records] == [1, 2]
    assert math.isnan(records[0].doc["score"])
    assert records[0].doc["weights"] == [math.inf, -math.inf, 1.5]
    assert math.isnan(records[0].recorded["exact_match"])


def test_minus_infinity_as_a_loglikelihood_loses_and_nan_wins(logs: Any) -> None:
    config = logs.config(
        output_type="multiple_choice",
        doc_to_choice=["a", "b"],
        doc_to_target="gold",
        metric_list=[{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    )
    logs.results({"pick": {}}, configs={"pick": config}, n=2)
    base = {"metrics": ["acc"], "target": "1", "doc": {"question": "q", "gold": 1}}
    rows = [
        logs.row(0, "", resps=[[[-math.inf, False]], [[-3.0, False]]], **base),  # -inf < -3: choice 1, right
        logs.row(1, "", resps=[[["nan", "False"]], [["-3.0", "False"]]], **base),  # numpy's argmax takes nan: choice 0
    ]
    logs.write(rows, "pick")
    [result] = regrade.score(logs.folder).results
    assert (result.metric, result.value, result.n) == ("acc", 0.5, 2)


# -- 0.4.3 to 0.4.6 ----------------------------------------------------------------------------------------------------


def test_stringified_loglikelihoods_and_gen_args(logs: Any, read: Callable[..., Any]) -> None:
    row = {
        "doc_id": 7,
        "doc": {"question": "q", "gold": 1},
        "target": "1",
        "arguments": {"gen_args_0": {"arg_0": "Q", "arg_1": " a"}, "gen_args_1": {"arg_0": "Q", "arg_1": " b"}},
        "resps": [[["-1.5", "False"]], [["-0.25", "True"]]],
        "filtered_resps": [["-1.5", "False"], ["-0.25", "True"]],
        "doc_hash": "x",
        "acc": 1.0,
        "acc_norm": 1.0,
    }
    [record] = read(logs.write([row], "pick")).records
    assert record.answers == [[(-1.5, False)], [(-0.25, True)]]
    assert record.arguments == [["Q", " a"], ["Q", " b"]]
    assert record.recorded == {"acc": 1.0, "acc_norm": 1.0}
    assert record.filter is None
    assert record.hashes == {"doc_hash": "x"}


def test_a_text_answer_of_two_texts_is_no_loglikelihood(logs: Any, read: Callable[..., Any]) -> None:
    [record] = read(logs.write([logs.row(0, "", resps=[["first", "second"]])])).records
    assert record.answers == [["first", "second"]]


def test_rolling_loglikelihoods_as_texts(logs: Any) -> None:
    config = logs.config(
        output_type="loglikelihood_rolling",
        doc_to_text="",
        doc_to_target="{{text}}",
        metric_list=[{"metric": name} for name in ("word_perplexity", "byte_perplexity", "bits_per_byte")],
    )
    logs.results({"pages": {}}, configs={"pages": config}, n=2)
    rows = [
        logs.row(0, "", doc={"text": "one two"}, target="one two", resps=[["-14.0"]]),
        logs.row(1, "", doc={"text": "é"}, target="é", resps=[["-4.0"]]),
    ]
    logs.write(rows, "pages")
    found = values(regrade.score(logs.folder))
    # 3 words and 7 + 2 bytes, 18 nats in all
    assert found["word_perplexity,none"] == pytest.approx(math.exp(18 / 3), rel=1e-12)
    assert found["byte_perplexity,none"] == pytest.approx(math.exp(18 / 9), rel=1e-12)
    assert found["bits_per_byte,none"] == pytest.approx(18 / 9 / math.log(2), rel=1e-12)


# -- 0.4.0 to 0.4.2: arrays under a .jsonl name ------------------------------------------------------------------------


def old_row(doc_id: int, answer: str, value: float) -> dict[str, Any]:
    return {
        "doc_id": doc_id,
        "doc": {"question": f"q {doc_id}", "answer": "1"},
        "target": "1",
        "arguments": [["q", {"until": ["\n"]}]],
        "resps": [[answer]],
        "filtered_resps": [answer],
        "exact_match": value,
    }


@pytest.mark.parametrize("indent", [None, 2])
def test_arrays_under_a_jsonl_name(logs: Any, indent: int | None) -> None:
    logs.results({"sums": {"exact_match,none": 0.5, "exact_match_stderr,none": 0.5}}, name="results.json", version=None)
    path = logs.folder / "pretrained=org__tiny_sums.jsonl"
    path.write_text(json.dumps([old_row(0, "1", 1.0), old_row(1, "2", 0.0)], indent=indent), encoding="utf-8")
    scores = regrade.score(logs.folder, check=True)
    from regrade.scoring.check import check

    [row] = check(scores)
    assert (row.task, row.verdict, row.computed, row.computed_stderr, row.rows) == ("sums", "equal", 0.5, 0.5, 2)
    assert scores.sources[0].run.model == "tiny"


def test_an_array_with_repeated_blocks_per_filter(logs: Any) -> None:
    logs.results(configs={"sums": logs.config(filter_list=TWO_FILTERS)}, name="results.json", version=None)
    rows = [old_row(i, answer, 0.0) for _ in range(2) for i, answer in enumerate(ANSWERS)]
    (logs.folder / "tiny_sums.jsonl").write_text(json.dumps(rows, indent=2), encoding="utf-8")
    assert values(regrade.score(logs.folder)) == {"exact_match,strict": 1 / 3, "exact_match,loose": 2 / 3}


def test_an_array_that_breaks_off_keeps_what_is_whole(logs: Any) -> None:
    logs.results(name="results.json", version=None)
    path = logs.folder / "tiny_sums.jsonl"
    text = json.dumps([old_row(0, "1", 1.0), old_row(1, "1", 1.0), old_row(2, "2", 0.0)], indent=2)
    path.write_text(text[: text.rindex('"target"')], encoding="utf-8")
    scores = regrade.score(path)
    [part] = scores.parts
    assert (part.whole[0].value, part.whole[0].n, scores.exit_code) == (1.0, 2, 3)
    assert [bad.line for bad in part.malformed] == [3]


def test_flat_arguments_of_the_first_logs(logs: Any, read: Callable[..., Any]) -> None:
    row = {**old_row(0, "1", 1.0), "arguments": ["Question: q", {"until": ["\n"]}]}
    [record] = read(logs.write([row])).records
    assert record.arguments == [["Question: q", {"until": ["\n"]}]]


# -- 0.3: write-out files ----------------------------------------------------------------------------------------------


def write_out(logs: Any, rows: list[dict[str, Any]], task: str = "pick") -> Path:
    path = logs.folder / f"{task}_write_out_info.json"
    path.write_text(json.dumps(rows, indent=4, ensure_ascii=False), encoding="utf-8")
    return path


def test_write_out_files_of_a_choice(logs: Any) -> None:
    path = write_out(
        logs,
        [
            {
                "doc_id": 0, "prompt_0": "Q: 1+1\nA: two", "prompt_1": "Q: 1+1\nA: three",
                "logit_0": -1.0, "truth": 0, "logit_1": -1.5, "acc": "1.0", "acc_norm": "0.0",
            },
            {
                "doc_id": 1, "prompt_0": "Q: 1+2\nA: two", "prompt_1": "Q: 1+2\nA: three",
                "logit_0": -1.0, "truth": 1, "logit_1": -3.0, "acc": "0.0", "acc_norm": "0.0",
            },
        ],
    )  # fmt: skip
    scores = regrade.score(path, check=True)
    from regrade.scoring.check import check

    assert scores.parts[0].task == "pick"
    found = values(scores)
    assert found["acc,none"] == 0.5
    assert found["acc_norm,none"] == 0.0
    assert all(row.verdict != "different" for row in check(scores))


def test_write_out_files_of_a_generation(logs: Any, read: Callable[..., Any]) -> None:
    path = write_out(
        logs,
        [{"doc_id": 0, "prompt_0": "Q: 1+1\nA:until", "logit_0": " 2", "truth": " 2", "em": "1.0"}],
        "sums",
    )
    [record] = read(path).records
    assert record.answers == [[" 2"]]
    assert record.target == " 2"
    assert record.recorded == {"em": 1.0}
    assert values(regrade.score(path)) == {"em,none": 1.0}


def test_write_out_files_beside_a_results_file(logs: Any) -> None:
    content = {
        "results": {"pick": {"acc": 0.5, "acc_stderr": 0.5}},
        "versions": {"pick": 0},
        "config": {"model": "gpt2", "model_args": "pretrained=gpt2", "bootstrap_iters": 100000},
    }
    (logs.folder / "out.json").write_text(json.dumps(content), encoding="utf-8")
    write_out(
        logs,
        [
            {"doc_id": i, "prompt_0": "Q a", "prompt_1": "Q b", "logit_0": -1.0, "truth": i, "logit_1": -2.0,
             "acc": str(float(i == 0))}
            for i in (0, 1)
        ],
    )  # fmt: skip
    from regrade.scoring.check import check

    [row] = check(regrade.score(logs.folder, check=True))
    assert (row.metric, row.recorded, row.computed, row.verdict) == ("acc", 0.5, 0.5, "equal")


# -- chat prompts and hashes -------------------------------------------------------------------------------------------


def hashed(logs: Any, prompt: Any, hashed_prompt: str) -> dict[str, Any]:
    doc = {"question": "wie heißt „das“?", "answer": "1", "n": 1.5}
    return logs.row(
        0,
        "1",
        doc=doc,
        arguments={"gen_args_0": {"arg_0": prompt, "arg_1": {"until": []}}},
        doc_hash=sha(json.dumps(doc, indent=2, ensure_ascii=False)),
        prompt_hash=sha(hashed_prompt),
        target_hash=sha("1"),
    )


CHAT = json.dumps([{"role": "user", "content": "wie heißt das?"}], ensure_ascii=False)


@pytest.mark.parametrize(("prompt", "text"), [("plain", "plain"), ([CHAT], CHAT)], ids=["text", "chat"])
def test_hashes_are_recomputed(logs: Any, cli: Callable[..., Any], prompt: Any, text: str) -> None:
    logs.results(n=1)
    row = hashed(logs, prompt, text)
    path = logs.write([row])
    assert cli("score", path, "--verify-hashes").code == 0
    for name, change in {
        "doc_hash": {"doc": {**row["doc"], "n": 2.5}},
        "prompt_hash": {"arguments": {"gen_args_0": {"arg_0": "other", "arg_1": {}}}},
        "target_hash": {"target": "2"},
    }.items():
        ran = cli("score", logs.write([{**row, **change}]), "--verify-hashes")
        assert ran.code == 1, name
        assert name in ran.out
        assert f"{path}:1" in ran.out


def test_chat_prompts_are_scored_as_others(logs: Any) -> None:
    logs.results(n=2)
    prompt = {"gen_args_0": {"arg_0": [CHAT], "arg_1": {"until": []}}}
    logs.write(logs.rows(["1", "2"], arguments=prompt))
    assert values(regrade.score(logs.folder)) == {"exact_match,none": 0.5}


# -- results files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["results.json", "my_run.json", "out_2025-03-01T10:00:00.000000.json", "results_2025-03-01T10-00-00.000000.json"],
)
def test_results_files_with_any_stem(logs: Any, name: str) -> None:
    logs.results(n=3, name=name)
    logs.write(logs.rows(["1", "0"]))
    [part] = regrade.score(logs.folder).parts
    assert (part.counts.expected, part.counts.missing) == (3, 1)


def test_colons_in_the_samples_name(logs: Any) -> None:
    logs.results(n=2, name="results_2025-03-01T10:00:00.000000.json")
    logs.write(logs.rows(["1", "0"]), date="2025-03-01T10:00:00.000000")
    [part] = regrade.score(logs.folder).parts
    assert (part.task, part.counts.expected) == ("sums", 2)
    assert part.run == "tiny 2025-03-01T10:00:00.000000"


def test_several_runs_in_one_folder_find_their_own_results(logs: Any) -> None:
    strict, loose = ([pipeline] for pipeline in TWO_FILTERS)
    for date, pipelines, count in (("2025-03-01T10-00-00.000001", strict, 3), ("2025-03-02T10-00-00.000001", loose, 4)):
        logs.results(configs={"sums": logs.config(filter_list=pipelines)}, n=count, name=f"results_{date}.json")
        rows = [{**row, "filter": pipelines[0]["name"]} for row in logs.rows(ANSWERS)]
        logs.write(rows, date=date)
    scores = regrade.score(logs.folder)
    assert [(p.run, values(scores, part=i), p.counts.missing) for i, p in enumerate(scores.parts)] == [
        ("tiny 2025-03-01T10:00:00.000001", {"exact_match,strict": 1 / 3}, 0),
        ("tiny 2025-03-02T10:00:00.000001", {"exact_match,loose": 2 / 3}, 1),
    ]
    assert list(scores.to_dict()["results"]) == [
        "sums@tiny 2025-03-01T10:00:00.000001",
        "sums@tiny 2025-03-02T10:00:00.000001",
    ]


def test_results_files_that_exist_twice(logs: Any) -> None:
    logs.results(n=2)
    logs.results(n=2, name=f"results_{logs.DATE}.cc3a51.json")
    logs.write(logs.rows(["1", "0"]))
    [part] = regrade.score(logs.folder).parts
    assert (part.counts.expected, part.whole[0].value, part.notes) == (2, 0.5, [])


def test_a_task_whose_name_ends_like_another(logs: Any) -> None:
    strict, loose = ([pipeline] for pipeline in TWO_FILTERS)
    logs.results(
        {"sums": {}, "hard_sums": {}},
        configs={
            "sums": logs.config(filter_list=strict),
            "hard_sums": logs.config("hard_sums", filter_list=loose),
        },
    )
    logs.write([{**row, "filter": "strict"} for row in logs.rows(ANSWERS)], "sums")
    logs.write([{**row, "filter": "loose"} for row in logs.rows(ANSWERS)], "hard_sums")
    found = {result.task: (result.filter, result.value) for result in regrade.score(logs.folder).results}
    assert found == {"hard_sums": ("loose", 2 / 3), "sums": ("strict", 1 / 3)}


def test_only_the_recipe_is_taken_from_the_results_of_another_run(logs: Any) -> None:
    logs.results({"sums": {"exact_match,none": 0.9}}, n=100, name="results_2025-03-09T10-00-00.000000.json")
    logs.write(logs.rows(["1", "0"]))
    [part] = regrade.score(logs.folder).parts
    assert part.counts.expected is None
    assert part.notes[0].startswith("no results file of the same run; the recipe is taken from results_2025-03-09")


def test_versions_that_nobody_knows_are_read_by_what_they_contain(logs: Any) -> None:
    logs.results(n=2, version="9.9.9.dev0+gdeadbeef", new_section={"of": ["some", "kind"]})
    rows = logs.rows(["1", "0"], schema_version=17, new_key={"a": [1]}, metrics=["exact_match"])
    logs.write(rows)
    scores = regrade.score(logs.folder)
    assert values(scores) == {"exact_match,none": 0.5}
    assert scores.exit_code == 0


def test_fewer_rows_than_the_results_file_says(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results({"sums": {"exact_match,none": 0.5}}, n=10)
    logs.write(logs.rows(["1", "0"]))
    ran = cli("score", logs.folder)
    assert ran.code == 3
    assert "incomplete" in ran.out
    assert "2 of 10 evaluated samples are in the log" in ran.out
    ran = cli("score", logs.folder, "--check")
    assert ran.code == 3
    assert "incomplete" in ran.out
    assert "2 of 10 samples are in the log" in ran.out


# -- predict only, groups ----------------------------------------------------------------------------------------------


def test_predict_only_logs_say_what_is_missing_and_can_be_scored(logs: Any, cli: Callable[..., Any]) -> None:
    bypass = [{"metric": "bypass", "aggregation": "bypass", "higher_is_better": None}]
    logs.results(
        {"sums": {"bypass,none": 999, "bypass_stderr,none": "N/A"}},
        configs={"sums": logs.config(metric_list=bypass)},
        n=2,
        config={"model": "dummy", "predict_only": True, "bootstrap_iters": 0},
    )
    logs.write(logs.rows(["1", "0"], metrics=["bypass"], bypass=None))
    ran = cli("score", logs.folder)
    assert "--predict_only" in ran.out
    assert "--metric" in ran.out
    assert values(regrade.score(logs.folder, metric="exact_match")) == {"exact_match,none": 0.5}


def test_groups_are_pooled_by_size(logs: Any) -> None:
    import numpy as np

    group = {"exact_match,none": 0.6, "exact_match_stderr,none": 0.0}
    logs.results(
        {"sums_a": {"exact_match,none": 0.5}, "sums_b": {"exact_match,none": 2 / 3}},
        n=None,
        groups={"all_sums": {"alias": "all", **group}},
        group_subtasks={"all_sums": ["sums_a", "sums_b"]},
        **{"n-samples": {"sums_a": {"effective": 2}, "sums_b": {"effective": 3}}},
    )
    logs.write(logs.rows(["1", "0"]), "sums_a")
    logs.write(logs.rows(["1", "1", "0"]), "sums_b")
    scores = regrade.score(logs.folder)
    [row] = scores.task_groups
    found = row.values
    assert found["exact_match,none"] == pytest.approx((2 * 0.5 + 3 * (2 / 3)) / 5, rel=1e-12)
    errors = [np.std([1, 0], ddof=1) / math.sqrt(2), np.std([1, 1, 0], ddof=1) / math.sqrt(3)]
    pooled = math.sqrt((1 * errors[0] ** 2 * 2 + 2 * errors[1] ** 2 * 3) / (5 - 2) / 5)
    assert found["exact_match_stderr,none"] == pytest.approx(pooled, rel=1e-12)
    assert row.samples == 5
    # the recorded standard error of the group does not follow from its tasks'
    from regrade.scoring.check import check

    verdicts = {row.task: row.verdict for row in check(regrade.score(logs.folder, check=True))}
    assert verdicts["all_sums"] == "different"


# -- bytes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_lines_end_at_newlines_only(logs: Any, read: Callable[..., Any], separator: str) -> None:
    answers = [f"one{separator}two", "1"]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in logs.rows(answers))
    text = text.replace(json.dumps(separator)[1:-1], separator) if separator > "\x1f" else text
    path = logs.write([])
    path.write_bytes(text.encode())
    assert [record.answers[0][0] for record in read(path).records] == answers


def test_carriage_returns(logs: Any, read: Callable[..., Any]) -> None:
    path = logs.write(logs.rows(["a\rb\r\nc", "1"]))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert [record.answers[0][0] for record in read(path).records] == ["a\rb\r\nc", "1"]
    assert [record.line for record in read(path).records] == [1, 2]


@pytest.mark.parametrize("how", ["bom", "gzip", "blank lines", "no final newline"])
def test_files_as_they_come(logs: Any, how: str) -> None:
    logs.results(n=2)
    path = logs.write(logs.rows(["1", "0"]))
    data = path.read_bytes()
    path.unlink()
    path.with_name(path.name + (".gz" if how == "gzip" else "")).write_bytes(
        {
            "bom": b"\xef\xbb\xbf" + data,
            "gzip": gzip.compress(data),
            "blank lines": b"\n\n" + data.replace(b"\n", b"\n\n \n"),
            "no final newline": data.removesuffix(b"\n"),
        }[how]
    )
    scores = regrade.score(logs.folder)
    assert values(scores) == {"exact_match,none": 0.5}
    assert scores.parts[0].task == "sums"
    assert scores.exit_code == 0


def test_lone_surrogates_and_numbers_beyond_a_double(logs: Any, read: Callable[..., Any]) -> None:
    row = logs.row(0, "1")
    text = json.dumps(row).replace('"question 0"', '"\\ud83d"', 1).replace('"answer"', '"big": 1e999, "answer"', 1)
    big = json.dumps(logs.row(1, "1", doc={"answer": "1", "id": 2**70}))
    outcome = read(logs.write([text, big]))
    assert not outcome.malformed
    assert outcome.records[0].doc == {"question": "\ud83d", "big": math.inf, "answer": "1"}
    assert outcome.records[1].doc["id"] == 2**70


def test_invalid_utf8_makes_a_row_malformed_wherever_it_stands(logs: Any, read: Callable[..., Any]) -> None:
    good = json.dumps(logs.row(1, "1")).encode()
    bad = json.dumps(logs.row(0, "1")).encode().replace(b"question 0", b"question \xff")
    outcome = read(logs.write([bad, good]))
    assert [record.sample_id for record in outcome.records] == [1]
    [row] = outcome.malformed
    assert isinstance(row, Malformed)
    assert (row.line, row.reason.partition(" (")[0]) == (1, "not valid UTF-8")


def test_a_document_has_one_fingerprint_however_its_row_was_parsed(logs: Any, read: Callable[..., Any]) -> None:
    doc = {"question": "wie heißt das?", "answer": "1", "x": [1.5, None, {"a": "b"}]}
    rows = [logs.row(0, "1", doc=doc), logs.row(1, "1", doc=doc, exact_match=math.nan)]
    path = logs.write(rows)
    array = logs.folder / "sums.jsonl"
    array.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    prints = {record.fingerprint for file in (path, array) for record in read(file).records}
    assert len(prints) == 1
