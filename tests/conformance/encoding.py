"""The tags that stand for what JSON lacks in recorded cases."""

from __future__ import annotations

import types
import typing
from typing import Any

from tests.conformance import shapes

from regrade.artifacts import Artifact, Catalog, build
from regrade.artifacts.type_strings.names import NAMED


def decode(value: Any, catalog: Catalog | None = None) -> Any:
    """Data with its tags made into what they stand for."""
    if isinstance(value, list):
        return [decode(item, catalog) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == "$tuple":
            return tuple(decode(inner, catalog))
        if tag == "$set":
            return set(decode(inner, catalog))
        if tag == "$float":
            return float(inner)
        if tag == "$dict":
            return {decode(key, catalog): decode(item, catalog) for key, item in inner}
        if tag == "$artifact":
            return build(inner, Artifact, catalog=catalog)
        if tag in ("$type", "$typing"):
            known = {**vars(types), **vars(typing), **NAMED, **vars(shapes), "typing": typing}
            return eval(inner, known)  # recorded cases, not users' data
        if tag == "$ndarray":
            import numpy as np

            return np.array(decode(inner, catalog))
    return {key: decode(item, catalog) for key, item in value.items()}
