"""Everything that is wrong with an artifact, a file or a whole catalog, with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path as FilePath
from typing import Any, Literal

import msgspec

from regrade.artifacts import files
from regrade.artifacts.artifact import Artifact, ArtifactError, Path, format_path, is_artifact
from regrade.artifacts.build import Builder
from regrade.artifacts.catalogs import Catalogs
from regrade.artifacts.field_flow import missing_fields
from regrade.artifacts.positions import positions
from regrade.artifacts.spelling import SpellingNote
from regrade.artifacts.walk import Catalog, Walk
from regrade.errors import RecipeError, RegradeError


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong.

    Attributes:
        file: The file.
        line: Line in the file, from 1; None where the file as a whole is meant.
        column: Column in the line, from 1.
        code: ``syntax``, ``unknown-type``, ``unknown-argument``, ``missing-argument``, ``wrong-value``,
            ``unresolved-reference``, ``missing-field`` or ``spelling``.
        message: What is wrong.
        hint: What to do about it.
        path: Where in the data: ``preprocess_steps[2].fields``.
        severity: ``error``, or ``warning`` for what may be meant as it stands.
    """

    file: str
    line: int | None = None
    column: int | None = None
    code: str
    message: str
    hint: str | None = None
    path: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        message = f"warning: {self.message}" if self.severity == "warning" else self.message
        return f"{place}: {message}" + (f" ({self.hint})" if self.hint else "")


class Checked(msgspec.Struct, kw_only=True):
    """What a check of an artifact's data found.

    Attributes:
        errors: What is wrong, in the order of the data.
        unknown_types: Types that no class is registered for, in the data and in what it refers to.
        resolved: Whether every reference leads somewhere, those of what is referred to included.
    """

    errors: list[ArtifactError] = []
    unknown_types: set[str] = set()
    resolved: bool = True


class Checker:
    """Checks artifacts against one catalog; what several refer to is checked once.

    Args:
        catalog: Where references lead.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.known: dict[tuple[str, type[Artifact]], Checked] = {}
        self.unknown_types: dict[str, RecipeError] = {}
        self.builder = Builder(catalog)

    def check(self, data: Any, expected: type[Artifact] = Artifact) -> Checked:
        """Find what is wrong with an artifact's data; nothing is built, all of it is found."""
        walk = _Check(self)
        try:
            walk.visit(data, expected)
            walk.check_names()
        except RecursionError:
            walk.fail(ArtifactError("artifacts are nested too deeply"))
        return walk.check()


class _Check(Walk):
    def __init__(self, checker: Checker, within: Iterable[str] = ()) -> None:
        super().__init__(checker.catalog)
        self.checker = checker
        self.errors: list[ArtifactError] = []
        self.unknown_types: set[str] = set()
        self.resolved = True
        self.names_met: list[tuple[str, Path]] = []
        self.within = list(within)

    def check(self) -> Checked:
        return Checked(errors=self.errors, unknown_types=self.unknown_types, resolved=self.resolved)

    def fail(self, error: ArtifactError) -> Any:
        self.errors.append(error)
        self.resolved = self.resolved and error.code != "unresolved-reference"
        return _NOTHING

    def make(self, cls: type[Artifact], data: dict[str, Any], values: dict[str, Any], path: Path) -> Any:
        return _NOTHING

    def unknown(self, data: dict[str, Any], path: Path, error: ArtifactError) -> Any:
        self.unknown_types.add(data["__type__"])
        self.fail(error)
        for key, value in data.items():
            self.inside(value, (*path, key))
        return _NOTHING

    def type_of(self, name: str) -> type[Artifact]:
        error = self.checker.unknown_types.get(name)
        if error is not None:  # to look for names like it takes a while
            raise error
        try:
            return super().type_of(name)
        except RecipeError as found:
            self.checker.unknown_types[name] = found
            raise

    def note_name(self, name: str, kind: str, path: Path) -> None:
        bare = kind == "metric" and "." not in name.partition("[")[0]
        self.names_met.append((f"metrics.{name}" if bare else name, path))  # the family may be left out, as in a run

    def trial(self, attempt: Callable[[], Any]) -> tuple[Any, list[ArtifactError]]:
        before, resolved, self.errors = self.errors, self.resolved, []
        result = attempt()
        found, self.errors = self.errors, before
        if found:  # what is wrong with the attempt that is told in the end is counted again then
            self.resolved = resolved
        return result, found

    def reference(self, text: str, expected: type[Artifact], path: Path) -> Any:
        if text in self.within:
            return super().reference(text, expected, path)
        key = (text, expected)
        checked = self.checker.known.get(key)
        if checked is None:
            walk = _Check(self.checker, self.within)
            Walk.reference(walk, text, expected, ())
            walk.check_names()
            checked = walk.check()
            if not any(error.what.startswith("references lead in a circle") for error in walk.errors):
                self.checker.known[key] = checked  # where a circle is met depends on where it is entered
        self.unknown_types |= checked.unknown_types
        self.resolved = self.resolved and checked.resolved
        if checked.errors:
            first, more = checked.errors[0], len(checked.errors) - 1
            inner = first.code != "unresolved-reference" or first.path
            where = f"{format_path(first.path)}: " if first.path else ""
            what = f"{text}: {where}{first.what}" if inner else first.what
            what += f" (and {more} more)" if more else ""
            self.errors.append(ArtifactError(what, path=path, hint=first.hint, code=first.code))
        return _NOTHING

    def check_names(self) -> None:
        """Check what the names that stay names lead to."""
        waiting, self.names_met = self.names_met, []
        for name, path in waiting:
            self.reference(name, Artifact, path)


class _Nothing:
    """Takes the place of what is not built."""


_NOTHING = _Nothing()


def check_file(path: FilePath, catalog: Catalog, expected: type[Artifact] = Artifact) -> list[Problem]:
    """Find what is wrong with a file's artifact.

    Arguments that do not fit each other are found by building it, once nothing else is wrong with it.

    Raises:
        OSError: the file cannot be read.
    """
    return _check_file(path, Checker(catalog), expected)[0]


def _check_file(
    path: FilePath, checker: Checker, expected: type[Artifact] = Artifact, *, built: bool = True
) -> tuple[list[Problem], set[str]]:
    content = path.read_bytes()
    json_syntax = path.suffix == ".json"
    notes: list[SpellingNote] = []
    try:
        data = files.parse(content, json_syntax=json_syntax, notes=notes)
    except ArtifactError as error:
        line, column = (error.where or "").lstrip(":").partition(":")[::2]
        syntax = Problem(
            file=str(path),
            line=int(line) if line else None,
            column=int(column) if column else None,
            code="syntax",
            message=error.what,
            hint=error.hint,
        )
        return [syntax], set()
    checked = checker.check(data, expected)
    errors = checked.errors
    if is_artifact(data):
        errors += missing_fields(data, checker.catalog)
        if built and not errors:
            errors += _built(data, expected, checker.builder)
    if not errors and not notes:
        return [], checked.unknown_types
    places = positions(content.decode(), json_syntax=json_syntax)
    problems = [
        Problem(
            file=str(path),
            line=places.find(note.path).line,
            column=places.find(note.path).column,
            code="spelling",
            message=note.text,
            path=format_path(note.path),
            severity="warning",
        )
        for note in notes
    ]
    for found in errors:
        place = places.find(found.path, key=found.code == "unknown-argument")
        problems.append(
            Problem(
                file=str(path),
                line=place.line,
                column=place.column,
                code=found.code,
                message=found.what,
                hint=found.hint,
                path=format_path(found.path),
            )
        )
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)), checked.unknown_types


def _built(data: Any, expected: type[Artifact], builder: Builder) -> list[ArtifactError]:
    try:
        builder.build(data, expected)
    except ArtifactError as error:
        return [error]
    except RegradeError as error:
        return [ArtifactError(error.what, hint=error.hint)]
    return []


class CatalogReport(msgspec.Struct, kw_only=True):
    """What a check of whole catalogs found.

    Attributes:
        total: How many artifacts there are.
        problems: What is wrong, by name of the artifact; those with nothing wrong are left out.
        unknown_types: Types that no class is registered for, by name of the artifact that has them or leads to them.
    """

    total: int
    problems: dict[str, list[Problem]]
    unknown_types: dict[str, list[str]]


def check_catalog(folder: Catalogs, catalog: Catalog | None = None, *, built: bool = False) -> CatalogReport:
    """Find what is wrong with every artifact of some catalogs.

    Args:
        folder: The catalogs whose artifacts are checked.
        catalog: Where references lead; to the same catalogs if not given.
        built: Also build each one, to find arguments that do not fit each other.
    """
    checker = Checker(catalog or folder)
    names = folder.names()
    report = CatalogReport(total=len(names), problems={}, unknown_types={})
    for name, path in names.items():
        if path.is_symlink() and not any(path.resolve().is_relative_to(one.folder.resolve()) for one in folder.folders):
            away = Problem(file=str(path), code="syntax", message="this is a link that leads out of the catalog")
            report.problems[name] = [away]
            continue
        problems, unknown_types = _check_file(path, checker, built=built)
        if problems:
            report.problems[name] = problems
        if unknown_types:
            report.unknown_types[name] = sorted(unknown_types)
    return report
