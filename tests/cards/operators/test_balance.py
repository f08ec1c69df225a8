"""Rows of each kind. The rows expected, and their order, are those that Unitxt 1.26.10 gives."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator

ROWS: list[dict[str, Any]] = [
    {"a": 1, "b": 2, "c": {"d": [1, 2], "e": "x"}, "l": ["p", "q", "r"], "m": ["s", "t", "u"], "t": "hello world",
     "f": 1.5, "g": "x/y"},
    {"a": 2, "b": 2, "c": {"d": [3], "e": "y"}, "l": ["q"], "m": ["t"], "t": "bye", "f": 2.5, "g": "x/z"},
    {"a": 1, "b": 3, "c": {"d": [], "e": "x"}, "l": [], "m": [], "t": "", "f": 3.0, "g": "w"},
    {"a": 4, "b": 1, "c": {"d": [5, 6, 7], "e": "z"}, "l": ["p", "p"], "m": ["v", "v"], "t": "a b c d", "f": -1.0,
     "g": "x/y"},
]  # fmt: skip


def kept(step: dict[str, Any], rows: list[dict[str, Any]] | None = None) -> list[int]:
    given = ROWS if rows is None else rows
    return [given.index(row) for row in build(step, Operator).apply({"test": stream_of(given)})["test"]]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"__type__": "balance", "fields": ["a"]}, [0, 1, 3]),
        ({"__type__": "deterministic_balancer", "fields": ["c/e"], "max_instances": 3}, [0, 1, 3]),
        ({"__type__": "deterministic_balancer", "fields": ["c/e"], "max_instances": 2}, []),
        ({"__type__": "deterministic_balancer", "fields": ["l"]}, [0, 1, 2, 3]),
        ({"__type__": "length_balancer", "fields": ["l"], "segments_boundaries": [1]}, [0, 2]),
        ({"__type__": "length_balancer", "fields": ["l", "m"], "segments_boundaries": [1, 3, 5]}, [0, 1, 2, 3]),
        ({"__type__": "length_balancer", "fields": ["t"], "segments_boundaries": [4], "max_instances": 2}, [0, 1]),
        ({"__type__": "minimum_one_example_per_label_refiner", "fields": ["a"], "max_instances": 3}, [3, 0, 1]),
        ({"__type__": "minimum_one_example_per_label_refiner", "fields": ["a"], "max_instances": 4}, [1, 0, 2, 3]),
        ({"__type__": "minimum_one_example_per_label_refiner", "fields": ["b"], "max_instances": 3}, [3, 0, 2]),
        # Unitxt gives all rows twice, although it says that they stay as they are
        ({"__type__": "minimum_one_example_per_label_refiner", "fields": ["b"]}, [0, 1, 2, 3]),
    ],
)
def test_rows_of_each_kind(step: dict[str, Any], expected: list[int]) -> None:
    assert kept(step) == expected
    assert kept(step, []) == []


def test_lengths_at_the_boundary_are_of_the_next_segment() -> None:
    rows = [{"t": "x" * length} for length in (0, 1, 2, 3, 4, 9)]
    step = {"__type__": "length_balancer", "fields": ["t"], "segments_boundaries": [2, 4]}
    assert kept(step, rows) == [0, 1, 2, 3, 4, 5]
    assert kept(step, rows[:-1]) == [0, 2, 4]


def test_more_kinds_than_rows_may_be() -> None:
    with pytest.raises(ValueError, match="3 kinds"):
        kept({"__type__": "minimum_one_example_per_label_refiner", "fields": ["a"], "max_instances": 2})


def test_rows_beyond_what_is_wanted_are_not_kept_in_memory() -> None:
    many = [{"a": n % 2, "n": n} for n in range(1000)]
    step = {"__type__": "minimum_one_example_per_label_refiner", "fields": ["a"], "max_instances": 5}
    assert sorted(kept(step, many)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("boundaries", [[], [3, 1], [1, 1]])
def test_boundaries_ascend(boundaries: list[int]) -> None:
    with pytest.raises(ArtifactError, match="ascend"):
        build({"__type__": "length_balancer", "fields": ["a"], "segments_boundaries": boundaries}, Operator)
