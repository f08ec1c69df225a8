"""Systems in their order, of comparisons of two at a time: win rates, strengths, and what else sways the judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from regrade.addition import add_up
from regrade.judging.agreement import Positions, Share, positions_of, share_of
from regrade.judging.orders import Verdict, settle
from regrade.judging.rulings import Ruling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORTH: Final[dict[Verdict, float]] = {"first": 1.0, "second": 0.0, "tie": 0.5}


_FEWEST: Final = 20
"""Comparisons that a regression on length takes at least."""


class Duel(msgspec.Struct, frozen=True):
    """One comparison of two systems, in whatever orders it was made.

    Attributes:
        item: The judged sample and its turn.
        first: One system.
        second: The other.
        verdict: On what all orders agree, else a tie; None where one could not be read or its call failed.
        by_order: The verdict by whether the second was shown first.
        lengths: Characters of the two answers.
        category: What the item is grouped by.
    """

    item: tuple[str, int, int]
    first: str
    second: str
    verdict: Verdict | None
    by_order: dict[bool, Verdict | None]
    lengths: tuple[int, int]
    category: str | None = None


class Standing(msgspec.Struct):
    """How one system fared.

    Attributes:
        system: Its name.
        n: Comparisons with a verdict.
        wins: Won.
        losses: Lost.
        ties: Neither, or won in one order and lost in the other.
        unread: Comparisons without a verdict; they are in none of the others.
        win_rate: Wins and half of the ties, of ``n``.
        win_rate_decided: Wins, of wins and losses.
        elo: Bradley and Terry's strength on the Elo scale; the mean, or the baseline, has 1000 points.
        interval: Its percentile bootstrap interval, over items.
        length: Mean characters of its answers.
    """

    system: str
    n: int = 0
    wins: int = 0
    losses: int = 0
    ties: int = 0
    unread: int = 0
    win_rate: float | None = None
    win_rate_decided: float | None = None
    elo: float | None = None
    interval: tuple[float, float] | None = None
    length: float | None = None


class Match(msgspec.Struct):
    """How two systems fared against each other.

    Attributes:
        first: One.
        second: The other.
        wins: Won by the first.
        losses: Won by the second.
        ties: Neither.
        unread: Without a verdict.
        win_rate: Of the first, ties as halves.
        at_equal_length: The same if both answers were of one length, by logistic regression; see
            :func:`~regrade.judging.length_controlled.at_equal_length`. None of fewer than 20 comparisons.
    """

    first: str
    second: str
    wins: int = 0
    losses: int = 0
    ties: int = 0
    unread: int = 0
    win_rate: float | None = None
    at_equal_length: float | None = None


class LengthEffect(msgspec.Struct, frozen=True):
    """Whether the longer answer wins.

    Attributes:
        longer: Of the comparisons that somebody won and whose answers differ in length, those that the longer one won.
        correlation: Of ratings, Spearman's rank correlation with the length of the answer; None for comparisons.
    """

    longer: Share | None = None
    correlation: float | None = None


class Standings(msgspec.Struct, kw_only=True):
    """Every system's standing.

    Attributes:
        systems: The systems, the strongest first.
        matches: Each two that were compared.
        positions: What the judge does when the answers change places; None where each pair was shown in one order.
        first_shown: Of the verdicts that name a winner, those that name the answer which was shown first.
        length: Whether the longer answer wins.
        notes: What a reader should know.
    """

    systems: list[Standing]
    matches: list[Match]
    positions: Positions | None
    first_shown: Share
    length: LengthEffect
    notes: list[str] = msgspec.field(default_factory=list)


def duels_of(rulings: Iterable[Ruling]) -> list[Duel]:
    """The comparisons that rulings make up."""
    found: dict[tuple[Any, ...], list[Ruling]] = {}
    for ruling in rulings:
        key = (*ruling.models, ruling.item, ruling.turn, ruling.repeat, ruling.criterion)
        found.setdefault(key, []).append(ruling)
    duels = []
    for orders in found.values():
        one = orders[0]
        by_order: dict[bool, Verdict | None] = {bool(ruling.swapped): ruling.verdict for ruling in orders}
        verdicts = list(by_order.values())
        verdict = settle(by_order[False], by_order[True]) if len(by_order) == 2 else verdicts[0]
        first, second = one.models
        lengths = one.lengths[0], one.lengths[1]
        duels.append(Duel((one.item, one.turn, one.repeat), first, second, verdict, by_order, lengths, one.category))
    return duels


def standings(
    duels: Sequence[Duel], *, baseline: str | None = None, level: float = 0.95, resamples: int = 1000, seed: int = 42
) -> Standings:
    """The standing of every system.

    Args:
        duels: The comparisons.
        baseline: The system that has 1000 points; None puts the mean there.
        level: Confidence level of the intervals.
        resamples: How often items are drawn anew for the strengths' intervals.
        seed: Of these draws.
    """
    table: dict[str, Standing] = {}
    matches: dict[tuple[str, str], Match] = {}
    lengths: dict[str, dict[Any, int]] = {}
    for duel in duels:
        one, other = (table.setdefault(name, Standing(name)) for name in (duel.first, duel.second))
        match = matches.setdefault((duel.first, duel.second), Match(duel.first, duel.second))
        for name, length in zip((duel.first, duel.second), duel.lengths, strict=True):
            lengths.setdefault(name, {})[duel.item] = length
        _count(duel.verdict, one, other, match)
    for name, standing in table.items():
        standing.length = add_up(lengths[name].values()) / len(lengths[name])
        standing.win_rate = _rate(standing.wins + standing.ties / 2, standing.n)
        standing.win_rate_decided = _rate(standing.wins, standing.wins + standing.losses)
    decided: dict[tuple[str, str], list[Duel]] = {}
    for duel in duels:
        if duel.verdict is not None:
            decided.setdefault((duel.first, duel.second), []).append(duel)
    for key, match in matches.items():
        own = decided.get(key, [])
        match.win_rate = _rate(match.wins + match.ties / 2, len(own))
        match.at_equal_length = _at_equal_length(own)
    notes = _strengths(list(table.values()), duels, baseline, level, resamples, seed)
    return Standings(
        systems=sorted(table.values(), key=lambda standing: -(standing.elo if standing.elo is not None else -1e9)),
        matches=list(matches.values()),
        positions=_positions(duels, level),
        first_shown=_first_shown(duels, level),
        length=_longer(duels, level),
        notes=notes,
    )


def _count(verdict: Verdict | None, one: Standing, other: Standing, match: Match) -> None:
    if verdict is None:
        for counted in (one, other, match):
            counted.unread += 1
        return
    one.n, other.n = one.n + 1, other.n + 1
    if verdict == "tie":
        for counted in (one, other, match):
            counted.ties += 1
        return
    won, lost = (one, other) if verdict == "first" else (other, one)
    won.wins, lost.losses = won.wins + 1, lost.losses + 1
    if verdict == "first":
        match.wins += 1
    else:
        match.losses += 1


def _rate(count: float, n: int) -> float | None:
    return count / n if n else None


def _strengths(
    table: list[Standing], duels: Sequence[Duel], baseline: str | None, level: float, resamples: int, seed: int
) -> list[str]:
    """Fill in the strengths; returns what a reader should know of them."""
    import numpy as np

    from regrade.statistics import bradley_terry as model

    names = {standing.system: place for place, standing in enumerate(table)}
    items: dict[str, int] = {}
    decided = [duel for duel in duels if duel.verdict is not None]
    for duel in decided:
        items.setdefault(duel.item[0], len(items))
    if not decided:
        return ["there is no verdict to tell the systems apart by"]
    wins: NDArray[np.float64] = np.zeros((len(items), len(names), len(names)))
    for duel in decided:
        assert duel.verdict is not None
        place, one, other = items[duel.item[0]], names[duel.first], names[duel.second]
        wins[place, one, other] += _WORTH[duel.verdict]
        wins[place, other, one] += 1.0 - _WORTH[duel.verdict]
    anchor = names.get(baseline) if baseline is not None else None
    total = wins.sum(axis=0)
    points = model.elo(model.strengths(total), anchor)
    intervals = model.interval(
        model.bootstrap(wins, resamples=resamples, seed=seed, anchor=anchor) if len(items) > 1 else points[None], level
    )
    for standing, value, interval in zip(table, points.tolist(), intervals, strict=True):
        standing.elo = value
        standing.interval = interval if len(items) > 1 else None
    if bool(model.exists(total)):
        return []
    why = "a system won or lost everything, so that no likeliest strengths exist"
    return [f"{why}: half a tie was added to each two that were compared"]


def _positions(duels: Sequence[Duel], level: float) -> Positions | None:
    both = [duel.by_order for duel in duels if len(duel.by_order) == 2]
    return positions_of([(orders[False], orders[True]) for orders in both], level)


def _first_shown(duels: Sequence[Duel], level: float) -> Share:
    shown = [
        (verdict == "second") == swapped
        for duel in duels
        for swapped, verdict in duel.by_order.items()
        if verdict in ("first", "second")
    ]
    return share_of(add_up(shown), len(shown), level)


def _longer(duels: Sequence[Duel], level: float) -> LengthEffect:
    won = [
        (duel.lengths[0] > duel.lengths[1]) == (duel.verdict == "first")
        for duel in duels
        if duel.verdict in ("first", "second") and duel.lengths[0] != duel.lengths[1]
    ]
    return LengthEffect(longer=share_of(add_up(won), len(won), level))


def _at_equal_length(duels: Sequence[Duel]) -> float | None:
    if len(duels) < _FEWEST:
        return None
    import numpy as np

    from regrade.judging.length_controlled import at_equal_length

    worth = np.array([_WORTH[duel.verdict] for duel in duels if duel.verdict is not None])
    gaps = np.array([float(duel.lengths[0] - duel.lengths[1]) for duel in duels])
    return at_equal_length(worth, gaps)
