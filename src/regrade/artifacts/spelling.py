"""The spelling of Unitxt's documentation pages, put into that of its catalog.

Its pages write cards as Python does: ``type: TaskCard`` for ``__type__: task_card``, and ``None`` for what YAML calls
``null``. In YAML a bare ``None`` is a text, so what it means here is told: nothing, where a page's spelling is used or
where the argument may be nothing; else the text.
"""

from __future__ import annotations

import re
import types
from functools import cache
from typing import Any, Final, NamedTuple, Union, get_args, get_origin

from regrade.artifacts.artifact import Artifact, Path, format_path
from regrade.errors import RecipeError

_ODD_JSON: Final = re.compile(rb'"type"\s*:\s*"|"__type__"\s*:\s*(?:"[A-Z]|\{)')
_ODD_YAML: Final = re.compile(
    rb"""\bNone\b|(?<![\w"'])["']?type["']?\s*:|__type__["']?\s*:\s*(?:["']?[A-Z]|\{|$)""", re.M
)
_CLASS_NAME: Final = re.compile(r"(?:\w+\.)*([A-Z]\w*)")
_NAMES_OF_ARTIFACTS: Final = ("metrics", "postprocessors")
_MOST_NOTES: Final = 5


class BareNone(str):
    """The word None as it stands in YAML without quotes."""

    __slots__ = ()


class SpellingNote(NamedTuple):
    """What a word was taken for that means something else in Python.

    Attributes:
        path: Where it stands.
        text: What it was taken for, and how to say the other thing.
    """

    path: Path
    text: str

    def __str__(self) -> str:
        return f"{format_path(self.path)}: {self.text}" if self.path else self.text


def may_be_odd(content: bytes, *, json_syntax: bool) -> bool:
    """Whether a file could hold anything of a page's spelling; most do not, and are left as they are."""
    return (_ODD_JSON if json_syntax else _ODD_YAML).search(content) is not None


def respell(data: Any) -> tuple[Any, list[SpellingNote]]:
    """Data in the spelling of the catalog, and what a reader should know of it.

    >>> respell({"type": "TaskCard", "loader": {"type": "LoadCSV", "files": {"test": "a.csv"}}})[0]
    {'__type__': 'task_card', 'loader': {'__type__': 'load_csv', 'files': {'test': 'a.csv'}}}
    """
    walk = _Respelling(_has_page_spelling(data))
    result = walk.respell_artifacts(data, ())
    more = len(walk.notes) - _MOST_NOTES
    notes = walk.notes[:_MOST_NOTES]
    if more > 0:
        notes.append(SpellingNote((), f"and so {more} more times"))
    return result, notes


def _has_page_spelling(data: Any) -> bool:
    """Whether the type of an artifact is written as on a page, at the top or in what stands directly below it."""
    if not isinstance(data, dict):
        return False
    given = data.get("__type__", data.get("type"))
    return isinstance(given, str) and _CLASS_NAME.fullmatch(given) is not None


def type_named(given: Any) -> str | None:
    """The registered type that a class's name (``LoadHF``, ``unitxt.card.TaskCard``) means; None for none."""
    if isinstance(given, dict) and isinstance(given.get("name"), str):  # {"module": ..., "name": ...}
        given = given["name"]
    if not isinstance(given, str):
        return None
    found = _CLASS_NAME.fullmatch(given)
    if found is None:
        from regrade.registry import is_registered

        return given if given.isidentifier() and is_registered("artifact", given) else None
    return _by_class_name().get(found[1].lower()) or _snake_case(found[1])


def _snake_case(name: str) -> str:
    """``LoadHF`` as ``load_hf``, as Unitxt does it."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)).lower()


@cache
def _by_class_name() -> dict[str, str]:
    from regrade.registry import iterate_registered

    return {name.replace("_", ""): name for name, _ in iterate_registered("artifact")}


@cache
def _may_be_nothing(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind)


class _Respelling:
    def __init__(self, page: bool) -> None:
        self.page = page
        self.notes: list[SpellingNote] = []

    def respell_artifacts(self, value: Any, path: Path) -> Any:
        """A value where artifacts are expected."""
        if isinstance(value, dict):
            if "__type__" in value or isinstance(value.get("type"), str):
                return self.artifact(value, path)
            return {key: self.respell_artifacts(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.respell_artifacts(item, (*path, place)) for place, item in enumerate(value)]
        return self.nothing(value, path) if isinstance(value, BareNone) else value

    def plain(self, value: Any, path: Path) -> Any:
        """A value where anything may stand."""
        if isinstance(value, dict):
            if "__type__" in value:
                return self.artifact(value, path)
            return {key: self.plain(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item, (*path, place)) for place, item in enumerate(value)]
        if not isinstance(value, BareNone):
            return value
        if self.page:
            return self.nothing(value, path)
        self.notes.append(
            SpellingNote(
                path, 'None is here the text "None"; null says that there is nothing, and quotes that it is meant'
            )
        )
        return "None"

    def nothing(self, value: Any, path: Path) -> Any:
        self.notes.append(SpellingNote(path, 'None is read as null; put it in quotes if the text "None" is meant'))
        return None

    def artifact(self, data: dict[str, Any], path: Path) -> dict[str, Any]:
        from regrade.artifacts.walk import arguments, holds_artifacts

        key = "__type__" if "__type__" in data else "type"
        name = data[key]
        if isinstance(name, str) and key == "__type__" and not name[:1].isupper():
            full: str | None = name
        else:
            full = type_named(name)
        if full is None:
            if key == "type":
                return {key: self.respell_artifacts(item, (*path, key)) for key, item in data.items()}
            return {key: self.plain(item, (*path, key)) for key, item in data.items()}
        outer, self.page = self.page, self.page or full != name
        known = {}
        if (cls := _class_of(full)) is not None:
            known = arguments(cls)
        result: dict[str, Any] = {"__type__": full}
        for argument, value in data.items():
            if argument == key:
                continue
            place, field = (*path, argument), known.get(argument)
            if argument.startswith("__") or field is None:
                result[argument] = self.plain(value, place)
            elif holds_artifacts(field.type) or argument in _NAMES_OF_ARTIFACTS:
                result[argument] = self.respell_artifacts(value, place)
            elif isinstance(value, BareNone) and _may_be_nothing(field.type):
                result[argument] = self.nothing(value, place)
            else:
                result[argument] = self.plain(value, place)
        self.page = outer
        return result


def _class_of(name: str) -> type[Artifact] | None:
    from regrade.registry import lookup

    try:
        found: type[Artifact] = lookup("artifact", name)
    except RecipeError:
        return None
    return found
