"""Rows that stay and rows that go. Unitxt 1.26.10 gives the same, but where a comment says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import Row, Stream, stream_of
from regrade.cards.operators import Operator
from regrade.cards.operators.streams.filters import Deduplicate
from regrade.errors import RegradeError

ROWS: list[dict[str, Any]] = [
    {"n": 0, "a": 1, "b": 2, "c": {"d": [1, 2], "e": "x"}, "t": "hello world"},
    {"n": 1, "a": 2, "b": 2, "c": {"d": [3], "e": "y"}, "t": "bye"},
    {"n": 2, "a": 1, "b": 3, "c": {"d": [], "e": "x"}, "t": ""},
    {"n": 3, "a": 4, "b": 1, "c": {"d": [5, 6, 7], "e": "z"}, "t": None},
]


def kept(step: dict[str, Any], rows: list[dict[str, Any]] | None = None) -> list[int]:
    operator = build(step, Operator)
    return [row["n"] for row in operator.apply({"test": stream_of(ROWS if rows is None else rows)})["test"]]


def by_condition(values: dict[str, Any], condition: str, **arguments: Any) -> list[int]:
    return kept({"__type__": "filter_by_condition", "values": values, "condition": condition, **arguments})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("gt", [3]), ("ge", [1, 3]), ("lt", [0, 2]), ("le", [0, 1, 2]), ("eq", [1]), ("ne", [0, 2, 3])],
)
def test_conditions(condition: str, expected: list[int]) -> None:
    assert by_condition({"a": 2}, condition) == expected


@pytest.mark.parametrize(
    ("values", "condition", "expected"),
    [
        ({"a": [1, 4]}, "in", [0, 2, 3]),
        ({"a": [1, 4]}, "not in", [1]),
        ({"c": [{"d": [3], "e": "y"}]}, "in", [1]),
        ({"a": 1, "b": 2}, "eq", [0]),
        ({"c/e": "x"}, "eq", [0, 2]),
        ({"t": None}, "ne", [0, 1, 2]),
        ({"c/d/1": True}, "exists", [0, 3]),
        ({"c/d[1]": True}, "exists", [0, 3]),
        ({"c/d/0": True, "c/d/2": False}, "exists", [0, 1]),  # Unitxt looks at the first field only
        ({"z": False}, "exists", [0, 1, 2, 3]),
    ],
)
def test_values_and_paths(values: dict[str, Any], condition: str, expected: list[int]) -> None:
    assert by_condition(values, condition) == expected


def test_positions_in_brackets() -> None:
    rows = [{"n": n, "a": [{"b": n}, {"b": -n}]} for n in range(3)]
    step = {"__type__": "filter_by_condition", "values": {"a[1]/b": -2}, "condition": "eq"}
    assert kept(step, rows) == [2]
    assert kept({**step, "values": {"a[-1]/b": -1}}, rows) == [1]


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(ValueError, match="'z' leads nowhere; the row has n, a"):
        by_condition({"z": 1}, "ne")


def test_what_cannot_be_compared_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'t' is None, which cannot be compared"):
        by_condition({"t": "a"}, "gt")


def test_if_no_row_stays() -> None:
    with pytest.raises(RegradeError, match=r"no row is left of the stream 'test': a eq 9 drops all"):
        by_condition({"a": 9}, "eq")
    assert by_condition({"a": 9}, "eq", error_on_filtered_all=False) == []
    assert kept({"__type__": "filter_by_condition", "values": {"a": 9}, "condition": "eq"}, []) == []


@pytest.mark.parametrize(
    ("values", "condition"), [({"a": 1}, "equal"), ({"a": 1}, "in"), ({"a": 1}, "not in"), ({"a": 1}, "exists")]
)
def test_arguments_that_do_not_fit(values: dict[str, Any], condition: str) -> None:
    with pytest.raises(ArtifactError):
        by_condition(values, condition)


@pytest.mark.parametrize(
    ("values", "condition", "expected"),
    [
        ({"a": "b"}, "lt", [0, 2]),
        ({"a": "b"}, "eq", [1]),
        ({"a": "c/d"}, "in", [0]),  # Unitxt wants a list in the place of the path
        ({"a": "c/d"}, "not in", [1, 2, 3]),
    ],
)
def test_fields_against_fields(values: dict[str, str], condition: str, expected: list[int]) -> None:
    step = {"__type__": "filter_by_condition_based_on_fields", "values": values, "condition": condition}
    assert kept(step) == expected


def test_fields_against_fields_that_are_not_there() -> None:
    for values in ({"a": "z"}, {"z": "a"}):
        with pytest.raises(ValueError, match="'z' leads nowhere"):
            kept({"__type__": "filter_by_condition_based_on_fields", "values": values, "condition": "eq"})
    for step in ({"values": {"a": 1}, "condition": "eq"}, {"values": {"a": "b"}, "condition": "exists"}):
        with pytest.raises(ArtifactError):
            kept({"__type__": "filter_by_condition_based_on_fields", **step})


def test_the_first_of_those_that_are_alike() -> None:
    assert kept({"__type__": "deduplicate", "by": ["a"]}) == [0, 1, 3]
    assert kept({"__type__": "deduplicate", "by": ["c/e"]}) == [0, 1, 3]
    assert kept({"__type__": "deduplicate", "by": ["a", "t"]}) == [0, 1, 2, 3]
    alike_to_python = [{"n": n, "a": a} for n, a in enumerate([1, 1.0, True, "1"])]
    assert kept({"__type__": "deduplicate", "by": ["a"]}, alike_to_python) == [0, 1, 2, 3]
    assert kept({"__type__": "deduplicate", "by": ["a"]}, [{"n": n, "a": "\ud800"} for n in range(2)]) == [0]
    with pytest.raises(ValueError, match="'z'"):
        kept({"__type__": "deduplicate", "by": ["z"]})


def test_streams_are_apart_and_can_be_read_again() -> None:
    result = Deduplicate(by=["a"]).apply({"train": stream_of(ROWS), "test": stream_of(ROWS)})
    for rows in (result["train"], result["test"], result["train"]):
        assert [row["n"] for row in rows] == [0, 1, 3]


def test_the_first_rows_only() -> None:
    read = []

    def rows() -> Iterator[Row]:
        for row in ROWS:
            read.append(row["n"])
            yield row

    refined = build({"__type__": "stream_refiner", "max_instances": 2}, Operator).apply({"test": Stream(rows)})
    assert read == []
    assert [row["n"] for row in refined["test"]] == [0, 1]
    assert read == [0, 1]
    assert kept({"__type__": "stream_refiner"}) == [0, 1, 2, 3]
    assert kept({"__type__": "stream_refiner", "max_instances": 0}) == []
