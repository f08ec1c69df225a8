"""Runs that are killed, starved of disk, or asked for twice: nothing is lost, nothing is asked twice."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from tests.asking.asker import CONCURRENCY
from tests.models.loopback import Behaviour, Loopback, serving

from regrade.schema import Answer
from regrade.store.run import Run

SAMPLES = 1500


def start(folder: Path, server: Loopback, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.asking.asker", str(folder), server.url, str(SAMPLES)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]


def kept(folder: Path) -> dict[str, Answer]:
    """The answers on disk; each sample has one at most."""
    answers: dict[str, Answer] = {}
    for item in Run(folder).read_answers():
        assert isinstance(item, Answer), item
        assert item.sample_id not in answers, "asked twice"
        answers[item.sample_id] = item
    return answers


def kill_at_random_moments(folder: Path, kills: int, seed: int) -> None:
    """Kill a run again and again, each time after a random number of answers; then let it end."""
    moments = random.Random(seed)
    with serving(Behaviour(latency_s=0.001)) as server:
        done = 0
        for _ in range(kills):
            process = start(folder, server)
            assert process.stdout is not None
            told = 0
            for _, line in zip(range(moments.randint(0, 2 * SAMPLES // kills)), process.stdout, strict=False):
                told = int(line)
            process.kill()
            process.communicate()
            on_disk = len(kept(folder)) if (folder / "run.json").exists() else 0
            assert on_disk >= max(told, done), "an answer that had counted is gone"
            done = on_disk
        last = start(folder, server)
        _, stderr = last.communicate()
        assert last.returncode == 0, stderr
        asked = server.counts()["asked"]
    answers = kept(folder)
    assert len(answers) == SAMPLES
    assert all(answer.text == f"echo {question(answer.position)}" for answer in answers.values())
    assert len(asked) == SAMPLES
    assert sum(asked.values()) - SAMPLES <= kills * CONCURRENCY, "more was asked twice than can have been in flight"
    assert Run(folder).manifest.status == "complete"


def question(place: int) -> str:
    return f"question {place}. " + "Think well before you say it. " * 10


def test_ten_kills_lose_nothing(tmp_path: Path) -> None:
    kill_at_random_moments(tmp_path / "run", kills=10, seed=1)


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    kill_at_random_moments(tmp_path / "run", kills=100, seed=2)


def test_a_full_disk_ends_the_run_and_keeps_what_was_written(tmp_path: Path) -> None:
    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    folder = tmp_path / "run"
    with serving() as server:
        process = start(folder, server, preexec_fn=small_disk)
        stdout, stderr = process.communicate()
        assert process.returncode == 1
        assert "answers.jsonl" in stderr
        assert "regrade resume" in stderr
        told = int(stdout.split()[-1])
        assert len(kept(folder)) >= told > 0
        assert Run(folder).manifest.status == "stopped"
        last = start(folder, server)
        last.communicate()
        assert last.returncode == 0
    assert len(kept(folder)) == SAMPLES


def test_a_second_process_on_a_run_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving(Behaviour(hang_texts=["question 900."])) as server:
        first = start(folder, server)
        assert first.stdout is not None
        first.stdout.readline()
        second = start(folder, server)
        _, stderr = second.communicate()
        assert second.returncode == 1
        assert f"process {first.pid}" in stderr
        first.kill()
        first.communicate()
    assert len(kept(folder)) > 0


def test_a_server_that_dies_costs_what_was_in_flight(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with serving(Behaviour(latency_s=0.001)) as server:
        port = int(server.url.rsplit(":", 1)[1].split("/")[0])
        process = start(folder, server)
        assert process.stdout is not None
        process.stdout.readline()
        server.kill()
        with serving(port=port) as again:
            _, stderr = process.communicate()
            assert process.returncode == 0, stderr
            assert again.counts()["asked"]
    assert len(kept(folder)) == SAMPLES
