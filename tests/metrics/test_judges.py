"""Metrics that ask a model: described, checked, and refused with a reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from regrade.artifacts import Artifact, ArtifactError, build
from regrade.artifacts.catalogs import Catalogs, unitxt_folder
from regrade.errors import UnavailableError, UsageError
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.described.criteria import CreateCriteriaWithOptionsFromJson, CriteriaWithOptions
from regrade.metrics.described.judges import LLMAsJudge

JUDGE = {"__type__": "cross_provider_inference_engine", "model": "llama-3-3-70b-instruct", "provider": "watsonx"}
DESCRIBED: list[tuple[dict[str, Any], str]] = [
    ({"__type__": "bert_score", "model_name": "bert-base-uncased", "model_layer": 10}, "bert-base-uncased"),
    ({"__type__": "sentence_bert", "model_name": "all-mpnet-base-v2"}, "all-mpnet-base-v2"),
    ({"__type__": "reward", "model_name": "a-reward-model"}, "a-reward-model"),
    ({"__type__": "detector", "model_name": "a-detector"}, "a-detector"),
    (
        {"__type__": "perplexity", "model_name": "t5", "source_template": "{reference}", "target_template": "1"},
        "likelihoods of the model t5",
    ),
    ({"__type__": "faithfulness_hhem"}, "vectara"),
    ({"__type__": "regard_metric", "n_resamples": None}, "regardv3"),
    ({"__type__": "safety_metric"}, "reward model"),
    ({"__type__": "is_code_mixed"}, "languages"),
    ({"__type__": "llama_index_correctness", "model_name": "gpt-3.5-turbo"}, "llama-index"),
    ({"__type__": "llama_index_faithfulness", "model_name": "gpt-3.5-turbo"}, "llama-index"),
    ({"__type__": "granite_guardian_user_risk", "risk_name": "harm"}, "Granite Guardian"),
    (
        {"__type__": "remote_metric", "endpoint": "http://127.0.0.1:9", "metric_name": "m", "main_score": "m"},
        "http://127.0.0.1:9",
    ),
    ({"__type__": "llm_judge_direct", "inference_engine": JUDGE, "criteria_field": "criteria"}, "llama-3-3-70b"),
    ({"__type__": "llm_judge_pairwise", "inference_engine": JUDGE}, "a run of its own"),
    (
        {
            "__type__": "task_based_ll_mas_judge",
            "inference_model": JUDGE,
            "template": {"__type__": "input_output_template", "input_format": "", "output_format": ""},
            "task": "tasks.rag_eval.faithfulness.binary",
            "format": None,
            "prediction_field": "answer",
            "infer_log_probs": True,
        },
        "asks the judge llama-3-3-70b-instruct",
    ),
]


@pytest.mark.parametrize(("data", "reason"), DESCRIBED, ids=[data["__type__"] for data, _ in DESCRIBED])
def test_a_metric_that_is_described_says_why_it_is_not_carried_out(data: dict[str, Any], reason: str) -> None:
    metric = build(data, CardMetric)
    assert metric.main_score
    assert reason in (metric.needs() or "")
    with pytest.raises(UnavailableError, match=re.escape(reason)):
        metric.measure("a", ["a"], {})


def test_arguments_are_checked_all_the_same() -> None:
    with pytest.raises(ArtifactError, match="has no argument 'model'"):
        build({"__type__": "bert_score", "model": "x"}, CardMetric)
    with pytest.raises(ArtifactError, match="none of harm"):
        build({"__type__": "granite_guardian_user_risk", "risk_name": "boredom"}, CardMetric)
    with pytest.raises(ArtifactError, match="task"):
        build({"__type__": "llm_as_judge", "inference_model": JUDGE, "template": JUDGE, "task": "rating"}, CardMetric)


def test_names_of_scores() -> None:
    assert build({"__type__": "granite_guardian_rag_risk", "risk_name": "groundedness"}, CardMetric).main_score == (
        "groundedness"
    )
    correctness = build({"__type__": "llama_index_correctness", "model_name": "gpt-3.5-turbo"}, CardMetric)
    assert correctness.global_name(correctness.main_score) == "correctness_llama_index_by_gpt_3_5_turbo_judge"


def test_verdicts_of_comparisons_are_battles() -> None:
    judge = build(
        {
            "__type__": "llm_as_judge",
            "inference_model": JUDGE,
            "template": {"__type__": "input_output_template", "input_format": "", "output_format": ""},
            "task": "pairwise_comparative_rating.single_turn",
            "main_score": "verdict",
        },
        LLMAsJudge,
    )
    assert judge.reduce([{"verdict": 3}, {"verdict": -1}, {"verdict": 0}]) == {"verdict": 4 / 6}


def test_criteria() -> None:
    made = CreateCriteriaWithOptionsFromJson(field="c").process_value(
        '{"name": "wit", "description": "Witty?", "option_map": {"Yes": 1},'
        ' "options": [{"name": "Yes", "description": ""}]}'
    )
    assert isinstance(made, CriteriaWithOptions)
    assert (made.option_map, made.options[0].name) == ({"Yes": 1.0}, "Yes")
    with pytest.raises(ArtifactError, match="needs the argument 'description'"):
        build({"__type__": "criteria", "name": "wit"}, Artifact)


def test_every_metric_of_unitxts_catalogue_can_be_built() -> None:
    try:
        folder = unitxt_folder()
    except UsageError as error:
        pytest.skip(str(error))
    catalog = Catalogs([folder])
    names = [name for name in catalog.names() if name.startswith(("metrics.", "engines."))]
    assert len(names) > 600
    built = {name: build(name, Artifact, catalog=catalog) for name in names}
    refused = {name for name, part in built.items() if part.needs() is not None}
    assert "metrics.rouge" not in refused
    for family in ("metrics.bert_score.", "metrics.perplexity.", "metrics.granite_guardian.", "engines."):
        assert {name for name in names if name.startswith(family)} <= refused, family
