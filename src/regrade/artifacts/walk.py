"""Going through an artifact's data as its types say: what building, checking and resolving have in common."""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol, Union, get_args, get_origin

import msgspec

from regrade.artifacts.artifact import Artifact, ArtifactError, Path, is_artifact
from regrade.artifacts.catalogs import LINK
from regrade.artifacts.spelling import respell, type_named
from regrade.errors import RecipeError
from regrade.registry import lookup


class Catalog(Protocol):
    """Where references lead."""

    def fetch(self, reference: str) -> dict[str, Any]:
        """The data of ``name`` or ``name[argument=value,...]``.

        Raises:
            ArtifactError: there is no such artifact.
        """
        ...


class NoCatalog:
    """No references: every one is an error."""

    def fetch(self, reference: str) -> dict[str, Any]:
        raise ArtifactError(f"{reference!r} refers to a catalog, and there is none")


@cache
def arguments(cls: type[Artifact]) -> dict[str, msgspec.structs.FieldInfo]:
    """The arguments of an artifact class, by the name that data calls them."""
    return {field.encode_name: field for field in msgspec.structs.fields(cls)}


@cache
def holds_artifacts(kind: Any) -> bool:
    """Whether values of a type annotation are artifacts or hold some, so that a text among them is a reference."""
    if isinstance(kind, type) and issubclass(kind, Artifact):
        return True
    return any(holds_artifacts(part) for part in get_args(kind) if part is not Ellipsis)


class Walk:
    """One way through an artifact's data. Subclasses say what is made of what is met.

    Args:
        catalog: Where references lead.
    """

    def __init__(self, catalog: Catalog | None = None) -> None:
        self.catalog: Catalog = catalog or NoCatalog()
        self.within: list[str] = []

    # -- what subclasses say ---------------------------------------------------------------------------------------

    def fail(self, error: ArtifactError) -> Any:
        """Something is wrong; what is returned takes the value's place."""
        raise error

    def make(self, cls: type[Artifact], data: dict[str, Any], values: dict[str, Any], path: Path) -> Any:
        """What becomes of an artifact whose arguments are known."""
        raise NotImplementedError

    def unknown(self, data: dict[str, Any], path: Path, error: ArtifactError) -> Any:
        """What becomes of an artifact of no known type."""
        return self.fail(error)

    def note_name(self, name: str, kind: str, path: Path) -> None:
        """A name that stays a name has been met."""

    def type_of(self, name: str) -> type[Artifact]:
        """The class of a type.

        Raises:
            RecipeError: there is none.
        """
        found: type[Artifact] = lookup("artifact", name)
        return found

    def trial(self, attempt: Callable[[], Any]) -> tuple[Any, list[ArtifactError]]:
        """What an attempt gives, and what is wrong with it."""
        try:
            return attempt(), []
        except ArtifactError as error:
            return None, [error]

    # -- the way ---------------------------------------------------------------------------------------------------

    def visit(self, data: Any, expected: type[Artifact], path: Path = ()) -> Any:
        """Go through the artifact that ``data`` is or refers to."""
        if isinstance(data, str):
            return self.reference(data, expected, path)
        if isinstance(data, expected):
            return data
        if isinstance(data, dict) and not is_artifact(data) and type_named(data.get("type")) is not None:
            data, _ = respell(data)
        if not is_artifact(data):
            hint = None if path else "an artifact is a mapping with its type under __type__"
            return self.fail(
                ArtifactError(f"{abbreviate(data)} is no {expected.kind or 'artifact'}", path=path, hint=hint)
            )
        return self.artifact(data, expected, path)

    def reference(self, text: str, expected: type[Artifact], path: Path) -> Any:
        """Go through what a reference leads to."""
        if text in self.within:
            circle = " to ".join([*self.within[self.within.index(text) :], text])
            return self.fail(
                ArtifactError(f"references lead in a circle: {circle}", path=path, code="unresolved-reference")
            )
        try:
            data = self.catalog.fetch(text)
        except ArtifactError as error:
            return self.fail(ArtifactError(error.what, path=path, hint=error.hint, code="unresolved-reference"))
        self.within.append(text)
        try:
            return self.artifact(data, expected, path)
        finally:
            self.within.pop()

    def artifact(self, data: dict[str, Any], expected: type[Artifact], path: Path) -> Any:
        """Go through an artifact's data."""
        name = data["__type__"]
        if not isinstance(name, str) or name[:1].isupper():  # as Unitxt's pages spell it
            data, _ = respell(data)
            name = data["__type__"]
        if name == LINK and isinstance(data.get("to"), str | dict):
            return self.visit(data["to"], expected, path)
        if not isinstance(name, str):
            return self.fail(
                ArtifactError(f"__type__ must be a name, not {abbreviate(name)}", path=(*path, "__type__"))
            )
        try:
            cls = self.type_of(name)
        except RecipeError as error:
            unknown = ArtifactError(
                f"{name!r} is no known type", path=(*path, "__type__"), hint=_near(error), code="unknown-type"
            )
            return self.unknown(data, path, unknown)
        if not issubclass(cls, expected):
            wanted = expected.kind or "artifact"
            return self.fail(ArtifactError(f"{name} is no {wanted}", path=path))
        return self.make(cls, data, self.arguments(cls, name, data, path), path)

    def arguments(self, cls: type[Artifact], name: str, data: dict[str, Any], path: Path) -> dict[str, Any]:
        """Go through an artifact's arguments."""
        known = arguments(cls)
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key.startswith("__"):
                continue
            field = known.get(key)
            if field is None:
                self.fail(_no_argument(name, key, known, path))
                continue
            if cls.named and key in cls.named:
                self.names(value, cls.named[key], (*path, key))
            values[field.name] = self.value(value, field.type, (*path, key))
        for key, field in known.items():
            if field.required and field.name not in values:
                self.fail(ArtifactError(f"{name} needs the argument {key!r}", path=path, code="missing-argument"))
        return values

    def names(self, value: Any, kind: str, path: Path) -> None:
        """Go through names that stay names."""
        if isinstance(value, str):
            self.note_name(value, kind, path)
        elif isinstance(value, list):
            for place, item in enumerate(value):
                self.names(item, kind, (*path, place))

    def value(self, value: Any, kind: Any, path: Path) -> Any:
        """Go through a value of an annotated type."""
        if holds_artifacts(kind):
            return self.holder(value, kind, path)
        inner = self.inside(value, path)
        try:
            return msgspec.convert(inner, kind)  # artifacts among plain values are right where anything is
        except msgspec.ValidationError as error:
            return self.fail(ArtifactError(str(error).replace(" - at `$", " - at `"), path=path))
        except (ValueError, OverflowError) as error:  # half of a surrogate pair, a number beyond all
            return self.fail(ArtifactError(f"{abbreviate(inner)!a} cannot be read: {error}", path=path))

    def holder(self, value: Any, kind: Any, path: Path) -> Any:
        """Go through a value whose type holds artifacts."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self.union(value, get_args(kind), path)
        if origin in (list, tuple):
            if not isinstance(value, list | tuple):
                return self.fail(ArtifactError(f"a list is wanted, not {abbreviate(value)}", path=path))
            inner = get_args(kind)[0]
            return [self.value(item, inner, (*path, place)) for place, item in enumerate(value)]
        if origin is dict:
            if not isinstance(value, dict) or is_artifact(value):
                return self.fail(ArtifactError(f"a mapping is wanted, not {abbreviate(value)}", path=path))
            inner = get_args(kind)[1]
            return {key: self.value(item, inner, (*path, key)) for key, item in value.items()}
        return self.visit(value, kind, path)

    def union(self, value: Any, kinds: tuple[Any, ...], path: Path) -> Any:
        """Go through a value of one of several types: the first that fits."""
        if value is None and type(None) in kinds:
            return None
        best: list[ArtifactError] = []
        for kind in kinds:
            if kind is type(None) or not _may_be(value, kind):
                continue
            result, errors = self.trial(lambda kind=kind: self.value(value, kind, path))  # type: ignore[misc]
            if not errors:
                return result
            if not best or max(len(error.path) for error in errors) > max(len(error.path) for error in best):
                best = errors
        result = None
        for error in best or [ArtifactError(f"{abbreviate(value)} does not fit", path=path)]:
            result = self.fail(error)
        return result

    def inside(self, value: Any, path: Path) -> Any:
        """Go through the artifacts in a plain value; ``value`` itself is returned where there are none."""
        if isinstance(value, dict):
            if is_artifact(value):
                return self.artifact(value, Artifact, path)
            items = {key: self.inside(item, (*path, key)) for key, item in value.items()}
            return items if any(items[key] is not value[key] for key in items) else value
        if isinstance(value, list):
            built = [self.inside(item, (*path, place)) for place, item in enumerate(value)]
            return built if any(new is not old for new, old in zip(built, value, strict=True)) else value
        return value


def _near(error: RecipeError) -> str | None:
    """The hint of an error if it names types like the one that is not there; there are too many to name them all."""
    return error.hint if error.hint and error.hint.startswith("did you mean") else None


def _no_argument(name: str, key: str, known: dict[str, Any], path: Path) -> ArtifactError:
    import difflib

    near = difflib.get_close_matches(key, known, n=3) or sorted(known)
    what, hint = f"{name} has no argument {key!r}", f"it has {', '.join(near)}"
    return ArtifactError(what, path=(*path, key), hint=hint, code="unknown-argument")


def _may_be(value: Any, kind: Any) -> bool:
    """Whether it is worth trying, so that the error of the fitting member of a union is the one that is told."""
    origin = get_origin(kind)
    if origin in (list, tuple):
        return isinstance(value, list | tuple)
    if origin is dict:
        return isinstance(value, dict) and not is_artifact(value)
    if isinstance(kind, type) and issubclass(kind, Artifact):
        return isinstance(value, str | Artifact) or is_artifact(value)
    return True


def abbreviate(value: Any) -> str:
    """A value, short enough for a message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
