"""Runs that are killed at random moments, with what may stand in their way: nothing received is lost or asked twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.faults.kills import HARDSHIPS, Hardship, Outcome, kill_and_resume

KILLS = int(os.environ.get("KILLS", "100"))
AT_A_TIME = 3
"""Kills of one run."""


def check(outcome: Outcome, hardship: Hardship) -> None:
    """That nothing is lost, repeated or missing."""
    assert outcome.lost == []
    assert outcome.repeated == []
    assert outcome.missing == []
    assert outcome.again == [], outcome.said
    assert outcome.codes == [3 if hardship.poison else 0] * 3, outcome.said


def test_a_run_that_is_killed_again_and_again_is_finished(tmp_path: Path) -> None:
    hardship = Hardship(poison=True, slow_disk=True, locked_cache=False, moved=True)
    check(kill_and_resume(tmp_path, hardship, kills=5, rows=40, seed=11), hardship)


@pytest.mark.slow
@pytest.mark.parametrize("chain", range(-(-KILLS // AT_A_TIME)))
def test_many_kills(tmp_path: Path, chain: int) -> None:
    hardship = HARDSHIPS[chain % len(HARDSHIPS)]
    outcome = kill_and_resume(tmp_path, hardship, kills=AT_A_TIME, rows=120, seed=1000 + chain)
    print(f"{hardship}: {outcome.kills} kills, {outcome.asked} requests, {outcome.in_flight} under way at the kills")
    check(outcome, hardship)
