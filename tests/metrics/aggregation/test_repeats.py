"""The parts of the variance of repeats, through the command line, against the closed form and hand computation."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regrade.statistics.repeats import variance_parts


def written(path: Path, right: list[list[int]]) -> Path:
    """Answers of which these are right."""
    rows = [
        {"id": n, "prediction": ["1" if one else "2" for one in row], "reference": "1"} for n, row in enumerate(right)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def results(cli: Callable[..., Any], path: Path) -> dict[str, Any]:
    ran = cli("score", path, "--extract", "all=(.*)", "--metric", "variance", "--json")
    assert ran.code == 0, ran.err
    [found] = json.loads(ran.out)["results"].values()
    return {name.partition(",")[0]: value for name, value in found.items() if "_stderr" not in name}


def test_by_hand(tmp_path: Path, cli: Callable[..., Any]) -> None:
    # means 1, 1/2, 0 of two answers each: within (0 + 1/2 + 0) / 3, means vary by 1/4, less 1/6 / 2
    found = results(cli, written(tmp_path / "answers.jsonl", [[1, 1], [1, 0], [0, 0]]))
    assert found["variance_within_questions"] == pytest.approx(1 / 6)
    assert found["variance_between_questions"] == pytest.approx(1 / 4 - 1 / 12)
    assert found["variance"] == pytest.approx(1 / 6 + 1 / 6)


def test_numbers_of_repeats_that_differ(tmp_path: Path, cli: Callable[..., Any]) -> None:
    rng = np.random.default_rng(5)
    right = [(rng.random(1 + n % 5) < rng.random()).astype(int).tolist() for n in range(40)]
    found = results(cli, written(tmp_path / "answers.jsonl", right))
    table = np.array([row + [math.nan] * (5 - len(row)) for row in right])
    parts = variance_parts(table)
    assert found["variance_between_questions"] == pytest.approx(parts.between, rel=1e-9)
    assert found["variance_within_questions"] == pytest.approx(parts.within, rel=1e-9)


def test_one_answer_each_tells_nothing(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = written(tmp_path / "answers.jsonl", [[1], [0]])
    ran = cli("score", path, "--extract", "all=(.*)", "--metric", "variance")
    assert ran.code == 3
    assert "cannot be aggregated: no sample has two answers" in ran.out
