"""Paths into rows: ``a/b/0`` leads through keys and positions, ``*`` through every item.

The semantics are those that Unitxt documents for its queries, but for one thing: nothing is changed in place. What is
set or deleted is set or deleted in a copy, which shares with the original all that stayed the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

_NAME: Final = re.compile(r"[\w. -]+")
_INDEX: Final = re.compile(r"-?\d+")


class _Missing:
    """No value; not even None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class PathError(ValueError):
    """A path that is none, or that leads nowhere."""


@lru_cache(maxsize=4096)
def parse_path(path: str) -> tuple[str | int, ...]:
    """The components of a path: names, positions (int) and ``*``.

    A slash at the start means nothing; one at the end stands for ``/*``.

    Raises:
        PathError: it is empty, or a component is no name, position or ``*``.
    """
    text = path.replace("//", "/").strip()
    if not text:
        raise PathError("a path cannot be empty")
    text = text.removeprefix("/")
    if text.endswith("/"):
        text += "*"
    components: list[str | int] = []
    for part in map(str.strip, text.split("/")):
        if _INDEX.fullmatch(part):
            components.append(int(part))
        elif part == "*" or _NAME.fullmatch(part):
            components.append(part)
        else:
            raise PathError(f"{part!r} in the path {path!r} is no name, position or '*'")
    return tuple(components)


def is_subpath(start: str, path: str) -> bool:
    """Whether ``path`` leads through where ``start`` leads."""
    first = parse_path(start)
    return parse_path(path)[: len(first)] == first


def get_path(row: Any, path: str, *, default: Any = None, not_exist_ok: bool = False) -> Any:
    """The value that a path leads to; a list of values where ``*`` is in it.

    A key that is spelled like the whole path comes first; an empty path is the row itself.

    Args:
        row: A dict or list.
        path: The path.
        default: Returned where the path leads nowhere and ``not_exist_ok``.
        not_exist_ok: Whether the path may lead nowhere.

    Raises:
        PathError: the path leads nowhere, or is none.
    """
    key = path.strip()
    if not key:
        return row
    if row is None:
        raise PathError(f"there is no row to find {path!r} in")
    if isinstance(row, dict) and key in row:
        return row[key]
    found = _get(row, parse_path(path), 0)
    if found is not MISSING:
        return found
    if not_exist_ok:
        return default
    raise PathError(f"{path!r} leads nowhere{_has(row)}")


def has_path(row: Any, path: str) -> bool:
    """Whether a path leads somewhere."""
    return get_path(row, path, default=MISSING, not_exist_ok=True) is not MISSING


def set_path(row: Any, path: str, value: Any, *, not_exist_ok: bool = True, set_multiple: bool = False) -> Any:
    """A copy of ``row`` with ``value`` where the path leads.

    Args:
        row: A dict or list.
        path: The path; with ``*``, every match is set.
        value: What to set.
        not_exist_ok: What is missing on the way is made: lists for positions (filled up with None) and for ``*``,
            dicts for names; what is in the way and cannot be gone through is replaced.
        set_multiple: ``value`` is a list; its items go to the matches of the first ``*``, in order of keys.

    Raises:
        PathError: the path leads nowhere (unless ``not_exist_ok``), ``value`` does not fit, or a dict would have to
            become a list at the top, or a list a dict.
    """
    if not isinstance(row, dict | list):
        raise PathError(f"nothing can be set in {type(row).__name__}")
    key = path.strip()
    if not key:
        if type(value) is not type(row):
            raise PathError(f"the whole can only be replaced by a {type(row).__name__}, not {type(value).__name__}")
        return value.copy()
    if isinstance(row, dict) and (key in row or (not set_multiple and key.isidentifier() and not_exist_ok)):
        return {**row, key: value}
    if set_multiple and (not isinstance(value, list) or not value):
        raise PathError(f"there is no list of values to set at {path!r}")
    steps = parse_path(path)
    if steps[0] != "*" and isinstance(steps[0], str) is not isinstance(row, dict):
        raise PathError(f"a {type(row).__name__} holds nothing at {steps[0]!r}, and the whole cannot be replaced")
    result = _set(row, steps, 0, value, not_exist_ok, set_multiple)
    if result is MISSING:
        if not not_exist_ok:
            raise PathError(f"{path!r} leads nowhere{_has(row)}")
        return row
    return result


def delete_path(row: Any, path: str, *, not_exist_ok: bool = False, remove_empty_ancestors: bool = False) -> Any:
    """A copy of ``row`` without what the path leads to.

    Args:
        row: A dict or list.
        path: The path; with ``*``, every match goes.
        not_exist_ok: Whether the path may lead nowhere.
        remove_empty_ancestors: Lists and dicts that become empty go too, but for the row itself.

    Raises:
        PathError: the path leads nowhere, or is none.
    """
    if not isinstance(row, dict | list):
        raise PathError(f"nothing can be deleted from {type(row).__name__}")
    key = path.strip()
    if isinstance(row, dict) and key in row:
        return {name: value for name, value in row.items() if name != key}
    result = _delete(row, parse_path(path), 0, remove_empty_ancestors)
    if result is MISSING:
        if not not_exist_ok:
            raise PathError(f"{path!r} leads nowhere{_has(row)}")
        return row
    return result


def _child(element: Any, component: str | int) -> Any:
    try:
        return element[component]
    except (KeyError, IndexError, TypeError):
        return MISSING


def _get(element: Any, path: tuple[str | int, ...], place: int) -> Any:
    if place == len(path):
        return element
    component = path[place]
    if component != "*":
        child = _child(element, component)
        return MISSING if child is MISSING else _get(child, path, place + 1)
    if not isinstance(element, list | dict):
        return MISSING
    items = element.values() if isinstance(element, dict) else element
    found = [value for value in (_get(item, path, place + 1) for item in items) if value is not MISSING]
    return found if found or place == len(path) - 1 else MISSING


def _set(element: Any, path: tuple[str | int, ...], place: int, value: Any, make: bool, spread: bool) -> Any:
    if place == len(path):
        return value
    if not isinstance(element, list | dict):
        element = None
    if element is None and not make:
        return MISSING
    component = path[place]
    if component == "*":
        return _set_all(element, path, place, value, make, spread)
    element = _holder(element, component, make)
    if element is MISSING:
        return MISSING
    child = element.get(component) if isinstance(element, dict) else element[component]
    result = _set(child, path, place + 1, value, make, spread)
    if result is MISSING:
        return MISSING
    copied = element.copy()
    copied[component] = result
    return copied


def _holder(element: Any, component: str | int, make: bool) -> Any:
    """``element``, or what has to be made in its place, so that it can hold ``component``."""
    if isinstance(component, str):
        if isinstance(element, dict):
            return element if make or component in element else MISSING
        return {} if make else MISSING
    if not isinstance(element, list):
        if not make:
            return MISSING
        element = []
    lacking = component + 1 - len(element)
    if component < -len(element) or (lacking > 0 and not make):
        return MISSING
    return element + [None] * lacking if lacking > 0 else element


def _set_all(element: Any, path: tuple[str | int, ...], place: int, value: Any, make: bool, spread: bool) -> Any:
    last = place == len(path) - 1
    if element is not None and spread:
        if len(element) > len(value) or (isinstance(element, dict) and len(element) != len(value)):
            return MISSING
        if len(element) < len(value):
            if not make:
                return MISSING
            element = element + [None] * (len(value) - len(element))
    if element is None or element == []:
        count = len(value) if spread else int(not (last and isinstance(value, list) and not value))
        element = [None] * count
    keys: list[Any] = sorted(element) if isinstance(element, dict) else list(range(len(element)))
    copied, found = element.copy(), last and not keys
    for number, key in enumerate(keys):
        result = _set(element[key], path, place + 1, value[number] if spread else value, make, False)
        if result is not MISSING:
            copied[key], found = result, True
    return copied if found else MISSING


def _delete(element: Any, path: tuple[str | int, ...], place: int, prune: bool) -> Any:
    component, last = path[place], place == len(path) - 1
    if last and component == "*":
        return [] if isinstance(element, list) else {}
    if not isinstance(element, list | dict):
        return MISSING
    if component == "*":
        keys: list[Any] = list(element) if isinstance(element, dict) else list(range(len(element)))
    else:
        if _child(element, component) is MISSING:
            return MISSING
        keys = [component]
    copied, found = element.copy(), False
    for key in reversed(keys):
        if last:
            del copied[key]
            found = True
            continue
        result = _delete(element[key], path, place + 1, prune)
        if result is MISSING:
            continue
        found = True
        if prune and not result:
            del copied[key]
        else:
            copied[key] = result
    return copied if found else MISSING


def _has(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    names = ", ".join(map(str, row))
    return f"; the row has {names if len(names) <= 200 else names[:197] + '...'}"
