"""Ctrl-C, full disks and readers that go away: what is on disk is whole or not there.

Each runs the command in a process of its own, and is interrupted at a place that the test decides, not after a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

#: A metric that interrupts the command (not only its own process) at the third sample.
INTERRUPTING_METRIC = """
import os, signal, sys
from regrade.registry import register
from regrade.metrics import Metric

COMMAND = os.getpid()

@register("metric", "interrupting")
class Interrupting(Metric):
    aggregation = "mean"
    output_types = ("generate_until",)

    def measure(self, case):
        if case.record.sample_id == 2:
            os.kill(COMMAND, signal.SIGINT)
        return 1.0

from regrade.cli import main
sys.exit(main(sys.argv[1:]))
"""

#: Interrupts while scores.parquet is being written.
INTERRUPTING_WRITE = """
import os, signal, sys
import pyarrow.parquet

class Writer(pyarrow.parquet.ParquetWriter):
    def write_table(self, *arguments, **options):
        super().write_table(*arguments, **options)
        os.kill(os.getpid(), signal.SIGINT)

pyarrow.parquet.ParquetWriter = Writer

from regrade.cli import main
sys.exit(main(sys.argv[1:]))
"""

#: No file may grow beyond the first argument's bytes: what a full disk does to a writer.
LIMITED = """
import resource, sys
from regrade.cli import main
import pyarrow.parquet
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.exit(main(sys.argv[2:]))
"""


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a process group of its own, and see that nothing of the group is left."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    out, err = process.communicate()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


@pytest.fixture
def log(logs: Any) -> Path:
    logs.results()
    path: Path = logs.write(logs.rows(["1"] * 40))
    return path


@pytest.mark.parametrize("workers", [["--workers", "1"], ["--workers", "2", "--chunk-bytes", "1000"]])
def test_ctrl_c_while_scoring(log: Path, tmp_path: Path, workers: list[str]) -> None:
    out = tmp_path / "out"
    done = run(INTERRUPTING_METRIC, "score", log, "--metric", "interrupting", "--out", out, *workers)
    assert done.returncode == 130
    assert done.stdout == ""
    assert done.stderr == "regrade: interrupted; nothing half-done was left behind\n"
    assert files(out) == []


def test_ctrl_c_leaves_older_scores_as_they_were(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert (
        run(
            "import sys; from regrade.cli import main; sys.exit(main(sys.argv[1:]))", "score", log, "--out", out
        ).returncode
        == 0
    )
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(before) >= {"results.json", "scores.parquet"}
    for script in (INTERRUPTING_METRIC, INTERRUPTING_WRITE):
        metric = ["--metric", "interrupting"] if script is INTERRUPTING_METRIC else []
        done = run(script, "score", log, "--out", out, *metric)
        assert done.returncode == 130
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_ctrl_c_while_writing(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(INTERRUPTING_WRITE, "score", log, "--out", out)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert files(out) == []


@pytest.mark.parametrize("limit", [0, 100, 2000])
def test_a_full_disk(log: Path, tmp_path: Path, limit: int) -> None:
    out = tmp_path / "out"
    done = run(LIMITED, limit, "score", log, "--out", out)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert str(out) in done.stderr
    assert "File too large" in done.stderr
    assert "results.json" not in files(out)
    assert not [name for name in files(out) if name.endswith(".tmp")]


def test_a_full_disk_leaves_older_scores_as_they_were(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(LIMITED, 10**9, "score", log, "--out", out).returncode == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run(LIMITED, 100, "score", log, "--out", out).returncode == 1
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_reader_that_has_seen_enough(log: Path, tmp_path: Path) -> None:
    """``regrade show ... | head -1``, with more output than a pipe holds."""
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row["resps"] = [["word " * 5000]]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "regrade", "show", str(log), "--full", "--limit", "40"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    process.stdout.close()
    assert first.startswith("sums  sample 0")
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


def test_output_that_cannot_be_printed(log: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "regrade", "score", str(log)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr


def test_a_worker_that_is_killed(log: Path, tmp_path: Path) -> None:
    script = INTERRUPTING_METRIC.replace("os.kill(COMMAND, signal.SIGINT)", "os.kill(os.getpid(), signal.SIGKILL)")
    out = tmp_path / "out"
    done = run(
        script, "score", log, "--metric", "interrupting", "--out", out, "--workers", "2", "--chunk-bytes", "1000"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("regrade: a worker process was killed by signal 9")
    assert "--workers 1" in done.stderr
    assert files(out) == []
