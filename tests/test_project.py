"""The project's own files agree with each other."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

import regrade

ROOT = Path(__file__).resolve().parent.parent

#: Folders that exist on one machine only. Written in two parts, so that this file does not name one.
MACHINE_PATH = re.compile(
    r"(?<![\w./~-])/(?:" + "|".join(["ro" + "ot", "wo" + "rk", "ho" + "me", "Us" + "ers"]) + r")/\w"
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads(text("pyproject.toml"))


@pytest.fixture(scope="module")
def documentation() -> str:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages if "_build" not in page.parts)


def tracked_files() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_the_readme_names_make_targets_that_exist() -> None:
    named = set(re.findall(r"^\s*make ([a-z-]+)", text("README.md"), re.MULTILINE))
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= targets


def test_the_readme_shows_what_its_commands_print() -> None:
    command = [sys.executable, str(ROOT / "docs" / "update_readme.py"), "--check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_demo_runs_what_the_readme_shows() -> None:
    demo = re.findall(r"^run (.*)$", text("examples/demo.sh"), re.MULTILINE)
    shown = re.findall(r"^\$ regrade (.*)$", text("README.md"), re.MULTILINE)
    assert shown
    assert [shlex.split(command) for command in demo] == [shlex.split(command) for command in shown]


def test_contributing_names_make_targets_that_exist() -> None:
    named = set(re.findall(r"make ([a-z-]+)", text("CONTRIBUTING.md")))
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert named
    assert named <= targets


def test_ci_runs_what_a_contributor_runs() -> None:
    steps = re.findall(r"^step (?:'[^']+'|\S+) (.*)$", text(".ci/run"), re.MULTILINE)
    assert steps[0] == "make --no-print-directory test", "first, in the state of a fresh clone"
    parts = ("ruff format --check", "ruff check", "types", "docs", "demo", ".ci/minimal", ".ci/versions")
    for part in parts:
        assert any(part in step for step in steps), part


def test_the_job_of_the_smallest_installation_goes_through_every_command() -> None:
    from regrade.cli import COMMANDS

    script = text(".ci/minimal")
    assert not [name for name in COMMANDS if not re.search(rf'["\']{name}[|"]', script)]


def test_an_interpreter_is_found_by_running_it(tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\necho 'python3: command not found' >&2\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    find = ["sh", str(ROOT / ".ci" / "find-python")]

    def found(*wanted: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*find, *wanted], env=environment, capture_output=True, text=True, check=False)

    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    fits = found(sys.executable)
    assert (fits.returncode, fits.stderr) == (0, "")
    said = subprocess.run([fits.stdout.strip(), "-V"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"Python {ours}.")
    refused = found(str(shim))
    assert refused.returncode == 1
    assert f"PYTHON={shim} does not do: command not found." in refused.stderr
    assert "Regrade needs Python 3.11 or newer" in refused.stderr
    assert "Traceback" not in refused.stderr
    old = found("3.2")
    assert (old.returncode, old.stdout, old.stderr) == (1, "", "no Python 3.2 was found that runs here\n")


def test_make_downloads_no_interpreter() -> None:
    assert "export UV_PYTHON_DOWNLOADS := never" in text("Makefile")
    syncs = [line for line in text("Makefile").splitlines() if re.search(r"\$\(UV\) (sync|lock)", line)]
    assert syncs
    assert all('UV_PYTHON="$(BASE)"' in line for line in syncs)


def test_every_extra_is_documented(pyproject: dict[str, Any], documentation: str) -> None:
    for extra in pyproject["project"]["optional-dependencies"]:
        assert f"regrade[{extra}]" in documentation, f"the extra {extra} is not documented"


def test_every_documented_extra_exists(pyproject: dict[str, Any], documentation: str) -> None:
    named = {extra for extras in re.findall(r"regrade\[([\w,-]+)\]", documentation) for extra in extras.split(",")}
    assert named <= set(pyproject["project"]["optional-dependencies"])


def test_the_installed_version_is_the_declared_one(pyproject: dict[str, Any]) -> None:
    assert version("regrade") == regrade.__version__ == pyproject["project"]["version"]


def test_the_changelog_opens_with_this_version(pyproject: dict[str, Any]) -> None:
    newest = re.search(r"^## \[?(\d[\w.]*)", text("CHANGELOG.md"), re.MULTILINE)
    assert newest
    assert newest[1] == pyproject["project"]["version"]


def test_the_lock_file_matches_the_version(pyproject: dict[str, Any]) -> None:
    packages = {package["name"]: package for package in tomllib.loads(text("uv.lock"))["package"]}
    assert packages["regrade"]["version"] == pyproject["project"]["version"]


def test_the_lock_file_names_the_public_registry_only() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", text("uv.lock")))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_no_tracked_file_names_a_folder_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{n}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
    assert not found


def generated_pages() -> set[Path]:
    """The pages that ``make docs`` makes; none is looked for on disk, where an older build may have left some."""
    names = re.findall(r'^    Page\(\s*"([\w-]+)",', text("docs/_ext/registry_pages.py"), re.MULTILINE)
    assert len(names) > 10
    return {ROOT / "docs" / "reference" / "generated" / "types" / f"{name}.rst" for name in names}


def test_links_between_pages_lead_somewhere() -> None:
    generated, made = generated_pages(), ROOT / "docs" / "reference" / "generated"
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = []
    for page in pages:
        if page.is_relative_to(ROOT / "docs" / "_build") or page.is_relative_to(made):
            continue
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            path = Path(os.path.normpath(page.parent / target))
            there = path in generated if path.is_relative_to(made) else path.exists()
            if not there:
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken


@pytest.mark.parametrize("name", ["word_problems", "number_sense"])
def test_the_example_logs_belong_to_the_example_data(name: str) -> None:
    docs = [json.loads(line) for line in text(f"examples/data/{name}.jsonl").splitlines()]
    logs = sorted((ROOT / "examples").glob(f"results*/*/samples_{name}_*.jsonl"))
    assert len(logs) == 2, "one per model"
    for log in logs:
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").split("\n") if line]
        assert {row["doc_id"]: row["doc"] for row in rows} == dict(enumerate(docs))


def test_the_example_filters_have_the_shape_of_a_filter_list() -> None:
    pipelines = yaml.safe_load(text("examples/my_filters.yaml"))
    assert [pipeline["name"] for pipeline in pipelines] == ["stated-answer", "last-number"]
    assert all(step["function"] for pipeline in pipelines for step in pipeline["filter"])


@pytest.mark.parametrize(
    "room",
    [
        "rows",
        "files",
        "store",
        "artifacts",
        "chat",
        "filters/verdicts",
        "cards",
        "lm_eval",
        "judging",
        "models",
        "asking",
        "metrics",
        "metrics/text",
        "metrics/labels",
        "metrics/numbers",
        "metrics/ranking",
        "metrics/structured",
        "metrics/groups",
        "metrics/described",
        "scoring",
        "reports",
        "api",
    ],
)
def test_a_rooms_contents_page_names_its_modules(room: str) -> None:
    folder = ROOT / "src" / "regrade" / room
    page = (folder / "__init__.py").read_text(encoding="utf-8")
    modules = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    assert set(re.findall(r":mod:`\.(\w+)`", page)) == modules - {"__init__"}


def test_the_list_of_public_names_is_that_of_the_package(project_root: Path) -> None:
    import regrade

    page = (project_root / "docs" / "reference" / "public.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert set(block.split()) == set(regrade.__all__)
    guide = (project_root / "docs" / "guides" / "python.md").read_text(encoding="utf-8")
    verbs = {name for name in regrade.__all__ if name[0].islower()} - {"to_messages", "ask_again"}
    assert {name for name in verbs if f"{{func}}`{name} <" not in guide} == set()


def test_the_hooks_before_a_commit_run_what_ci_runs(project_root: Path) -> None:
    hooks = yaml.safe_load((project_root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"], "the versions are those of uv.lock"
    entries = [hook["entry"].split()[0] for hook in hooks[0]["hooks"]]
    assert set(entries) == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/python"}


#: Folders that hold more than 25 modules.
CROWDED: set[str] = set()
LONGEST = 500


def test_modules_and_folders_have_a_size_that_can_be_read(project_root: Path) -> None:
    package = project_root / "src" / "regrade"
    files = [path for path in package.rglob("*.py") if path.name != "plugin_index.py"]  # which is generated
    long = {
        path.relative_to(package).as_posix() for path in files if len(path.read_text("utf-8").splitlines()) > LONGEST
    }
    assert long == set()
    counts = Counter(path.parent for path in files if not path.name.startswith("__"))
    crowded = {folder.relative_to(package).as_posix() for folder, count in counts.items() if count > 25}
    assert crowded == CROWDED
