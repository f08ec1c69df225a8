"""Configurations that lm-evaluation-harness and Unitxt carried out once: Regrade comes to the same numbers.

``record.py`` keeps them; ``make test-differential`` draws hundreds more and asks the tools themselves.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.differential.compare_harness import compare_run
from tests.differential.compare_unitxt import compare_recipe
from tests.differential.comparing import Difference, meant_differences, reason_for, same

RECORDED = Path(__file__).with_name("recorded")
MADE = {"harness": compare_run, "unitxt": compare_recipe}


@pytest.mark.parametrize("name", sorted(path.name for path in RECORDED.iterdir()))
def test_a_recorded_configuration_comes_to_the_same_numbers(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(RECORDED / name, folder)
    tool = name.partition("_")[0]
    reports = [str(difference) for difference in MADE[tool](folder)]
    meant = meant_differences(tool)
    assert [report for report in reports if reason_for(report, meant) is None] == []


def test_another_number_is_found(tmp_path: Path) -> None:
    name = next(path.name for path in sorted(RECORDED.iterdir()) if path.name.startswith("harness"))
    shutil.copytree(RECORDED / name, tmp_path / name)
    path = next((tmp_path / name / "log").rglob("results*.json"))
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    row = next(row for row in content["results"].values() if any("," in key for key in row))
    key = next(key for key, value in row.items() if "," in key and isinstance(value, float))
    row[key] += 1e-6
    path.write_text(json.dumps(content), encoding="utf-8")
    assert any(key in difference.where for difference in compare_run(tmp_path / name))


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (0.5, 0.5 + 1e-12, True),
        (0.5, 0.5 + 1e-8, False),
        (float("nan"), None, True),
        (float("nan"), 0.0, False),
        (True, 1, True),
        ([1.0, "a"], [1.0, "a"], True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("N/A", None, False),
    ],
)
def test_what_counts_as_the_same(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


def test_a_meant_difference_needs_all_its_words() -> None:
    meant = [{"where": ["score", "shuffle"], "reason": "because"}]
    assert reason_for(str(Difference("score: f1 (shuffle)", 1, 2)), meant) == "because"
    assert reason_for(str(Difference("score: f1", 1, 2)), meant) is None
