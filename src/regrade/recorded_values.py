"""Values of samples as logs wrote them: some as the text that Python or numpy prints of them.

JSON knows no arrays, tensors or numpy scalars; what writes logs puts their text in their place: ``"[0.7 0.2 0.1]"``,
``"np.float64(0.5)"``, ``"tensor([0.5, 0.5])"``, ``"True"``, ``"nan"``.
"""

from __future__ import annotations

import re
from typing import Any, Final

_WRAPPED = re.compile(
    r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|u?int\d*|float\d*|bool_?|str_)\((.*?)(?:,\s*(?:dtype|device|grad_fn)=[^()]*)*\)",
    re.DOTALL,
)
_TRUTH = {"True": True, "False": False, "np.True_": True, "np.False_": False}
_TOKEN = re.compile(r"\s*(?:([\[\](),])|('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|([^\s\[\](),'\"]+))")
_DEEPEST = 20
_PLAIN = frozenset((float, int, bool, str, type(None)))

RIGHT: Final = ("true", "pass", "passed", "correct", "right", "yes", "success")
"""Words that count 1, whatever their case."""
WRONG: Final = ("false", "fail", "failed", "incorrect", "wrong", "no", "failure")
"""Words that count 0."""
LARGEST: Final = 1e100
"""The largest size of a score that is averaged: sums of the cubes of larger ones, which intervals need, overflow."""
VALUES: Final = dict.fromkeys(RIGHT, 1.0) | dict.fromkeys(WRONG, 0.0)


def read_value(value: Any) -> Any:
    """A value with every text in it that stands for a number, truth value or list as that; other texts as they are.

    >>> read_value([1, "[0.25 0.25 0.5]"]), read_value("np.float64(0.5)"), read_value("nothing")
    ([1, [0.25, 0.25, 0.5]], 0.5, 'nothing')

    Raises:
        ValueError: a text is an array that was shortened when it was written.
    """
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, list | tuple):
        return [read_value(item) for item in value]
    return value


def read_items(value: Any) -> Any:
    """A value that was written as the text of a list or tuple, as a list; its items, texts too, stay as they are.

    >>> read_items("('cat', '1')"), read_items(["cat", "1"]), read_items("cat")
    (['cat', '1'], ['cat', '1'], 'cat')

    Raises:
        ValueError: the text is an array that was shortened when it was written.
    """
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "(", "array", "tensor", "np.array")):
        return value
    found = _read_text(value)
    return found if isinstance(found, list) else value


def stands_for_value(text: str) -> bool:
    """Whether a text is what Python or numpy prints of an array, a numpy scalar, a truth value or nan.

    Plain digits do not count: an id looks the same.
    """
    try:
        read = _read_text(text)
    except ValueError:
        return True
    return not isinstance(read, str) and not text.strip().lstrip("+-").isdecimal()


def _read_text(text: str) -> Any:
    plain = text.strip()
    if plain in _TRUTH:
        return _TRUTH[plain]
    wrapped = _WRAPPED.fullmatch(plain)
    if wrapped is not None:
        return _read_text(wrapped[1])
    if plain[:1] in ("[", "("):
        return _read_list(plain, text)
    try:
        number = float(plain)
    except ValueError:
        return text
    if "_" in plain:  # Python reads 1_0 as 10
        return text
    return int(plain) if number.is_integer() and plain.lstrip("+-").isdecimal() else number


def _read_list(plain: str, text: str) -> Any:
    """The list that a text spells, with commas or without; the text itself where it spells none."""
    stack: list[list[Any]] = [[]]
    place = 0
    plain = _WRAPPED.sub(r"\1", plain)
    while place < len(plain):
        token = _TOKEN.match(plain, place)
        if token is None:
            return text
        place = token.end()
        sign, quoted, word = token.groups()
        if sign in ("[", "("):
            if len(stack) > _DEEPEST:
                return text
            stack.append([])
        elif sign in ("]", ")"):
            if len(stack) < 2:
                return text
            whole = stack.pop()
            stack[-1].append(whole)
        elif quoted is not None:
            stack[-1].append(_unquoted(quoted))
        elif word is not None:
            if word.startswith("..."):
                raise ValueError("the array was shortened when it was written: its values are lost")
            item = None if word == "None" else _read_text(word)
            if isinstance(item, str):
                return text
            stack[-1].append(item)
    return stack[0][0] if len(stack) == 1 and len(stack[0]) == 1 else text


def _unquoted(text: str) -> str:
    import ast

    found: str = ast.literal_eval(text)
    return found


def as_score(value: Any) -> Any:
    """A value as a score: a number, 1 for what is true or a word for right, 0 for the opposite; else the value itself.

    >>> as_score("0.25"), as_score(True), as_score("Fail"), as_score("n/a"), as_score(None)
    (0.25, 1.0, 0.0, 'n/a', None)
    """
    if isinstance(value, (bool, int, float)):
        return float(value)
    if not isinstance(value, str):
        return float(value) if hasattr(value, "__float__") else value  # Decimal, as Parquet has it
    text = value.strip()
    word = VALUES.get(text.lower())
    if word is not None:
        return word
    try:
        return value if "_" in text else float(text)
    except ValueError:
        return value


def refusal(value: Any) -> str | None:
    """Why what :func:`as_score` gave is no score; None if it is one."""
    if isinstance(value, float):
        return None if abs(value) <= LARGEST else f"the recorded score is {value}"
    if value is None or (isinstance(value, str) and not value.strip()):
        return "no score is recorded"
    return f"the recorded score is {value!r:.60}, which is no number"


def plain(value: Any) -> Any:
    """A value as JSON would give it back: tuples and sets as lists, scalars and arrays of numpy as numbers.

    What is derived from a number or a text (numpy's ``float64``, a filter's mark of a fallback) is that.

    >>> plain((1, {2}))
    [1, [2]]
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    for base in (str, int, float):
        if isinstance(value, base):
            return base(value)
    return plain(value.tolist()) if hasattr(value, "tolist") and kind is not type else value


def encode_other(value: Any) -> Any:
    """For JSON encoders: what they do not know, as numbers and lists where it is that, else as text."""
    found = plain(value)
    return str(value) if found is value else found
