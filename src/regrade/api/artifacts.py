"""Look into catalogs, and say what is wrong with artifacts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.artifacts import files
from regrade.artifacts.catalogs import CatalogFolder, Catalogs, open_catalogs, open_folder
from regrade.artifacts.check import Problem, check_catalog, check_file
from regrade.artifacts.coverage import Coverage, coverage
from regrade.artifacts.listing import Entry, entries, inspect

if TYPE_CHECKING:
    from collections.abc import Iterator

Folders = Sequence[str | Path]
"""Folders of artifacts to look in before the bundled catalog; ``unitxt`` is that of the installed package."""


def list_artifacts(
    catalog: Folders = (), *, kind: str | None = None, tags: Iterable[tuple[str, str]] = ()
) -> Iterator[Entry]:
    """List artifacts by name.

    Args:
        catalog: Folders to look in first.
        kind: Only card, metric, operator, template, task, loader, ...
        tags: Only those with these tags.
    """
    return iter(entries(open_catalogs(catalog), kind=kind, tags=list(tags)))


def show_artifact(name: str, catalog: Folders = ()) -> Entry:
    """Look an artifact up: what it is, its data and its hash.

    Raises:
        ArtifactError: there is none of the name.
    """
    return inspect(open_catalogs(catalog), name)


def format_artifact(data: Any) -> str:
    """An artifact's data as YAML."""
    return files.write(data, json_syntax=False)


def catalog_folders(catalog: Folders = ()) -> list[tuple[Path, str]]:
    """Where catalogs are looked for, in order, each with what it is called."""
    return [(Path(folder.folder), folder.label) for folder in open_catalogs(catalog).folders]


def cover_catalog(folder: str | Path) -> Coverage:
    """Count how many cards of a catalog can be parsed, processed and scored."""
    from regrade.cards.trial import why_not_scored

    return coverage(Catalogs([open_folder(str(folder))]), open_catalogs([folder]), tried=why_not_scored)


def artifact_schema() -> dict[str, Any]:
    """The JSON Schema of artifacts, for editors."""
    from regrade.artifacts.json_schema import json_schema

    return json_schema()


def check_artifacts(paths: Iterable[str | Path], catalog: Folders = ()) -> tuple[int, list[Problem]]:
    """Say what is wrong with artifacts in files and folders. Nothing is run.

    Returns:
        How many artifacts were checked, and the problems.
    """
    checked, problems = 0, list[Problem]()
    for path in map(Path, paths):
        if path.is_dir():
            report = check_catalog(Catalogs([CatalogFolder(path)]), open_catalogs([*catalog, path]), built=True)
            checked += report.total
            problems += [problem for found in report.problems.values() for problem in found]
        else:
            checked += 1
            problems += check_file(path, open_catalogs(catalog))
    return checked, problems
