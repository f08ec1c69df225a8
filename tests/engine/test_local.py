"""The local engine: bounded memory, and no process that outlives its work."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import engine_work as work
import pytest

from regrade.engine import LocalEngine
from regrade.engine.local import _forking
from regrade.errors import EngineError, UsageError

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")


def started() -> list[str]:
    """The workers of this process that are alive."""
    return [child.name for child in multiprocessing.active_children() if child.name == "regrade-worker"]


def test_one_worker_works_in_this_process() -> None:
    results = LocalEngine(1).run(lambda number: (number, os.getpid()), [1, 2])  # no lambda can be sent elsewhere
    assert list(results) == [(1, os.getpid()), (2, os.getpid())]


@pytest.mark.parametrize("taken", [1, 4, 7])
def test_no_more_than_two_items_per_worker_are_begun_ahead(tmp_path: Path, taken: int) -> None:
    results = LocalEngine(2).run(work.Leave(str(tmp_path)), range(100))
    for _ in range(taken):
        next(results)
    results.close()
    assert taken <= len(list(tmp_path.iterdir())) <= taken - 1 + 2 * 2


@linux
def test_no_process_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    fork = multiprocessing.get_context("fork")  # whatever threads earlier tests have left
    monkeypatch.setattr("regrade.engine.local._forking", lambda: fork)
    results = LocalEngine(3).run(work.square, range(10))
    next(results)
    assert len(started()) == 3
    assert len(list(results)) == 9
    assert not started()

    results = LocalEngine(3).run(work.square, range(10))
    next(results)
    results.close()
    assert not started()

    with pytest.raises(Exception, match="is poison"):
        list(LocalEngine(3).run(work.refuse_poison, range(10)))
    assert not started()

    results = LocalEngine(3).run(work.square, range(10))
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt())
    assert not started()


@pytest.mark.parametrize(
    ("function", "how"), [(work.die_by_signal, "was killed by signal 9"), (work.exit_hard, "ended with code 3")]
)
def test_a_worker_that_dies_is_an_error(function: object, how: str) -> None:
    with pytest.raises(EngineError, match=how):
        list(LocalEngine(2).run(function, range(20)))  # type: ignore[arg-type]
    assert not started()


@linux
def test_forks_only_while_there_is_one_thread() -> None:
    if threading.active_count() == 1:
        assert _forking() is not None
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert _forking() is None
        assert list(LocalEngine(2).run(work.square, range(5))) == [0, 1, 4, 9, 16]
    finally:
        end.set()
        thread.join()
    assert not started()


def test_has_no_address() -> None:
    with pytest.raises(UsageError, match="no address"):
        LocalEngine(2, address="auto")


@linux
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_this_one_is_stopped(how: signal.Signals, tmp_path: Path) -> None:
    """Workers in the middle of an item go too: at once, or where nobody can tell them, as soon as it is done."""
    begun, never = tmp_path / "begun", tmp_path / "never"
    os.mkfifo(begun)
    os.mkfifo(never)
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import engine_work as work
        from regrade.engine import LocalEngine

        if __name__ == "__main__":
            function = work.BlockAfter(3, {str(begun)!r}, {str(never)!r})
            for result in LocalEngine(2).run(function, range(20)):
                print(result, flush=True)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    told = os.open(begun, os.O_RDWR)  # for writing too: then a worker that comes later finds it open
    assert os.read(told, 1) == b"."
    if how == signal.SIGINT:
        os.killpg(process.pid, how)  # as a terminal does
    else:
        process.send_signal(how)
    go_on = os.open(never, os.O_RDWR) if how != signal.SIGINT else None
    # A pipe's end comes when the last process that holds it is gone.
    out, err = process.communicate(timeout=60)
    os.close(told)
    if go_on is not None:
        os.close(go_on)
    assert out.split()[:1] in ([b"0"], [])
    assert err.count(b"KeyboardInterrupt") == (how == signal.SIGINT)
    assert b"regrade-worker" not in err
    assert process.returncode == -how
