"""What asking a model gives: the run, what became of the asking, and the scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from regrade.api.views import ByTask, Page, Tabular
from regrade.asking.ask import Tally
from regrade.errors import Exit, UsageError
from regrade.schema import Answer
from regrade.store.run import Run

if TYPE_CHECKING:
    import pyarrow

    from regrade.api.load_scores import SavedScores
    from regrade.api.scores import Scores
    from regrade.judging.summary import Summary

    AnyScores: TypeAlias = Scores | SavedScores


class AskOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an asking.

    Attributes:
        run: The run.
        tally: The counts.
        pending: Requests that were handed in and will be answered later, when the run is resumed.
        cost: US dollars spent now; None where the price is not known.
        trouble: Why answers could not be kept for other runs; None where they were.
    """

    run: Run
    tally: Tally
    pending: int = 0
    cost: float | None = None
    trouble: str | None = None

    @property
    def exit_code(self) -> Exit:
        """3 where answers are missing."""
        return Exit.INCOMPLETE if self.tally.missing and not self.pending else Exit.DONE

    def lines(self) -> list[str]:
        """What became of it, for people."""
        from regrade.reports.asking import render_asking

        lines = render_asking(self.run, self.tally, pending=self.pending, cost=self.cost)
        if self.trouble is not None:
            lines.append(f"answers could not be kept for other runs: {self.trouble}")
        return lines


class RunResult(Page, Tabular):
    """A run after it was asked: a sequence of its answers, with its scores.

    ``len(result)`` is how many answers there are, ``for answer in result`` reads them from the journal.

    Attributes:
        run: The run; ``run.folder`` is what every other function takes.
        outcome: What became of the asking.
        scores: The scores; None where nothing was to be scored.
        kept: Whether nothing was new, so that the scores are those that were written before.
        judging: Of a judge's run, what its verdicts come to.
        remark: Why there are no scores; None where there are, or none were wanted.
    """

    def __init__(
        self,
        run: Run,
        outcome: AskOutcome,
        *,
        scores: AnyScores | None = None,
        kept: bool = False,
        judging: Summary | None = None,
        remark: str | None = None,
    ) -> None:
        self.run, self.outcome, self.scores, self.kept = run, outcome, scores, kept
        self.judging, self.remark = judging, remark

    @property
    def exit_code(self) -> Exit:
        """3 where answers, verdicts or scores are missing, or rows were left out of the samples."""
        codes = [self.outcome.exit_code]
        codes += [Exit(self.scores.exit_code)] if self.scores is not None else []
        codes += [Exit.INCOMPLETE] if self.judging is not None and not self.judging.complete else []
        codes += [Exit.INCOMPLETE] if self.run.manifest.notes else []
        return max(codes)

    def __len__(self) -> int:
        return self.outcome.tally.done

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Answer]:
        from regrade.store.journal import Damaged, read

        latest: dict[tuple[str, int, int], Answer] = {}
        for answer in read(self.run.answers) if self.run.answers.exists() else ():
            if not isinstance(answer, Damaged) and answer.error is None:
                latest[answer.sample_id, answer.repeat, answer.turn] = answer
        return iter(latest.values())

    def __repr__(self) -> str:
        return f"<RunResult: {len(self):,} of {self.outcome.tally.wanted:,} answers in {self.run.folder}>"

    def summary(self) -> str:
        """What became of the asking, and the table of scores."""
        parts = ["\n".join(self.outcome.lines())]
        parts += [self.remark] if self.remark else []
        parts += [self.scores.summary()] if self.scores is not None else []
        if self.judging is not None:
            from regrade.reports.judging import render_judging

            parts.append(render_judging(self.judging))
        return "\n\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """The scores as JSON, in the harness's results layout; of a judge's run with what the verdicts come to.

        Raises:
            UsageError: nothing was scored.
        """
        layout = self._scored().to_dict()
        if self.judging is not None:
            from regrade.reports.judging import judging_data

            layout["judging"] = judging_data(self.judging)
        return layout

    def to_arrow(self) -> pyarrow.Table:
        """The per-sample scores; see :meth:`regrade.Scores.to_arrow`.

        Raises:
            UsageError: nothing was scored.
        """
        return self._scored().to_arrow()

    @property
    def scored_sources(self) -> Scores | None:
        """The scores that were made now; None where none were."""
        from regrade.api.scores import Scores

        return self.scores if isinstance(self.scores, Scores) else None

    def _scored(self) -> AnyScores:
        if self.scores is None:
            raise UsageError(self.remark or "nothing was scored", where=str(self.run.folder))
        return self.scores


class RunResults(ByTask[RunResult], Tabular):
    """One result per task: a card has one, a group of tasks several."""

    def to_arrow(self) -> pyarrow.Table:
        """The per-sample scores of all of them, one below the other."""
        import pyarrow as pa

        tables = [result.to_arrow() for result in self._items]
        return pa.concat_tables(tables, promote_options="default")
