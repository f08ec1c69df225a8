"""List the runs of a workspace."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from regrade.api.views import Tabular
from regrade.errors import InputError
from regrade.models.named import typed_name
from regrade.store.run import ANSWERED, FAILED, REFUSED, Run
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run in short.

    Attributes:
        name: Its folder's name.
        title: What a person called it; empty if nobody did.
        status: ``running``, ``stopped``, ``killed``, ``waiting`` (for a batch), ``incomplete`` or ``complete``.
        recipe: The card, task or judge.
        model: Who is asked.
        wanted: Answers that it is to have.
        answered: Answers that are there.
        failed: Requests that failed or were refused.
        score: The first score that was kept, as ``metric value``.
        created: When it was made, ISO 8601.
        judge_of: The runs whose answers it judges; empty if it is no judge's.
    """

    name: str
    title: str
    status: str
    recipe: str
    model: str
    wanted: int
    answered: int
    failed: int
    score: str
    created: str
    judge_of: list[str]


class RunList(Tabular):
    """The runs of a workspace, a sequence of :class:`RunRow`.

    Attributes:
        folder: The workspace's folder.
        rows: The runs, by name.
        unreadable: Folders that hold a run which cannot be read, each as an error.
    """

    def __init__(self, folder: Path, rows: list[RunRow], unreadable: list[InputError]) -> None:
        self.folder, self.rows, self.unreadable = folder, rows, unreadable

    def __len__(self) -> int:
        return len(self.rows)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[RunRow]:
        return iter(self.rows)

    def __getitem__(self, place: int) -> RunRow:
        return self.rows[place]

    def __repr__(self) -> str:
        return f"<RunList: {len(self)} runs in {self.folder}>"

    def _repr_html_(self) -> str:
        from regrade.reports.html import html_table

        return html_table(RunRow.__struct_fields__, [msgspec.structs.astuple(row) for row in self.rows])

    def to_arrow(self) -> pyarrow.Table:
        """A row per run."""
        import pyarrow as pa

        rows = [msgspec.to_builtins(row) for row in self.rows]
        types = {"judge_of": pa.list_(pa.string()), **dict.fromkeys(("wanted", "answered", "failed"), pa.int64())}
        schema = pa.schema([(name, types.get(name, pa.string())) for name in RunRow.__struct_fields__])
        return pa.Table.from_pylist(rows, schema=schema)


def runs(workspace: str | PathLike[str] | None = None) -> RunList:
    """List the runs of a workspace: what was asked of whom, how far it is, and its scores.

    Args:
        workspace: The folder of runs; else ``REGRADE_WORKSPACE``, else ``runs``.
    """
    place = Workspace(workspace)
    unreadable: list[InputError] = []
    return RunList(place.folder, [_row(run) for run in place.runs(unreadable=unreadable.append)], unreadable)


def _row(found: Run) -> RunRow:
    manifest = found.manifest
    there = found.find_answered()
    asked = manifest.model.get("asked")
    return RunRow(
        name=found.folder.name,
        title=manifest.title,
        status=_status(found),
        recipe=manifest.recipe_name,
        model=typed_name(str(asked.get("model", ""))) if isinstance(asked, dict) else "",
        wanted=found.wanted,
        answered=there.count(ANSWERED),
        failed=there.count(FAILED) + there.count(REFUSED),
        score=_score(found),
        created=manifest.created,
        judge_of=manifest.judge_of,
    )


def _status(found: Run) -> str:
    """A run that says it is running is, if somebody holds its lock; else it was killed."""
    return "killed" if found.manifest.status == "running" and not found.is_locked() else found.manifest.status


def _score(found: Run) -> str:
    """The first score that was kept, as ``metric value``."""
    file = found.folder / "scores" / "default" / "results.json"
    try:
        results = msgspec.json.decode(file.read_bytes())["results"]
        rows = [entry for values in results.values() for entry in values.items()]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError):
        return ""
    for key, value in rows:
        if isinstance(value, float) and "stderr" not in key:
            return f"{key.partition(',')[0]} {value:.4g}"
    return ""
