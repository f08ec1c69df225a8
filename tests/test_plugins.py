"""Plugins of other packages: what one of them breaks, it breaks for itself alone."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CODE = {
    "lacks a module": ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    "is not Python": ("def (", "SyntaxError: invalid syntax"),
    "fails": ("1 / 0", "ZeroDivisionError: division by zero"),
    "ends the process": ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
    "takes a name": (
        "from regrade.registry import register\n@register('metric', 'exact_match')\nclass Mine: pass",
        "RecipeError: metric 'exact_match' is already registered",
    ),
}
GOOD = """
from regrade.registry import register
from regrade.metrics import Metric

@register("metric", "one_everywhere")
class One(Metric):
    '''1.0, whatever was answered.'''

    def measure(self, case):
        return 1.0
"""


def distribution(folder: Path, name: str, code: str) -> None:
    """An installed package with one plugin, as pip leaves it."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[regrade.plugins]\n{name} = {name}_plugin\n", encoding="utf-8")
    (folder / f"{name}_plugin.py").write_text(code, encoding="utf-8")


def regrade(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "regrade", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("fault", CODE)
def test_a_broken_plugin_is_named_and_the_others_work(tmp_path: Path, examples: Path, fault: str) -> None:
    code, reason = CODE[fault]
    distribution(tmp_path, "aaa", code)
    distribution(tmp_path, "good", GOOD)
    ran = regrade(tmp_path, "score", str(examples / "results"), "--metric", "one_everywhere")
    assert ran.returncode == 0, ran.stderr
    assert "  1.0000" in ran.stdout
    [line] = ran.stderr.splitlines()
    assert line.startswith(f"regrade: the plugin 'aaa' of the package aaa (aaa_plugin) is skipped: {reason}")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["formats"], 0),
        (["score", "{examples}/results", "--metric", "exakt_match"], 1),
        (["convert", "{examples}/chat/shop.jsonl", "-o", "out.jsonl"], 3),  # one of its rows cannot be converted
    ],
)
def test_commands_outlive_a_broken_plugin(tmp_path: Path, examples: Path, arguments: list[str], code: int) -> None:
    distribution(tmp_path, "aaa", "import nowhere_to_be_found")
    ran = regrade(tmp_path, *(argument.format(examples=examples) for argument in arguments))
    assert ran.returncode == code, ran.stderr
    assert "Traceback" not in ran.stderr
    if code == 1:
        assert "did you mean exact_match?" in ran.stderr
        assert "a plugin that might have it could not be imported" in ran.stderr


PROBE = """
import sys
from regrade.cli import main
code = main(sys.argv[1:])
loaded = [name for name in ("promptfoo", "helm", "deepeval") if f"regrade.rows.readers.{name}" in sys.modules]
print("loaded", code, *loaded, *[name for name in ("importlib.metadata",) if name in sys.modules])
"""


def test_a_table_loads_no_reader_of_other_formats_and_looks_for_plugins_cheaply(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("answer,right\n4,4\n5,4\n", encoding="utf-8")
    command = [sys.executable, "-c", PROBE, "score", str(table), "--answer", "answer", "--expected", "right"]
    ran = subprocess.run([*command, "--metric", "exact_match"], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "loaded 0"


READER = """
from regrade.registry import register
from regrade.rows.readers.table import TableReader

@register("reader", "mine")
class Mine(TableReader):
    title = "mine"
    priority = 20
    def matches(self, path, head):
        return "a heading of mine" if head.startswith(b"answer,right") else None
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_reader_of_another_package_is_asked(tmp_path: Path, packed: bool) -> None:
    """Packed: in an archive on the path, whose packages a look into folders would miss."""
    place = tmp_path / "place"
    place.mkdir()
    distribution(place, "other", READER)
    if packed:
        place = Path(shutil.make_archive(str(tmp_path / "place"), "zip", place))
    table = tmp_path / "answers.csv"
    table.write_text("answer,right\n4,4\n5,4\n", encoding="utf-8")
    code = (
        "import pathlib, sys; from regrade.rows.discover import detect; print(detect(pathlib.Path(sys.argv[1])).reader)"
    )
    environment = {**os.environ, "PYTHONPATH": str(place)}
    ran = subprocess.run(
        [sys.executable, "-c", code, str(table)], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "mine\n"


def test_the_index_names_every_built_in_plugin(project_root: Path) -> None:
    script = runpy.run_path(str(project_root / "scripts" / "plugin_index.py"))
    found, known = script["find"](), script["PAGE"].read_text(encoding="utf-8")
    assert script["render"](found) == known, "make index"
