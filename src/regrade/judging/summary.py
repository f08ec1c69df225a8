"""What a judge's run comes to beside its scores: how many verdicts there are, and who is ahead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from regrade.atomic import replacing
from regrade.judging.rulings import Ruling, rulings_of
from regrade.judging.standings import LengthEffect, Standings, duels_of, standings
from regrade.schema import FilterPipeline
from regrade.store.judge_run import JudgeRun


class Verdicts(msgspec.Struct):
    """How many of a judge's verdicts about one system there are.

    Attributes:
        system: The judged system.
        asked: Questions to the judge.
        failed: Of them, calls that failed, or were not made yet.
        unparsed: Answers from which no verdict can be read.
        parsed: Verdicts.
    """

    system: str
    asked: int = 0
    failed: int = 0
    unparsed: int = 0
    parsed: int = 0

    @property
    def answered(self) -> int:
        """Questions that the judge answered."""
        return self.asked - self.failed


class Unread(msgspec.Struct):
    """Answers from which no verdict can be read, for one reason.

    Attributes:
        reason: Why.
        count: How many.
        first: The id of the first one.
    """

    reason: str
    count: int
    first: str


class Summary(msgspec.Struct, kw_only=True):
    """What a judge's run comes to.

    Attributes:
        run: Its name.
        judge: The judge's model.
        mode: ``rating``, ``pairwise`` or ``choice``.
        verdicts: Per judged system, how many verdicts there are. A comparison counts for both.
        total: Over all questions.
        unread: Why no verdict could be read, the commonest reason first.
        standings: Of comparisons, who is ahead.
        length: Of ratings, how they go with the length of the answers.
    """

    run: str
    judge: str
    mode: str
    verdicts: list[Verdicts]
    total: Verdicts
    unread: list[Unread] = []
    standings: Standings | None = None
    length: LengthEffect | None = None

    @property
    def complete(self) -> bool:
        """Whether every question has a verdict."""
        return self.total.parsed == self.total.asked


def summarise(run: JudgeRun, *, filters: list[FilterPipeline] | None = None) -> Summary:
    """Count a judge's verdicts, and compare the systems.

    Args:
        run: The judge's run.
        filters: Pipelines to read the verdicts by, of which the first is taken; None for the run's own.
    """
    rulings = rulings_of(run, filters=filters)
    manifest = run.manifest
    by_system: dict[str, Verdicts] = {}
    total = Verdicts("all")
    for ruling in rulings:
        for counted in (total, *(by_system.setdefault(name, Verdicts(name)) for name in ruling.models)):
            _count(ruling, counted)
    pairs = run.mode == "pairwise"
    return Summary(
        run=manifest.name,
        judge=run.judge,
        mode=run.mode,
        verdicts=list(by_system.values()),
        total=total,
        unread=_unread(rulings),
        standings=standings(duels_of(rulings), baseline=manifest.recipe.get("baseline")) if pairs else None,
        length=_length(rulings) if run.mode == "rating" else None,
    )


def write_summary(summary: Summary, folder: Path) -> None:
    """Write ``judging.json``; it takes its place when it is whole."""
    with replacing(folder / "judging.json") as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")


def _count(ruling: Ruling, counted: Verdicts) -> None:
    counted.asked += 1
    if ruling.status == "parsed":
        counted.parsed += 1
    elif ruling.status == "unparsed":
        counted.unparsed += 1
    else:
        counted.failed += 1


def _unread(rulings: Sequence[Ruling]) -> list[Unread]:
    kinds: dict[str, Unread] = {}
    for ruling in rulings:
        if ruling.status == "unparsed":
            kind = (ruling.reason or "nothing was found").partition(": ")[0]
            kinds.setdefault(kind, Unread(kind, 0, ruling.sample_id)).count += 1
    return sorted(kinds.values(), key=lambda one: -one.count)


def _length(rulings: Sequence[Ruling]) -> LengthEffect:
    from regrade.judging.agreement import spearman

    read = [(float(ruling.lengths[0]), float(ruling.verdict)) for ruling in rulings if ruling.status == "parsed"]
    return LengthEffect(correlation=spearman([length for length, _ in read], [rating for _, rating in read]))
