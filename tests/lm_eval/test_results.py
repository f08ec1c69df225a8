from __future__ import annotations

import json

import pytest

from regrade.errors import RecipeError
from regrade.lm_eval.results import recipe_from_config
from regrade.schema import FilterPipeline, FilterStep, FunctionRef, MetricSpec

GSM8K = {
    "task": "gsm8k",
    "tag": ["math_word_problems"],
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_target": "{{answer}}",
    "target_delimiter": " ",
    "metric_list": [
        {
            "metric": "exact_match",
            "aggregation": "mean",
            "higher_is_better": True,
            "ignore_case": True,
            "regexes_to_ignore": [",", "\\$"],
        }
    ],
    "output_type": "generate_until",
    "generation_kwargs": {"until": ["Question:"], "do_sample": False},
    "repeats": 4,
    "filter_list": [
        {
            "name": "strict-match",
            "filter": [{"function": "regex", "regex_pattern": "#### (.*)"}, {"function": "take_first"}],
        }
    ],
    "metadata": {"version": 3.0},
}


def test_a_whole_configuration():
    recipe = recipe_from_config("gsm8k", GSM8K, "0.4.8")
    assert recipe.metrics == [
        MetricSpec("exact_match", "mean", True, {"ignore_case": True, "regexes_to_ignore": [",", "\\$"]})
    ]
    assert recipe.filters == [
        FilterPipeline("strict-match", [FilterStep("regex", {"regex_pattern": "#### (.*)"}), FilterStep("take_first")])
    ]
    assert (recipe.task, recipe.repeats, recipe.version, recipe.harness_version) == ("gsm8k", 4, 3.0, "0.4.8")
    assert recipe.metadata["generation_kwargs"]["do_sample"] is False
    assert recipe.metadata["tag"] == ["math_word_problems"]
    assert not recipe.needs


def test_defaults_of_missing_keys():
    recipe = recipe_from_config("t", {"doc_to_text": "q", "doc_to_target": "a"})
    assert recipe.filters == [FilterPipeline("none", [FilterStep("take_first")])]
    assert (recipe.metrics, recipe.output_type, recipe.target_delimiter, recipe.repeats) == (
        [],
        "generate_until",
        " ",
        1,
    )
    assert recipe.harness_version is None
    assert not recipe.needs


def test_quoted_functions():
    recipe = recipe_from_config(
        "t",
        {
            "doc_to_text": "functools.partial(<function fmt at 0x7f>, cot=False)",
            "doc_to_target": "def doc_to_target(doc):\n    return doc['x']\n",
            "doc_to_choice": "def doc_to_choice(doc):\n    return doc['x']\n",
            "metric_list": [
                {"metric": "def f1(items):\n    return items\n", "aggregation": "def agg(items):\n    return 0\n"},
                {"metric": "<function em at 0x1>", "aggregation": "mean", "higher_is_better": True},
            ],
            "filter_list": [
                {
                    "name": "custom",
                    "filter": [
                        {"function": "custom", "filter_fn": "<function strip at 0x7f>"},
                        {"function": "<class 'utils.Pick'>", "ignore_case": True},
                        {"function": "regex", "regex_pattern": "def (\\w+)\\("},
                    ],
                }
            ],
        },
    )
    assert recipe.doc_to_text == FunctionRef("fmt", partial={"cot": False})
    assert recipe.doc_to_target == FunctionRef("doc_to_target")
    assert recipe.doc_to_choice == FunctionRef("doc_to_choice")
    assert [metric.name for metric in recipe.metrics] == ["f1", "em"]
    assert recipe.metrics[0].aggregation == FunctionRef("agg")
    assert recipe.filters[0].steps == [
        FilterStep("custom", {"filter_fn": FunctionRef("strip")}),
        FilterStep(FunctionRef("Pick"), {"ignore_case": True}),
        FilterStep("regex", {"regex_pattern": "def (\\w+)\\("}),
    ]
    assert set(recipe.needs) == {"f1", "em", "filter custom"}
    for reason in recipe.needs.values():
        assert "only quotes" in reason
        assert "--task" in reason


def test_process_results_makes_the_metrics_itself():
    recipe = recipe_from_config(
        "ifeval",
        {
            "doc_to_text": "prompt",
            "doc_to_target": 0,
            "process_results": "def process_results(doc, results):\n    return {}\n",
            "metric_list": [
                {"metric": "bleurt", "aggregation": "mean"},
                {"metric": "inst_acc", "aggregation": "def agg(items):\n    return 0\n"},
            ],
        },
    )
    assert recipe.process_results == FunctionRef("process_results")
    assert set(recipe.needs) == {"process_results", "inst_acc"}


@pytest.mark.parametrize("process_results", [None, "process_results"])
def test_predict_only(process_results):
    config = {**GSM8K, "metric_list": [{"metric": "bypass"}], "process_results": process_results}
    recipe = recipe_from_config("gsm8k", config)
    assert recipe.metadata["predict_only"] is True
    assert recipe.process_results is None
    assert "--metric" in recipe.needs["bypass"]
    assert "predict_only" not in recipe_from_config("gsm8k", GSM8K).metadata


def test_models_hubs_and_code():
    config = {
        "doc_to_target": "x",
        "metric_list": [
            {"metric": "bleurt"},
            {"metric": "rouge", "hf_evaluate": True},
            {"metric": "pass_at_k", "k": [1]},
            {"metric": "acc"},
        ],
    }
    needs = recipe_from_config("t", config).needs
    assert set(needs) == {"bleurt", "rouge", "pass_at_k"}
    assert "neural" in needs["bleurt"]
    assert "hub" in needs["rouge"]
    assert "code execution" in needs["pass_at_k"]
    # where answers are choices, the harness calls no metric function
    assert not recipe_from_config("t", {**config, "output_type": "multiple_choice"}).needs


def test_old_and_odd_configurations():
    assert (
        recipe_from_config("t", {"output_type": "greedy_until", "doc_to_target": "x"}).output_type == "generate_until"
    )
    assert recipe_from_config("t", {"doc_to_target": "x", "metric_list": ["acc"]}).metrics == [MetricSpec("acc")]
    assert recipe_from_config("t", {"doc_to_target": "x", "metadata": [{"version": 1.0}]}).version == 1.0
    assert recipe_from_config("t", {"doc_to_target": "x", "filter_list": "none"}).filters[0].name == "none"
    assert recipe_from_config("t", {"doc_to_target": "x", "novel": {"a": 1}}).metadata["novel"] == {"a": 1}
    python_class = recipe_from_config("squadv2", {"description": "", "output_type": "generate_until", "repeats": 1})
    assert "Python class" in python_class.needs["process_results"]


@pytest.mark.parametrize(
    "config",
    [
        {"output_type": "telepathy"},
        {"metric_list": [{"aggregation": "mean"}]},
        {"metric_list": "acc"},
        {"filter_list": [{"filter": []}]},
        {"filter_list": [{"name": "x", "filter": [{"regex_pattern": "x"}]}]},
        "text",
    ],
)
def test_what_can_mean_nothing(config):
    with pytest.raises(RecipeError, match="t"):
        recipe_from_config("t", config)


def test_every_recorded_configuration(lm_eval_logs):
    tasks = 0
    for path in sorted(lm_eval_logs.rglob("results_*.json")):
        content = json.loads(path.read_bytes())
        for task, config in content["configs"].items():
            recipe = recipe_from_config(task, config, content.get("lm_eval_version"))
            tasks += 1
            recorded = {
                key.partition(",")[0] for key in content["results"][task] if "," in key and "_stderr" not in key
            }
            if recipe.process_results is None:
                assert {metric.name for metric in recipe.metrics} == recorded, (path, task)
            assert {pipeline.name for pipeline in recipe.filters} == {
                key.partition(",")[2] for key in content["results"][task] if "," in key
            }
    assert tasks >= 60
