"""Zip archives of logs are read like the folder that they hold."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import regrade
from regrade.errors import InputError
from regrade.files import unpacking

ROOT = Path(__file__).parents[2]


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_an_archive_of_a_folder_gives_what_the_folder_gives(tmp_path: Path) -> None:
    folder = ROOT / "examples" / "results"
    content = {str(p.relative_to(folder.parent)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    path = pack(tmp_path / "results.zip", {**content, "__MACOSX/._x.jsonl": b"\0", "results/.DS_Store": b"\0"})
    got, wanted = regrade.score(path), regrade.score(folder)
    assert [(r.task, r.run, r.metric, r.value) for r in got.results] == [
        (r.task, r.run, r.metric, r.value) for r in wanted.results
    ]
    assert not got.unreadable
    assert "/results.zip/results/" in got.sources[0].path


def test_the_only_file_of_an_archive_may_be_a_table(tmp_path: Path) -> None:
    rows = b'{"answer": "a", "expected": "a", "s": 0.5}\n{"answer": "b", "expected": "a", "s": 1}\n'
    path = pack(tmp_path / "t.zip", {"deep/t.jsonl": rows})
    assert [r.value for r in regrade.score(path).results] == [0.5]
    assert [r.value for r in regrade.score(path, score="s").results] == [0.75]
    two = pack(tmp_path / "two.zip", {"a.jsonl": rows, "b.jsonl": rows})
    with pytest.raises(InputError, match="no log of a known format in this archive"):
        regrade.score(two)


@pytest.mark.parametrize("name", ["../out.jsonl", "/out.jsonl", "a/../../out.jsonl", "..\\out.jsonl", "C:/out.jsonl"])
def test_no_member_is_written_outside(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / "t.zip", {"in.jsonl": b"{}", name: b"{}"})
    with pytest.raises(InputError, match="leads out of the archive"):
        regrade.score(path)


def test_what_holds_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1000)
    path = pack(tmp_path / "t.zip", {"in.jsonl": b" " * 5000})
    with pytest.raises(InputError, match=r"1 files of 5,000 bytes"):
        regrade.score(path)


def test_a_damaged_or_empty_archive_is_named(tmp_path: Path) -> None:
    path = pack(tmp_path / "t.zip", {"in.jsonl": b'{"answer": "a", "expected": "a"}' * 50})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match="truncated or damaged"):
        regrade.score(path)
    with pytest.raises(InputError, match="the archive holds no file"):
        regrade.score(pack(tmp_path / "none.zip", {".hidden": b""}))


def test_nothing_stays_behind(tmp_path: Path) -> None:
    path = pack(tmp_path / "t.zip", {"t.jsonl": b'{"answer": "a", "expected": "a"}\n'})
    (tmp_path / "scratch").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "scratch")}
    run = subprocess.run([sys.executable, "-m", "regrade", "score", str(path)], env=environment, check=False)
    assert run.returncode == 0
    assert list((tmp_path / "scratch").iterdir()) == []
