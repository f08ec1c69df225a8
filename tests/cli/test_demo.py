"""``regrade demo``: the examples for those who have no checkout."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regrade.api.examples import write_examples
from regrade.cli.demo import COMMANDS

Cli = Callable[..., Any]


def test_writes_the_examples_and_says_what_to_try(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, examples: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = cli("demo")
    assert ran.code == 0
    assert (tmp_path / "examples" / "my_filters.yaml").read_bytes() == (examples / "my_filters.yaml").read_bytes()
    assert not list((tmp_path / "examples").glob("make_*.py"))
    commands = re.findall(r"^  regrade (.*)$", ran.out, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        tried = cli(*shlex.split(command))
        assert tried.code == 0, tried.err
        assert "word_problems" in tried.out


def test_a_folder_with_a_space_can_be_pasted(cli: Cli, tmp_path: Path) -> None:
    ran = cli("demo", tmp_path / "my demo")
    [first, *_] = re.findall(r"^  regrade (.*)$", ran.out, re.MULTILINE)
    assert shlex.split(first) == ["score", f"{tmp_path}/my demo/results"]


def test_the_second_time_nothing_is_written(cli: Cli, tmp_path: Path) -> None:
    assert "files written to" in cli("demo", tmp_path / "a").out
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")}
    ran = cli("demo", tmp_path / "a")
    assert ran.code == 0
    assert "already" in ran.out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")} == before


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link", "link"])
def test_what_others_wrote_stays(cli: Cli, tmp_path: Path, kind: str) -> None:
    taken = tmp_path / "a" / "my_filters.yaml"
    taken.parent.mkdir()
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    if kind == "file":
        taken.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        taken.mkdir()
    else:
        taken.symlink_to(tmp_path / ("mine" if kind == "link" else "nowhere"))
    ran = cli("demo", tmp_path / "a")
    assert ran.code == 2
    assert "my_filters.yaml: is there already" in ran.err
    assert [path.name for path in taken.parent.iterdir()] == ["my_filters.yaml"]
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_the_commands_are_those_of_the_readme(project_root: Path) -> None:
    shown = re.findall(r"^\$ regrade (.*)$", (project_root / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [shlex.split(command) for command in shown] == [
        [word.format("examples") for word in command] for command in COMMANDS
    ]


def test_the_wheel_has_every_example(project_root: Path, tmp_path: Path) -> None:
    project = tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    write_examples(tmp_path)
    assert set(included) == {f"examples/{path.name}" for path in tmp_path.iterdir()}
    assert all(target == f"regrade/{source}" for source, target in included.items())
