"""A task's whole configuration as data, so that a run can keep it, and the recipe that comes of it again.

Functions stay references: ``{"__function__": "name", "file": "/where/it/is.py", "origin": "package"}``. What may run is
decided where it is to run (:func:`regrade.lm_eval.functions.resolve`), whatever the data says of its origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from regrade.lm_eval.configs import recipe_of
from regrade.lm_eval.needs import with_needs
from regrade.schema import FunctionRef, Recipe

_FUNCTION: Final = "__function__"


def to_data(value: Any) -> Any:
    """A configuration without anything that JSON does not have.

    >>> to_data({"doc_to_text": FunctionRef("text", "/t/utils.py", "file"), "until": ("a",)})
    {'doc_to_text': {'__function__': 'text', 'file': '/t/utils.py', 'origin': 'file'}, 'until': ['a']}
    """
    if isinstance(value, FunctionRef):
        return {_FUNCTION: value.name, "file": value.file, "origin": value.origin}
    if isinstance(value, Mapping):
        return {str(key): to_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_data(item) for item in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def from_data(data: Any) -> Any:
    """The configuration that :func:`to_data` was given."""
    if isinstance(data, dict):
        if isinstance(name := data.get(_FUNCTION), str):
            return FunctionRef(name, data.get("file"), "package" if data.get("origin") == "package" else "file")
        return {key: from_data(item) for key, item in data.items()}
    return [from_data(item) for item in data] if isinstance(data, list) else data


def resolved_recipe(task: str, data: Mapping[str, Any]) -> Recipe:
    """The recipe of a task whose configuration a run kept.

    Raises:
        RecipeError: a key has a value that can mean nothing.
    """
    return with_needs(recipe_of(task, from_data(dict(data))))
