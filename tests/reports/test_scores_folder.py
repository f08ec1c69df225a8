"""What ``--out`` keeps."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

import regrade

COLUMNS = [
    "task", "run", "file", "line", "sample_id", "filter", "metric", "value", "value_json", "extracted", "unparsed",
    "error",
]  # fmt: skip


@pytest.fixture
def log(logs: Any) -> Path:
    logs.results(n=3)
    rows = logs.rows(["1", "0", "1"])
    for row, level in zip(rows, ("easy", "hard", "hard"), strict=True):
        row["doc"]["level"] = level
    path: Path = logs.write(rows)
    return path


def test_what_is_kept(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    out = tmp_path / "a" / "b"
    ran = cli("score", log, "--out", out, "--by", "doc.level", "--json")
    assert ran.code == 0
    assert sorted(path.name for path in out.iterdir()) == ["results.json", "scores.parquet"]
    assert (out / "results.json").read_text(encoding="utf-8") == ran.out
    table = parquet.read_table(out / "scores.parquet")
    assert table.column_names == [*COLUMNS, "by:doc.level"]
    assert table.schema.metadata[b"regrade_schema"] == b"2"
    assert table.column("value").to_pylist() == [1.0, 0.0, 1.0]
    assert table.column("sample_id").to_pylist() == ["0", "1", "2"]
    assert table.column("line").to_pylist() == [1, 2, 3]
    assert table.column("by:doc.level").to_pylist() == ["easy", "hard", "hard"]
    assert table.column("extracted").to_pylist() == ["1", "0", "1"]
    assert set(table.column("file").to_pylist()) == {str(log)}


def test_what_is_kept_is_what_python_gives(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    cli("score", log, "--out", tmp_path / "out")
    scores = regrade.score(log)
    assert parquet.read_table(tmp_path / "out" / "scores.parquet").equals(scores.to_arrow(texts=False))
    kept = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(scores.to_dict()))
    assert kept["results"] == made["results"]
    assert kept["intervals"] == made["intervals"]


def test_polars_reads_it(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    polars = pytest.importorskip("polars")
    cli("score", log, "--out", tmp_path / "out")
    frame = polars.read_parquet(tmp_path / "out" / "scores.parquet")
    assert frame["value"].mean() == pytest.approx(2 / 3)
    assert frame.columns == COLUMNS


def test_two_runs_keep_the_same_bytes(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    for name in ("a", "b"):
        cli("score", log, "--out", tmp_path / name)
    for name in ("scores.parquet", "results.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_rows_that_are_lost_go_into_quarantine(logs: Any, tmp_path: Path, cli: Callable[..., Any]) -> None:
    logs.results()
    path = logs.write([*logs.rows(["1", "0"]), "{oops", logs.row(3, "1", doc="text")])
    out = tmp_path / "out"
    assert cli("score", path, "--out", out).code == 3
    lines = [json.loads(line) for line in (out / "quarantine.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["file"], line["line"]) for line in lines] == [(str(path), 3), (str(path), 4)]
    # a scoring without losses takes the quarantine of an older one away
    path.write_text("".join(json.dumps(row) + "\n" for row in logs.rows(["1", "0"])), encoding="utf-8")
    assert cli("score", path, "--out", out).code == 0
    assert not (out / "quarantine.jsonl").exists()


def test_without_out_nothing_is_written(log: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., Any]) -> None:
    monkeypatch.chdir(log.parent)
    before = sorted(path.name for path in log.parent.parent.rglob("*"))
    cli("score", log.name, "--by", "doc.level")
    cli("score", log.name, "--check")
    cli("show", log.name)
    cli("compare", log.name, log.name)
    assert sorted(path.name for path in log.parent.parent.rglob("*")) == before


def test_out_that_is_a_file(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    target = tmp_path / "out"
    target.write_text("mine", encoding="utf-8")
    ran = cli("score", log, "--out", target)
    assert (ran.code, ran.out) == (2, "")
    assert f"--out {target}: is a file, not a folder" in ran.err
    assert target.read_text(encoding="utf-8") == "mine"


def test_out_below_a_file(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    ran = cli("score", log, "--out", tmp_path / "file" / "out")
    assert (ran.code, ran.out) == (2, "")
    assert "--out" in ran.err
    assert "cannot be written to" in ran.err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_out_that_may_not_be_written_to(log: Path, tmp_path: Path, cli: Callable[..., Any]) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    ran = cli("score", log, "--out", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "Permission denied" in ran.err


def test_a_wrong_out_is_told_before_the_work(tmp_path: Path, cli: Callable[..., Any]) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    ran = cli("score", tmp_path / "no such log", "--out", tmp_path / "out")
    assert ran.code == 2
    assert "is a file" in ran.err


def test_values_that_are_no_numbers_are_kept_as_json(lm_eval_logs: Path) -> None:
    """micro_f1 of a sample is a pair [gold, predicted] of label sets."""
    [path] = (lm_eval_logs / "negotiationtom_v0.4.13").glob("samples_negotiationtom_intention_2026-07-08T16*.jsonl")
    recorded = [json.loads(line)["micro_f1"] for line in path.read_text(encoding="utf-8").split("\n") if line]
    rows = [row for row in regrade.score(path).to_arrow().to_pylist() if row["metric"] == "micro_f1"]
    assert [json.loads(row["value_json"]) for row in rows] == recorded
    assert {row["value"] for row in rows} == {None}
