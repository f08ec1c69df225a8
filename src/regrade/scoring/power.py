"""Power of a comparison: of two runs, or of numbers that somebody has in mind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from regrade.errors import InputError, UsageError
from regrade.statistics import power as statistics
from regrade.statistics.power import Design, of_discordance, of_proportions, of_variance

if TYPE_CHECKING:
    from regrade.scoring.comparison import ComparedMetric, ComparedRuns
    from regrade.scoring.results import Result
    from regrade.scoring.scores import ScoredSources


class Power(msgspec.Struct, kw_only=True):
    """What a number of samples can show.

    Attributes:
        task: The task; None of numbers alone.
        filter: The filter pipeline.
        metric: The metric.
        design: What is compared, and by which test.
        n: Samples (of each run, where they are different ones); None where none were named.
        baseline: The first run's value.
        variance: What one sample adds to the variance of the difference; None where a discordance stands for it.
        discordance: Share of samples that exactly one of the two runs gets right.
        effect: The difference asked for; None where none was named.
        observed: Whether it is the difference that the runs show.
        level: Confidence level of the two-sided test.
        target: The power that ``detectable`` and ``needed`` are for.
        power: Probability that ``n`` samples show ``effect``.
        detectable: The smallest difference that ``n`` samples show with power ``target``; nan where none is.
        needed: Samples that show ``effect`` with power ``target``.
    """

    task: str | None = None
    filter: str | None = None
    metric: str | None = None
    design: str
    n: int | None = None
    baseline: float | None = None
    variance: float | None = None
    discordance: float | None = None
    effect: float | None = None
    observed: bool = False
    level: float = 0.95
    target: float = 0.8
    power: float | None = None
    detectable: float | None = None
    needed: int | None = None


class FoundPower(msgspec.Struct, kw_only=True):
    """Power by metric.

    Attributes:
        rows: A row per task, filter and metric; one of numbers alone.
        losses: What is missing from the runs that it was estimated from.
        notes: What a person should know.
    """

    rows: list[Power] = msgspec.field(default_factory=list)
    losses: list[str] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)


class Question(msgspec.Struct, kw_only=True, frozen=True):
    """What is asked of a comparison.

    Attributes:
        n: Samples; None takes those of the runs.
        effect: The difference of interest; None takes the one that the runs show.
        paired: Whether both systems answer the same samples.
        level: Confidence level of the two-sided test.
        target: Power to be reached.
    """

    n: int | None = None
    effect: float | None = None
    paired: bool = True
    level: float = 0.95
    target: float = 0.8


_MCNEMAR = "same samples, McNemar"
_PAIRED = "same samples, paired"
_UNPAIRED = "different samples"


def power_of_numbers(
    question: Question,
    *,
    baseline: float | None = None,
    discordance: float | None = None,
    variance: float | None = None,
    within: float = 0.0,
    repeats: int = 1,
) -> FoundPower:
    """Power of a comparison that is only planned.

    Args:
        question: What is asked.
        baseline: The first system's share of right answers.
        discordance: Share of samples that exactly one of the two gets right.
        variance: Of the difference of a pair, or, of different samples, of one system's scores.
        within: Of each system, the mean variance of an answer about its question's expectation.
        repeats: Answers per question.

    Raises:
        UsageError: the numbers say too little, contradict each other or cannot be.
    """
    notes: list[str] = []
    effect = question.effect
    if question.n is None and effect is None:
        raise UsageError("nothing to find out", hint="give --n, --effect or both")
    if variance is not None:
        design = of_variance((variance if question.paired else 2 * variance) + 2 * within / _repeats(repeats))
        row = _row(question, _PAIRED if question.paired else _UNPAIRED, design)
        row.variance = design.real(0.0) ** 2
    elif not question.paired and baseline is not None:
        row = _row(question, _UNPAIRED, of_proportions(baseline, effect or 1.0))
    elif question.paired and (discordance is not None or (baseline is not None and effect is not None)):
        if discordance is None:
            assert baseline is not None
            assert effect is not None
            other = baseline + effect
            if not 0 <= baseline <= 1 or not 0 <= other <= 1:
                raise UsageError(f"shares lie between 0 and 1, not at {baseline:g} and {other:g}")
            discordance = baseline * (1 - other) + other * (1 - baseline)
            notes.append(
                f"the two are taken to be right independently of each other, so that they differ on {discordance:.1%} "
                "of the samples; real models differ on fewer and need fewer samples: name --discordance, or two runs"
            )
        row = _row(question, _MCNEMAR, of_discordance(discordance))
        row.discordance = discordance
    else:
        raise UsageError(
            "how much samples vary is not known",
            hint="give two runs, --discordance (same samples), --variance, or --baseline with --effect or --unpaired",
        )
    row.baseline = baseline
    return FoundPower(rows=[row], notes=notes)


def power_of_comparison(comparison: ComparedRuns, question: Question) -> FoundPower:
    """Power of comparisons like this one, on the same samples, as far as two runs tell it."""
    report = FoundPower(losses=list(comparison.losses))
    for metric in comparison.metrics:
        asked = _about(question, metric.n, metric.difference)
        discordance = len(metric.flips) / metric.n
        if metric.test == "mcnemar exact" and discordance < abs(asked.effect or 0.0):
            report.notes.append(
                f"{metric.task}: {metric.metric},{metric.filter}: the runs differ on {discordance:.1%} of the samples, "
                f"too few for a difference of {asked.effect:.1%}; --discordance is for systems that differ more"
            )
            continue
        if metric.test == "mcnemar exact" and discordance:
            row = _row(asked, _MCNEMAR, of_discordance(discordance))
            row.discordance = discordance
        elif metric.test != "mcnemar exact" and math.isfinite(metric.stderr):
            variance = metric.stderr**2 * metric.n
            row = _row(asked, f"{_PAIRED}, clustered" if "clustered" in metric.test else _PAIRED, of_variance(variance))
            row.variance = variance
        else:
            report.notes.append(f"{metric.task}: {metric.metric},{metric.filter}: {_why_not(metric)}")
            continue
        row.task, row.filter, row.metric, row.baseline = metric.task, metric.filter, metric.metric, metric.a
        row.observed = question.effect is None
        report.rows.append(row)
    return _finished(report, question, comparison.name_a)


def power_of_scores(
    first: ScoredSources, second: ScoredSources, question: Question, *, filter: str | None = None
) -> FoundPower:
    """Power of comparisons of two systems on different samples, as varied as those of these runs."""
    report = FoundPower(losses=[loss for scores in (first, second) for loss in _losses(scores)])
    theirs = {(r.task, r.key): r for part in second.parts if part.main for r in part.whole}
    for part in first.parts:
        for result in part.whole if part.main else []:
            if filter is not None and result.filter != filter:
                continue
            other = theirs.get((result.task, result.key))
            variances = [_variance_of(one) for one in (result, other) if one is not None]
            if other is None or None in variances:
                report.notes.append(f"{result.task}: {result.key}: its standard error is not known")
                continue
            variance = math.fsum(value for value in variances if value is not None)
            asked = _about(question, min(result.scored, other.scored), float(other.value) - float(result.value))
            row = _row(asked, _UNPAIRED, of_variance(variance))
            row.variance, row.baseline, row.observed = variance, float(result.value), question.effect is None
            row.task, row.filter, row.metric = result.task, result.filter, result.metric
            report.rows.append(row)
    return _finished(report, question, ", ".join(sorted({part.path for part in first.parts})))


def _losses(scores: ScoredSources) -> list[str]:
    unreadable = [f"unreadable: {bad.file}: {bad.reason}" for bad in scores.unreadable]
    return unreadable + [loss for part in scores.parts if part.main for loss in part.losses(part.path)]


def _variance_of(result: Result) -> float | None:
    """What one sample adds to the variance of a value; None where it is not known."""
    error = result.clustered_stderr if result.clustered_stderr is not None else result.stderr
    known = isinstance(error, float) and math.isfinite(error) and isinstance(result.value, int | float)
    return error**2 * result.scored if known and isinstance(error, float) else None


def _about(question: Question, n: int, difference: float) -> Question:
    """The question, with what runs tell in place of what was not named."""
    effect = question.effect
    if effect is None and difference:
        effect = difference
    return msgspec.structs.replace(question, n=n if question.n is None else question.n, effect=effect)


def _row(question: Question, design_name: str, design: Design) -> Power:
    row = Power(design=design_name, n=question.n, effect=question.effect, level=question.level, target=question.target)
    if question.n is not None:
        row.detectable = statistics.detectable(design, question.n, level=question.level, power=question.target)
        if question.effect is not None:
            row.power = statistics.power_at(design, question.n, question.effect, level=question.level)
    if question.effect is not None:
        row.needed = statistics.needed_samples(design, question.effect, level=question.level, power=question.target)
    return row


def _why_not(metric: ComparedMetric) -> str:
    if metric.test == "mcnemar exact":
        return "the two runs agree on every sample, which tells nothing of how often two others would differ"
    return "the error of its difference is not known"


def _finished(report: FoundPower, question: Question, where: str) -> FoundPower:
    if not report.rows:
        raise InputError("nothing tells how much samples vary", where=where, hint="\n  ".join(report.notes) or None)
    if any(row.observed for row in report.rows):
        report.notes.append(
            "the effect is the difference that the runs show, which is larger than the true one where it was taken for "
            "large: --effect names one that matters to you"
        )
    return report


def _repeats(repeats: int) -> int:
    if repeats < 1:
        raise UsageError("must be at least 1", where=f"--repeats {repeats}")
    return repeats
