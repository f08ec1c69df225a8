"""Artifacts that reach for files or hosts which rows name, and the access that they are given for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from regrade.access import Access
from regrade.artifacts.artifact import Artifact
from regrade.artifacts.walk import arguments, holds_artifacts

_Given = TypeVar("_Given")

_KEY: Final = "__access__"
_NOTHING: Final = Access()


class Reaching(Artifact):
    """An artifact that reaches for what rows name. Until it is given access it may reach for nothing."""

    @property
    def access(self) -> Access:
        """What it may reach for."""
        found: Access = self.__dict__.get(_KEY, _NOTHING)
        return found

    def named_model(self, name: str) -> str:
        """The name of a model as it was given: one of the hub, or a folder of this machine.

        Raises:
            AccessDenied: it is a folder that may not be named.
        """
        if (folder := Path(name)).exists():
            self.access.path(folder)
        return name


def given_access(value: _Given, access: Access) -> _Given:
    """An artifact (or a list or mapping of such) in which all that reach for something may reach for so much.

    Artifacts never change: those concerned are copies, and so are those that hold them.
    """
    result: Any = value
    if isinstance(value, Artifact):
        changed = {}
        for field in arguments(type(value)).values():
            if not holds_artifacts(field.type):  # rows may stand there, by the thousand
                continue
            old = getattr(value, field.name)
            if (new := given_access(old, access)) is not old:
                changed[field.name] = new
        if changed or isinstance(value, Reaching):
            result = msgspec.structs.replace(value, **changed)
            about = {key: item for key, item in value.__dict__.items() if key.startswith("__")}
            result.__dict__.update({**about, _KEY: access} if isinstance(value, Reaching) else about)
    elif isinstance(value, list | tuple):
        items = [given_access(item, access) for item in value]
        if any(new is not old for new, old in zip(items, value, strict=True)):
            result = items
    elif isinstance(value, dict):
        made = {key: given_access(item, access) for key, item in value.items()}
        if any(made[key] is not item for key, item in value.items()):
            result = made
    return result  # type: ignore[no-any-return]
