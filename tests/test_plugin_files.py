"""``--plugin FILE.py``: what a person names is loaded, what data names never is; what is wrong is told in a line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

METRIC = """
from regrade.plugins import Metric, register

@register("metric", "always")
class Always(Metric):
    aggregation = "mean"

    def measure(self, case):
        return VALUE
"""
TABLE = '{"id": 1, "answer": "a", "expected": "b"}\n'
CARD = {
    "__type__": "task_card",
    "loader": {"__type__": "load_from_dictionary", "data": {"test": [{"i": "0", "q": "1+1?", "a": "2"}]}},
    "sample_id": "i",
    "task": {
        "__type__": "task",
        "input_fields": {"q": "str"},
        "reference_fields": {"a": "str"},
        "prediction_type": "str",
        "metrics": ["metrics.accuracy"],
    },
    "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
}


def regrade(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "regrade", *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if name != "REGRADE_WORKSPACE"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def always(folder: Path, value: float, name: str = "mine.py") -> Path:
    file = folder / name
    file.write_text(METRIC.replace("VALUE", str(value)), encoding="utf-8")
    return file


FAULTS = {
    "is not there": (None, "mine.py: the plugin cannot be read: no such file or directory"),
    "is not Python": ("x = 1\ndef (", "mine.py:2: the plugin cannot be loaded: SyntaxError: invalid syntax"),
    "fails": ("\n\n1 / 0", "mine.py:3: the plugin cannot be loaded: ZeroDivisionError: division by zero"),
    "lacks a module": (
        "import nowhere",
        "mine.py:1: the plugin cannot be loaded: ModuleNotFoundError: No module",
    ),
    "ends the process": ("raise SystemExit(3)", "mine.py:1: the plugin cannot be loaded: SystemExit: 3"),
    "registers nothing": ("x = 1", "mine.py: the file registers no plugin"),
    "takes a name": (METRIC.replace("always", "exact_match"), "metric 'exact_match' is already registered"),
    "is of no kind": (METRIC.replace('"metric"', '"metrik"'), "the plugin cannot be loaded"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cannot_be_loaded(fault: str, tmp_path: Path) -> None:
    code, message = FAULTS[fault]
    if code is not None:
        (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    (tmp_path / "t.jsonl").write_text(TABLE, encoding="utf-8")
    ran = regrade(tmp_path, "score", "t.jsonl", "--plugin", "mine.py")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2


def test_two_files_may_not_take_the_same_name(tmp_path: Path) -> None:
    always(tmp_path, 1.0)
    always(tmp_path, 0.5, "other.py")
    (tmp_path / "t.jsonl").write_text(TABLE, encoding="utf-8")
    ran = regrade(tmp_path, "score", "t.jsonl", "--metric", "always", "--plugin", "mine.py", "--plugin", "other.py")
    assert ran.returncode == 1
    assert "metric 'always' is already registered" in ran.stderr


def test_the_same_file_twice_is_loaded_once(tmp_path: Path) -> None:
    always(tmp_path, 0.25)
    (tmp_path / "t.jsonl").write_text(TABLE, encoding="utf-8")
    ran = regrade(tmp_path, "score", "t.jsonl", "--metric", "always", "--plugin", "mine.py", "--plugin", "./mine.py")
    assert ran.returncode == 0, ran.stderr
    assert "0.2500" in ran.stdout


def test_a_command_of_a_command_takes_it(tmp_path: Path) -> None:
    always(tmp_path, 1.0)
    (tmp_path / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    assert regrade(tmp_path, "card", "check", "card.json", "--plugin", "mine.py").returncode == 0
    assert "always" not in regrade(tmp_path, "card", "--help").stdout


def test_a_run_is_scored_with_its_plugin_or_not_at_all(tmp_path: Path) -> None:
    """The run's record names the file; it is never loaded for that."""
    plugin = tmp_path / "stripper.py"
    shutil.copy(Path(__file__).resolve().parent.parent / "examples/plugins/artifact/regrade_strip_html.py", plugin)
    with plugin.open("a", encoding="utf-8") as file:
        file.write(f"\nopen({str(tmp_path / 'was_run')!r}, 'a').write('x')\n")
    card = {**CARD, "preprocess_steps": [{"__type__": "strip_html", "field": "q"}]}
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    (tmp_path / "said.jsonl").write_text('{"sample_id": "0", "answer": "2"}\n', encoding="utf-8")
    ran = regrade(
        tmp_path, "run", "card.json", "--model", "replay:said.jsonl", "--name", "r", "--plugin", "stripper.py"
    )
    runs = len((tmp_path / "was_run").read_text(encoding="utf-8"))
    assert "r" in ran.stderr
    ran = regrade(tmp_path, "resume", "r")
    assert ran.returncode == 1
    assert "the run was made with the plugin stripper.py (artifact 'strip_html'), which was not loaded" in ran.stderr
    assert f"add: --plugin {plugin}" in ran.stderr
    assert len((tmp_path / "was_run").read_text(encoding="utf-8")) == runs
    with plugin.open("a", encoding="utf-8") as file:
        file.write("\n# another version\n")
    ran = regrade(tmp_path, "resume", "r", "--plugin", "stripper.py")
    assert "the plugin stripper.py has changed since the run was made" in ran.stderr


def test_scores_are_not_kept_over_another_plugin(tmp_path: Path) -> None:
    card = {**CARD, "preprocess_steps": []}
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    (tmp_path / "said.jsonl").write_text('{"sample_id": "0", "answer": "2"}\n', encoding="utf-8")
    always(tmp_path, 1.0)
    named = ("--plugin", "mine.py")
    assert regrade(tmp_path, "run", "card.json", "--model", "replay:said.jsonl", "--name", "r", *named).stdout
    assert "no answer is new" in regrade(tmp_path, "resume", "r", *named).stderr
    always(tmp_path, 0.5)
    assert "no answer is new" not in regrade(tmp_path, "resume", "r", *named).stderr


def test_workers_have_it(tmp_path: Path) -> None:
    """Of enough rows that several processes score them, each starting anew."""
    always(tmp_path, 0.75)
    (tmp_path / "t.jsonl").write_text("".join(TABLE.replace("1", str(n), 1) for n in range(5000)), encoding="utf-8")
    code = (
        "import regrade\nfrom regrade.engine import LocalEngine\nfrom regrade.plugins import load_plugin\n"
        "if __name__ == '__main__':\n    load_plugin('mine.py')\n"
        "    scores = regrade.score('t.jsonl', metric='always', engine=LocalEngine(workers=2), chunk_bytes=20_000)\n"
        "    print(scores.results[0].value, scores.results[0].n)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout == "0.75 5000\n", ran.stderr


def test_a_file_changed_within_a_process_is_loaded_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, since what is registered stays."""
    code = (
        "import regrade, pathlib\nfrom regrade.plugins import load_plugin\n"
        "file = pathlib.Path('mine.py')\nload_plugin(file)\n"
        "first = regrade.score('t.jsonl', metric='always').results[0].value\n"
        "file.write_text(file.read_text().replace('0.75', '0.5'))\nload_plugin(file)\n"
        "print(first, regrade.score('t.jsonl', metric='always').results[0].value)\n"
    )
    always(tmp_path, 0.75)
    (tmp_path / "t.jsonl").write_text(TABLE, encoding="utf-8")
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout == "0.75 0.5\n", ran.stderr
