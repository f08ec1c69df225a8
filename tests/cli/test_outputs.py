"""No command writes over one of its inputs, whatever name or link leads to it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.atomic import protecting_inputs, replacing
from regrade.cli import _OUTPUTS, COMMANDS, parser
from regrade.errors import UsageError

SAME = ("name", "symbolic", "hard")


def link(target: Path, how: str) -> Path:
    """Another way to a file; ``name`` is the same one."""
    if how == "name":
        return target
    other = target.with_name(f"link{target.suffix}")
    if how == "symbolic":
        other.symlink_to(target)
    else:
        os.link(target, other)
    return other


def refused(cli: Callable[..., Any], untouched: Path, *arguments: Any) -> None:
    before = untouched.read_bytes()
    beside = sorted(path.name for path in untouched.parent.iterdir())
    ran = cli(*arguments)
    assert ran.code == 2, ran
    assert "is read as an input" in ran.err
    assert untouched.read_bytes() == before
    assert sorted(path.name for path in untouched.parent.iterdir()) == beside


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A table."""
    path = tmp_path / "answers.jsonl"
    rows = [{"id": str(n), "answer": "4", "expected": "4", "kind": k} for n, k in enumerate(("a", "b", "c"))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("how", SAME)
def test_export(answers: Path, cli: Callable[..., Any], how: str) -> None:
    score = ["--metric", "exact_match"]
    for name in ("csv", "jsonl", "parquet"):
        refused(cli, answers, "export", answers, "--to", name, "-o", link(answers, how), *score)
        if how != "name":
            link_path = answers.with_name(f"link{answers.suffix}")
            link_path.unlink()


@pytest.mark.parametrize("how", SAME)
def test_score(answers: Path, tmp_path: Path, cli: Callable[..., Any], how: str) -> None:
    svg = tmp_path / "answers.svg"
    shutil.copy(answers, svg)
    score = ["--metric", "exact_match", "--by", "doc.kind", "--reader", "table"]
    refused(cli, svg, "score", svg, *score, "--radar", link(svg, how))
    out = tmp_path / "out"
    out.mkdir()
    results = out / "results.json"
    results.write_text(json.dumps([json.loads(line) for line in answers.read_text().splitlines()]))
    if how == "name":
        refused(cli, results, "score", results, *score, "--out", out)


@pytest.mark.parametrize("how", SAME)
def test_convert(tmp_path: Path, cli: Callable[..., Any], how: str) -> None:
    path = tmp_path / "chat.jsonl"
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    path.write_text((json.dumps(row) + "\n") * 3)
    refused(cli, path, "convert", path, "-o", link(path, how))


def test_convert_spares_a_mapping_a_shard_and_the_quarantine(tmp_path: Path, cli: Callable[..., Any]) -> None:
    path = tmp_path / "out-00000-of-00002.jsonl"
    path.write_text((json.dumps({"q": "1", "a": "2"}) + "\n") * 4)
    columns = ["--columns", "prompt=q,completion=a"]
    refused(cli, path, "convert", path, *columns, "--shards", "2", "-o", tmp_path / "out.jsonl")
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"columns": {"prompt": "q", "completion": "a"}}))
    refused(cli, mapping, "convert", path, "--mapping", mapping, "--output-format", "jsonl", "-o", mapping)
    bad = tmp_path / "o.jsonl.quarantine.jsonl"
    bad.write_text(json.dumps({"q": "1", "a": "2"}) + "\n{oops\n")
    refused(cli, bad, "convert", bad, *columns, "-o", tmp_path / "o.jsonl")


@pytest.mark.parametrize("how", SAME)
def test_what_a_card_names_is_an_input(tmp_path: Path, cli: Callable[..., Any], how: str) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"q": f"{n}?", "a": str(n)}) + "\n" for n in range(3)))
    card = {
        "__type__": "task_card",
        "loader": {"__type__": "load_json_file", "files": {"test": "rows.jsonl"}, "lines": True},
        "task": {
            "__type__": "task",
            "input_fields": {"q": "str"},
            "reference_fields": {"a": "str"},
            "prediction_type": "str",
            "metrics": ["metrics.accuracy"],
        },
        "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
    }
    path = tmp_path / "card.json"
    path.write_text(json.dumps(card))
    output = link(rows, how)
    refused(cli, rows, "card", "run", path, "-o", output)
    with pytest.raises(UsageError, match="is read as an input"):
        regrade.load_card(path).samples().write(output)


def test_every_output_option_is_among_those_tried_here() -> None:
    """A new option that names an output is put into ``_OUTPUTS``, and tried above."""
    found = set()
    for command in COMMANDS:
        found |= {name for name in _dests(parser(command)) if name in ("out", "output", "radar", "to_file", "write")}
    assert found == _OUTPUTS


def _dests(made: argparse.ArgumentParser) -> set[str]:
    names = set()
    for action in made._actions:
        names.add(action.dest)
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                names |= _dests(sub)
    return names


def test_inputs_are_known_within_their_context_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with protecting_inputs(path, tmp_path, tmp_path / "nosuch"):
        with pytest.raises(UsageError, match="is read as an input"), replacing(path):
            raise AssertionError
        with replacing(path, private=True) as temporary:
            temporary.write_text("new")
    assert path.read_text() == "new"
    with replacing(path) as temporary:
        temporary.write_text("newer")
    assert path.read_text() == "newer"
