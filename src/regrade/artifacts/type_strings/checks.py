"""Whether a value is of a type; a type is compiled into a function once."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from itertools import repeat
from typing import Any, TypeAlias

from regrade.artifacts.type_strings.parsing import TypeStringError, to_type_string

Check: TypeAlias = Callable[[Any], bool]


def is_type(value: Any) -> bool:
    """Whether it is a type: a class, a NewType, a TypedDict, ``Any``, or something of ``typing`` with its parts.

    ``typing.List`` alone is none, as it does not say of what; ``list`` is.

    >>> import typing
    >>> is_type(typing.Union[int, str]), is_type(list), is_type(typing.Union), is_type([int, str])
    (True, True, False, False)
    """
    return (
        value is Any
        or value is typing.Type  # noqa: UP006
        or isinstance(value, type)
        or hasattr(value, "__supertype__")
        or bool(typing.get_args(value))
    )


def isoftype(value: Any, kind: Any) -> bool:
    """Whether a value is of a type, to the letter: an int is no float, a list no tuple.

    As in Unitxt, a bool is an int, a dict may hold more than its TypedDict names and lack what is optional there.
    ``Tuple[Any]`` is any tuple.

    Raises:
        TypeStringError: ``kind`` is no type.
    """
    return checker(kind, lenient=False)(value)


def fits(value: Any, kind: Any) -> bool:
    """Whether a value will do where a type is wanted: an int is a float, and a list a tuple, as JSON has none.

    >>> fits(3, float), isoftype(3, float)
    (True, False)

    Raises:
        TypeStringError: ``kind`` is no type.
    """
    return checker(kind)(value)


@cache
def _compiled(kind: Any, lenient: bool) -> Check:
    if hasattr(kind, "__verify_type__"):
        return typing.cast("Check", kind.__verify_type__)
    if not is_type(kind) and kind is not None:
        raise TypeStringError(f"{kind!r} is no type")
    if hasattr(kind, "__supertype__"):
        return _compiled(kind.__supertype__, lenient)
    if typing.is_typeddict(kind):
        return _shape(kind, lenient)
    if typing.get_origin(kind) is not None and typing.get_args(kind):
        return _generic(kind, lenient)
    return _plain(kind, lenient)


def _plain(kind: Any, lenient: bool) -> Check:
    if kind is Any:
        return lambda value: True
    if kind is typing.Type:  # noqa: UP006
        return is_type
    if lenient and kind is float:
        return lambda value: type(value) is float or (isinstance(value, float | int) and type(value) is not bool)
    classes = _classes(kind, lenient)
    if classes is None:
        raise TypeStringError(f"{kind!r} is no type that values can be checked against")
    return lambda value: isinstance(value, classes)


def _generic(kind: Any, lenient: bool) -> Check:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return lambda value: any(type(value) is type(part) and value == part for part in parts)
    if origin in (typing.Union, types.UnionType):
        return _union(parts, lenient)
    if origin is tuple:
        return _tuple(parts, lenient)
    if origin is dict:
        return _dict(parts[0], parts[1], lenient)
    if origin in (list, set):
        return _items((list, tuple) if lenient and origin is list else origin, parts[0], lenient)
    raise TypeStringError(f"{kind!r} is no type that values can be checked against")


def checker(kind: Any, *, lenient: bool = True) -> Check:
    """The function that checks values against a type: that of :func:`fits`, or of :func:`isoftype` if not ``lenient``.

    Raises:
        TypeStringError: ``kind`` is no type.
    """
    try:
        return _compiled(kind, lenient)
    except TypeError:
        raise TypeStringError(f"{kind!r} is no type") from None


def _classes(kind: Any, lenient: bool) -> Any:
    """What ``isinstance`` takes, where it is all that has to be asked; else None."""
    if kind is None:
        return type(None)
    if lenient and kind in (list, tuple):
        return (list, tuple)
    if lenient and kind is float:
        return None
    if not isinstance(kind, type):
        return None
    if typing.is_typeddict(kind) or hasattr(kind, "__verify_type__") or kind is Any or typing.get_origin(kind):
        return None
    return kind


def _items(holders: Any, kind: Any, lenient: bool) -> Check:
    classes = _classes(kind, lenient)
    if classes is not None:
        every = repeat(classes)
        return lambda value: isinstance(value, holders) and all(map(isinstance, value, every))
    check = _compiled(kind, lenient)
    return lambda value: isinstance(value, holders) and all(map(check, value))


def _tuple(parts: tuple[Any, ...], lenient: bool) -> Check:
    holders: Any = (list, tuple) if lenient else tuple
    if not parts or parts == (Any,):
        return lambda value: isinstance(value, holders)
    if len(parts) == 2 and parts[1] is Ellipsis:
        return _items(holders, parts[0], lenient)
    count = len(parts)
    classes = [_classes(part, lenient) for part in parts]
    if None not in classes:
        return lambda value: isinstance(value, holders) and len(value) == count and all(map(isinstance, value, classes))
    checks = [_compiled(part, lenient) for part in parts]
    return lambda value: (
        isinstance(value, holders)
        and len(value) == count
        and all(check(item) for check, item in zip(checks, value, strict=True))
    )


def _dict(key: Any, item: Any, lenient: bool) -> Check:
    check_key, check_item = _compiled(key, lenient), _compiled(item, lenient)
    return lambda value: isinstance(value, dict) and all(map(check_key, value)) and all(map(check_item, value.values()))


def _union(parts: tuple[Any, ...], lenient: bool) -> Check:
    classes = [_classes(part, lenient) for part in parts]
    if None not in classes:
        flat = tuple(each for some in classes for each in (some if isinstance(some, tuple) else (some,)))
        return lambda value: isinstance(value, flat)
    checks = [_compiled(part, lenient) for part in parts]
    return lambda value: any(check(value) for check in checks)


def _shape(kind: Any, lenient: bool) -> Check:
    """A TypedDict: what may be None may be missing; more keys do no harm."""
    fields = [
        (name, _compiled(part, lenient), type(None) in typing.get_args(part))
        for name, part in typing.get_type_hints(kind).items()
    ]

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        for name, of_type, optional in fields:
            if name not in value:
                if not optional:
                    return False
            elif not of_type(value[name]):
                return False
        return True

    return check


def misfit(value: Any, kind: Any) -> str | None:
    """What is wrong with a value where a type is wanted, in words; None if it :func:`fits`.

    >>> misfit({"a": ["x", 1]}, dict[str, list[str]])
    "['a'][1] is the int 1, where str is wanted"
    """
    if fits(value, kind):
        return None
    place, culprit, wanted = _culprit(value, kind, "")
    shown = repr(culprit)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return f"{place or 'it'} is the {type(culprit).__name__} {shown}, where {_told(wanted)} is wanted"


def _told(kind: Any) -> str:
    try:
        return to_type_string(kind)
    except TypeStringError:
        return getattr(kind, "__name__", str(kind))


def _culprit(value: Any, kind: Any, place: str) -> tuple[str, Any, Any]:
    """The innermost place where a value that does not fit goes wrong; of a union, the union."""
    inner = kind
    while hasattr(inner, "__supertype__"):
        inner = inner.__supertype__
    origin, parts = typing.get_origin(inner), typing.get_args(inner)
    children: list[tuple[Any, Any, Any]] = []
    if isinstance(value, list | tuple) and origin in (list, set) and parts:
        children = [(number, item, parts[0]) for number, item in enumerate(value)]
    elif isinstance(value, list | tuple) and origin is tuple and len(value) == len(parts):
        children = [(number, item, part) for number, (item, part) in enumerate(zip(value, parts, strict=True))]
    elif isinstance(value, dict) and origin is dict and parts:
        children = [(key, item, parts[1]) for key, item in value.items()]
    elif isinstance(value, dict) and typing.is_typeddict(inner):
        hints = typing.get_type_hints(inner)
        children = [(key, value[key], part) for key, part in hints.items() if key in value]
    for key, item, part in children:
        if not fits(item, part):
            return _culprit(item, part, f"{place}[{key!r}]")
    return place, value, kind


def verify_required_schema(
    required_schema_dict: Mapping[str, Any],
    input_dict: Mapping[str, Any],
    class_name: str,
    id: str | None = "",
    description: str | None = "",
) -> None:
    """Raise ValueError unless a row has every field that is required, each of its type (:func:`fits`).

    Args:
        required_schema_dict: Types by name of field.
        input_dict: The row.
        class_name: What requires them, for the message.
        id: Which one of these, for the message.
        description: What it says of itself, for the message.
    """
    for name, kind in required_schema_dict.items():
        if name not in input_dict:
            wrong = f"misses the field {name!r}; it has {', '.join(map(str, input_dict))}"
        elif fits(input_dict[name], kind):
            continue
        else:
            wrong = f"has a field {name!r} of another type: {misfit(input_dict[name], kind)}"
        who = f"{class_name} {id!r}" if id else class_name
        raise ValueError(f"the row that {who} was given {wrong}" + (f" ({description})" if description else ""))
