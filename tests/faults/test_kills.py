"""Runs that are killed at random moments, with what may stand in their way: nothing received is lost or asked twice."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.kills import HARDSHIPS, Driver, Hardship, KillingServer, Outcome, kill_and_resume

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
    check(kill_and_resume(tmp_path, hardship, kills=4, rows=40, seed=11), hardship)


def test_who_interrupts_a_run_is_told_how_to_go_on(tmp_path: Path) -> None:
    driver = Driver(tmp_path, Hardship(poison=False, slow_disk=False, locked_cache=False, moved=False), 30)
    with KillingServer(poison=False, moments=random.Random(5)).running() as server:
        process = driver.start(driver.run(server.url))
        server.arm(process.pid, 20, "arrived", signal.SIGINT)
        said = process.communicate()[0]
        assert process.returncode == 130, said
        command = f"regrade resume {driver.workspace / 'r'}"
        assert f"; every answer that came is kept; {command} asks for the rest\n" in said
        assert "Traceback" not in said
        kept, under_way = driver.kept(), {exchange.text for exchange in server.in_flight(0)}
        assert set(kept) >= {exchange.text for exchange in server.exchanges} - under_way
        listed = driver.start(["runs", "--workspace", str(driver.workspace), "--json"]).communicate()[0]
        (row,) = json.loads(listed)
        assert (row["name"], row["status"], row["answered"]) == ("r", "stopped", len(kept))
        finished = driver.start(command.split()[1:])
        said = finished.communicate()[0]
        assert finished.returncode == 0, said
        asked = Counter(exchange.text for exchange in server.exchanges)
    assert len(driver.kept()) == len(asked) == 30
    assert {text for text, count in asked.items() if count > 1} <= under_way


@pytest.mark.slow
@pytest.mark.parametrize("chain", range(-(-KILLS // AT_A_TIME)))
def test_many_kills(tmp_path: Path, chain: int) -> None:
    hardship = HARDSHIPS[chain % len(HARDSHIPS)]
    outcome = kill_and_resume(tmp_path, hardship, kills=AT_A_TIME, rows=120, seed=1000 + chain)
    print(f"{hardship}: {outcome.kills} kills, {outcome.asked} requests, {outcome.in_flight} under way at the kills")
    check(outcome, hardship)
