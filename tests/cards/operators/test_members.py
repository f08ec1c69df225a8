"""Members of lists that stay and go. Unitxt 1.26.10 gives the same."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator

ROW = {"l": ["p", "q", "p"], "m": [0, 1, 2], "t": "p", "short": [1]}


def after(step: dict[str, Any]) -> dict[str, Any]:
    (result,) = build(step, Operator).apply({"test": stream_of([ROW])})["test"]
    return result


def test_members() -> None:
    assert after({"__type__": "intersect", "field": "l", "allowed_values": ["p", "z"]})["l"] == ["p", "p"]
    assert after({"__type__": "intersect", "field": "l", "to_field": "z", "allowed_values": []})["z"] == []
    assert after({"__type__": "remove_values", "field": "l", "unallowed_values": ["p"]})["l"] == ["q"]


def test_members_and_what_belongs_to_them() -> None:
    step = {"__type__": "intersect_corresponding_fields", "field": "l", "corresponding_fields_to_intersect": ["m"]}
    assert after({**step, "allowed_values": ["p"]}) == {**ROW, "l": ["p", "p"], "m": [0, 2]}
    assert after({**step, "allowed_values": ["q", "p"]}) == ROW
    assert after({**step, "allowed_values": []}) == {**ROW, "l": [], "m": []}


@pytest.mark.parametrize(
    "step",
    [
        {"__type__": "intersect", "field": "t", "allowed_values": ["p"]},
        {"__type__": "intersect", "field": "z", "allowed_values": ["p"]},
        {"__type__": "remove_values", "field": "t", "unallowed_values": ["p"]},
        *(
            {"__type__": "intersect_corresponding_fields", "field": field, "allowed_values": ["p"],
             "corresponding_fields_to_intersect": [other]}
            for field, other in (("l", "z"), ("z", "l"), ("l", "t"), ("l", "short"), ("t", "l"))
        ),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit(step: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"list|leads nowhere"):
        after(step)


@pytest.mark.parametrize(
    "step",
    [
        {"__type__": "intersect", "field": "l", "allowed_values": "p"},
        {"__type__": "intersect", "field": "l", "allowed_values": ["p"], "process_every_value": True},
        {"__type__": "remove_values", "field": "l", "unallowed_values": "p"},
    ],
)
def test_arguments_that_do_not_fit(step: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        build(step, Operator)
