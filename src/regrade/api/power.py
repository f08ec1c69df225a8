"""Say what a number of samples can show."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.api.score import make_options
from regrade.api.views import Page, Tabular
from regrade.errors import Exit, UsageError
from regrade.progress import by_bytes, cancelling
from regrade.scoring.compare import compare_paths
from regrade.scoring.power import FoundPower, Power, Question, power_of_comparison, power_of_numbers, power_of_scores
from regrade.scoring.score import score_paths
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow

    from regrade.engine import Engine
    from regrade.progress import CancelToken, Progress


class PowerReport(Page, Tabular, FoundPower, kw_only=True):
    """What a number of samples can show, as ``regrade.power`` gives it: a sequence of rows, one per metric."""

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Power]:
        return iter(self.rows)

    @property
    def exit_code(self) -> Exit:
        """3 where the runs that it was estimated from lack something."""
        return Exit.INCOMPLETE if self.losses else Exit.DONE

    def summary(self) -> str:
        """The page that ``regrade power`` prints."""
        from regrade.reports.power import render_power

        return render_power(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON that ``regrade power --json`` prints."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    def to_arrow(self) -> pyarrow.Table:
        """A row per metric."""
        import pyarrow as pa

        return pa.Table.from_pylist([msgspec.to_builtins(row) for row in self.rows])


def power(
    a: str | PathLike[str] | None = None,
    b: str | PathLike[str] | None = None,
    *,
    n: int | None = None,
    effect: float | None = None,
    target: float = 0.8,
    paired: bool = True,
    baseline: float | None = None,
    discordance: float | None = None,
    variance: float | None = None,
    within: float | None = None,
    repeats: int | None = None,
    level: float = 0.95,
    filter: str | None = None,
    metric: Any = None,
    where: str | None = None,
    filters: Any = None,
    extract: Any = None,
    engine: Engine | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> PowerReport:
    """Say what a number of samples can show: the power, the smallest difference that is found, and the samples needed.

    Args:
        a: The first of two runs that tell how much samples vary; without runs, numbers say it.
        b: The second.
        n: Samples; None for those of the runs.
        effect: The difference to find; None for the one that the runs show.
        target: The power to reach.
        paired: The two answer the same samples; else ``n`` each.
        baseline: The first system's share of right answers.
        discordance: Share of samples that exactly one of the two gets right.
        variance: Of a sample's difference; unpaired, of one system's scores.
        within: Variance of one answer about its question's mean, added to ``variance``.
        repeats: Answers per question, over which ``within`` is averaged.
        level: Confidence level; 1 less the level of the test.
        filter: Only this filter pipeline.
        metric: Only these metrics.
        where: As for :func:`regrade.score`.
        filters: Likewise.
        extract: Likewise.
        engine: Likewise.
        workers: Likewise.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.
        options: As for :func:`regrade.score`.

    Raises:
        UsageError: what is said does not go together.
    """
    numbers = {
        "baseline": baseline,
        "discordance": discordance,
        "variance": variance,
        "within": within,
        "repeats": repeats,
    }
    _check([path for path in (a, b) if path is not None], numbers, paired, n, effect, target, level)
    question = Question(n=n, effect=effect, paired=paired, level=level, target=target)
    if a is None or b is None:
        found = power_of_numbers(
            question,
            baseline=baseline,
            discordance=discordance,
            variance=variance,
            within=within or 0.0,
            repeats=1 if repeats is None else repeats,
        )
        return _report(found)
    options |= {"level": level}
    settings = make_options(where=where, filters=filters, extract=extract, metric=metric, keep=paired, options=options)
    one, other = Workspace().path(a), Workspace().path(b)
    running: dict[str, Any] = {"engine": engine, "workers": workers, "cancel": cancel}
    running["progress"] = by_bytes("scoring", cancelling(progress, cancel))
    if paired:
        return _report(power_of_comparison(compare_paths(one, other, settings, filter=filter, **running), question))
    first, second = (score_paths([path], settings, **running) for path in (one, other))
    return _report(power_of_scores(first, second, question, filter=filter))


def _report(found: FoundPower) -> PowerReport:
    return PowerReport(rows=found.rows, losses=found.losses, notes=found.notes)


def _check(
    runs: list[Any],
    numbers: dict[str, float | int | None],
    paired: bool,
    n: int | None,
    effect: float | None,
    target: float,
    level: float,
) -> None:
    """Refuse what says nothing together.

    Raises:
        UsageError: something does not.
    """
    given = [name for name, value in numbers.items() if value is not None]
    if len(runs) not in (0, 2):
        raise UsageError("two runs are wanted, or none", where=" ".join(map(str, runs)), hint="regrade power A B")
    if runs and given:
        raise UsageError("is told by the runs", where=f"--{given[0]}", hint="leave it out, or the runs")
    if "discordance" in given and (not paired or "variance" in given):
        other = "--unpaired" if not paired else "--variance"
        raise UsageError(f"cannot be given with {other}", where="--discordance")
    if "variance" not in given and ("within" in given or "repeats" in given):
        raise UsageError("needs --variance", where="--within" if "within" in given else "--repeats")
    within = numbers["within"]
    if within is not None and not within >= 0:
        raise UsageError("must be at least 0", where=f"--within {within}")
    if n is not None and n < 1:
        raise UsageError("must be at least 1", where=f"--n {n}")
    if not 0 < target < 1:
        raise UsageError("must be between 0 and 1", where=f"--power {target}", hint="80 % is 0.8")
    if not 0 < level < 1:
        raise UsageError("must be between 0 and 1", where=f"--level {level}", hint="95 % is 0.95")
    if effect == 0:
        raise UsageError("must be other than 0", where="--effect 0")
