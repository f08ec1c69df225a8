"""The example of each plugin kind: installed as a package, and named by ``--plugin``, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).resolve().parent.parent / "examples" / "plugins"
NAMES = sorted(path.name for path in PLUGINS.iterdir() if path.is_dir())
Ran = subprocess.CompletedProcess[str]


def install(package: Path, folder: Path) -> None:
    """Put a package into a folder of the path, as pip leaves it there."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))
    name, version = project["project"]["name"], project["project"]["version"]
    [points] = project["project"]["entry-points"].values()
    assert list(project["project"]["entry-points"]) == ["regrade.plugins"]
    for file in project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        shutil.copy(package / file, folder)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    lines = [f"{key} = {value}\n" for key, value in points.items()]
    (info / "entry_points.txt").write_text("[regrade.plugins]\n" + "".join(lines), encoding="utf-8")


def module_of(name: str) -> Path:
    [file] = PLUGINS.joinpath(name).glob("regrade_*.py")
    return file


Regrade = Callable[..., Ran]


@pytest.fixture(params=["installed", "--plugin"])
def regrade(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Regrade]:
    """From a package's name to the command ``regrade``, which has that plugin by the one way or the other."""

    def having(name: str) -> Regrade:
        path = tmp_path / "path"
        path.mkdir()
        file = tmp_path / "a plugin.py"
        if request.param == "installed":
            install(PLUGINS / name, path)
        else:
            shutil.copy(module_of(name), file)

        def run(*arguments: Any, code: int = 0) -> Ran:
            named = [] if request.param == "installed" else ["--plugin", str(file)]
            command = [sys.executable, "-m", "regrade", *map(str, arguments), *named]
            environment = {**os.environ, "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
            ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
            assert (ran.returncode, "Traceback" in ran.stderr) == (code, False), ran.stderr
            return ran

        return run

    return having


def table(folder: Path, *rows: tuple[str, str]) -> Path:
    file = folder / "answers.jsonl"
    lines = [json.dumps({"id": n, "answer": answer, "expected": right}) for n, (answer, right) in enumerate(rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def results(ran: Ran) -> dict[str, float]:
    [values] = json.loads(ran.stdout)["results"].values()
    return {key: value for key, value in values.items() if isinstance(value, float)}


def test_there_is_one_of_each_kind() -> None:
    from regrade.plugin_index import INDEX

    assert {"metric", "aggregation", "filter", "reader", "chat_format", "artifact", "model", "engine"} == set(NAMES)
    assert set(INDEX) <= set(NAMES)
    assert all((PLUGINS / name / "pyproject.toml").is_file() for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_own_test_passes(name: str, tmp_path: Path) -> None:
    shutil.copytree(PLUGINS / name, tmp_path / name)
    command = [sys.executable, "-W", "error", "-m", "unittest", "discover", "-s", ".", "-p", "test_*.py"]
    ran = subprocess.run(command, cwd=tmp_path / name, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Ran 0 tests" not in ran.stderr


def test_metric(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    file = table(tmp_path, ("oak, elm", "Elm,oak"), ("oak", "oak, elm, ash"), ("fig", "oak"), ("", "oak"))
    run = regrade("metric")
    for workers in (1, 2):
        ran = run("score", file, "--metric", "set_f1", "--workers", workers, "--json")
        assert results(ran)["set_f1,none"] == 0.375
    assert "set_f1" in run("compare", file, file, "--metric", "set_f1").stdout


def test_aggregation(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    file = table(tmp_path, *(("word " * count, "x") for count in range(1, 11)))
    found = results(regrade("aggregation")("score", file, "--metric", "trimmed_length", "--json"))
    assert found["trimmed_length,none"] == 5.5  # of 1 to 10, without 1 and 10


def test_filter(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    file = table(tmp_path, (r"so \boxed{1}, no, \boxed{\frac{1}{2}}", r"\frac{1}{2}"), ("none", "none"))
    (tmp_path / "filters.yaml").write_text(
        "- name: boxed\n  filter: [{function: last_boxed}, {function: take_first}]\n", encoding="utf-8"
    )
    ran = regrade("filter")("score", file, "--filters", "filters.yaml", "--metric", "exact_match", "--json")
    assert results(ran)["exact_match,boxed"] == 0.5
    [counts] = json.loads(ran.stdout)["counts"].values()
    assert counts["by_metric"]["exact_match,boxed"]["unparsed"] == 1


def test_reader(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    rows = [
        {"quizlog": 2, "item": n, "question": "q", "reply": "r", "key": "k", "points": n % 2, "player": "ann"}
        for n in range(4)
    ]
    (tmp_path / "quiz.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = regrade("reader")
    assert results(run("score", "quiz.jsonl", "--json"))["points,none"] == 0.5
    assert "quizlog" in run("formats", "quiz.jsonl").stdout
    (tmp_path / "other.jsonl").write_text(
        "".join(json.dumps({**row, "player": "bob"}) + "\n" for row in rows), encoding="utf-8"
    )
    told = run("compare", "quiz.jsonl", "other.jsonl").stdout
    assert "ann" in told
    assert "bob" in told


def test_chat_format(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    row = {"transcript": "User: Hi!\nAssistant: Hello."}
    (tmp_path / "talks.jsonl").write_text(f"{json.dumps(row)}\n" * 3, encoding="utf-8")
    run = regrade("chat_format")
    assert "transcript" in run("detect", "talks.jsonl").stdout
    run("convert", "talks.jsonl", "-o", "out.jsonl")
    [first, *_] = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["messages"] == [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello."}]
    run("convert", "out.jsonl", "-o", "back.jsonl", "--to", "transcript")
    [back, *_] = map(json.loads, (tmp_path / "back.jsonl").read_text(encoding="utf-8").splitlines())
    assert back == row


CARD: dict[str, Any] = {
    "__type__": "task_card",
    "loader": {
        "__type__": "load_from_dictionary",
        "data": {"test": [{"q": "<p>Where is my <b>parcel</b>?</p>", "a": "delivery"}, {"q": "Hello?", "a": "none"}]},
    },
    "preprocess_steps": [],
    "task": {
        "__type__": "task",
        "input_fields": {"q": "str"},
        "reference_fields": {"a": "str"},
        "prediction_type": "str",
        "metrics": ["metrics.accuracy"],
    },
    "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
}


def test_artifact(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    card = {**CARD, "preprocess_steps": [{"__type__": "strip_html", "field": "q"}]}
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    run = regrade("artifact")
    run("card", "check", "card.json")
    run("card", "run", "card.json", "-o", "out.jsonl")
    [first, _] = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert first["input_fields"] == {"q": "Where is my parcel ?"}


def test_model(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    (tmp_path / "rules.json").write_text(json.dumps([["parcel", "delivery"]]), encoding="utf-8")
    run = regrade("model")
    ran = run("run", "card.json", "--model", "rules:rules.json", "--name", "r", "--json", code=3)
    assert {key.partition(",")[0]: value for key, value in results(ran).items()}["accuracy"] == 1.0
    assert "1 failed" in ran.stderr
    (tmp_path / "rules.json").write_text(json.dumps([["parcel", "delivery"], ["", "none"]]), encoding="utf-8")
    ran = run("resume", "r", "--json")
    assert {key.partition(",")[0]: value for key, value in results(ran).items()}["accuracy"] == 1.0


def test_engine(regrade: Callable[[str], Regrade], tmp_path: Path) -> None:
    file = table(tmp_path, ("4", "4"), ("5", "4"))
    ran = regrade("engine")("score", file, "--metric", "exact_match", "--engine", "threads", "--json")
    assert results(ran)["exact_match,none"] == 0.5
