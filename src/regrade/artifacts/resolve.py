"""Self-contained artifacts: every reference replaced by what it leads to, and the hash of what that is.

The hash tells whether two cards do the same, however they are spelled:

- references and links are followed first; descriptions, tags and titles do not count;
- an argument that has its default counts as not given, so that new arguments of a later version leave hashes alone;
- values are those of the argument's type (``1`` for a ``float`` is ``1.0``), and a type's aliases are its first name;
- the order of arguments does not count, the order of keys within a value does: operators go through them in order.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from regrade.artifacts.artifact import Artifact, ArtifactError, Path, is_artifact, type_name
from regrade.artifacts.catalogs import Fetched
from regrade.artifacts.data import default_of, same, to_data
from regrade.artifacts.walk import Catalog, Walk, arguments, holds_artifacts
from regrade.registry import is_registered, lookup


class Resolved(msgspec.Struct, kw_only=True):
    """An artifact without references.

    Attributes:
        data: Its data.
        named: Artifacts that it names and that stay names in it, such as a task's metrics: their resolved data.
        notes: What deprecated artifacts among those referred to say.
        unknown_types: Types without a class, with how often they are met (only if resolved leniently).
        unresolved: Names in ``named`` that lead nowhere, or to what cannot be resolved, with the reason.
    """

    data: dict[str, Any]
    named: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    unknown_types: dict[str, int] = {}
    unresolved: dict[str, str] = {}

    @property
    def hash(self) -> str:
        """The hash of what it does: 64 hexadecimal digits."""
        return content_hash(self.data, self.named)


def resolve(
    data: Any, catalog: Catalog | None = None, expected: type[Artifact] = Artifact, *, lenient: bool = False
) -> Resolved:
    """Replace every reference by the data that it leads to.

    A text is a reference where the argument's type holds artifacts.

    Args:
        data: An artifact's data, or a reference.
        catalog: Where references lead.
        expected: What the artifact has to be.
        lenient: Keep artifacts of unknown types as they are and count them, instead of raising.

    Raises:
        ArtifactError: something is wrong with the data, or a reference leads nowhere.
    """
    walk = _Resolve(catalog, lenient)
    result = Resolved(data=walk.visit(data, expected))
    while walk.waiting:
        name, kind = walk.waiting.popitem()
        try:
            result.named[name] = walk.visit(name, Artifact)
        except ArtifactError as error:
            result.unresolved[name] = f"{error.what} ({kind})" if kind not in error.what else error.what
    result.named = dict(sorted(result.named.items()))
    result.notes = list(dict.fromkeys(walk.notes))
    result.unknown_types = walk.unknown_types
    return result


class _Resolve(Walk):
    def __init__(self, catalog: Catalog | None, lenient: bool) -> None:
        super().__init__(_Noting(catalog, self) if catalog is not None else None)
        self.lenient = lenient
        self.notes: list[str] = []
        self.unknown_types: dict[str, int] = {}
        self.waiting: dict[str, str] = {}
        self.met: set[str] = set()

    def make(self, cls: type[Artifact], data: dict[str, Any], values: dict[str, Any], path: Path) -> dict[str, Any]:
        by_key = {key: values[field.name] for key, field in arguments(cls).items() if field.name in values}
        return {key: by_key.get(key, value) for key, value in data.items()}

    def unknown(self, data: dict[str, Any], path: Path, error: ArtifactError) -> Any:
        if not self.lenient:
            raise error
        name = data["__type__"]
        self.unknown_types[name] = self.unknown_types.get(name, 0) + 1
        return {key: self.inside(value, (*path, key)) for key, value in data.items()}

    def value(self, value: Any, kind: Any, path: Path) -> Any:
        if holds_artifacts(kind):
            return self.holder(value, kind, path)
        super().value(value, kind, path)  # for what it may raise; data stays data
        return self.inside(value, path)

    def note_name(self, name: str, kind: str, path: Path) -> None:
        if name not in self.met:
            self.met.add(name)
            self.waiting[name] = kind


class _Noting:
    """A catalog whose notes are kept."""

    def __init__(self, catalog: Catalog, walk: _Resolve) -> None:
        self.catalog = catalog
        self.walk = walk

    def fetch(self, reference: str) -> dict[str, Any]:
        follow = getattr(self.catalog, "follow", None)
        if follow is None:
            return self.catalog.fetch(reference)
        found: Fetched = follow(reference)
        self.walk.notes += found.notes
        return found.data


def content_hash(data: Any, named: dict[str, dict[str, Any]] | None = None) -> str:
    """The hash of what an artifact's resolved data does; of its ``named`` artifacts too.

    Returns:
        The SHA-256 of its normal form as JSON: 64 hexadecimal digits.
    """
    if isinstance(data, Artifact):
        data = to_data(data)
    normal = _normal(data)
    whole = [normal, {name: _normal(item) for name, item in sorted(named.items())}] if named else normal
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _normal(value: Any) -> Any:
    if isinstance(value, Artifact):
        return _normal(to_data(value))
    if is_artifact(value):
        return _normal_artifact(value)
    if isinstance(value, dict):
        return {str(key): _normal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(item) for item in value]
    return value


def _normal_artifact(data: dict[str, Any]) -> dict[str, Any]:
    name = data["__type__"]
    given = {key: value for key, value in sorted(data.items()) if not key.startswith("__")}
    if not isinstance(name, str) or not is_registered("artifact", name):
        return {"__type__": name, **{key: _normal(value) for key, value in given.items()}}
    cls: type[Artifact] = lookup("artifact", name)
    normal: dict[str, Any] = {"__type__": type_name(cls)}
    for key, value in given.items():
        field = arguments(cls).get(key)
        if field is None:
            normal[key] = _normal(value)
            continue
        typed = _typed(value, field.type)
        default = default_of(field)
        if not same(typed, to_data(default) if isinstance(default, Artifact) else default):
            normal[key] = _normal(msgspec.to_builtins(typed))
    return normal


def _typed(value: Any, kind: Any) -> Any:
    if holds_artifacts(kind):
        return value
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:  # artifacts among plain values, or what a check tells about
        return value
