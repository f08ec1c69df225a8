"""Metrics equal what lm-evaluation-harness's process_results makes (recorded by ``record_harness.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.closeness import RELATIVE, same

from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics.case import Case
from regrade.registry import lookup
from regrade.schema import Recipe, Record
from regrade.versions import parse_version

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))

BY_CPU = {"brier_score"}
"""Metrics whose values go through numpy's ``exp``."""


def measure(case: dict[str, Any], name: str, version: str) -> Any:
    recipe = Recipe(
        task="t",
        output_type=case["output_type"],
        doc_to_text="q",
        doc_to_target="gold",
        doc_to_choice=case.get("doc_to_choice"),
        harness_version=version,
    )
    templates = TaskTemplates(recipe, Record(0, 1, [], doc=case.get("first", case["doc"])))
    record = Record(1, 2, [[result] for result in case["results"]], doc=case["doc"])
    metric = lookup("metric", name)(**case["metrics"][name])
    metric.compat = parse_version(version)
    return metric.measure(Case(record, templates, case["results"]))


def cases() -> list[Any]:
    return [pytest.param(case, id=f"{i}-{case['output_type']}") for i, case in enumerate(RECORDED["cases"])]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", cases())
def test_equal_in_every_version(case: dict[str, Any]) -> None:
    changes = dict(case["outcomes"])
    outcome: dict[str, Any] = {}
    for version in RECORDED["versions"]:
        outcome = changes.get(version, outcome)
        for name, wanted in outcome.get("value", {}).items():
            found = measure(case, name, version)
            assert same(found, wanted, relative=RELATIVE if name in BY_CPU else 0.0), (version, name, found, wanted)
