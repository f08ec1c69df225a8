"""Card metrics through the front door: regrade.score, by groups, compared, with intervals."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.metrics.kinds import KINDS

from regrade.artifacts import build
from regrade.metrics.bridge import CardAggregation, metric_specs
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.column import Column
from regrade.metrics.evaluate import evaluate
from regrade.metrics.intervals import bca_intervals
from regrade.scoring.compare import compare_paths
from regrade.scoring.options import Options
from regrade.scoring.score import score_paths
from regrade.scoring.scores import ScoredSources


def table(folder: Path, name: str = "a.jsonl", seed: int = 1) -> Path:
    """Answers of a model to 60 questions of two categories, with references and task data beside."""
    questions, generator = random.Random(1), random.Random(seed)
    rows = []
    for place in range(60):
        gold = questions.choice("abc")
        said = gold if generator.random() < 0.6 else generator.choice("abcd")
        task_data = {"group_id": place // 4, "variant_type": "original" if place % 4 == 0 else "paraphrase"}
        rows.append({"id": place, "answer": said, "gold": [gold], "task_data": task_data, "category": "xy"[place % 2]})
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def options(data: dict[str, Any], **more: Any) -> Options:
    read = {"answer": "answer", "expected": "gold", "id": "id"}
    return Options(metrics=[("card", {"metric": data})], read=read, **more)


def scored(path: Path, data: dict[str, Any], **more: Any) -> ScoredSources:
    return score_paths([path], options(data, **more))


def samples_of(path: Path) -> tuple[list[Any], list[Any], list[Any]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row["answer"] for row in rows], [row["gold"] for row in rows], [row["task_data"] for row in rows]


@pytest.mark.parametrize(
    "name",
    ["accuracy", "accuracy_fast", "f1_macro", "f1_micro", "group_mean_accuracy", "fixed_group_mean_accuracy"],
)
def test_values_are_those_of_evaluate(tmp_path: Path, name: str) -> None:
    path = table(tmp_path)
    wanted, _ = evaluate([build({"__type__": name}, CardMetric)], *samples_of(path))
    (result, *others) = scored(path, {"__type__": name}).results
    assert result.value == wanted["score"]
    assert (result.n, result.scored, result.failed) == (60, 60, 0)
    named = {other.metric: other.value for other in others}
    assert named == {key: value for key, value in wanted.items() if key in named}
    if name == "f1_macro":
        assert set(named) == {"f1_a", "f1_b", "f1_c"}


@pytest.mark.parametrize(
    "name",
    ["accuracy", "accuracy_fast", "f1_macro", "f1_micro", "group_mean_accuracy", "fixed_group_mean_accuracy"],
)
def test_unitxt_s_intervals_are_those_of_evaluate(tmp_path: Path, name: str) -> None:
    samples = samples_of(table(tmp_path))
    metric = build({"__type__": name}, CardMetric)
    wanted, _ = evaluate([metric], *samples)
    aggregation = CardAggregation({"__type__": name})
    aggregation.policy = "unitxt"
    column = Column(aggregation.width)
    for sample in zip(*samples, strict=True):
        column.append(aggregation.statistics(metric.statistics(*sample)))
    policy = aggregation.interval_policy(resamples=1000, level=0.95, seed=42)
    assert policy is not None
    assert policy.literal
    [found] = bca_intervals(aggregation.resampler(column), policy)
    assert found == (wanted["score_ci_low"], wanted["score_ci_high"])


def test_equal_values_have_one_interval_whatever_the_metric_s_system(tmp_path: Path) -> None:
    """The right ones of 60: Wilson's interval, computed here from his formula (Wilson 1927)."""
    path = table(tmp_path)
    found = [
        scored(path, {"__type__": name}).results[0] for name in ("accuracy", "accuracy_fast", "string_containment")
    ]
    read = {"answer": "answer", "expected": "gold", "id": "id"}
    found += score_paths([path], Options(metrics=[("exact_match", {})], read=read)).results
    answers, golds, _ = samples_of(path)
    right = sum(answer in gold for answer, gold in zip(answers, golds, strict=True))
    share, z, n = right / 60, 1.959963984540054, 60
    centre = (share + z * z / 2 / n) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / 4 / n / n) / (1 + z * z / n)
    assert {result.value for result in found} == {share}
    assert {result.interval_method for result in found} == {"wilson"}
    assert {result.interval for result in found} == {found[0].interval}
    assert found[0].interval == pytest.approx((centre - half, centre + half), rel=1e-12)


def test_other_values_have_regrade_s_bca(tmp_path: Path) -> None:
    from regrade.statistics.intervals import bca

    path = table(tmp_path)
    samples = samples_of(path)
    (result, *_) = scored(path, {"__type__": "f1_micro"}).results
    metric = build({"__type__": "f1_micro"}, CardMetric)
    drawn = metric.resampler([metric.statistics(*sample) for sample in zip(*samples, strict=True)], ["f1_micro"])
    wanted = bca(lambda indices: drawn.replicates(indices)[:, 0], result.value, drawn.jackknife()[:, 0])
    assert result.interval_method == "bca"
    assert result.interval == pytest.approx((wanted.low, wanted.high), rel=1e-12)


def test_runs_are_compared(tmp_path: Path) -> None:
    first, second = table(tmp_path), table(tmp_path, "b.jsonl", 2)
    for name in ("accuracy", "fixed_group_mean_accuracy"):
        compared = compare_paths(str(first), str(second), options({"__type__": name}, keep=True))
        (row,) = compared.metrics
        values = [scored(path, {"__type__": name}).results[0].value for path in (first, second)]
        assert (row.a, row.b) == pytest.approx(values)
        assert row.difference == pytest.approx(values[1] - values[0])


def test_samples_show_their_own_score(tmp_path: Path) -> None:
    path = table(tmp_path)
    _, rows = evaluate([build({"__type__": "f1_micro"}, CardMetric)], *samples_of(path))
    kept = list(scored(path, {"__type__": "f1_micro"}, keep=True).per_sample())
    assert [sample.values["card"] for sample in kept] == [row["score"] for row in rows]


def test_what_cannot_be_measured_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "ratings.jsonl"
    rows = [{"id": place, "answer": said, "gold": [4.0]} for place, said in enumerate([3.0, "none", 5.0])]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    numbers = {"__type__": "cast_fields", "fields": {"prediction": "float", "references/0": "float"}}
    error = {"__type__": "mean_squared_error"}
    data = {"__type__": "metric_pipeline", "main_score": "mean_squared_error", "metric": error}
    (result,) = scored(path, {**data, "preprocess_steps": [numbers]}).results
    assert (result.n, result.scored, result.failed, result.value) == (3, 2, 1, 1.0)


def test_specs_have_labels_of_their_own() -> None:
    specs = metric_specs(
        [
            {"__type__": "metrics_list", "items": [{"__type__": "f1_macro"}, {"__type__": "spearmanr"}]},
            {"__type__": "f1_macro_multi_label"},
            {"__type__": "mean_squared_error", "score_prefix": "my_"},
        ]
    )
    assert [spec.name for spec in specs] == [
        "f1_macro",
        "spearmanr",
        "f1_macro_multi_label.f1_macro",
        "my_mean_squared_error",
    ]
    assert [spec.higher_is_better for spec in specs] == [True, True, True, False]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_columns_reduce_and_resample(name: str) -> None:
    kind = KINDS[name]
    aggregation = CardAggregation(kind.data)
    column = Column(aggregation.width)
    metric = kind.metric
    sample = {
        "cat": ("cat", ["cat"]),
        "text": ("a cat", ["the cat sat"]),
    }
    first, second = _two(name, sample)
    data = {"group_id": 1, "variant_type": "original"}, {"group_id": 2, "variant_type": "paraphrase"}
    statistics = [metric.statistics(*one, extra) for one, extra in zip((first, second), data, strict=True)] * 2
    for one in statistics:
        column.append(aggregation.statistics(one))
    value = aggregation.reduce(column)
    assert value == metric.reduce(statistics)[metric.main_score] or np.isnan(value)
    resampler = aggregation.sample_resampler(column)
    assert resampler.jackknife().shape == (4, 1)
    whole = resampler.main_replicates(np.arange(4)[None, :])
    assert np.allclose(whole, [value], equal_nan=True)


def _two(name: str, sample: dict[str, Any]) -> tuple[Any, Any]:
    """Two samples that the metric can measure."""
    kind = KINDS[name]
    if kind.predictions is KINDS["f1_macro_multi_label"].predictions:
        return (["cat"], [["cat", "dog"]]), (["owl"], [["owl"]])
    if kind.predictions is KINDS["f1_binary"].predictions:
        wanted = (1.0, 0.0) if name == "roc_auc" else (1, 0)
        return (0.75, [wanted[0]]), (0.25, [wanted[1]])
    if kind.predictions is KINDS["pearsonr"].predictions:
        return (1.0, [2.0]), (2.0, [4.0])
    return sample["cat"], sample["text"]


def test_scores_of_two_metrics_with_one_name_are_both_reported(tmp_path: Path, cli: Any) -> None:
    """Token overlap with the reference and with the context: the first keeps the plain names, nothing is lost."""
    context = {
        "__type__": "metric_pipeline",
        "main_score": "f1",
        "preprocess_steps": [
            {"__type__": "copy", "field": "task_data/context", "to_field": "references"},
            {"__type__": "list_field_values", "fields": ["references"], "to_field": "references"},
        ],
        "metric": {"__type__": "token_overlap"},
    }
    card = {
        "__type__": "task_card",
        "loader": {
            "__type__": "load_from_dictionary",
            "data": {"test": [{"context": "cat dog owl fox", "gold": "cat"}]},
        },
        "task": {
            "__type__": "task",
            "input_fields": {"context": "str"},
            "reference_fields": {"gold": "str"},
            "prediction_type": "str",
            "metrics": [{"__type__": "token_overlap"}, context],
        },
        "templates": [{"__type__": "input_output_template", "input_format": "{context}", "output_format": "{gold}"}],
    }
    path, samples, answers = tmp_path / "card.json", tmp_path / "samples.jsonl", tmp_path / "answers.jsonl"
    path.write_text(json.dumps(card))
    assert cli("card", "run", path, "-o", samples).code == 0
    sample = json.loads(samples.read_text())
    answers.write_text(json.dumps({"sample_id": sample["sample_id"], "answer": "cat dog"}))
    (row,) = json.loads(cli("score", samples, "--answers", answers, "--json").out)["results"].values()
    values = {key.partition(",")[0]: value for key, value in row.items() if "," in key and "_stderr" not in key}
    assert values == pytest.approx(
        {
            "f1": 2 / 3,
            "precision": 1 / 2,
            "recall": 1.0,
            "metric_pipeline.f1": 2 / 3,
            "metric_pipeline.f1.precision": 1.0,
            "metric_pipeline.f1.recall": 1 / 2,
        },
        rel=1e-12,
    )


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_samples_of_several_templates_have_the_postprocessors_of_their_own(tmp_path: Path, cli: Any, form: str) -> None:
    """A text wants the whole line, a letter the first character: "Apple" is right for one and "A" for the other."""
    templates = [
        {"__type__": "input_output_template", "input_format": "text {n}", "output_format": "Apple"},
        {"__type__": "input_output_template", "input_format": "letter {n}", "output_format": "A"},
    ]
    templates[0]["postprocessors"] = ["processors.to_string_stripped"]  # type: ignore[assignment]
    templates[1]["postprocessors"] = ["processors.first_character"]  # type: ignore[assignment]
    card = {
        "__type__": "task_card",
        "loader": {"__type__": "load_from_dictionary", "data": {"test": [{"n": n} for n in range(12)]}},
        "task": {
            "__type__": "task",
            "input_fields": {"n": "int"},
            "reference_fields": {"n": "int"},
            "prediction_type": "str",
            "metrics": ["metrics.accuracy"],
        },
        "templates": [templates[0]],
    }
    recipe = {
        "__type__": "dataset_recipe",
        "card": card,
        "template": {"__type__": "templates_list", "items": templates},
    }
    path, samples, answers = tmp_path / "recipe.json", tmp_path / f"samples.{form}", tmp_path / "answers.jsonl"
    path.write_text(json.dumps(recipe))
    assert cli("card", "run", path, "-o", samples).code == 0
    assert cli("card", "run", path, "-o", tmp_path / "read.jsonl").code == 0
    made = [json.loads(line) for line in (tmp_path / "read.jsonl").read_text().splitlines()]
    assert {tuple(sample["postprocessors"]) for sample in made} == {
        ("processors.to_string_stripped",),
        ("processors.first_character",),
    }
    answers.write_text(
        "".join(
            json.dumps({"sample_id": one["sample_id"], "answer": " Apple" if one["target"] == "Apple" else "Apple"})
            + "\n"
            for one in made
        )
    )
    (row,) = json.loads(cli("score", samples, "--answers", answers, "--json").out)["results"].values()
    assert [value for key, value in row.items() if key.startswith("accuracy,")] == [1.0]
