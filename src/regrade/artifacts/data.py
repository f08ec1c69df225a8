"""Artifacts as data again: saved to a file, and loaded from one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from regrade.artifacts import files
from regrade.artifacts.artifact import Artifact, type_name
from regrade.artifacts.build import ABOUT, build
from regrade.artifacts.walk import Catalog, arguments

_Expected = TypeVar("_Expected", bound=Artifact)


def to_data(artifact: Artifact) -> dict[str, Any]:
    """The data of an artifact, of which :func:`~regrade.artifacts.build` builds an equal one.

    Arguments that have their default are left out; what was a reference is there in full.
    """
    data: dict[str, Any] = {"__type__": type_name(type(artifact))}
    for key, field in arguments(type(artifact)).items():
        value = getattr(artifact, field.name)
        if field.required or not same(value, default_of(field)):
            data[key] = _plain(value)
    return {**data, **artifact.__dict__.get(ABOUT, {})}


def save(artifact: Artifact, path: Path) -> None:
    """Write an artifact to a file: JSON if its name ends with ``.json``, else YAML."""
    path.write_text(files.write(to_data(artifact), json_syntax=path.suffix == ".json"), encoding="utf-8")


def load(
    path: Path,
    expected: type[_Expected] = Artifact,  # type: ignore[assignment]
    *,
    catalog: Catalog | None = None,
) -> _Expected:
    """Build the artifact that a file describes.

    Raises:
        ArtifactError: it is no JSON or YAML, or describes no such artifact.
    """
    return build(files.read(path), expected, catalog=catalog)


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    """The value of an argument that is not given; ``msgspec.NODEFAULT`` if it has to be."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def same(a: Any, b: Any) -> bool:
    """Whether two values of arguments are the same: 1, 1.0 and True are three values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


def _plain(value: Any) -> Any:
    if isinstance(value, Artifact):
        return to_data(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(value)
    return msgspec.to_builtins(value)
