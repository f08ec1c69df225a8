"""What catalogs hold, for people: names, kinds, tags, descriptions, hashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from regrade.artifacts.artifact import Artifact, ArtifactError
from regrade.artifacts.catalogs import LINK, Catalogs
from regrade.artifacts.references import parse_reference
from regrade.artifacts.resolve import Resolved, resolve
from regrade.registry import is_registered, lookup


class Entry(msgspec.Struct, kw_only=True):
    """An artifact of a catalog.

    Attributes:
        name: Its name.
        path: Its file.
        kind: card, metric, operator, ...; the name of its folder where its type is not known.
        type: Its ``__type__``.
        title: A short name, for people.
        description: What it is, for people.
        tags: Its tags.
        data: Its data; the reference's arguments are in it.
        resolved: Its data without references; None where it was not asked for or cannot be.
        notes: What deprecated artifacts say, and why it could not be resolved.
        unknown_types: Types in it without a class.
    """

    name: str
    path: str
    kind: str
    type: str
    title: str = ""
    description: str = ""
    tags: dict[str, Any] = {}
    data: dict[str, Any] = {}
    resolved: Resolved | None = None
    notes: list[str] = []
    unknown_types: list[str] = []

    @property
    def summary(self) -> str:
        """The description's first sentence, not too long for a line."""
        text = " ".join((self.title or self.description).split()).partition(". ")[0]
        return text if len(text) <= 72 else text[:71].rstrip() + "…"

    @property
    def hash(self) -> str | None:
        """The hash of what it does; None where it cannot be resolved."""
        return self.resolved.hash if self.resolved and not self.unknown_types else None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        layout: dict[str, Any] = {
            "name": self.name,
            "path": self.path,
            "kind": self.kind,
            "type": self.type,
            "title": self.title,
        }
        more: dict[str, Any] = {"description": self.description, "tags": self.tags}
        if self.resolved is not None:
            more |= {"hash": self.hash, "notes": self.notes, "unknown_types": self.unknown_types}
        return {**layout, **more}


def entries(catalogs: Catalogs, *, kind: str | None = None, tags: Sequence[tuple[str, str]] = ()) -> Iterator[Entry]:
    """What catalogs hold, in order of name.

    Args:
        catalogs: The catalogs.
        kind: Only artifacts of this kind, or in a folder called like it (``processor`` for ``processors.*``).
        tags: Only artifacts that have each of these tags, as their value or among their values.
    """
    for name, path in catalogs.names().items():
        try:
            data = catalogs.read(name)
        except ArtifactError as error:
            yield Entry(name=name, path=str(path), kind=_folder(name), type="", description=f"broken: {error.what}")
            continue
        entry = _entry(name, str(path), data)
        if kind is not None and kind.rstrip("s") not in (entry.kind, _folder(name)):
            continue
        if all(_has(entry.tags, tag, value) for tag, value in tags):
            yield entry


def inspect(catalogs: Catalogs, reference: str) -> Entry:
    """All about one artifact; ``cards.`` may be left off.

    Raises:
        ArtifactError: there is none, or its file is broken.
    """
    reference = catalogs.full_name(reference, "card")
    found = catalogs.follow(reference)
    entry = _entry(parse_reference(reference).name, str(catalogs.find(found.name)), found.data)
    entry.data = found.data
    entry.notes = list(found.notes)
    try:
        entry.resolved = resolve(found.data, catalogs, lenient=True)
    except ArtifactError as error:
        entry.notes.append(f"cannot be resolved: {error}")
        return entry
    entry.notes = list(dict.fromkeys([*entry.notes, *entry.resolved.notes, *entry.resolved.unresolved.values()]))
    entry.unknown_types = sorted(entry.resolved.unknown_types)
    return entry


def _entry(name: str, path: str, data: dict[str, Any]) -> Entry:
    tags = data.get("__tags__")
    return Entry(
        name=name,
        path=path,
        kind=_kind(name, data),
        type=str(data["__type__"]),
        title=str(data.get("__title__") or ""),
        description=str(data.get("__description__") or ""),
        tags=tags if isinstance(tags, dict) else {},
    )


def _kind(name: str, data: dict[str, Any]) -> str:
    type_name = data["__type__"]
    if type_name != LINK and isinstance(type_name, str) and is_registered("artifact", type_name):
        cls: type[Artifact] = lookup("artifact", type_name)
        return cls.kind or _folder(name)
    return _folder(name)


def _folder(name: str) -> str:
    return name.partition(".")[0].removesuffix("s")


def _has(tags: dict[str, Any], name: str, value: str) -> bool:
    found = tags.get(name)
    return value in map(str, found) if isinstance(found, list) else name in tags and str(found) == value
