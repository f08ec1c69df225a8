"""The folder of all runs: where they are, what they are called, and the cache that they share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from regrade.atomic import make_folder
from regrade.errors import InputError, OutputError
from regrade.store.manifest import MANIFEST

if TYPE_CHECKING:
    from regrade.store.cache import AnswerCache
    from regrade.store.run import Run

DEFAULT = "runs"


class Workspace:
    """A folder of runs.

    Args:
        folder: The folder; else ``REGRADE_WORKSPACE``, else ``runs`` in the current folder.
    """

    def __init__(self, folder: str | PathLike[str] | None = None) -> None:
        self.folder = Path(folder or os.environ.get("REGRADE_WORKSPACE") or DEFAULT)

    @classmethod
    def of(cls, run: Run) -> Workspace:
        """The workspace that a run lies in, wherever it was moved to and whatever the current folder is."""
        return cls(run.folder.absolute().parent)

    def cache(self) -> AnswerCache:
        """The cache of answers of all its runs; what their journals have that it lacks is read into it."""
        from regrade.store.cache import AnswerCache

        journals = {folder.name: folder / "answers.jsonl" for folder in self._folders()}
        return AnswerCache.fill_from_journals(self.folder / "answers.sqlite", journals)

    def _folders(self) -> list[Path]:
        """The folders of its runs, by name."""
        if not self.folder.is_dir():
            return []
        return [folder for folder in sorted(self.folder.iterdir()) if (folder / MANIFEST).is_file()]

    def new_folder(self, *names: str) -> Path:
        """A folder for a run that is called after ``names``; a number is added where there is one already."""
        name = "--".join(_plain(part) for part in names)
        try:
            make_folder(self.folder, private=True)
        except OSError as error:
            raise OutputError(
                f"cannot be made: {error.strerror}", where=str(self.folder), hint="--workspace names another folder"
            ) from None
        for number in range(1, 100_000):
            folder = self.folder / (name if number == 1 else f"{name}--{number}")
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                continue
            except OSError as error:
                raise OutputError(f"cannot be made: {error.strerror}", where=str(folder)) from None
            return folder
        raise OutputError("there are too many runs of that name", where=str(self.folder / name))

    def find(self, name: str) -> Run:
        """The run of a name, or in a folder.

        Raises:
            InputError: there is none; near names are told.
        """
        from regrade.store.run import Run

        for folder in (Path(name), self.folder / name):
            if (folder / MANIFEST).is_file():
                return Run(folder)
        import difflib

        runs = [*self.runs()]
        called = [run for run in runs if run.manifest.title == name]
        if len(called) == 1:
            return called[0]
        if called:
            folders = ", ".join(run.folder.name for run in called)
            raise InputError("several runs are called that", where=name, hint=f"name one by its folder: {folders}")
        names = [run.folder.name for run in runs]
        near = difflib.get_close_matches(name, names, n=3) or names[:5]
        raise InputError(
            "there is no such run",
            where=name,
            hint=f"there are {', '.join(near)}" if near else "regrade runs lists them",
        )

    def path(self, given: str | PathLike[str]) -> str:
        """A path or URL as it is; the name of a run that is here as its folder's path."""
        folder = self.folder / given
        return str(folder) if not Path(given).exists() and (folder / MANIFEST).is_file() else str(given)

    def runs(self, unreadable: Callable[[InputError], object] = lambda error: None) -> Iterator[Run]:
        """All runs, by name; folders that are none are passed over, and those that cannot be read are told."""
        from regrade.store.run import Run

        for folder in self._folders():
            try:
                found = Run(folder)
            except InputError as error:
                unreadable(error)
            else:
                yield found


def _plain(name: str) -> str:
    """A name as part of a folder's."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "run"
