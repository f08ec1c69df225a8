"""Catalogs: folders of artifacts. An artifact's name is its path: ``metrics/accuracy.yaml`` is ``metrics.accuracy``.

Several are searched in order; the first that has a name is taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from regrade.artifacts.artifact import ArtifactError, is_artifact
from regrade.artifacts.files import SUFFIXES, read
from regrade.artifacts.references import parse_reference
from regrade.errors import UsageError
from regrade.registry import is_registered

ENVIRONMENT_VARIABLE: Final = "REGRADE_CATALOGS"
"""Folders to search, separated as in PATH."""

LINK: Final = "artifact_link"
"""The type of an artifact that only names another one (``to``)."""

_NAME: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*", re.ASCII)


class Fetched(NamedTuple):
    """What a reference leads to.

    Attributes:
        name: Name of the artifact that was found in the end, where links have been followed.
        data: Its data, with the reference's arguments in it.
        notes: What deprecated artifacts on the way say.
    """

    name: str
    data: dict[str, Any]
    notes: tuple[str, ...] = ()


_INTERNAL: Final = frozenset(("card", "bypass"))
"""Registered metrics that nobody names."""


class CatalogFolder:
    """One folder of artifacts.

    Args:
        folder: The folder.
        label: How it is called in lists and messages; its path if not given.
    """

    def __init__(self, folder: Path, label: str | None = None) -> None:
        self.folder = folder
        self.label = label or str(folder)
        self._read: dict[Path, tuple[tuple[int, int], Any]] = {}

    def __repr__(self) -> str:
        return f"CatalogFolder({str(self.folder)!r})"

    def find(self, name: str) -> Path | None:
        """The file of an artifact; None if there is none. No name leads out of the folder."""
        if not _NAME.fullmatch(name):
            return None
        stem = str(self.folder.joinpath(*name.split(".")))
        for suffix in SUFFIXES:
            if os.path.isfile(stem + suffix):  # noqa: PTH113 - asked for tens of thousands of times
                return Path(stem + suffix)
        return None

    def read(self, path: Path) -> Any:
        """The data of one of the folder's files, read again only when the file has changed.

        Raises:
            ArtifactError: it holds no artifact, or is a link to somewhere outside of the folder.
        """
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        known = self._read.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise ArtifactError("this is a link that leads out of the catalog", where=str(path))
        data = read(path)
        if not is_artifact(data):
            raise ArtifactError("this holds no artifact: there is no __type__", where=str(path))
        self._read[path] = (stamp, data)
        return data

    def files(self) -> Iterator[tuple[str, Path]]:
        """(name, path) of every artifact, in order of name."""
        found: dict[str, Path] = {}
        for folder, _, files in os.walk(self.folder):
            parts = Path(folder).relative_to(self.folder).parts
            for file in files:
                stem, dot, suffix = file.rpartition(".")
                if dot + suffix in SUFFIXES:
                    name = ".".join((*parts, stem))
                    if _NAME.fullmatch(name):
                        found[name] = self.find(name) or Path(folder) / file
        yield from sorted(found.items())


class Catalogs:
    """Folders that are searched in order.

    Args:
        folders: The folders; the first that has a name is taken.
    """

    def __init__(self, folders: Sequence[CatalogFolder]) -> None:
        self.folders = tuple(folders)
        self._names_for_hints: list[str] | None = None

    def __contains__(self, name: str) -> bool:
        return any(folder.find(name) for folder in self.folders)

    def find(self, name: str) -> Path | None:
        """The file of an artifact; None if there is none."""
        return next((path for folder in self.folders if (path := folder.find(name))), None)

    def read(self, name: str) -> dict[str, Any]:
        """The data of an artifact as its file has it: links are not followed.

        Raises:
            ArtifactError: there is no artifact of that name, or its file is broken.
        """
        for folder in self.folders:
            path = folder.find(name)
            if path is not None:
                data: dict[str, Any] = folder.read(path)
                return data
        if (found := _registered_metric(name)) is not None:
            return found
        if "/" in name or os.path.isfile(name):  # noqa: PTH113 - False where the name cannot be a path
            raise _no_artifact_file(name)
        raise ArtifactError(f"no catalog has {name!r}", hint=self._hint(name))

    def follow(self, reference: str) -> Fetched:
        """What a reference leads to.

        Raises:
            ArtifactError: there is no such artifact, the reference is malformed, or links lead in a circle.
        """
        name, arguments = parse_reference(reference)
        arguments = arguments or {}
        notes: list[str] = []
        passed = [name]
        while True:
            data = self.read(name)
            if note := data.get("__deprecated_msg__"):
                notes.append(str(note))
            if data["__type__"] != LINK:
                return Fetched(name, {**data, **arguments} if arguments else data, tuple(notes))
            name, more = parse_reference(str(data.get("to")))
            arguments = {**(more or {}), **arguments}
            if name in passed:
                raise ArtifactError(f"links lead in a circle: {' to '.join([*passed, name])}")
            passed.append(name)

    def fetch(self, reference: str) -> dict[str, Any]:
        """The data of ``name`` or ``name[argument=value,...]``; links are followed.

        Raises:
            ArtifactError: as :meth:`follow`.
        """
        return self.follow(reference).data

    def names(self) -> dict[str, Path]:
        """Every artifact by name, in order of name, with the file that is taken for it."""
        found: dict[str, Path] = {}
        for folder in self.folders:
            for name, path in folder.files():
                found.setdefault(name, path)
        return dict(sorted(found.items()))

    def full_name(self, name: str, kind: str) -> str:
        """``name``, or ``cards.name`` (of the kind "card") where only that exists: people may leave it off."""
        bare = parse_reference(name).name
        return name if bare in self or f"{kind}s.{bare}" not in self else f"{kind}s.{name}"

    def _hint(self, name: str) -> str | None:
        if not self.folders:
            return "there is no catalog"
        if not _NAME.fullmatch(name):
            return "a name is made of letters, digits, '_' and '-', with dots between its parts"
        if self._names_for_hints is None:
            self._names_for_hints = list(self.names())
        near = nearest(name, self._names_for_hints)
        return f"did you mean {', '.join(near)}?" if near else "regrade catalog list shows the names"


_LONGEST_PATH = 255
"""Characters above which a text is no path that somebody mistyped."""


def _no_artifact_file(path: str) -> ArtifactError:
    """Say of what is a path, not a name, why it is no file of an artifact."""
    import difflib

    endings = ", ".join(SUFFIXES)
    if len(path) > _LONGEST_PATH or "\0" in path:
        return ArtifactError(f"{path[:80]!r}...: no such file", hint=f"such files end in {endings}")
    file = Path(path)
    if file.is_dir():
        return ArtifactError(f"{path} is a folder, and no file of it was named")
    if file.is_file():
        return ArtifactError(
            f"{path}: the file's name says neither YAML nor JSON", hint=f"its ending is one of {endings}"
        )
    beside = [other.name for other in file.parent.iterdir()] if file.parent.is_dir() else []
    near = [name for name in difflib.get_close_matches(file.name, beside, n=3) if name.endswith(SUFFIXES)]
    hint = f"did you mean {', '.join(str(file.parent / name) for name in near)}?" if near else None
    return ArtifactError(f"{path}: no such file", hint=hint or f"such files end in {endings}")


def nearest(name: str, names: Sequence[str]) -> list[str]:
    """Up to three names that are most like ``name``: spelled much like it, or with the same last parts."""
    import difflib

    near = difflib.get_close_matches(name, names, n=3, cutoff=0.75)
    if "." not in name and not near:  # a judge or card is also known by the last part of its name
        by_last = {other.rpartition(".")[2]: other for other in reversed(names)}
        near = [by_last[part] for part in difflib.get_close_matches(name, list(by_last), n=3, cutoff=0.75)]
    last = name.rpartition(".")[2]
    near += [other for other in names if other not in near and other.rpartition(".")[2] == last]
    return near[:3]


def bundled_folder() -> CatalogFolder:
    """The catalog that comes with Regrade."""
    import regrade

    return CatalogFolder(Path(regrade.__file__).parent / "catalog", "bundled")


def unitxt_folder() -> CatalogFolder:
    """The data of the installed ``unitxt`` package, found without importing it.

    Raises:
        UsageError: it is not installed.
    """
    from importlib.util import find_spec

    spec = find_spec("unitxt")
    for location in (spec.submodule_search_locations if spec else None) or []:
        if (Path(location) / "catalog").is_dir():
            return CatalogFolder(Path(location) / "catalog", "unitxt")
    raise UsageError(
        "the package unitxt is not installed",
        hint="pip install --no-deps unitxt puts its data here; nothing of it is imported",
    )


def open_folder(given: str | Path) -> CatalogFolder:
    """The catalog in a folder, or the one that ``unitxt`` or ``bundled`` names.

    Raises:
        UsageError: there is no such folder.
    """
    if given == "unitxt":
        return unitxt_folder()
    if given == "bundled":
        return bundled_folder()
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise UsageError("is no folder", where=str(given), hint="'unitxt' means the data of the installed package")
    return CatalogFolder(folder)


def open_catalogs(given: Sequence[str | Path] = ()) -> Catalogs:
    """What is searched: the folders given, those of ``REGRADE_CATALOGS``, and the bundled catalog, in that order.

    Raises:
        UsageError: a folder does not exist.
    """
    named = [part for part in os.environ.get(ENVIRONMENT_VARIABLE, "").split(os.pathsep) if part]
    return Catalogs([*map(open_folder, [*given, *named]), bundled_folder()])


def _registered_metric(name: str) -> dict[str, Any] | None:
    """A metric that no catalog has, and that is registered: lm-evaluation-harness's, ours, a plugin's."""
    family, _, bare = name.partition(".")
    if family not in ("metrics", "lm_eval") or bare in _INTERNAL or not is_registered("metric", bare):
        return None
    return {"__type__": "registered_metric", "metric": bare}


def default_catalog() -> Catalogs:
    """The folders of ``REGRADE_CATALOGS`` and the bundled catalog."""
    return open_catalogs()
