"""Score saved answers again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.api.scores import Scores
from regrade.errors import UsageError
from regrade.progress import by_bytes, cancelling
from regrade.scoring.gates import misses_gate, parse_gate
from regrade.scoring.options import Options, parse_metric, pipelines_from
from regrade.scoring.score import READ_OPTIONS, score_paths
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    from os import PathLike

    from regrade.engine import Engine
    from regrade.progress import CancelToken, Progress


__all__ = ["make_options", "misses_gate", "parse_gate", "score"]


def score(
    *paths: str | PathLike[str],
    where: str | None = None,
    filters: Any = None,
    extract: Mapping[str, str] | Sequence[str] | None = None,
    metric: str | Sequence[str] | None = None,
    by: str | Sequence[str] = (),
    engine: Engine | None = None,
    workers: int | None = None,
    keep: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Scores:
    """Score the saved answers below ``paths`` again.

    Args:
        paths: Log files, tables, folders with logs, or names of runs in the workspace; URLs too
            (``s3://bucket/logs``), with ``regrade[remote]``.
        where: Expression that a sample must meet, such as ``"doc.level == 5"``.
        filters: A YAML or JSON file of filter pipelines, or the list it would hold, instead of the recorded pipelines.
        extract: Regular expressions by name (or ``NAME=REGEX``): quick pipelines of ``regex`` and ``take_first``.
        metric: Metrics instead of the recorded ones; ``name`` or ``name:argument=value,...``.
        by: Expressions to break results down by.
        engine: What runs the chunks; by default processes of this machine.
        workers: How many processes the default engine takes.
        keep: Keep per-sample values, for :meth:`Scores.per_sample`.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.
        options: The other attributes of :class:`regrade.Options`, and what readers are told: ``answer``, ``expected``,
            ``id``, ``docs``, ``join_on``, ``reader``, ``score`` (columns that already are scores), ``correct``; what
            only a plugin's reader knows goes into a dict, ``read``.

    Returns:
        The scores; nothing is written.

    Raises:
        RegradeError: an input, recipe or option is wrong; the message says what to do.

    Example:
        >>> import regrade
        >>> scores = regrade.score("examples/results", where="doc.level == 1")
        >>> scores.results[0].metric
        'exact_match'
    """
    settings = make_options(
        where=where, filters=filters, extract=extract, metric=metric, by=by, keep=keep, options=options
    )
    found = score_paths(
        [Workspace().path(path) for path in paths],
        settings,
        engine=engine,
        workers=workers,
        progress=by_bytes("scoring", cancelling(progress, cancel)),
        cancel=cancel,
    )
    return Scores.of(found)


def make_options(
    *,
    where: str | None = None,
    filters: Any = None,
    extract: Mapping[str, str] | Sequence[str] | None = None,
    metric: str | Sequence[str] | None = None,
    by: str | Sequence[str] = (),
    keep: bool = True,
    options: dict[str, Any],
) -> Options:
    """What is said to :func:`score`, as options.

    Raises:
        UsageError: an option has no such name, or cannot mean anything.
    """
    known = {field.name for field in msgspec.structs.fields(Options)} - {"metrics"}
    read = {**options.get("read", {}), **{name: options[name] for name in READ_OPTIONS if name in options}}
    more = {name: value for name, value in options.items() if name != "read" and name not in READ_OPTIONS}
    if unknown := [name for name in more if name not in known]:
        names = sorted({*known, *READ_OPTIONS, "extract", "metric", "engine", "workers", "progress", "cancel"})
        raise UsageError(f"no option is named {unknown[0]!r}", hint=f"options: {', '.join(names)}")
    quick = [f"{name}={pattern}" for name, pattern in extract.items()] if isinstance(extract, Mapping) else extract
    chosen = [metric] if isinstance(metric, str) else metric
    return Options(
        where=where,
        filters=pipelines_from(filters, quick or ()),
        metrics=[parse_metric(text) for text in chosen] if chosen else None,
        by=[by] if isinstance(by, str) else list(by),
        keep=keep,
        read=read,
        **more,
    )
