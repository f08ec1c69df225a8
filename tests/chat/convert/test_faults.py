"""Ctrl-C, lost processes, full disks and readers that go away: the output is whole or as it was before.

Each runs the command in a process of its own, and is interrupted at a place that the test decides, not after a time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from chat_rows import as_messages, read, sharegpt, write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")

#: What happens when a chunk is converted, and the command.
SCRIPT = """
import os, resource, signal, sys
import regrade.chat.convert.convert as conversion
import regrade.chat.convert.work as work

conversion.SMALL_BYTES = 0  # as large files are converted
COMMAND = os.getpid()
if most := int(os.environ.get("MOST_BYTES", "0")):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # what a full disk does to a writer
run = work._Chunk.run

def eventful(self):
    number = self.task.number
{event}
    return run(self)

work._Chunk.run = eventful
from regrade.cli import main
sys.exit(main(sys.argv[1:]))
"""

INTERRUPT = "    if number == 3: os.kill(COMMAND, signal.SIGINT)"
LOSE_WORKER = "    if number == 3 and os.getpid() != COMMAND: os.kill(os.getpid(), signal.SIGKILL)"
#: The command is gone and nobody will ever say where the first part ends.
LOSE_COMMAND = """
    if number == 0:
        os.kill(COMMAND, signal.SIGKILL)
        os._exit(0)
"""
NOTHING = "    pass"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write(tmp_path / "in.jsonl", [sharegpt(n) for n in range(800)])


def command(event: str, *arguments: str | Path, most_bytes: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command; what it says is whole when the last of its processes has ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(event=event), "convert", "--chunk-bytes", "5000", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MOST_BYTES": str(most_bytes)},
    )
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


OUTPUTS = ["out.jsonl", "out.parquet", "out.arrow"]


def untouched(folder: Path, output: str) -> bool:
    """Whether the output is as it was, and nothing lies beside it."""
    left = sorted(path.name for path in folder.iterdir())
    return left == ["in.jsonl", output] and (folder / output).read_text() == "as it was"


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c(rows: Path, tmp_path: Path, output: str, workers: str) -> None:
    (tmp_path / output).write_text("as it was")
    done = command(INTERRUPT, rows, "-o", tmp_path / output, "--workers", workers)
    assert done.returncode == 130
    assert "interrupted; nothing half-done was left behind" in done.stderr
    assert untouched(tmp_path, output)


def test_ctrl_c_in_a_mixture(rows: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("as it was")
    done = command(INTERRUPT, rows, "-o", tmp_path / "out.jsonl", "--workers", "2", "--mix", "shuffle")
    assert done.returncode == 130
    assert untouched(tmp_path, "out.jsonl")


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_lost_process(rows: Path, tmp_path: Path, output: str) -> None:
    (tmp_path / output).write_text("as it was")
    done = command(LOSE_WORKER, rows, "-o", tmp_path / output, "--workers", "2")
    assert done.returncode == 1
    assert f"a worker process was killed by signal {signal.SIGKILL:d}" in done.stderr
    assert untouched(tmp_path, output)


def test_processes_end_with_the_one_that_started_them(rows: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("as it was")
    done = command(LOSE_COMMAND, rows, "-o", tmp_path / "out.jsonl", "--workers", "3")
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "out.jsonl").read_text() == "as it was"


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("most", [3_000, 9_000, 40_000])
def test_a_full_disk(rows: Path, tmp_path: Path, output: str, workers: str, most: int) -> None:
    (tmp_path / output).write_text("as it was")
    done = command(NOTHING, rows, "-o", tmp_path / output, "--workers", workers, most_bytes=most)
    assert done.returncode == 1
    assert "cannot be written: File too large" in done.stderr
    assert "nothing half-written was left behind" in done.stderr
    assert "Traceback" not in done.stderr
    assert untouched(tmp_path, output)


def test_a_reader_that_has_seen_enough(rows: Path) -> None:
    script = SCRIPT.format(event=NOTHING)
    process = subprocess.Popen(
        [sys.executable, "-c", script, "convert", "--chunk-bytes", "5000", str(rows), "-o", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(10) == b'{"id":"s0"'
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait() == 0
    assert b"Traceback" not in said
    process.stderr.close()


def test_without_any_event_all_is_there(rows: Path, tmp_path: Path) -> None:
    done = command(NOTHING, rows, "-o", tmp_path / "out.jsonl", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "out.jsonl") == [as_messages(sharegpt(n)) for n in range(800)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
