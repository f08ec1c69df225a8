"""Write scores in the format of another tool."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.api.score import score
from regrade.errors import Exit, InputError
from regrade.files.location import is_url
from regrade.reports.export.targets import TARGETS
from regrade.reports.export.targets import export as export_scores
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    from regrade.api.scores import Scores
    from regrade.progress import CancelToken, Progress

FORMATS = {name: said for name, (*_, said) in TARGETS.items()}
"""What can be written, by name, with what it is."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written.

    Attributes:
        path: The file or folder.
        format: Its format.
        count: Rows or samples in it.
        counted: ``rows`` or ``samples``.
        incomplete: What is not whole, a line each.
        exit_code: 3 where samples are missing, malformed or failed.
    """

    path: Path
    format: str
    count: int
    counted: str
    incomplete: list[str]
    exit_code: Exit

    def __len__(self) -> int:
        return self.count

    def __bool__(self) -> bool:
        return True


def export(
    *paths: str | PathLike[str],
    to: str,
    out: str | PathLike[str],
    workspace: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> Exported:
    """Write runs, or any logs, with their scores in the format of another tool: whole, or not at all.

    Args:
        paths: A run's folder or its name in the workspace, or logs.
        to: The format: parquet, csv, jsonl, lm-eval, every-eval-ever, huggingface, ...
        out: The file or folder.
        workspace: The folder of runs; else ``REGRADE_WORKSPACE``, else ``runs``.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.
        options: As for :func:`regrade.score`.

    Raises:
        RegradeError: an input cannot be scored, or the output not be written.
    """
    if to not in TARGETS:
        raise InputError("cannot be written", where=f"--to {to}", hint=f"formats: {', '.join(TARGETS)}")
    place = Workspace(workspace)
    found = [text if is_url(text) or Path(text).exists() else str(place.find(text).folder) for text in map(str, paths)]
    options["keep"] = True
    scores = score(*found, progress=progress, cancel=cancel, **options)
    count = export_scores(scores, to, Path(out))
    return Exported(
        path=Path(out),
        format=to,
        count=count,
        counted="rows" if TARGETS[to][2] else "samples",
        incomplete=_incomplete(scores),
        exit_code=scores.exit_code,
    )


def _incomplete(scores: Scores) -> list[str]:
    return [
        f"{part.task} of {part.run} is not whole: "
        + (f"{part.counts.missing:,} samples missing, " if part.counts.missing else "")
        + "see regrade score"
        for part in scores.parts
        if not part.complete
    ]
