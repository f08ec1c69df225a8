"""Files as people have them: named twice, zipped, saved by Excel, with ids of another type."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = "id;answer;expected\n1;a;a\n2;b;c\n"
Cli = Callable[..., Any]


@pytest.mark.filterwarnings("always::regrade.errors.RegradeWarning")
def test_a_file_that_is_named_twice_counts_once(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(ROWS, encoding="utf-8")
    link = tmp_path / "again.csv"
    link.symlink_to(file)
    ran = cli("score", file, tmp_path / "." / "t.csv", link, "--metric", "exact_match", "--json")
    assert "again.csv: is named twice, and read once" in ran.err
    assert list(json.loads(ran.out)["results"]) == ["t"]


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "\ufeffsep=;\r\n"])
def test_what_excel_writes_above_a_table(cli: Cli, tmp_path: Path, first: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(first + ROWS, encoding="utf-8", newline="")
    ran = cli("score", file, "--metric", "exact_match", "--json")
    assert json.loads(ran.out)["results"]["t"]["exact_match,none"] == 0.5
    assert ran.code == 0


def test_a_file_in_utf_16_says_which_option_reads_it(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(ROWS, encoding="utf-16")
    ran = cli("score", file, "--metric", "exact_match")
    assert ran.code == 1
    assert "--encoding utf-16" in ran.err
    ran = cli("score", file, "--metric", "exact_match", "--encoding", "utf-16", "--json")
    assert json.loads(ran.out)["results"]["t"]["exact_match,none"] == 0.5


def test_the_formats_of_what_an_archive_holds(cli: Cli, tmp_path: Path, examples: Path) -> None:
    archive = tmp_path / "logs.zip"
    [log] = (examples / "results" / "chatty").rglob("samples_*.jsonl")
    with zipfile.ZipFile(archive, "w") as file:
        file.write(log, f"deep/{log.name}")
        file.writestr("notes.txt", "nothing")
    ran = cli("formats", archive)
    lines = ran.out.splitlines()
    assert any(f"logs.zip/deep/{log.name}" in line and "lm-eval" in line for line in lines)
    assert any("logs.zip/notes.txt" in line and "no known format" in line for line in lines)


def test_ids_that_are_numbers_here_and_texts_there(cli: Cli, tmp_path: Path) -> None:
    for name, ids in (("a", ("10", "11")), ("b", (10, 11))):
        rows = [{"id": one, "answer": "x", "expected": "x"} for one in ids]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ran = cli("compare", tmp_path / "a.jsonl", tmp_path / "b.jsonl", "--metric", "exact_match", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["metrics"][0]["n"] == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("alone", [True, False])
def test_an_archive_gives_what_its_files_give(
    cli: Cli, tmp_path: Path, examples: Path, method: int, alone: bool
) -> None:
    """Stored without compression, the rows stand in the archive's head as they are."""
    archive = tmp_path / "logs.zip"
    folder = examples / "results" / "chatty"
    [log] = folder.rglob("samples_*.jsonl")
    with zipfile.ZipFile(archive, "w", method) as file:
        for path in [log] if alone else sorted(folder.rglob("*.json*")):
            file.write(path, path.name)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / log.name).write_bytes(log.read_bytes())
    of_folder = json.loads(cli("score", tmp_path / "alone" if alone else folder, "--json").out)
    ran = cli("score", archive, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["results"] == of_folder["results"]
    assert json.loads(ran.out)["counts"] == of_folder["counts"]


def test_a_tar_archive_is_refused(cli: Cli, tmp_path: Path, examples: Path) -> None:
    archive = tmp_path / "logs.tar"
    [log] = (examples / "results" / "chatty").rglob("samples_*.jsonl")
    with tarfile.open(archive, "w") as file:
        file.add(log, log.name)
    ran = cli("score", archive)
    assert (ran.code, ran.out) == (1, "")
    assert "a tar archive is not read" in ran.err


@pytest.mark.parametrize("what", ["log", "table"])
def test_a_judge_looks_into_an_archive(cli: Cli, tmp_path: Path, examples: Path, what: str) -> None:
    archive = tmp_path / "answers.zip"
    [log] = (examples / "results" / "chatty").rglob("samples_*.jsonl")
    file = log if what == "log" else examples / "answers.csv"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(file, file.name)
    (tmp_path / "said.jsonl").write_text('{"sample_id": "x", "answer": "7"}\n', encoding="utf-8")
    judge = ("--with", "rating", "--judge", f"replay:{tmp_path / 'said.jsonl'}", "--dry-run")
    of_archive, of_file = cli("judge", archive, *judge), cli("judge", file, *judge)
    assert of_archive.code == of_file.code == (0 if what == "log" else 3)  # one row of the table has no answer
    assert f"{40 if what == 'log' else 19} samples" in of_archive.out
    assert of_archive.out.replace("answers.zip", file.name).count("\n") == of_file.out.count("\n")
