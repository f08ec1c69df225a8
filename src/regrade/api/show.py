"""Look at samples: the question, the reference, the answer, and what each filter and metric made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from regrade.api.score import score
from regrade.api.views import Tabular
from regrade.scoring.browse import Card as SampleView
from regrade.scoring.browse import browse

if TYPE_CHECKING:
    from os import PathLike

    import pyarrow

    from regrade.api.scores import Scores
    from regrade.progress import CancelToken, Progress


class SampleViews(Tabular):
    """Samples to look at, read from their logs as they are gone through, each time anew.

    ``len(views)`` is how many there are; ``views.remarks`` says what else a person should know: pipelines that were
    stopped, rows on which an expression fails.
    """

    def __init__(self, scores: Scores, chosen: dict[str, Any]) -> None:
        self.scores = scores
        self._chosen = chosen
        self._total = browse(scores, **chosen).total

    def __len__(self) -> int:
        return self._total

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[SampleView]:
        return iter(browse(self.scores, **self._chosen))

    def __repr__(self) -> str:
        return f"<SampleViews: {len(self):,} samples>"

    def _repr_html_(self) -> str:
        from itertools import islice

        from regrade.reports.html import MOST_ROWS, html_table

        rows = [
            (view.task, view.sample_id, *shown, outcome.filter, outcome.extracted, outcome.values)
            for view in islice(self, MOST_ROWS)
            for shown in [[text[:500] for text in _texts(view)]]
            for outcome in view.outcomes
        ]
        header = ("task", "sample", "question", "target", "answer", "filter", "extracted", "values")
        return html_table(header, rows, f"{len(self):,} samples")

    def to_arrow(self) -> pyarrow.Table:
        """A row per sample and pipeline, with question, target, answer, what was extracted and each metric's value."""
        import pyarrow as pa

        names = ("task", "run", "file", "sample_id", "question", "target", "answer", "filter", "extracted")
        rows: list[dict[str, Any]] = []
        metrics: dict[str, None] = {}
        for view in self:
            asked, target, answer = _texts(view)
            for outcome in view.outcomes:
                extracted = None if outcome.extracted is None else str(outcome.extracted)
                cells = (
                    *(view.task, view.run, view.file, str(view.sample_id)),
                    *(asked, target, answer, outcome.filter, extracted),
                )
                values = {f"value:{name}": _number(value) for name, value in outcome.values.items()}
                metrics |= dict.fromkeys(values)
                rows.append({**dict(zip(names, cells, strict=True)), **values, "failed": outcome.failed})
        fields = [*((name, pa.string()) for name in names), *((name, pa.float64()) for name in metrics)]
        return pa.Table.from_pylist(rows, schema=pa.schema([*fields, ("failed", pa.bool_())]))

    @property
    def remarks(self) -> list[str]:
        """Pipelines that were stopped over answers that took too long, and rows on which an expression fails."""
        stopped = [
            f"{kept.source.task}, {name}: {out.stopped}"
            for kept in self.scores.blocks
            for name, out in kept.block.pipelines.items()
            if out.stopped is not None
        ]
        return stopped + [loss for part in self.scores.parts if part.unevaluated for loss in part.losses(part.task)]


def _texts(view: SampleView) -> tuple[str, str, str]:
    fields = "; ".join(f"{name}: {value}" for name, value in view.fields)
    return fields, str(view.target), "; ".join(map(str, view.answers))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def show(
    *paths: str | PathLike[str],
    failed: bool = False,
    unparsed: bool = False,
    errors: bool = False,
    ids: Sequence[str] | None = None,
    filter: str | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> SampleViews:
    """Look at samples of saved answers.

    Args:
        paths: As for :func:`regrade.score`.
        failed: Only samples that count as wrong.
        unparsed: Only samples in which a pipeline found no answer.
        errors: Only samples whose scoring failed.
        ids: Only these samples.
        filter: Only this pipeline's view.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.
        options: As for :func:`regrade.score`.

    Raises:
        RegradeError: an input, recipe or option is wrong.

    Example:
        >>> import regrade
        >>> views = regrade.show("examples/results", failed=True)
        >>> len(views) > 0 and next(iter(views)).outcomes[0].failed
        True
    """
    options |= {"keep": True, "bootstrap_iterations": 0}
    scores = score(*paths, progress=progress, cancel=cancel, **options)
    chosen = {"failed": failed, "unparsed": unparsed, "errors": errors, "filter": filter}
    return SampleViews(scores, {**chosen, "ids": [str(one) for one in ids] if ids is not None else None})
