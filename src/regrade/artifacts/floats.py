"""Numbers that JSON has no form for, in the data of artifacts: nan and the infinities."""

from __future__ import annotations

import math
from typing import Any, Final

_KEY: Final = "__float__"


def spell_floats(data: Any) -> Any:
    """Data with ``{"__float__": "nan"}`` in the place of nan, and the infinities likewise.

    >>> spell_floats({"default": float("inf"), "low": 0.5})
    {'default': {'__float__': 'inf'}, 'low': 0.5}
    """
    if isinstance(data, float) and not math.isfinite(data):
        return {_KEY: str(data)}
    if isinstance(data, dict):
        return {key: spell_floats(value) for key, value in data.items()}
    return [spell_floats(value) for value in data] if isinstance(data, list | tuple) else data


def read_floats(data: Any) -> Any:
    """The data that :func:`spell_floats` was given.

    >>> read_floats({"default": {"__float__": "-inf"}, "low": 0.5})
    {'default': -inf, 'low': 0.5}
    """
    if isinstance(data, dict):
        if data.keys() == {_KEY}:
            return float(data[_KEY])
        return {key: read_floats(value) for key, value in data.items()}
    return [read_floats(value) for value in data] if isinstance(data, list) else data
