"""Type strings to types and back."""

from __future__ import annotations

import ast
import re
import types
import typing
from functools import lru_cache
from typing import Any, Final

from regrade.artifacts.type_strings.names import BARE, GENERIC, NAMED, PLAIN

_MODERN: Final = {"list": "List", "dict": "Dict", "tuple": "Tuple", "set": "Set"}
_TOKEN: Final = re.compile(r"""\s+|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[\[\],|]|[^\s\[\],|'"]+)""")


class TypeStringError(ValueError):
    """A text that is no type, or a type that has no name."""


@lru_cache(maxsize=1024)
def _parsed(text: str, known: int) -> Any:
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return _type_of(tree.body, text)
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise TypeStringError(f"{text!r} is no type: {error}") from None


def parse_type_string(type_string: str) -> Any:
    """The type that a text names.

    Args:
        type_string: A type of Python's ``typing``, in the old spelling or the new (``list[int | str]``), made of
            ``Any bool bytes float int str None set``, ``List Dict Tuple Union Optional Literal`` and the registered
            names (``Dialog``, ``Table``, ``Image``, ...).

    Raises:
        TypeStringError: it is none, or names what is not known.

    >>> parse_type_string("list[int | str]") == typing.List[typing.Union[int, str]]
    True
    """
    if not isinstance(type_string, str):
        raise TypeStringError(f"a type string is wanted, not {type(type_string).__name__}")
    return _parsed(type_string, len(NAMED))


def _type_of(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="typing"), attr=name):
            return _named(name, text)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return typing.Union[_type_of(left, text), _type_of(right, text)]  # noqa: UP007
        case ast.Subscript(
            value=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="typing"), attr=name), slice=inside
        ):
            name = _MODERN.get(name, name)
            if name not in GENERIC:
                raise TypeStringError(f"{name!r} in {text!r} takes no brackets")
            parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
            if not parts:
                raise TypeStringError(f"nothing is in the brackets of {name} in {text!r}")
            if name == "Literal":
                return typing.Literal[tuple(_constant(part, text) for part in parts)]
            if name == "Tuple" and isinstance(parts[-1], ast.Constant) and parts[-1].value is Ellipsis:
                return GENERIC["Tuple"][_type_of(parts[0], text), ...]
            kinds = tuple(_type_of(part, text) for part in parts)
            return GENERIC[name][kinds if len(kinds) > 1 else kinds[0]]
    raise TypeStringError(f"{ast.unparse(node)!r} in {text!r} is no type")


def _named(name: str, text: str) -> Any:
    name = _MODERN.get(name, name)
    for names in (NAMED, PLAIN, BARE):
        if name in names:
            return names[name]
    import difflib

    known = [*PLAIN, *GENERIC, *NAMED]
    near = difflib.get_close_matches(name, known, n=3) or sorted(known)
    raise TypeStringError(f"{name!r} in {text!r} is no known type; there are {', '.join(near)}")


def _constant(node: ast.expr, text: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise TypeStringError(f"{ast.unparse(node)!r} in {text!r} is no constant") from None


def to_type_string(kind: Any) -> str:
    """The text that names a type; its inverse is :func:`parse_type_string`.

    Raises:
        TypeStringError: no text names it.

    >>> import typing
    >>> to_type_string(typing.List[int | None])
    'List[Optional[int]]'
    """
    if isinstance(kind, str):
        parse_type_string(kind)
        return kind
    if typing.get_args(kind):
        return _generic_name(kind)
    if kind is None or kind is type(None):
        return "None"
    name: str = getattr(kind, "__name__", str(kind))
    if kind in (dict, list, set, tuple):
        return _MODERN[name]
    if (NAMED.get(name) or PLAIN.get(name)) is not kind:
        raise TypeStringError(f"{kind!r} is no type that type strings can name")
    return name


def _generic_name(kind: Any) -> str:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, parts))}]"
    shown = ["..." if part is Ellipsis else to_type_string(part) for part in parts]
    if origin in (typing.Union, types.UnionType):
        optional = len(parts) == 2 and parts[1] is type(None)
        return f"Optional[{shown[0]}]" if optional else f"Union[{', '.join(shown)}]"
    if origin not in (dict, list, tuple):
        raise TypeStringError(f"{kind!r} is no type that type strings can name")
    return f"{_MODERN[origin.__name__]}[{', '.join(shown)}]"


def parse_type_dict(type_dict: dict[str, Any]) -> dict[str, Any]:
    """A mapping of names to type strings (or to such mappings) with the types in the place of the strings.

    Raises:
        TypeStringError: there is something else in it, or a text that is no type.
    """
    if not isinstance(type_dict, dict):
        raise TypeStringError(f"a mapping of names to type strings is wanted, not {type(type_dict).__name__}")
    return {
        name: parse_type_dict(kind) if isinstance(kind, dict) else parse_type_string(kind)
        for name, kind in type_dict.items()
    }


def to_type_dict(types_of: dict[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`parse_type_dict`."""
    return {
        name: to_type_dict(kind) if isinstance(kind, dict) else to_type_string(kind) for name, kind in types_of.items()
    }


def format_type_string(type_string: str) -> str:
    """A type string in the old spelling (``Union``, capitals), without spaces; literals stay as they are.

    It looks at brackets, commas and bars only, not at names.

    Raises:
        TypeStringError: brackets do not match.

    >>> format_type_string("list[int | float]")
    'List[Union[int,float]]'
    """
    tokens = []
    place = 0
    while place < len(type_string):
        match = _TOKEN.match(type_string, place)
        if match is None:
            raise TypeStringError(f"a quote in {type_string!r} is not closed")
        if match[1]:
            name = match[1].removeprefix("typing.")
            tokens.append(_MODERN.get(name, name))
        place = match.end()
    tokens.reverse()
    formatted = _alternatives(tokens, type_string)
    if tokens:
        raise TypeStringError(f"brackets in {type_string!r} do not match")
    return formatted


def _alternatives(tokens: list[str], text: str) -> str:
    """What stands before the next comma or closing bracket of this level."""
    parts = [""]
    while tokens and tokens[-1] not in (",", "]"):
        token = tokens.pop()
        if token == "|":
            parts.append("")
        elif token == "[":
            inside = [_alternatives(tokens, text)]
            while tokens and tokens[-1] == ",":
                tokens.pop()
                inside.append(_alternatives(tokens, text))
            if not tokens or tokens.pop() != "]":
                raise TypeStringError(f"brackets in {text!r} do not match")
            parts[-1] += f"[{','.join(inside)}]"
        else:
            parts[-1] += token
    return parts[0] if len(parts) == 1 else f"Union[{','.join(parts)}]"
