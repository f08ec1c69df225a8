"""One log of many whose specification is wrong: it is named, and the others are scored, compared, shown and judged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no such filter": ({"filter_list": [{"name": "x", "filter": [{"function": "nonesuch"}]}]}, "no filter is named"),
    "a filter's argument": (
        {"filter_list": [{"name": "x", "filter": [{"function": "regex", "regex_pattern": "(("}]}]},
        "is no regular expression",
    ),
    "a metric's argument": (
        {"metric_list": [{"metric": "exact_match", "regexes_to_ignore": ["(("]}]},
        "is no regular expression",
    ),
    "no such output type": ({"output_type": "nonesuch"}, "known: generate_until"),
    "types": ({"metric_list": "x", "repeats": "many"}, "metric_list"),
}


def logs(folder: Path, examples: Path, change: dict[str, Any]) -> Path:
    """The bundled logs, of which one has another configuration."""
    shutil.copytree(examples / "results", folder)
    [path] = (folder / "careful").glob("results_*.json")
    results = json.loads(path.read_text(encoding="utf-8"))
    results["configs"]["word_problems"] |= change
    path.write_text(json.dumps(results), encoding="utf-8")
    return folder


@pytest.mark.parametrize("fault", FAULTS)
def test_the_others_are_scored(tmp_path: Path, examples: Path, cli: Callable[..., Any], fault: str) -> None:
    change, reason = FAULTS[fault]
    folder = logs(tmp_path / "logs", examples, change)
    ran = cli("score", folder, "--json")
    assert ran.code == 3
    found = json.loads(ran.out)
    assert found["results"]["word_problems"]["exact_match,flexible-extract"] == 0.525
    [bad] = found["unreadable"]
    assert "careful" in bad["file"]
    assert reason in bad["reason"]
    assert cli("score", folder / "careful").code == 1, "nothing else is there to be scored"
    assert cli("score", folder, "--strict").code == 1
    shown = cli("show", folder, "--limit", "1")
    assert shown.code == 0
    assert "chatty" in shown.out


@pytest.mark.parametrize("template", ["{{ answer | nonesuch }}", "{{ answer "])
def test_a_template_that_is_not_jinja_gives_way_to_the_recorded_target(
    tmp_path: Path, examples: Path, cli: Callable[..., Any], template: str
) -> None:
    folder = logs(tmp_path / "logs", examples, {"doc_to_target": template})
    ran = cli("score", folder / "careful", "--json")
    assert ran.code == 0
    found = json.loads(ran.out)
    assert found["results"]["word_problems"]["exact_match,flexible-extract"] == 0.9
    assert any("is not Jinja" in note and "what the log recorded is taken" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("option", "value", "where"),
    [
        ("--answers", "{csv}", "csv"),
        ("--join-on", "id", "csv"),
        ("--answer", "answer", "logs"),
        ("--expected", "answer", "logs"),
        ("--id", "answer", "logs"),
        ("--docs", "{csv}", "logs"),
    ],
)
def test_an_option_that_changes_nothing_is_refused(
    tmp_path: Path, examples: Path, cli: Callable[..., Any], option: str, value: str, where: str
) -> None:
    csv = tmp_path / "a.csv"
    csv.write_text("id,expected,answer\n1,a,a\n", encoding="utf-8")
    path = csv if where == "csv" else examples / "results"
    for command in (("score", path), ("compare", path, path)) if where == "csv" else (("score", path),):
        ran = cli(*command, option, value.format(csv=csv))
        assert ran.code == 2, ran.err
        assert f"{option}: changes nothing" in ran.err


def test_scores_are_told_from_results_of_the_harness(tmp_path: Path, examples: Path, cli: Callable[..., Any]) -> None:
    assert cli("score", examples / "results", "--out", tmp_path / "scores").code == 0
    for path in (tmp_path / "scores", tmp_path / "scores" / "results.json"):
        ran = cli("score", path)
        assert ran.code == 1
        assert "these are scores that Regrade wrote" in ran.err
