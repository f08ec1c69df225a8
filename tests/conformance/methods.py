"""Methods of our objects in the place of those whose results were recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.encoding import decode

from regrade.artifacts import Artifact, Catalog, build
from regrade.artifacts.operator import StreamOperator
from regrade.artifacts.streams import stream_of


def call(case: dict[str, Any], known: Catalog) -> Any:
    """What the method of a recorded case gives.

    ``process`` is what operators are recorded by; ours is ``process_row``, or ``apply`` for those of several streams.
    Others have the names that they had, or stand in :data:`NAMES`.
    """
    built = build(case["operator"], Artifact, catalog=known)
    args, kwargs = decode(case["args"], known), decode(case["kwargs"], known)
    name = next((ours for ours in NAMES.get(case["method"], ()) if hasattr(built, ours)), case["method"])
    if name == "apply":
        streams = built.apply({stream: stream_of(rows) for stream, rows in args[0].items()})  # type: ignore[attr-defined]
        return {stream: list(rows) for stream, rows in streams.items()}
    if isinstance(built, StreamOperator) and name == "process" and args and isinstance(args[0], dict):
        (result,) = built.process(args[:1], *args[1:])  # it has to see a whole stream, here of one row
        return result
    result = getattr(built, name)(*args, **kwargs)
    return list(result) if isinstance(result, Iterator) else result


NAMES = {
    "process": ("process_row", "process", "apply"),
    "process_instance": ("process_instance", "process_row"),
    "process_instance_value": ("process_value_of",),
    "set_default_values": ("with_defaults",),
}
"""Our names of recorded methods; the first that an object has is called."""
