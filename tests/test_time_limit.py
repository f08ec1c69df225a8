"""The limit on the CPU time of an answer. Nothing here measures time: what is tested is that it ends, and how."""

from __future__ import annotations

import re
import signal
import time

import pytest

from regrade import time_limit
from regrade.errors import TimeLimitExceeded
from regrade.time_limit import TimeLimit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")


def backtrack() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def test_a_regular_expression_that_never_ends_is_stopped() -> None:
    with TimeLimit(0.1) as timer:
        timer.start()
        with pytest.raises(TimeLimitExceeded, match=r"exceeded --time-limit 0\.1 \(CPU s\)"):
            backtrack()
        timer.stop()
        # and the next answer has its own time
        timer.start()
        assert re.match("a", "a")
        timer.finish()
        assert not timer.exceeded
        timer.start()
        with pytest.raises(TimeLimitExceeded):
            backtrack()


def test_work_is_not_interrupted_before_the_limit_that_is_named() -> None:
    with TimeLimit(0.2) as timer:
        for _ in range(3):  # each has the whole limit to itself
            timer.start()
            begun = time.thread_time()
            with pytest.raises(TimeLimitExceeded):
                backtrack()
            assert time.thread_time() - begun >= 0.2  # CPU time, which no other process can make shorter


def test_waiting_is_not_counted() -> None:
    with TimeLimit(0.01) as timer:
        timer.start()
        signal.sigtimedwait([signal.SIGUSR1], 0.05) if hasattr(signal, "sigtimedwait") else None
        timer.finish()


def test_what_is_not_an_answer_is_not_stopped() -> None:
    with TimeLimit(0.02) as timer:
        timer.start()
        timer.stop()
        assert sum(range(3_000_000)) > 0  # longer than the limit


def test_code_that_catches_the_interruption_is_interrupted_again_and_does_not_count() -> None:
    caught = 0
    with TimeLimit(0.05) as timer:
        timer.start()
        for _ in range(3):
            try:
                backtrack()
            except Exception:
                caught += 1
        with pytest.raises(TimeLimitExceeded):
            timer.finish()
    assert caught == 3


def test_a_piece_that_is_to_be_skipped_raises_at_once() -> None:
    done = []
    with TimeLimit(5, skipped=[2]) as timer:
        for number in (1, 2, 3):
            try:
                timer.start()
            except TimeLimitExceeded:
                continue
            done.append(number)
            timer.finish()
    assert done == [1, 3]


def test_what_is_worked_on_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    board = [0, 0, 0]
    monkeypatch.setattr(time_limit, "_board", board)
    with TimeLimit(2.5) as timer:
        timer.start()
        timer.stop()
        timer.start()
        assert board == [2, 2500, 1]
        timer.finish()
        assert board == [0, 2500, 1]
    assert board == [0, 0, 1]


def test_the_former_handler_comes_back() -> None:
    def handler(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGPROF, handler)
    try:
        with TimeLimit(1):
            assert signal.getsignal(signal.SIGPROF) is not handler
        assert signal.getsignal(signal.SIGPROF) is handler
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
        with TimeLimit(0):  # no limit: nothing is set up
            assert signal.getsignal(signal.SIGPROF) is handler
    finally:
        signal.signal(signal.SIGPROF, before)
