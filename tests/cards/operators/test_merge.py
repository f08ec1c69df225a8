"""Streams made of streams. Unitxt 1.26.10 gives the same."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import build
from regrade.artifacts.streams import Streams, stream_of
from regrade.cards.operators import Operator
from regrade.cards.operators.streams.merge import FromIterables, IterableSource


def streams() -> Streams:
    return {
        "train": stream_of([{"a": 1, "group": "x/y"}]),
        "test": stream_of([{"a": 2, "group": "x/z"}, {"a": 3, "group": "w"}]),
    }


def after(step: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {name: list(rows) for name, rows in build(step, Operator).apply(streams()).items()}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, {"all": [(1, "train"), (2, "test"), (3, "test")]}),
        ({"streams_to_merge": ["test"], "new_stream_name": "n"}, {"n": [(2, "test"), (3, "test")]}),
        ({"add_origin_stream_name": False}, {"all": [(1, None), (2, None), (3, None)]}),
        ({"streams_to_merge": ["none"]}, {"all": []}),
    ],
)
def test_merged(arguments: dict[str, Any], expected: dict[str, list[tuple[int, str | None]]]) -> None:
    merged = after({"__type__": "merge_streams", **arguments})
    assert {name: [(row["a"], row.get("origin")) for row in rows] for name, rows in merged.items()} == expected


@pytest.mark.parametrize(
    ("generations", "expected"),
    [
        (1, {"train~x": [1], "test~x": [2], "test~w": [3]}),
        (2, {"train~x/y": [1], "test~x/z": [2], "test~w": [3]}),
        (0, {"train~": [1], "test~": [2, 3]}),
        (-1, {"train~x/y": [1], "test~x/z": [2], "test~w": [3]}),
    ],
)
def test_split_by_group(generations: int, expected: dict[str, list[int]]) -> None:
    split = after({"__type__": "split_by_nested_group", "number_of_fusion_generations": generations})
    assert {name: [row["a"] for row in rows] for name, rows in split.items()} == expected


def test_rows_without_a_group() -> None:
    with pytest.raises(ValueError, match="'kind'"):
        after({"__type__": "split_by_nested_group", "field_name_of_group": "kind"})


def test_streams_of_data() -> None:
    source = build({"__type__": "iterable_source", "iterables": {"test": [{"a": 1}]}}, IterableSource)
    assert [list(rows) for rows in (source.apply({})["test"],) * 2] == [[{"a": 1}]] * 2
    made = FromIterables().apply({"test": ({"a": n} for n in range(2))})  # type: ignore[dict-item]
    assert [list(rows) for rows in (made["test"],) * 2] == [[{"a": 0}, {"a": 1}]] * 2
