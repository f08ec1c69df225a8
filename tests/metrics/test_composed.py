"""Metrics made of metrics, groups, effect sizes, and operators that score."""

from __future__ import annotations

import math
from typing import Any

import pytest

from regrade.artifacts import build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate
from regrade.metrics.groups import effect_sizes
from regrade.metrics.reductions import weighted_win_rate


def test_pipeline_prepares_and_renames() -> None:
    metric = build(
        {
            "__type__": "metric_pipeline",
            "main_score": "f1",
            "preprocess_steps": [{"__type__": "copy", "field": "task_data/gold", "to_field": "references"}],
            "metric": {"__type__": "token_overlap"},
            "postprocess_steps": [
                {"__type__": "copy", "field_to_field": [["score/global/f1", "score/global/overlap"]]}
            ],
        },
        CardMetric,
    )
    data = [{"gold": ["a b c"]}, {"gold": ["x"]}]
    found, rows = evaluate([metric], ["b c", "x"], [["unused"], ["unused"]], data)
    assert found["overlap"] == found["f1"] == found["score"]
    assert [row["score"] for row in rows] == [1.0, 1.0]  # "a" is an article
    assert found["score_name"] == "f1"


def test_pipeline_by_sample_is_pipeline_of_all() -> None:
    metric = build(
        {
            "__type__": "metric_pipeline",
            "main_score": "accuracy",
            "preprocess_steps": [{"__type__": "copy", "field": "task_data/said", "to_field": "prediction"}],
            "metric": {"__type__": "accuracy_fast"},
            "score_prefix": "own_",
        },
        CardMetric,
    )
    samples: list[Any] = [("?", ["a"], {"said": text}) for text in ("a", "b", "a")]
    statistics = [metric.statistics(*sample) for sample in samples]
    found, _ = metric.evaluate(samples)
    assert metric.reduce(statistics)["accuracy"] == found["score"] == pytest.approx(2 / 3)
    assert metric.global_name("accuracy") == found["score_name"] == "own_accuracy"


def test_pipeline_that_drops_samples_is_an_error() -> None:
    step = {"__type__": "filter_by_condition", "values": {"prediction": "a"}, "condition": "eq"}
    data = {"__type__": "metric_pipeline", "main_score": "accuracy", "metric": {"__type__": "accuracy"}}
    metric = build({**data, "preprocess_steps": [step]}, CardMetric)
    with pytest.raises(ValueError, match="made 1 samples of 2"):
        evaluate([metric], ["a", "b"], [["a"], ["a"]])


def test_ensemble_weighs() -> None:
    metrics = [{"__type__": "accuracy"}, {"__type__": "string_containment"}]
    metric = build({"__type__": "metrics_ensemble", "metrics": metrics, "weights": [0.25, 0.5]}, CardMetric)
    found, rows = evaluate([metric], ["a", "ab"], [["a"], ["a"]])
    assert [row["score"] for row in rows] == [0.75, 0.5]
    assert found["ensemble_score"] == 0.625
    assert found["ensemble_0_accuracy"] == 0.5
    assert metric.reduce([metric.statistics("ab", ["a"], {})]) == {"ensemble_score": 0.5}


def test_multi_turn_and_sequential_success() -> None:
    """Two conversations of two turns: right and wrong, wrong and right."""
    samples = [
        (text, ["a"], {"conversation": {"id": name, "dialog": [{}] * (2 * turn)}})
        for name, texts in (("x", "ab"), ("y", "ba"))
        for turn, text in enumerate(texts)
    ]
    data = {"__type__": "multi_turn_metric", "metric": {"__type__": "accuracy_fast"}}
    predictions, references, task_data = zip(*samples, strict=True)
    for reduction, wanted in (("group_mean", 0.5), ("sequential_success", 0.25)):
        metric = build({**data, "in_group_reduction": {"__type__": reduction}}, CardMetric)
        found, rows = evaluate([metric], predictions, references, task_data)
        assert found["score"] == wanted
        assert [row["score"] for row in rows] == [1.0, 0.0, 0.0, 1.0]


def test_groups_need_their_fields() -> None:
    metric = build({"__type__": "fixed_group_mean_baseline_accuracy"}, CardMetric)
    with pytest.raises(KeyError, match="variant_type"):
        evaluate([metric], ["a"], [["a"]], [{"group_id": 1}])


@pytest.mark.parametrize(
    ("control", "compared", "drop", "cohen", "hedges"),
    [
        ([1.0], [0.5, 0.0], 0.75, -2 / 3, None),
        ([0.0], [0.0], 0.0, 0.0, math.nan),
        ([0.0], [1.0], math.nan, 1.0, math.nan),
        ([], [1.0], math.nan, math.nan, math.nan),
        ([0.0, 0.0], [1.0, 1.0], math.nan, 1.0, 1.0),
        ([1.0, math.nan], [1.0], 0.0, 0.0, math.nan),
    ],
)
def test_effect_sizes(
    control: list[float], compared: list[float], drop: float, cohen: float, hedges: float | None
) -> None:
    scores = {"original": control, "paraphrase": compared}
    kinds = (["original"], ["paraphrase"])
    assert effect_sizes.performance_drop_rate(scores, *kinds) == pytest.approx(drop, nan_ok=True)
    assert effect_sizes.normalized_cohens_h(scores, *kinds) == pytest.approx(cohen, nan_ok=True)
    if hedges is not None:
        assert effect_sizes.normalized_hedges_g(scores, *kinds) == pytest.approx(hedges, nan_ok=True)


def test_hedges_g_by_hand() -> None:
    """Means 0.5 and 1, pooled deviation sqrt(1/2 / 2) = 0.5, so d = 1; corrected by 1/1.75 times sqrt(2/4)."""
    found = effect_sizes.normalized_hedges_g({"a": [0.0, 1.0], "b": [1.0, 1.0]}, ["a"], ["b"], interpret=True)
    assert found == (pytest.approx(math.sqrt(0.5) / 1.75 / 5), "small")


def test_effect_sizes_have_names() -> None:
    sizes = [0.0, 0.1, 0.3, -0.6, 1.0, 1.5, -3.0]
    names = ["essentially zero", "very small", "small", "medium", "large", "very large", "huge"]
    assert [effect_sizes.interpret_effect_size(size) for size in sizes] == names
    with pytest.raises(ValueError, match="between 0 and 1"):
        effect_sizes.normalized_cohens_h({"a": [2.0], "b": [1.0]}, ["a"], ["b"])


def test_win_rates() -> None:
    assert weighted_win_rate([2, -1, 0]) == 3 / 5


def test_apply_metric_scores_a_stream() -> None:
    operator = build(
        {"__type__": "apply_metric", "metric_field": "metrics", "calc_confidence_intervals": True}, Operator
    )
    metrics = [{"__type__": "metrics_list", "items": [{"__type__": "accuracy"}, {"__type__": "f1_micro"}]}]
    rows = [{"prediction": text, "references": ["a"], "metrics": metrics} for text in "ab"]
    scored = list(operator.apply({"test": stream_of(rows)})["test"])
    assert [row["score"]["instance"]["score"] for row in scored] == [1.0, 0.0]
    assert scored[0]["score"]["global"]["f1_micro"] == pytest.approx(2 / 3)
    assert scored[0]["score"]["global"]["score_ci_low"] == 0.0
    assert "score" not in rows[0]
