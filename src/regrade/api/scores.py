"""The scores of saved answers, as ``regrade.score`` gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from regrade.api.views import Page, Tabular
from regrade.scoring.results import Result
from regrade.scoring.scores import ScoredSources

if TYPE_CHECKING:
    import pyarrow

    from regrade.scoring.check import CheckRow


class Scores(Page, Tabular, ScoredSources):
    """What scoring gives: a sequence of results, with per-sample values for those who want them.

    ``len(scores)`` is the number of results, ``for result in scores`` goes through them (groups follow their whole).
    """

    @classmethod
    def of(cls, found: ScoredSources) -> Scores:
        """The same scores, with a face."""
        scores = cls(options=found.options, sources=found.sources)
        for name in ("parts", "blocks", "unreadable", "task_groups"):
            setattr(scores, name, getattr(found, name))
        return scores

    def __len__(self) -> int:
        return len(self.results)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __repr__(self) -> str:
        """The tasks, and the first results."""
        shown = [f"{result.task} {result.key} {_number(result.value)}" for result in self.results[:3]]
        more = [f"and {len(self) - 3} more"] if len(self) > 3 else []
        return f"<Scores: {'; '.join([*shown, *more]) or 'nothing'}>"

    def summary(self) -> str:
        """The table that ``regrade score`` prints."""
        from regrade.reports.summary import render_scores

        return render_scores(self)

    def check(self) -> list[CheckRow]:
        """Compare with what the logs recorded; the scores are to be made with ``check=True``."""
        from regrade.scoring.check import check

        return check(self)

    def to_arrow(self, *, texts: bool = True) -> pyarrow.Table:
        """The per-sample values as a table: one row per sample, filter and metric.

        Columns: task, run, file, line, sample_id, filter, metric, value (a number, else null), value_json, extracted,
        unparsed, error, and one per ``by`` expression; with ``texts`` also question, answer, answers (all repeats) and
        target, for which the logs are read once more.

        Raises:
            UsageError: per-sample values were not kept.
            InputError: a log cannot be read any more.
        """
        from regrade.reports.tables import samples_table

        return samples_table(self, texts=texts)

    def to_dict(self) -> dict[str, Any]:
        """The JSON that ``regrade score --json`` prints, in lm-evaluation-harness's results layout."""
        from regrade.reports.layout import results_layout

        return results_layout(self)


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
