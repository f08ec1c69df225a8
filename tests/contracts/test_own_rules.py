"""A metric without aggregation or direction takes the registered metric's own, along every path that plans one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from regrade.registry import iterate_registered
from regrade.schema import FunctionRef, MetricSpec, Recipe, Record
from regrade.scoring.plan import plan_metrics

DIFFERENT = {"acc_all": "the harness registers the mean, which fails on its pairs of prediction and document"}


def test_every_metric_of_the_harness_has_the_harness_s_own_rules() -> None:
    registry = pytest.importorskip("lm_eval.api.registry")
    pytest.importorskip("lm_eval.api.metrics")
    by_function = {function: name for name, function in registry.AGGREGATION_REGISTRY.items()}
    checked = 0
    for name in registry.METRIC_REGISTRY:
        [plan] = plan_metrics(
            Recipe(task="t", metrics=[MetricSpec(name)], process_results=FunctionRef("process", origin="quoted")),
            Record(0, 1, [["a"]], recorded={name: 0.5}),
            trust_code=False,
            recorded_rows=True,
        )
        assert plan.method == "re-aggregated"
        assert plan.higher_is_better is registry.is_higher_better(name), name
        if name not in DIFFERENT:
            assert plan.aggregation == by_function[registry.get_metric_aggregation(name)], name
        checked += 1
    assert checked >= 19


@pytest.mark.parametrize("path", ["entry", "process_results", "rows only", "no recipe", "hub"])
@pytest.mark.parametrize(
    ("name", "aggregation"), [("ter", "ter"), ("perplexity", "perplexity"), ("mcc", "matthews_corrcoef")]
)
def test_along_every_path(name: str, aggregation: str, path: str) -> None:
    quoted = FunctionRef("process", origin="quoted")
    recipe = {
        "entry": Recipe(task="t", metrics=[MetricSpec(name)], output_type="loglikelihood_rolling"),
        "process_results": Recipe(task="t", metrics=[MetricSpec(name)], process_results=quoted),
        "rows only": Recipe(task="t", metrics=[], process_results=quoted),
        "no recipe": Recipe(task="t", metadata={"inferred": True}),
        "hub": Recipe(task="t", metrics=[MetricSpec(name)], needs={name: "another metric of that name"}),
    }[path]
    [plan] = plan_metrics(recipe, Record(0, 1, [["a"]], recorded={name: 1.0}), trust_code=False, recorded_rows=True)
    assert plan.method == "re-aggregated"
    assert plan.aggregation == aggregation
    assert plan.higher_is_better is (name == "mcc")


def test_every_registered_metric_names_a_registered_aggregation() -> None:
    from regrade.registry import is_registered

    for name, cls in iterate_registered("metric"):
        assert is_registered("aggregation", cls.aggregation), name


def rolling(logs: Any, **config: Any) -> None:
    """Documents of 3 and 1 words whose log-likelihoods are -6 and -2 ln 2."""
    rows = []
    for number, (text, value) in enumerate([("one two six", -6.0), ("ten", -2 * math.log(2))]):
        row = logs.row(
            number,
            "",
            doc={"page": text},
            target=text,
            resps=[[str(value)]],
            filtered_resps=[str(value)],
            metrics=["word_perplexity"],
            word_perplexity=[value, len(text.split())],
        )
        del row["exact_match"]
        rows.append(row)
    logs.write(rows, "pages")
    whole = {
        "output_type": "loglikelihood_rolling",
        "doc_to_text": "",
        "doc_to_target": "{{page}}",
        "metric_list": [{"metric": "word_perplexity"}, {"metric": "byte_perplexity"}, {"metric": "bits_per_byte"}],
        **config,
    }
    logs.results({"pages": {}}, configs={"pages": logs.config("pages", **whole)})


def test_perplexities_without_aggregation(logs: Any, cli: Callable[..., Any]) -> None:
    rolling(logs)
    ran = cli("score", logs.folder, "--json")
    found = json.loads(ran.out)["results"]["pages"]
    total = 6 + 2 * math.log(2)
    assert ran.code == 0
    assert found["word_perplexity,none"] == pytest.approx(math.exp(total / 4), rel=1e-12)
    assert found["byte_perplexity,none"] == pytest.approx(math.exp(total / 14), rel=1e-12)
    assert found["bits_per_byte,none"] == pytest.approx(total / 14 / math.log(2), rel=1e-12)


def test_perplexity_that_only_rows_hold(logs: Any, cli: Callable[..., Any]) -> None:
    rolling(
        logs,
        process_results="def process_results(doc, results):\n    return {}",
        metric_list=[{"metric": "word_perplexity"}],
    )
    ran = cli("score", logs.folder, "--json")
    found = json.loads(ran.out)["results"]["pages"]
    assert found["word_perplexity,none"] == pytest.approx(math.exp((6 + 2 * math.log(2)) / 4), rel=1e-12)


def test_the_direction_that_the_log_recorded(logs: Any) -> None:
    import regrade

    row = logs.row(0, "a", metrics=["slips"], slips=2.0)
    del row["exact_match"]
    logs.write([row])
    config = logs.config(
        "sums",
        process_results="def process_results(doc, results):\n    return {}",
        metric_list=[{"metric": "slips"}],
    )
    logs.results({"sums": {}}, configs={"sums": config}, higher_is_better={"sums": {"slips": False}})
    [result] = regrade.score(logs.folder).results
    assert result.value == 2.0
    assert result.higher_is_better is False
