"""Limits hold where no signal reaches: in other threads than the main one, and in code that never looks for signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import engine_work as work
import msgspec
import pytest

import regrade
from regrade import memory_limit
from regrade.engine import LocalEngine, kept
from regrade.engine.kept import end_workers
from regrade.errors import TimeLimitExceeded
from regrade.time_limit import TimeLimit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")

BOMB = "a" * 60 + "b"


class Stubborn(msgspec.Struct, frozen=True):
    """Three pieces of work, the second of which ends for no signal."""

    skipped: tuple[int, ...] = ()

    def without(self, piece: int) -> Stubborn:
        return Stubborn((*self.skipped, piece))


def do(item: Stubborn) -> list[str]:
    done = []
    with TimeLimit(0.1, item.skipped) as limit:
        for number in (1, 2, 3):
            try:
                limit.start()
                if number == 2:
                    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])
                    while True:
                        pass
                limit.finish()
                done.append("done")
            except TimeLimitExceeded as error:
                done.append(error.what)
    return done


def test_a_worker_that_no_signal_stops_is_ended_and_its_item_done_without_the_piece() -> None:
    found = list(LocalEngine(2).run(do, [Stubborn(), Stubborn()]))
    assert found == [["done", "exceeded --time-limit 0.1 (CPU s)", "done"]] * 2


def in_thread(work: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_the_limit_holds_in_a_thread(logs: Any) -> None:
    logs.results(n=3)
    path = logs.write(logs.rows(["1", BOMB, "1"]))
    options: dict[str, Any] = {"extract": {"slow": "(?:a+)+$|^(1)"}, "metric": "exact_match", "answer_limit_s": 0.1}
    [result] = in_thread(lambda: regrade.score(path, **options)).results
    assert (result.value, result.n, result.timed_out) == (2 / 3, 3, 1)


def test_a_script_without_a_guard_may_score_in_a_thread(logs: Any, tmp_path: Any) -> None:
    path = logs.write(logs.rows(["1", "0"]))
    script = tmp_path / "script.py"
    script.write_text(
        "import threading, regrade\n"
        f"work = lambda: print(regrade.score({str(path)!r}).results[0].n)\n"
        "thread = threading.Thread(target=work)\nthread.start()\nthread.join()\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_small_calls_in_a_thread_share_one_worker_that_is_replaced_when_it_is_gone() -> None:
    def pids() -> list[int]:
        return [
            in_thread(lambda: list(LocalEngine(1).run(work.process_of, [work.Item(n) for n in (1, 2)]))) for _ in "ab"
        ]

    end_workers()
    first, second = pids()
    assert first == second
    assert os.getpid() not in first
    assert len(set(first)) == 1
    os.kill(first[0], signal.SIGKILL)
    third, fourth = pids()
    assert third == fourth
    assert third != first


def test_a_worker_that_waits_has_the_folder_and_environment_of_each_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place() -> Any:
        return in_thread(lambda: list(LocalEngine(1).run(work.place_of, [work.Item(1)])))[0]

    assert place()[:2] == (str(Path.cwd()), None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGRADE_TEST", "set")
    assert place()[:2] == (str(tmp_path), "set")


def test_a_worker_ends_when_it_has_waited_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    end_workers()
    monkeypatch.setattr(kept, "IDLE_S", 0)
    in_thread(lambda: list(LocalEngine(1).run(work.process_of, [work.Item(1)])))
    [worker] = kept._idle
    worker.process.join(60)
    assert worker.process.exitcode == 0
    assert in_thread(lambda: list(LocalEngine(1).run(work.process_of, [work.Item(1)]))) != [worker.process.pid]
    end_workers()


def test_a_piece_of_work_that_wants_too_much_memory_gets_an_error_in_a_worker() -> None:
    if memory_limit._data_bytes() is None:
        pytest.skip("the system does not tell how much memory a process has")
    wanted = memory_limit.ROOM_BYTES + (64 << 20)  # stacks count otherwise
    for engine in (LocalEngine(1), LocalEngine(2)):
        found = in_thread(lambda: list(engine.run(work.take_memory, [work.Item(wanted), work.Item(10)])))  # noqa: B023
        assert found == ["MemoryError", 10]
