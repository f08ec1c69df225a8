"""Filters, metrics and aggregations together give what logs of the harness recorded, row by row and in all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.filters import Pipeline
from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics import default_metrics
from regrade.metrics.case import Case
from regrade.metrics.column import Column
from regrade.registry import lookup
from regrade.schema import FilterPipeline, FilterStep, MetricSpec, Recipe, Record

TASKS = {"gsm8k_1000": (1000, 2), "mmlu_1000": (1000, 1), "arc_1000": (1000, 2)}
"""Samples, and how many values the results file has."""


def log(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any], str]:
    results = json.loads(next(folder.glob("results_*.json")).read_text(encoding="utf-8"))
    rows = [
        json.loads(line)
        for line in next(folder.glob("samples_*.jsonl")).read_text(encoding="utf-8").split("\n")
        if line
    ]
    (task,) = results["configs"]
    return rows, results["configs"][task], results["results"][task], results["lm_eval_version"]


def recipe_of(config: dict[str, Any], version: str) -> Recipe:
    output_type = config["output_type"]
    metrics = [
        MetricSpec(
            entry["metric"],
            entry.get("aggregation"),
            arguments={k: v for k, v in entry.items() if k not in ("metric", "aggregation", "higher_is_better")},
        )
        for entry in config.get("metric_list") or []
    ]
    filters = [
        FilterPipeline(
            entry["name"],
            [FilterStep(s["function"], {k: v for k, v in s.items() if k != "function"}) for s in entry["filter"]],
        )
        for entry in config.get("filter_list") or [{"name": "none", "filter": [{"function": "take_first"}]}]
    ]
    return Recipe(
        task="t",
        output_type=output_type,
        doc_to_text=config["doc_to_text"],
        doc_to_target=config["doc_to_target"],
        doc_to_choice=config.get("doc_to_choice"),
        filters=filters,
        metrics=metrics or default_metrics(output_type),
        harness_version=version,
    )


def answers_of(row: dict[str, Any], output_type: str) -> list[list[Any]]:
    if output_type == "generate_until":
        return row["resps"]  # type: ignore[no-any-return]
    return [[(float(value), greedy == "True") for value, greedy in request] for request in row["resps"]]


@pytest.mark.parametrize("name", list(TASKS))
def test_rows_and_results(harness_log: Path, name: str) -> None:
    rows, config, results, version = log(harness_log / name)
    samples, values = TASKS[name]
    recipe = recipe_of(config, version)
    first = Record(rows[0]["doc_id"], 1, [], doc=rows[0]["doc"])
    templates = TaskTemplates(recipe, first)
    checked = 0
    for spec in recipe.filters:
        pipeline = Pipeline(spec)
        mine = [row for row in rows if row["filter"] == spec.name]
        assert len(mine) == samples
        columns: dict[str, Column] = {}
        metrics = {m.name: (lookup("metric", m.name)(**m.arguments), m.aggregation or "mean") for m in recipe.metrics}
        for row in mine:
            record = Record(row["doc_id"], 1, answers_of(row, recipe.output_type), doc=row["doc"])
            extracted = pipeline.apply(record.answers, record.doc)
            if recipe.output_type == "generate_until":
                assert extracted == row["filtered_resps"]
            for metric, (made, aggregation) in metrics.items():
                value = made.measure(Case(record, templates, extracted))
                assert value == row[metric]
                columns.setdefault(metric, Column(1)).append(lookup("aggregation", aggregation)().statistics(value))
        for metric, column in columns.items():
            made = lookup("aggregation", metrics[metric][1])()
            assert made.reduce(column) == results[f"{metric},{spec.name}"]
            assert made.closed_stderr(column) == results[f"{metric}_stderr,{spec.name}"]
            checked += 1
    assert checked == values
