"""Filters equal lm-evaluation-harness's, version by version (recorded by ``record_harness.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.filters import Pipeline
from regrade.schema import FilterPipeline, FilterStep
from regrade.versions import parse_version

RECORDED = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))


def run(case: dict[str, Any], version: str) -> Any:
    steps = [FilterStep(s["function"], {k: v for k, v in s.items() if k != "function"}) for s in case["steps"]]
    pipeline = Pipeline(FilterPipeline("p", steps), parse_version(version))
    return pipeline.apply([case["responses"]], case["doc"])[0]


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def cases() -> list[Any]:
    return [pytest.param(case, id=f"{i}-{case['steps'][0]['function']}") for i, case in enumerate(RECORDED["cases"])]


@pytest.mark.parametrize("case", cases())
def test_equal_in_every_version(case: dict[str, Any]) -> None:
    changes = dict(case["outcomes"])
    outcome: dict[str, Any] = {}
    newest = case["outcomes"][-1][1]
    for version in RECORDED["versions"]:
        outcome = changes.get(version, outcome)
        if "value" in outcome:
            assert plain(run(case, version)) == outcome["value"], version
        elif "error" in newest:
            with pytest.raises(Exception):  # noqa: B017, PT011
                run(case, version)
        elif "error" in outcome:
            # Where an old version raised, and so ended its run, the newest behaviour stands.
            assert plain(run(case, version)) == newest["value"], version
