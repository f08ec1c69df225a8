"""A JSON Schema of artifacts, for editors: generated from the registered classes and their docstrings."""

from __future__ import annotations

import inspect
import re
import types
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from regrade.artifacts.artifact import Artifact, type_name
from regrade.artifacts.catalogs import LINK
from regrade.artifacts.walk import arguments, holds_artifacts
from regrade.registry import iterate_registered

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_ABOUT: Final[dict[str, Any]] = {
    "__description__": {"type": ["string", "null"], "description": "What it is, for people."},
    "__title__": {"type": ["string", "null"], "description": "A short name, for people."},
    "__tags__": {"type": ["object", "null"], "description": "Tags to list artifacts by, each a value or several."},
    "__deprecated_msg__": {"type": ["string", "null"], "description": "What whoever still uses it is told."},
    "__id__": {"type": ["string", "null"]},
}

_REFERENCE: Final[dict[str, Any]] = {
    "type": "string",
    "description": "A name in the catalog; name[argument=value,...] replaces arguments of it.",
}


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of every artifact: what a file of a catalog may hold."""
    definitions: dict[str, Any] = {LINK: _link()}
    classes = {name: cls for name, cls in iterate_registered("artifact") if issubclass(cls, Artifact)}
    schema = _Schema(classes)
    for name, cls in classes.items():
        definitions[name] = schema.of_class(name, cls)
    for expected in list(schema.expected.values()):
        definitions[schema.key(expected)] = schema.any_of(expected)
    everything = [{"$ref": f"#/$defs/{name}"} for name in sorted([LINK, *classes])]
    return {
        "$schema": DIALECT,
        "title": "Artifact",
        "description": "An artifact of a catalog: a card, an operator, a task, a template, a metric, ...",
        "type": "object",
        "required": ["__type__"],
        "anyOf": everything,
        "$defs": dict(sorted(definitions.items())),
    }


def _link() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Another name of an artifact.",
        "required": ["__type__", "to"],
        "properties": {"__type__": {"const": LINK}, "to": _REFERENCE, **_ABOUT},
    }


class _Schema:
    """Schemas of classes and of annotated types; which kinds of artifacts were asked for is remembered."""

    def __init__(self, classes: dict[str, type[Artifact]]) -> None:
        self.classes = classes
        self.expected: dict[str, type[Artifact]] = {}

    def key(self, expected: type[Artifact]) -> str:
        return f"any-{type_name(expected)}"

    def any_of(self, expected: type[Artifact]) -> dict[str, Any]:
        """A reference, or an artifact of one of the types that are wanted."""
        fitting = [LINK, *(name for name, cls in self.classes.items() if issubclass(cls, expected))]
        return {"anyOf": [_REFERENCE, *({"$ref": f"#/$defs/{name}"} for name in fitting)]}

    def of_class(self, name: str, cls: type[Artifact]) -> dict[str, Any]:
        summary, about = parse_docstring(cls)
        properties: dict[str, Any] = {"__type__": {"const": name}}
        required = ["__type__"]
        for key, field in arguments(cls).items():
            value = self.of_type(field.type)
            properties[key] = {**value, "description": about[key]} if key in about else value
            if field.required:
                required.append(key)
        return {
            "type": "object",
            "description": summary,
            "required": required,
            "properties": {**properties, **_ABOUT},
            "additionalProperties": False,
        }

    def of_type(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, type) and issubclass(kind, Artifact):
            self.expected.setdefault(self.key(kind), kind)
            return {"$ref": f"#/$defs/{self.key(kind)}"}
        if not holds_artifacts(kind):
            return _plain(kind)
        origin, inner = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            return {"anyOf": [{"type": "null"} if part is type(None) else self.of_type(part) for part in inner]}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of_type(inner[1])}
        return {"type": "array", "items": self.of_type(inner[0])}


def _plain(kind: Any) -> dict[str, Any]:
    """The schema of a type without artifacts; a value may hold some all the same where anything goes."""
    try:
        schema = msgspec.json.schema(kind)
    except TypeError:
        return {}
    return {} if "$defs" in schema else schema


def parse_docstring(cls: type[Artifact]) -> tuple[str, dict[str, str]]:
    """What a class's docstring says: its first paragraph, and a text for each argument, those of its parents too."""
    summary, texts = "", {}
    for parent in reversed(cls.__mro__):
        doc = inspect.cleandoc(parent.__dict__.get("__doc__") or "")
        if not issubclass(parent, Artifact) or not doc:
            continue
        summary = " ".join(doc.split("\n\n", 1)[0].split())
        section = re.search(r"^(?:Args|Attributes):\n((?:[ ]+.*\n?|\n)*)", doc, re.MULTILINE)
        for entry in re.finditer(r"^ {4}(\w+):[ ]*((?:.*\n?)(?:^ {5,}.*\n?)*)", section[1] if section else "", re.M):
            texts[entry[1]] = " ".join(entry[2].split())
    return summary, texts
