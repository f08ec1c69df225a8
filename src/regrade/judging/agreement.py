"""How far two raters agree: judges with each other, and with people.

Setups as in MT-Bench (Zheng et al. 2023, arXiv:2306.05685, section 4.2): S1 takes every verdict, a judge's that changed
with the order of the answers counting as a tie; S2 takes only pairs of verdicts neither of which is a tie.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple

import msgspec

from regrade.addition import add_up
from regrade.errors import InputError
from regrade.files.columns import MISSING, value_at
from regrade.judging.orders import Verdict, favoured_position
from regrade.judging.votes import Key, Vote, Votes, preferences

TIES = frozenset({"tie", "draw", "equal", "same"})


class Share(msgspec.Struct, frozen=True):
    """A share of cases.

    Attributes:
        count: How many.
        n: Of how many.
        share: Their quotient; None of none.
        interval: Wilson's interval of it; None of none.
    """

    count: int
    n: int
    share: float | None
    interval: tuple[float, float] | None


class Setup(msgspec.Struct, frozen=True):
    """How often two raters gave the same verdict.

    Attributes:
        name: Which verdicts are taken: ``S1`` all, ``S2`` no ties.
        agreement: In how many pairs of verdicts they agree.
        kappa: Cohen's kappa; None where it is undefined.
    """

    name: str
    agreement: Share
    kappa: float | None


class Positions(msgspec.Struct, frozen=True):
    """What a judge does when the answers change places.

    Attributes:
        consistent: In how many comparisons the verdict stays the same.
        first: In how many it leans to whichever answer is shown first.
        second: In how many to whichever is shown second.
        kappa: Cohen's kappa between the verdicts of both orders.
        unread: Comparisons left out: no verdict can be read in one order or both.
    """

    consistent: Share
    first: Share
    second: Share
    kappa: float | None
    unread: int


class Orders(msgspec.Struct, frozen=True):
    """How far each order's verdicts of a judge agree with the other rater.

    Attributes:
        forward: Its verdicts where the first answer was shown first.
        backward: Where the second was.
        both: In how many cases both orders at once agree with the other rater.
    """

    forward: Setup
    backward: Setup
    both: Share


class Ratings(msgspec.Struct, frozen=True):
    """How far two raters' numbers are apart.

    Attributes:
        n: Pairs of ratings.
        spearman: Rank correlation; None where a rater always gave the same.
        difference: Mean of the first rater's less the second's.
        distance: Mean of the absolute difference.
        weighted_kappa: Cohen's kappa with quadratic weights over the ratings in their order.
    """

    n: int
    spearman: float | None
    difference: float
    distance: float
    weighted_kappa: float | None


class Side(msgspec.Struct, frozen=True):
    """What one rater's file holds.

    Attributes:
        path: The file.
        shape: Which kind of file it is.
        items: Items judged.
        votes: Verdicts, several people's on one item counting each.
        unread: Of those, how many cannot be read; they are left out.
        malformed: Rows that are no verdict.
        alone: Items that the other rater did not judge.
        positions: What it does when the answers change places; None where it judged in one order.
    """

    path: str
    shape: str
    items: int
    votes: int
    unread: int
    malformed: int
    alone: int
    positions: Positions | None


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far two raters agree.

    Attributes:
        a: The first rater's file.
        b: The second's; the first's again for raters of one file.
        items: Items judged by both.
        setups: S1, and S2 where there are ties.
        groups: The same by group, where groups were asked for.
        orders: The first rater's orders against the second, where it judged in both.
        ratings: Of numbers, how far they are apart.
        labels: The labels of the confusion matrix.
        confusion: How often each label of ``a`` (rows) met each of ``b`` (columns).
        answers: Of pairs of models, which are meant by ``first`` and ``second``, if they are always the same two.
    """

    a: Side
    b: Side
    items: int
    setups: list[Setup]
    groups: dict[str, list[Setup]]
    orders: Orders | None
    ratings: Ratings | None
    labels: list[Any]
    confusion: list[list[int]]
    answers: list[str] = msgspec.field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every row could be read and held a verdict."""
        return not any(side.unread or side.malformed for side in (self.a, self.b))


class _Met(NamedTuple):
    """Two votes on one item."""

    a: Vote
    b: Vote


def agree(a: Votes, b: Votes | None = None, *, by: str | None = None, level: float = 0.95) -> Agreement:
    """Compare two raters' verdicts on the items that both judged.

    Where a file holds several verdicts on an item, each meets each of the other rater's.

    Args:
        a: The first rater's verdicts.
        b: The second's; None compares the verdicts in ``a`` on the same item with each other.
        by: Column of ``a``'s rows to break agreement down by.
        level: Confidence level of the intervals.

    Raises:
        InputError: no item was judged by both, or ratings are to be compared with labels.
    """
    given_a, given_b = a, b
    if b is not None:
        a, b = _comparable(a, b)
    every = list(_met(a, b))
    met = [pair for pair in every if pair.a.label is not None and pair.b.label is not None]
    shared = a.items.keys() & b.items.keys() if b is not None else {k for k, v in a.items.items() if len(v) > 1}
    if not shared:
        where = f"{a.path}, {b.path}" if b is not None else a.path
        what = "no item was judged by both" if b is not None else "no item was judged twice"
        raise InputError(what, where=where, hint="--id names the columns that tell the items apart")
    symmetric = b is None
    groups = {} if by is None else _groups(met, by)
    labels, confusion = _confusion(met, symmetric)
    return Agreement(
        a=_side(given_a, len(a.items.keys() - shared), level),
        b=_side(given_b or given_a, len((b or a).items.keys() - shared), level),
        items=len(shared),
        setups=_setups(met, symmetric, level),
        groups={name: _setups(pairs, symmetric, level) for name, pairs in sorted(groups.items())},
        orders=_orders(every, level) if b is not None else None,
        ratings=_ratings(met),
        labels=labels,
        confusion=confusion,
        answers=_answers(shared),
    )


def _answers(keys: Iterable[Key]) -> list[str]:
    """The two models of all pairs, in their order; empty if there are several pairs, or the items are no pairs."""
    pairs = {key[2:] for key in keys if len(key) == 4}
    return list(pairs.pop()) if len(pairs) == 1 else []


def _comparable(a: Votes, b: Votes) -> tuple[Votes, Votes]:
    """Ratings become preferences where the other rater compared pairs."""
    if a.kind == b.kind:
        return a, b
    if (a.kind, b.kind) == ("ratings", "pairs"):
        return preferences(a, b.items), b
    if (a.kind, b.kind) == ("pairs", "ratings"):
        return a, preferences(b, a.items)
    raise InputError(
        f"{a.shape} cannot be compared with {b.shape}",
        where=f"{a.path}, {b.path}",
        hint="--id and --verdict name the columns to compare in both files",
    )


def _met(a: Votes, b: Votes | None) -> Iterator[_Met]:
    for key, votes in a.items.items():
        if b is None:
            yield from (_Met(*pair) for pair in combinations(votes, 2))
        elif key in b.items:
            yield from (_Met(*pair) for pair in product(votes, b.items[key]))


def _groups(met: Sequence[_Met], by: str) -> dict[str, list[_Met]]:
    """The pairs by a column of A; where two of its values read the same (1 and the text 1), texts are in quotes."""
    groups: dict[tuple[type, str], list[_Met]] = {}
    for pair in met:
        value = value_at(pair.a.row, by)
        groups.setdefault((type(value), "(missing)" if value is MISSING else str(value)), []).append(pair)
    shown = [text for _, text in groups]
    return {
        f'"{text}"' if kind is str and shown.count(text) > 1 else text: pairs for (kind, text), pairs in groups.items()
    }


def _setups(met: list[_Met], symmetric: bool, level: float) -> list[Setup]:
    decided = [pair for pair in met if pair.a.label not in TIES and pair.b.label not in TIES]
    setups = [_setup("S1", met, symmetric, level)]
    return setups if len(decided) == len(met) else [*setups, _setup("S2", decided, symmetric, level)]


def _setup(name: str, met: list[_Met], symmetric: bool, level: float) -> Setup:
    same = sum(pair.a.label == pair.b.label for pair in met)
    labels = _labels(met, symmetric)
    return Setup(name, share_of(same, len(met), level), kappa_of(*labels))


def _labels(met: list[_Met], symmetric: bool) -> tuple[list[Hashable], list[Hashable]]:
    """Both raters' labels; each pair also the other way round where nobody is the first or second rater."""
    a, b = [pair.a.label for pair in met], [pair.b.label for pair in met]
    return ([*a, *b], [*b, *a]) if symmetric else (a, b)


def kappa_of(a: Iterable[Hashable], b: Iterable[Hashable], *, weighted: bool = False) -> float | None:
    """Cohen's kappa; None where it is undefined."""
    from regrade.statistics.agreement import cohen_kappa

    value = cohen_kappa(a, b, weights="quadratic" if weighted else None)
    return None if math.isnan(value) else value


def share_of(count: int, n: int, level: float) -> Share:
    """A share with Wilson's interval."""
    if not n:
        return Share(0, 0, None, None)
    from regrade.statistics.proportion import wilson

    low, high = wilson(count, n, level)
    return Share(count, n, count / n, (low, high))


def _confusion(met: list[_Met], symmetric: bool) -> tuple[list[Any], list[list[int]]]:
    from regrade.statistics.agreement import confusion_matrix

    found = confusion_matrix(*_labels(met, symmetric))
    return list(found.labels), found.counts.tolist()


def _orders(every: list[_Met], level: float) -> Orders | None:
    """A verdict that cannot be read agrees with nobody, and counts: the other order's may be there."""
    pairs = [(pair.a.orders, pair.b.label) for pair in every if pair.b.label is not None]
    judged = [(orders, label) for orders, label in pairs if orders is not None]
    if not judged:
        return None

    def one(place: int, name: str) -> Setup:
        hits = sum(orders[place] == label for orders, label in judged)
        read = [(orders[place], label) for orders, label in judged if orders[place] is not None]
        kappa = kappa_of([verdict for verdict, _ in read], [label for _, label in read])
        return Setup(name, share_of(hits, len(judged), level), kappa)

    both = sum(forward == backward == label for (forward, backward), label in judged)
    return Orders(one(0, "forward"), one(1, "backward"), share_of(both, len(judged), level))


def positions(votes: Votes, level: float = 0.95) -> Positions | None:
    """What a judge does when the answers change places; None where it judged none in both orders."""
    return positions_of([vote.orders for vote in votes if vote.orders is not None], level)


def positions_of(judged: Sequence[tuple[Verdict | None, Verdict | None]], level: float) -> Positions | None:
    """The same of the verdicts themselves: of each comparison, in both orders."""
    if not judged:
        return None
    read: list[tuple[Verdict, Verdict]] = [(f, b) for f, b in judged if f is not None and b is not None]
    leans = [favoured_position(forward, backward) for forward, backward in read]
    n = len(read)
    return Positions(
        share_of(leans.count(None), n, level),
        share_of(leans.count("first"), n, level),
        share_of(leans.count("second"), n, level),
        kappa_of([f for f, _ in read], [b for _, b in read]) if read else None,
        len(judged) - n,
    )


def _side(votes: Votes, alone: int, level: float) -> Side:
    return Side(
        votes.path,
        votes.shape,
        len(votes.items),
        votes.count,
        votes.unread,
        len(votes.malformed),
        alone,
        positions(votes, level),
    )


def _ratings(met: list[_Met]) -> Ratings | None:
    a = [pair.a.label for pair in met if isinstance(pair.a.label, int | float)]
    b = [pair.b.label for pair in met if isinstance(pair.b.label, int | float)]
    if not met or len(a) < len(met) or len(b) < len(met):
        return None
    gaps = [x - y for x, y in zip(a, b, strict=True)]
    return Ratings(
        len(met),
        spearman(a, b),
        add_up(gaps) / len(gaps),
        add_up(map(abs, gaps)) / len(gaps),
        kappa_of(a, b, weighted=True),
    )


def spearman(a: list[float], b: list[float]) -> float | None:
    """Spearman's rank correlation; None where it is undefined."""
    from regrade.statistics import correlation

    value = correlation.spearman(a, b).value
    return None if math.isnan(value) else value
