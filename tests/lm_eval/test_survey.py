from __future__ import annotations

import pytest

from regrade.lm_eval.index import TaskIndex, installed_index
from regrade.lm_eval.survey import classify, survey


def test_a_small_tree(tmp_path):
    (tmp_path / "utils.py").write_text(
        "import evaluate\n"
        "def plain(doc, results): return {'acc': 1}\n"
        "def hub(doc, results): return evaluate.load('rouge').compute()\n"
    )
    task = "doc_to_text: q\ndoc_to_target: a\n"
    for name, rest in {
        "log": "metric_list: [{metric: exact_match}]",
        "choices": "output_type: multiple_choice\nmetric_list: [{metric: f1, hf_evaluate: true}]",
        "hub": "process_results: !function utils.hub",
        "unknown": "metric_list: [{metric: wer}]",
        "code": "unsafe_code: true",
        "filter": "filter_list: [{name: x, filter: [{function: my_own}]}]",
        "model": "metric_list: [{metric: bleurt}]",
        "broken": "metric_list: 3",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(f"task: {name}\n{task}{rest}\n")
    found = survey(TaskIndex.scan(tmp_path))
    assert found.classes == {"log": 2, "more": 5}
    assert found.reasons.pop("the hub") == 2
    assert set(found.reasons) == {"code execution", "a filter registered by code", "a model", "code of a loose file"}
    assert list(found.unreadable) == ["broken"]
    assert found.total == 8


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gsm8k", "log"),
        ("mmlu_anatomy", "log"),
        ("hellaswag", "log"),
        ("wikitext", "functions"),
        ("ifeval", "functions"),
        ("minerva_math_algebra", "functions"),
        ("drop", "functions"),
        ("truthfulqa_gen", "functions"),
        ("mbpp", "more"),
        ("squadv2", "more"),
        ("cnn_dailymail_abisee", "more"),
    ],
)
def test_tasks_of_the_harness(harness, name, expected):
    assert classify(installed_index().task(name)) == expected


@pytest.mark.slow
def test_the_whole_harness(harness):
    if harness != "0.4.13":
        pytest.skip(f"counted with lm-eval 0.4.13, installed is {harness}")
    found = survey()
    assert found.unreadable == {}
    assert found.classes == {"log": 10_981, "functions": 1_943, "more": 199}
    assert found.classes["log"] / found.total > 0.8
