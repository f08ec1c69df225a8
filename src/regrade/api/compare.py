"""Compare two runs on the samples that both answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.api.score import make_options
from regrade.api.views import Page, Tabular
from regrade.progress import by_bytes, cancelling
from regrade.scoring.compare import compare_paths
from regrade.scoring.comparison import ComparedMetric, ComparedRuns
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    from os import PathLike

    import pyarrow

    from regrade.engine import Engine
    from regrade.progress import CancelToken, Progress


class Comparison(Page, Tabular, ComparedRuns, kw_only=True):
    """Two runs compared, as ``regrade.compare`` gives it: a sequence of metrics.

    ``len(comparison)`` is the number of compared metrics, ``for metric in comparison`` goes through them.
    """

    def __len__(self) -> int:
        return len(self.metrics)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[ComparedMetric]:
        return iter(self.metrics)

    def __repr__(self) -> str:
        """Both runs, and the first verdicts."""
        shown = [f"{m.task} {m.metric} {m.a:.4f} to {m.b:.4f}, {m.verdict}" for m in self.metrics[:3]]
        more = [f"and {len(self) - 3} more"] if len(self) > 3 else []
        return f"<Comparison of {self.name_a} and {self.name_b}: {'; '.join([*shown, *more])}>"

    def summary(self, *, flips: int = 10) -> str:
        """The page that ``regrade compare`` prints, with so many of the samples that flipped."""
        from regrade.reports.comparison import render_comparison

        return render_comparison(self, flips=flips)

    def to_dict(self) -> dict[str, Any]:
        """The JSON that ``regrade compare --json`` prints."""
        builtins: dict[str, Any] = msgspec.to_builtins(self)
        for row, metric in zip(builtins["metrics"], self.metrics, strict=True):
            row["inside_noise"], row["verdict"] = metric.inside_noise, metric.verdict
        return builtins

    def to_arrow(self) -> pyarrow.Table:
        """A row per compared metric: all that ``--json`` has of it but the samples that flipped."""
        import pyarrow as pa

        rows = self.to_dict()["metrics"]
        for row, metric in zip(rows, self.metrics, strict=True):
            row["interval_low"], row["interval_high"] = metric.interval
            for name in ("flips", "interval"):
                del row[name]
            for name in ("whole_a", "whole_b"):
                row[name] = row[name] if isinstance(row[name], float | int) else None
        return pa.Table.from_pylist(rows)


def compare(
    a: str | PathLike[str],
    b: str | PathLike[str],
    *,
    metric: str | Sequence[str] | None = None,
    filter: str | None = None,
    samples: str | PathLike[str] | None = None,
    correction: bool = True,
    where: str | None = None,
    filters: Any = None,
    extract: Any = None,
    by: str | Sequence[str] = (),
    engine: Engine | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Comparison:
    """Compare two runs on the samples that both answered.

    Args:
        a: The first run: a log, a folder with one log per task, or the name of a run in the workspace.
        b: The second.
        metric: Only these metrics.
        filter: Only this filter pipeline.
        samples: A card's samples; ``a`` and ``b`` are the answers to them.
        correction: Correct the p-values for their number, where there are several.
        where: As for :func:`regrade.score`.
        filters: Likewise.
        extract: Likewise.
        by: Likewise.
        engine: Likewise.
        workers: Likewise.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.
        options: As for :func:`regrade.score`.

    Raises:
        InputError: nothing is common to the two, or one holds several runs of a task.

    Example:
        >>> import regrade
        >>> result = regrade.compare("examples/results/chatty", "examples/results/careful", metric="exact_match")
        >>> result.metrics[0].metric
        'exact_match'
    """
    options.pop("keep", None)
    settings = make_options(where=where, filters=filters, extract=extract, metric=metric, by=by, options=options)
    found = compare_paths(
        Workspace().path(a),
        Workspace().path(b),
        settings,
        filter=filter,
        samples=str(samples) if samples is not None else None,
        correction=correction,
        engine=engine,
        workers=workers,
        progress=by_bytes("scoring", cancelling(progress, cancel)),
        cancel=cancel,
    )
    return Comparison(**{name: getattr(found, name) for name in ComparedRuns.__struct_fields__})
