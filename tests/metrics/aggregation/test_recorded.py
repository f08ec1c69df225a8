"""Aggregations and standard errors equal lm-evaluation-harness's (recorded by ``record_harness.py``)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tests.closeness import RELATIVE, same

from regrade.metrics.aggregation import Aggregation
from regrade.metrics.column import Column
from regrade.registry import lookup
from regrade.statistics.bootstrap import harness_bootstrap_stderr
from regrade.versions import parse_version

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))
EXACT = {"mean", "median", "bypass"}
"""Aggregations that add from left to right or pick a value; the others use ``exp``, ``log`` or numpy's sums."""


def prepare(case: dict[str, Any], version: str) -> tuple[Aggregation, Column]:
    aggregation = lookup("aggregation", case["aggregation"])()
    aggregation.compat = parse_version(version)
    column = Column(aggregation.width, labelled=aggregation.labelled)
    for item in case["items"]:
        column.append(aggregation.statistics(item))
    return aggregation, column


def cases() -> list[Any]:
    return [pytest.param(case, id=f"{i}-{case['aggregation']}") for i, case in enumerate(RECORDED["cases"])]


@pytest.mark.parametrize("case", cases())
def test_values_are_equal_in_every_version(case: dict[str, Any]) -> None:
    changes = dict(case["outcomes"])
    outcome: dict[str, Any] = {}
    for version in RECORDED["versions"]:
        outcome = changes.get(version, outcome)
        aggregation, column = prepare(case, version)
        if "value" in outcome:
            relative = 0.0 if case["aggregation"] in EXACT else RELATIVE
            assert same(float(aggregation.reduce(column)), float(outcome["value"]), relative=relative)
        elif "error" in outcome:
            with pytest.raises(ValueError, match=r"."):
                aggregation.reduce(column)


@pytest.mark.parametrize("case", cases())
def test_standard_errors_are_equal_in_every_version(case: dict[str, Any]) -> None:
    changes = dict(case["stderrs"])
    outcome: dict[str, Any] = {}
    for version in RECORDED["versions"]:
        outcome = changes.get(version, outcome)
        if "value" not in outcome:
            continue
        aggregation, column = prepare(case, version)
        if outcome["value"] == "N/A":
            assert aggregation.stderr == "none" or len(column) < 2
        elif aggregation.stderr == "closed":
            assert same(aggregation.closed_stderr(column), outcome["value"])
        else:
            assert aggregation.stderr == "bootstrap"
            found = harness_bootstrap_stderr(
                len(column), aggregation.resampler(column).main_replicates, case["iterations"]
            )
            assert found == pytest.approx(outcome["value"], rel=1e-9, nan_ok=True) or math.isnan(outcome["value"])
