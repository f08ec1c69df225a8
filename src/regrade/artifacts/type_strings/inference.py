"""The narrowest type string that a value is of."""

from __future__ import annotations

from typing import Any, NamedTuple

from regrade.artifacts.type_strings.parsing import parse_type_string


class _Kind(NamedTuple):
    name: str
    parts: tuple[_Kind, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}[{','.join(map(str, self.parts))}]" if self.parts else self.name


_ANY = _Kind("Any")
_EMPTY_TUPLE = _Kind("Tuple", (_ANY,))


def infer_type_string(value: Any) -> str:
    """The type string of a value.

    Lists and dicts are of the union of what is in them, less what another member covers: ``bool`` is covered by
    ``int``, an empty list by any list, None (of which nothing is known: ``Any``) by anything. Tuples are of their
    length.

    >>> infer_type_string([[], [7], ["seven"]])
    'List[Union[List[int],List[str]]]'
    """
    return str(_infer(value))


def infer_type(value: Any) -> Any:
    """The type of a value, as :func:`infer_type_string` finds it."""
    return parse_type_string(infer_type_string(value))


def _infer(value: Any) -> _Kind:
    match value:
        case bool():
            return _Kind("bool")
        case int() | str() | float():
            return _Kind(next(kind.__name__ for kind in (int, str, float) if isinstance(value, kind)))
        case list():
            return _Kind("List", (_cover(value),))
        case dict():
            return _Kind("Dict", (_cover(value), _cover(value.values())))
        case tuple():
            return _Kind("Tuple", tuple(map(_infer, value)) or (_ANY,))
    return _ANY


def _cover(values: Any) -> _Kind:
    """The kind that covers all of some values."""
    kinds: list[_Kind] = []
    for kind in dict.fromkeys(map(_infer, values)):
        if not any(_covers(other, kind) for other in kinds):
            kinds = [other for other in kinds if not _covers(kind, other)] + [kind]
    if len(kinds) > 1:
        return _Kind("Union", tuple(sorted(kinds, key=str)))
    return kinds[0] if kinds else _ANY


def _covers(wide: _Kind, narrow: _Kind) -> bool:
    if narrow in (wide, _ANY):
        return True
    if narrow.name == "Union":
        return all(_covers(wide, part) for part in narrow.parts)
    if wide.name == "Union":
        return any(_covers(part, narrow) for part in wide.parts)
    if (narrow.name, wide.name) == ("bool", "int"):
        return True
    if narrow == _EMPTY_TUPLE:  # of no length but its own
        return False
    if wide.name != narrow.name or not wide.parts or len(wide.parts) != len(narrow.parts):
        return False
    return all(map(_covers, wide.parts, narrow.parts))
