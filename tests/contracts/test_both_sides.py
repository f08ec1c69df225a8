"""Answers and references go through the same steps, whatever reads the answers and whichever metric compares."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RATED = {"__type__": "post_process", "operator": {"__type__": "cast", "to": "float"}}
READ = {"__type__": "post_process", "process_references": False, "operator": {"__type__": "first_character"}}


def samples(folder: Path, references: list[str], answers: list[str], postprocessors: list[Any]) -> list[Path]:
    rows = [
        {
            "sample_id": f"s{number}",
            "doc": {"question": f"question {number}"},
            "prompt": f"question {number}",
            "target": reference,
            "references": [reference],
            "input_fields": {"question": f"question {number}"},
            "reference_fields": {"answer": reference},
            "metadata": {"split": "test", "template": "0"},
            "postprocessors": postprocessors,
            "metrics": ["metrics.accuracy"],
        }
        for number, reference in enumerate(references)
    ]
    said = [{"sample_id": f"s{number}", "answer": answer} for number, answer in enumerate(answers)]
    paths = [folder / "s.jsonl", folder / "a.jsonl"]
    for path, lines in zip(paths, (rows, said), strict=True):
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return paths


def value(cli: Callable[..., Any], paths: list[Path], key: str, *options: str) -> float:
    ran = cli("score", paths[0], "--answers", paths[1], *options, "--json")
    found: float = json.loads(ran.out)["results"]["s"][key]
    return found


CAPITALS = ["processors.lower_case"], ["Lima", "Rome"], ["LIMA", "Paris"]


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("accuracy,lower_case", ()),
        ("exact_match,lower_case", ("--metric", "exact_match")),
        ("accuracy,whole", ("--extract", "whole=(.*)")),
        ("exact_match,whole", ("--extract", "whole=(.*)", "--metric", "exact_match")),
    ],
)
def test_letters_in_another_case(tmp_path: Path, cli: Callable[..., Any], key: str, options: tuple[str, ...]) -> None:
    postprocessors, references, answers = CAPITALS
    paths = samples(tmp_path, references, answers, list(postprocessors))
    assert value(cli, paths, key, *options) == 0.5


def test_what_is_done_is_said(tmp_path: Path, cli: Callable[..., Any]) -> None:
    postprocessors, references, answers = CAPITALS
    paths = samples(tmp_path, references, answers, list(postprocessors))
    ran = cli("score", paths[0], "--answers", paths[1], "--extract", "whole=(.*)")
    assert "references and what these filters take both go through the card's lower_case" in ran.out
    shown = cli("show", paths[0], "--answers", paths[1], "--extract", "whole=(.*)")
    assert "compared   lima" in shown.out
    assert "whole: lima" in shown.out
    first = json.loads(cli("show", paths[0], "--answers", paths[1], "--json").out.splitlines()[0])
    assert (first["target"], first["compared"]) == (["Lima"], ["lima"])


def test_numbers_are_read_on_both_sides(tmp_path: Path, cli: Callable[..., Any]) -> None:
    paths = samples(tmp_path, ["4", "5"], ["I say 4.0", "I say 6"], [RATED])
    assert value(cli, paths, "accuracy,number", "--extract", r"number=(\d[\d.]*)") == 0.5


def test_steps_for_answers_alone_are_replaced(tmp_path: Path, cli: Callable[..., Any]) -> None:
    paths = samples(tmp_path, ["Blue", "Red"], ["It is Blue", "It is Red"], [READ])
    assert value(cli, paths, "accuracy,last", "--extract", r"last=(\w+)$") == 1.0


def test_what_filters_found_nothing_in_stays_unparsed(tmp_path: Path, cli: Callable[..., Any]) -> None:
    paths = samples(tmp_path, ["Lima", "Rome"], ["none", "CITY: rome"], ["processors.lower_case"])
    ran = cli("score", paths[0], "--answers", paths[1], "--extract", r"city=CITY: (\w+)", "--json")
    found = json.loads(ran.out)
    assert found["results"]["s"]["accuracy,city"] == 0.5
    assert found["counts"]["s"]["by_metric"]["accuracy,city"]["unparsed"] == 1
