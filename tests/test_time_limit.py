"""The limit on the CPU time of an answer. Nothing here measures time: what is tested is that it ends, and how."""

from __future__ import annotations

import re
import signal
import threading

import pytest

from regrade.errors import TookTooLong
from regrade.time_limit import TimeLimit

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers here")


def backtrack() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


def test_a_regular_expression_that_never_ends_is_stopped() -> None:
    with TimeLimit(0.1) as timer:
        timer.start()
        with pytest.raises(TookTooLong, match="CPU time"):
            backtrack()
        timer.stop()
        # and the next answer has its own time
        timer.start()
        assert re.match("a", "a")
        timer.stop()
        timer.start()
        with pytest.raises(TookTooLong):
            backtrack()


def test_what_is_not_an_answer_is_not_stopped() -> None:
    with TimeLimit(0.02) as timer:
        timer.start()
        timer.stop()
        assert sum(range(3_000_000)) > 0  # longer than the limit


def test_the_former_handler_comes_back() -> None:
    def handler(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGVTALRM, handler)
    try:
        with TimeLimit(1):
            assert signal.getsignal(signal.SIGVTALRM) is not handler
        assert signal.getsignal(signal.SIGVTALRM) is handler
        assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
        with TimeLimit(0):  # no limit: nothing is set up
            assert signal.getsignal(signal.SIGVTALRM) is handler
    finally:
        signal.signal(signal.SIGVTALRM, before)


def test_a_thread_scores_without_limit() -> None:
    outcome: list[object] = []

    def work() -> None:
        with TimeLimit(0.01) as timer:
            timer.start()
            outcome.append(sum(range(100_000)))
            timer.stop()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == [4999950000]
