"""Standings from rulings, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.judging.rulings import Ruling
from regrade.judging.standings import duels_of, standings


def ruling(item: str, models: str, verdict: Any, swapped: bool, lengths: tuple[int, int] = (10, 20)) -> Ruling:
    return Ruling(
        sample_id=f"{models}/{item}/{swapped}",
        item=item,
        turn=1,
        repeat=0,
        models=list(models),
        status="unparsed" if verdict is None else "parsed",
        verdict=verdict,
        lengths=list(lengths),
        swapped=swapped,
    )


def both(item: str, models: str, forward: Any, backward: Any, **more: Any) -> list[Ruling]:
    return [ruling(item, models, forward, False, **more), ruling(item, models, backward, True, **more)]


RULINGS = [
    *both("1", "ab", "first", "first"),
    *both("2", "ab", "first", "second"),  # whichever is shown first
    *both("3", "ab", "tie", "tie"),
    *both("4", "ab", "second", None),
    *both("1", "ac", "first", "first", lengths=(10, 5)),
    *both("2", "ac", "second", "second", lengths=(10, 5)),
    *both("1", "bc", "second", "second", lengths=(20, 5)),
]


def test_counts_and_rates() -> None:
    found = standings(duels_of(RULINGS))
    by = {standing.system: standing for standing in found.systems}
    assert [(s.n, s.wins, s.losses, s.ties, s.unread) for s in (by["a"], by["b"], by["c"])] == [
        (5, 2, 1, 2, 1),
        (4, 0, 2, 2, 1),
        (3, 2, 1, 0, 0),
    ]
    assert by["a"].win_rate == pytest.approx((2 + 1) / 5)
    assert by["a"].win_rate_decided == pytest.approx(2 / 3)
    assert by["b"].win_rate_decided == 0.0
    assert (by["a"].length, by["c"].length) == (10, 5)
    assert [(m.first, m.second, m.wins, m.losses, m.ties, m.unread) for m in found.matches] == [
        ("a", "b", 1, 0, 2, 1),
        ("a", "c", 1, 1, 0, 0),
        ("b", "c", 0, 1, 0, 0),
    ]


def test_what_sways_the_judge() -> None:
    found = standings(duels_of(RULINGS))
    assert found.positions is not None
    assert (found.positions.consistent.count, found.positions.consistent.n, found.positions.unread) == (5, 6, 1)
    assert (found.positions.first.count, found.positions.second.count) == (1, 0)
    # shown first and named: a in 1, a and b in 2, nobody in 3; b was second in 4; each once in the four others
    assert (found.first_shown.count, found.first_shown.n) == (1 + 2 + 0 + 3, 2 + 2 + 1 + 6)
    # decided: ab 1 (the shorter), ac 1 (longer), ac 2 (shorter), bc 1 (shorter)
    assert found.length.longer is not None
    assert (found.length.longer.count, found.length.longer.n) == (1, 4)


def test_the_baseline_has_a_thousand_points() -> None:
    found = standings(duels_of(RULINGS), baseline="b")
    by = {standing.system: standing for standing in found.systems}
    assert by["b"].elo == pytest.approx(1000)
    assert by["b"].interval == pytest.approx((1000, 1000))
    assert [standing.system for standing in found.systems] == sorted(by, key=lambda name: -(by[name].elo or 0))


def test_one_order_settles_by_itself() -> None:
    found = standings(duels_of([ruling("1", "ab", "first", True), ruling("2", "ab", "second", False)]))
    assert found.positions is None
    assert (found.first_shown.count, found.first_shown.n) == (0, 2)
    assert found.matches[0].win_rate == 0.5


def test_nothing_read_is_told() -> None:
    found = standings(duels_of(both("1", "ab", None, "first")))
    assert found.systems[0].elo is None
    assert found.systems[0].unread == 1
    assert "no verdict" in found.notes[0]


def test_who_won_everything_is_told() -> None:
    found = standings(duels_of([*both("1", "ab", "first", "first"), *both("2", "ab", "first", "first")]))
    assert "half a tie" in found.notes[0]
    assert found.systems[0].system == "a"
