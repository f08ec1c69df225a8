"""Texts about names and data: words of an identifier, new lines that collapse, data shown to people."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from typing import Any, Final

_CAPITALS: Final = re.compile(r"([A-Z]+)")
_CAPITALIZED: Final = re.compile(r"([A-Z][a-z]+)")
_LETTER_DIGIT: Final = re.compile(r"(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])")
_PASCAL: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_SNAKE: Final = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_WORD_START: Final = re.compile(r"(?<=[^A-Z_-])(?=[A-Z])")
_AFTER_CAPITALS: Final = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z0-9])")


def split_words(text: str) -> list[str]:
    """The words of an identifier: PascalCase, camelCase, snake_case, kebab-case, numbers apart.

    A run of capitals is taken to end before the last one if small letters follow it.

    >>> split_words("TestAI2023_results")
    ['Test', 'AI', '2023', 'results']
    """
    spaced = _CAPITALIZED.sub(r" \1", _CAPITALS.sub(r" \1", text))
    return _LETTER_DIGIT.sub(" ", spaced.replace("_", " ").replace("-", " ")).split()


def is_camel_case(text: str) -> bool:
    """Whether a text is a name such as ``PascalCase``: letters and digits, a capital first."""
    return _PASCAL.fullmatch(text) is not None


def is_snake_case(text: str) -> bool:
    """Whether a text is a name such as ``snake_case2``."""
    return _SNAKE.fullmatch(text) is not None


def camel_to_snake_case(text: str) -> str:
    """``CamelCase`` as ``camel_case``.

    >>> camel_to_snake_case("HFLoader2Go")
    'hf_loader2_go'
    """
    return _AFTER_CAPITALS.sub("_", _WORD_START.sub("_", text)).lower()


def apply_capital_new_line_notation(text: str) -> str:
    r"""Make each ``\N`` (a backslash and a capital N) one line end, however many line ends stand before it.

    At the start of the text, where there is no line to end, it makes none: so a part of a prompt can ask for a line of
    its own without asking for an empty one where nothing stands before it.

    >>> apply_capital_new_line_notation("instruction\n\n\\Ntext")
    'instruction\ntext'
    >>> apply_capital_new_line_notation("\\Ntext")
    'text'
    """
    *before, last = text.split("\\N")
    lines = (piece.rstrip("\n") for piece in before)
    return "".join(f"{line}\n" for line in lines if line) + last


def to_pretty_string(
    value: Any,
    indent: int = 0,
    indent_delta: int = 4,
    max_chars: int | None = None,
    keys: Sequence[str] | None = None,
    float_format: str | None = None,
) -> str:
    r"""Data for people to read: each key or position with the type of what it holds, and that below, indented.

    Args:
        value: Dicts, lists, tuples and what is in them.
        indent: Spaces before each line.
        indent_delta: Spaces more for each level.
        max_chars: Where lines are broken; the width of the terminal less 10 if not given.
        keys: Of a dict, those to show, in their order.
        float_format: How floats are formatted (``.2f``).

    Raises:
        ValueError: a key of ``keys`` is not there.

    >>> print(to_pretty_string({"a": [1, "b"]}), end="")
    a (list):
        [0] (int):
            1
        [1] (str):
            b
    """
    width = max_chars or shutil.get_terminal_size()[0] - 10
    return "".join(f"{line}\n" for line in _pretty_lines(value, indent, indent_delta, width, keys, float_format))


def _pretty_lines(
    value: Any, indent: int, delta: int, width: int, keys: Sequence[str] | None, float_format: str | None
) -> Iterable[str]:
    items: list[tuple[str, Any]]
    if isinstance(value, dict):
        missing = [key for key in keys or () if key not in value]
        if missing:
            raise ValueError(f"there is no {missing[0]!r} to show; there are {', '.join(map(str, value))}")
        items = [(str(key), value[key]) for key in (value if keys is None else keys)]
    elif isinstance(value, list | tuple):
        mark = "[{}]" if isinstance(value, list) else "({})"
        items = [(mark.format(number), item) for number, item in enumerate(value)]
    else:
        text = format(value, float_format) if float_format and isinstance(value, float) else str(value)
        yield from _broken(text, indent, width - indent)
        return
    for name, item in items:
        yield f"{' ' * indent}{name} ({type(item).__name__}):"
        yield from _pretty_lines(item, indent + delta, delta, width, None, float_format)


def _broken(text: str, indent: int, width: int) -> Iterable[str]:
    for line in text.split("\n"):
        step = width if len(line) + indent > width else max(len(line), 1)
        for start in range(0, max(len(line), 1), max(step, 1)):
            yield " " * indent + line[start : start + step].rstrip()


def construct_dict_as_yaml_lines(value: Any, indent_delta: int = 2) -> list[str]:
    r"""Data for people to read, in the manner of YAML, by lines; a text is quoted if it holds a line end or nothing.

    What takes one line stands behind its key, even a list of one item, so that not all of it is YAML to a machine.

    Args:
        value: Dicts, lists and what is in them.
        indent_delta: Spaces for each level, two at least (a list's items begin with a dash and a space).

    >>> construct_dict_as_yaml_lines({"a": ["b", {"c": 1, "d": 2}]})
    ['a: ', '  - b', '  - c: 1', '    d: 2']
    """
    if indent_delta < 2:
        raise ValueError(f"the items of a list need two columns for '- ', not {indent_delta}")
    margin = " " * indent_delta
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            name = f'"{key}"' if " " in str(key) or key == "" else str(key)
            inner = construct_dict_as_yaml_lines(item, indent_delta)
            if len(inner) == 1:
                lines.append(f"{name}: {inner[0]}")
            else:
                lines += [f"{name}: ", *(margin + line for line in inner)]
        return lines or ["{}"]
    if isinstance(value, list):
        dash = margin[:-2] + "- "
        for item in value:
            first, *rest = construct_dict_as_yaml_lines(item, indent_delta)
            lines += [dash + first, *(margin + line for line in rest)]
        return lines or ["[]"]
    text = str(value).replace("\n", "\\n").replace('"', '\\"')
    return [f'"{text}"' if "\\n" in text or not text else text]


def nested_tuple_to_string(value: tuple[Any, ...]) -> str:
    """The items of a tuple, and of the tuples in it, joined by underscores.

    >>> nested_tuple_to_string(("a", ("b", 1)))
    'a_b_1'
    """
    return "_".join(nested_tuple_to_string(item) if isinstance(item, tuple) else str(item) for item in value)


def is_made_of_sub_strings(text: str, sub_strings: Iterable[str]) -> bool:
    """Whether a text is some of these, one after the other, one at least.

    >>> is_made_of_sub_strings("abcab", ["ab", "c"])
    True
    """
    return re.fullmatch(f"({'|'.join(map(re.escape, sub_strings))})+", text) is not None
