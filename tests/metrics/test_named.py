"""Metrics by name: of either family, through every door."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.artifacts import default_catalog
from regrade.errors import RecipeError
from regrade.metrics.named import specs_named
from regrade.schema import MetricSpec

ROWS = [("Paris", "Paris"), ("in Rome", "Rome"), ("berlin", "Berlin"), ("", "Oslo")]
"""Answers and references. Exactly equal: 1 of 4. F1 of words in common, letter case aside: 1, 2/3, 1, 0."""
TOKEN_F1 = (1 + 2 / 3 + 1 + 0) / 4


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "answers.jsonl"
    lines = [json.dumps({"id": n, "answer": answer, "expected": right}) for n, (answer, right) in enumerate(ROWS)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The same as a log of lm-evaluation-harness."""
    folder = tmp_path / "results" / "m"
    folder.mkdir(parents=True)
    rows = [
        {
            "doc_id": n,
            "doc": {"q": "?", "a": right},
            "target": right,
            "arguments": {"gen_args_0": {"arg_0": "?", "arg_1": {"until": []}}},
            "resps": [[answer]],
            "filtered_resps": [answer],
            "exact_match": float(answer == right),
        }
        for n, (answer, right) in enumerate(ROWS)
    ]
    (folder / "samples_t_2026-01-01T00-00-00.000000.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    config = {
        "task": "t",
        "output_type": "generate_until",
        "doc_to_target": "a",
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    }
    (folder / "results_2026-01-01T00-00-00.000000.json").write_text(
        json.dumps({"results": {"t": {"exact_match,none": 0.25}}, "configs": {"t": config}}), encoding="utf-8"
    )
    return folder


def card(*metrics: Any) -> dict[str, Any]:
    rows = [{"i": str(n), "q": "?", "a": right} for n, (_, right) in enumerate(ROWS)]
    return {
        "__type__": "task_card",
        "loader": {"__type__": "load_from_dictionary", "data": {"test": rows}},
        "sample_id": "i",
        "task": {
            "__type__": "task",
            "input_fields": {"q": "str"},
            "reference_fields": {"a": "str"},
            "prediction_type": "str",
            "metrics": list(metrics),
        },
        "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
    }


NAMES = {
    "exact_match": ("exact_match", 0.25),
    "lm_eval.exact_match": ("exact_match", 0.25),
    "unitxt.accuracy": ("accuracy", 0.25),
    "metrics.accuracy": ("accuracy", 0.25),
    "token_overlap": ("f1", TOKEN_F1),
    "unitxt.token_overlap": ("f1", TOKEN_F1),
    "f1_macro": ("f1_macro", 0.25),
    "string_containment": ("string_containment", 0.5),
}
"""By name what the value is reported under, and the value; of f1_macro, by scikit-learn's f1_score(average="macro")
over the labels of the references, it is that of Paris, 1, and of three classes with none."""


def value_of(scores: Any, metric: str) -> Any:
    [value] = [one.value for one in scores if one.metric == metric]
    return value


@pytest.mark.parametrize("name", NAMES)
def test_on_the_command_line_and_from_python(name: str, table: Path, log: Path, cli: Callable[..., Any]) -> None:
    reported, value = NAMES[name]
    for path in (table, log):
        assert value_of(regrade.score(path, metric=name), reported) == pytest.approx(value, rel=1e-12)
        [values] = json.loads(cli("score", path, "--metric", name, "--json").out)["results"].values()
        assert values[f"{reported},none"] == pytest.approx(value, rel=1e-12)
    compared = regrade.compare(table, table, metric=name)
    assert any(one.metric == reported and one.a == pytest.approx(value, rel=1e-12) for one in compared)


@pytest.mark.parametrize("name", NAMES)
def test_in_a_card(name: str) -> None:
    reported, value = NAMES[name]
    spelled = name.replace("unitxt.", "metrics.")  # a card is written in Unitxt's words
    scores = regrade.load_card(card(spelled)).score({str(n): answer for n, (answer, _) in enumerate(ROWS)})
    assert value_of(scores, reported) == pytest.approx(value, rel=1e-12)


def test_a_card_with_metrics_of_both_families_has_both(tmp_path: Path) -> None:
    scores = regrade.load_card(card("metrics.accuracy", "exact_match", "token_f1")).score(
        {str(n): answer for n, (answer, _) in enumerate(ROWS)}
    )
    assert {one.metric for one in scores} >= {"accuracy", "exact_match", "token_f1"}
    exact = next(one for one in scores if one.metric == "exact_match")
    assert exact.stderr is not None, "the harness's metric keeps the harness's standard error"


@pytest.mark.parametrize("name", ["exact_match", "unitxt.accuracy", "metrics.token_overlap", "token_f1"])
def test_in_a_task(name: str, table: Path, tmp_path: Path) -> None:
    task = tmp_path / "t.yaml"
    task.write_text(
        "task: t\noutput_type: generate_until\ndoc_to_text: '?'\ndoc_to_target: '{{expected}}'\n"
        f"metric_list: [{{metric: {name}}}]\n",
        encoding="utf-8",
    )
    scores = regrade.score(table, task=str(task))
    wanted = {"exact_match": 0.25, "unitxt.accuracy": 0.25}.get(name, TOKEN_F1)
    assert scores.results[0].value == pytest.approx(wanted, rel=1e-12)


def test_a_tasks_bare_name_is_no_catalogs(table: Path, tmp_path: Path) -> None:
    """The harness would look for it on the hub, and what is there may be something else."""
    task = tmp_path / "t.yaml"
    task.write_text(
        "task: t\noutput_type: generate_until\ndoc_to_target: '{{expected}}'\nmetric_list: [{metric: squad}]\n"
    )
    [result] = regrade.score(table, task=str(task)).results
    assert result.value is None
    assert "Hugging Face hub" in str(result.reason)


def test_a_name_that_both_have(table: Path) -> None:
    """ROUGE: four values of a registered metric, or Unitxt's, whose main score is rougeL."""
    assert specs_named("rouge", {}) == [MetricSpec("rouge")]
    assert [spec.metric for spec in specs_named("rouge", {}, catalog_first=True)] == ["card"]
    assert specs_named("lm_eval.rouge", {}, catalog_first=True) == [MetricSpec("rouge")]
    assert [spec.metric for spec in specs_named("unitxt.rouge", {})] == ["card"]


def test_arguments_reach_either_family(table: Path) -> None:
    assert value_of(regrade.score(table, metric="exact_match:ignore_case=true"), "exact_match") == 0.5
    [spec] = specs_named("unitxt.rouge", {"n_resamples": 7})
    assert spec.arguments["metric"]["n_resamples"] == 7
    assert specs_named("exact_match", {"ignore_case": True}, catalog_first=True) == [
        MetricSpec("exact_match", arguments={"ignore_case": True})
    ]


def test_numbers_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("id,answer,expected\n1,0.5,1\n2,2,2\n3,4,3.5\n4,many,1\n", encoding="utf-8")
    scores = regrade.score(file, metric="metrics.mean_squared_error")
    [result] = [one for one in scores if one.metric == "mean_squared_error"]
    assert result.value == pytest.approx((0.25 + 0 + 0.25) / 3, rel=1e-12)
    assert (result.scored, result.failed) == (3, 1)


@pytest.mark.parametrize("name", ["exakt_match", "metrics.acuracy", "unitxt.nonsense", "lm_eval.nonsense", "nonsense"])
def test_a_name_that_nobody_has(name: str, table: Path) -> None:
    with pytest.raises(RecipeError):
        regrade.score(table, metric=name)


def test_every_metric_of_the_catalog_can_be_named() -> None:
    names = [name for name in default_catalog().names() if name.startswith("metrics.")]
    assert len(names) > 70
    for name in names:
        assert specs_named(name, {}) == specs_named(name.replace("metrics.", "unitxt.", 1), {})
