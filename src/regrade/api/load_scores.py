"""Scores that were written before: by ``regrade score --out``, or into a run's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.api.views import Page, Tabular
from regrade.errors import Exit, InputError, UsageError
from regrade.reports.layout import SCHEMA_VERSION

if TYPE_CHECKING:
    from os import PathLike

    import pyarrow


class SavedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a results file.

    Attributes:
        task: The key of its task: the task, with the run where there are several.
        metric: The metric.
        filter: The filter pipeline.
        value: The value.
        stderr: Its standard error; None where the file has none.
        interval: Its confidence interval; None where the file has none.
    """

    task: str
    metric: str
    filter: str
    value: Any
    stderr: Any = None
    interval: Any = None


class SavedScores(Page, Tabular):
    """Scores read from a folder. Nothing is scored again.

    Attributes:
        folder: The folder.
        layout: ``results.json``, in lm-evaluation-harness's results layout.
    """

    def __init__(self, folder: Path, layout: dict[str, Any]) -> None:
        self.folder = folder
        self.layout = layout

    @property
    def results(self) -> list[SavedValue]:
        """Every value, in the order of the file."""
        return list(self)

    @property
    def exit_code(self) -> int:
        """3 where samples were missing, malformed or failed, as far as the file says; else 0."""
        return int(self.layout["regrade"].get("exit_code", Exit.DONE))

    def __iter__(self) -> Iterator[SavedValue]:
        intervals = self.layout.get("intervals") or {}
        for task, values in self.layout["results"].items():
            for key, value in values.items():
                metric, comma, name = key.partition(",")
                if not comma or metric.endswith("_stderr"):
                    continue
                yield SavedValue(
                    task=task,
                    metric=metric,
                    filter=name,
                    value=value,
                    stderr=values.get(f"{metric}_stderr,{name}"),
                    interval=(intervals.get(task) or {}).get(key),
                )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        shown = [f"{v.task} {v.metric} {v.value}" for v in list(self)[:3]]
        return f"<SavedScores in {self.folder}: {'; '.join(shown)}>"

    def summary(self) -> str:
        """The table that was printed when they were made; of ``--out``, one of the values."""
        from regrade.reports.text import table

        kept = self.folder / "summary.txt"
        if kept.is_file():
            return kept.read_text(encoding="utf-8").rstrip("\n")
        rows = [[v.task, v.metric, v.filter, _shown(v.value), _shown(v.stderr)] for v in self]
        return table(["task", "metric", "filter", "value", "stderr"], rows, "<<<>>")

    def to_dict(self) -> dict[str, Any]:
        """``results.json`` as it stands there."""
        return self.layout

    def to_arrow(self) -> pyarrow.Table:
        """The per-sample values, a row per sample, filter and metric; see :meth:`regrade.Scores.to_arrow`.

        Raises:
            InputError: ``scores.parquet`` is missing or damaged.
        """
        from pyarrow import ArrowException, parquet

        path = self.folder / "scores.parquet"
        try:
            return parquet.read_table(path)
        except (OSError, ArrowException) as error:
            raise InputError(f"cannot be read: {' '.join(str(error).split())}", where=str(path)) from None


def _shown(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def load_scores(folder: str | PathLike[str]) -> SavedScores:
    """Load scores that were written before.

    Args:
        folder: What ``regrade score --out`` made, a run's folder or its name in the workspace, or a ``results.json``.

    Raises:
        InputError: there are no scores, or they are damaged.
        UsageError: they were written by a later Regrade.
    """
    from regrade.store.workspace import Workspace

    given = Path(Workspace().path(str(folder)))
    if given.name == "results.json":
        given = given.parent
    places = (given, given / "scores" / "default")
    place = next((one for one in places if (one / "results.json").is_file()), None)
    if place is None:
        hint = "regrade score PATH --out DIR writes them; a run has them once it was scored"
        raise InputError("there are no scores here", where=str(folder), hint=hint)
    file = place / "results.json"
    try:
        layout = msgspec.json.decode(file.read_bytes())
        made_by = layout["regrade"]
        version = made_by["schema"]
        if not isinstance(layout["results"], dict) or not all(isinstance(v, dict) for v in layout["results"].values()):
            raise TypeError
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError, TypeError) as error:
        what = "is no results file of Regrade" if isinstance(error, LookupError | TypeError) else f"is damaged: {error}"
        raise InputError(what, where=str(file), hint="regrade score reads the results files of other tools") from None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise UsageError(f"was written by a later Regrade (schema {version})", where=str(file))
    return SavedScores(place, layout)
