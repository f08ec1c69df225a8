"""What is gathered from streams. Unitxt 1.26.10 gives the same, but where a comment says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator
from regrade.errors import RegradeError

ANIMALS = ["cat", "dog", "dog", "fish", "cat", "dog"]


def after(step: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(build(step, Operator).apply({"test": stream_of(rows)})["test"])


def common(rows: list[dict[str, Any]], **arguments: Any) -> list[Any]:
    step = {"__type__": "extract_most_common_field_values", "stream_name": "train", "to_field": "z", **arguments}
    streams = {"train": stream_of(rows), "test": stream_of([{}])}
    result = build(step, Operator).apply(streams)
    (row,) = result["test"]
    assert all(other["z"] == row["z"] for other in result["train"])
    found: list[Any] = row["z"]
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ["dog", "cat", "fish"]),
        ({"overall_top_frequency_percent": 50}, ["dog"]),
        ({"overall_top_frequency_percent": 51}, ["dog", "cat"]),
        ({"overall_top_frequency_percent": 84}, ["dog", "cat", "fish"]),
        ({"min_frequency_percent": 33}, ["dog", "cat"]),
        ({"min_frequency_percent": 51}, []),  # Unitxt fails where nothing is left
    ],
)
def test_the_most_common_values(arguments: dict[str, Any], expected: list[str]) -> None:
    assert common([{"a": animal} for animal in ANIMALS], field="a", **arguments) == expected


def test_the_most_common_lists_and_members() -> None:
    rows = [{"a": {"b": ["x", "y"]}}, {"a": {"b": ["x"]}}, {"a": {"b": ["x"]}}]
    assert common(rows, field="a/b") == [["x"], ["x", "y"]]
    assert common(rows, field="a/b", process_every_value=True) == ["x", "y"]
    with pytest.raises(ValueError, match="list"):
        common([{"a": 1}], field="a", process_every_value=True)


def test_all_values() -> None:
    step = {"__type__": "extract_field_values", "stream_name": "test", "field": "a", "to_field": "z"}
    assert after({**step, "min_frequency_percent": 90}, [{"a": animal} for animal in ANIMALS])[0]["z"] == [
        "dog",
        "cat",
        "fish",
    ]


def test_values_of_a_stream_that_is_not_there() -> None:
    step = {"__type__": "extract_field_values", "stream_name": "train", "field": "a", "to_field": "z"}
    with pytest.raises(RegradeError, match="no stream 'train'; there are test"):
        after(step, [{"a": 1}])


def test_nothing_is_counted_before_rows_are_read() -> None:
    step = {"__type__": "extract_field_values", "stream_name": "test", "field": "missing", "to_field": "z"}
    result = build(step, Operator).apply({"test": stream_of([{"a": 1}])})
    with pytest.raises(ValueError, match="missing"):
        next(iter(result["test"]))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["a"], [{"a": 0, "b": ["red", "blue"]}, {"a": 1, "b": []}, {"a": 0, "b": ["green"]}]),
        (["a", "b/*"], [{"a": 0, "b": [0, 1]}, {"a": 1, "b": []}, {"a": 0, "b": [2]}]),
    ],
)
def test_labels_as_numbers(fields: list[str], expected: list[dict[str, Any]]) -> None:
    rows = [{"a": "red", "b": ["red", "blue"]}, {"a": "blue", "b": []}, {"a": "red", "b": ["green"]}]
    assert after({"__type__": "encode_labels", "fields": fields}, rows) == expected
    assert rows[0]["b"] == ["red", "blue"]


def test_labels_have_one_number_in_all_streams() -> None:
    streams = {"train": stream_of([{"a": "x"}, {"a": "y"}]), "test": stream_of([{"a": "z"}, {"a": "y"}])}
    encoded = build({"__type__": "encode_labels", "fields": ["a"]}, Operator).apply(streams)
    assert [row["a"] for row in encoded["test"]] == [2, 1]  # in Unitxt, [0, 1] if it is read first
    assert [row["a"] for row in encoded["train"]] == [0, 1]
    only = build({"__type__": "encode_labels", "fields": ["a"], "apply_to_streams": ["test"]}, Operator).apply(streams)
    assert [row["a"] for name in ("train", "test") for row in only[name]] == ["x", "y", 0, 1]


def test_batches() -> None:
    rows = [{"a": n, "data_classification_policy": ["p", str(n % 2)]} for n in range(5)]
    assert after({"__type__": "collate_instances", "batch_size": 2}, rows) == [
        {"a": [0, 1], "data_classification_policy": ["0", "1", "p"]},
        {"a": [2, 3], "data_classification_policy": ["0", "1", "p"]},
        {"a": [4], "data_classification_policy": ["0", "p"]},
    ]
    assert after({"__type__": "collate_instances", "batch_size": 9}, []) == []


def test_rows_of_a_group_become_one() -> None:
    rows = [
        {"id": 1, "q": "a", "n": 10, "data_classification_policy": ["y"]},
        {"id": 2, "q": "b", "n": 20, "data_classification_policy": None},
        {"id": 1, "q": "a", "n": 30, "data_classification_policy": ["x"]},
    ]
    step = {"__type__": "collate_instances_by_field", "by_field": "id", "aggregate_fields": ["n"]}
    assert after(step, rows) == [
        {"id": 1, "q": "a", "n": [10, 30], "data_classification_policy": ["x", "y"]},
        {"id": 2, "q": "b", "n": [20], "data_classification_policy": None},
    ]
    with pytest.raises(ValueError, match=r"'q' is 'a' and 'c' in rows whose 'id' is 1"):
        after(step, [rows[0], {**rows[2], "q": "c"}])
    for row in ({"id": 1}, {"n": 1}):
        with pytest.raises(ValueError, match="no field"):
            after(step, [row])


def test_rows_repeated() -> None:
    assert after({"__type__": "duplicate_instances", "num_duplications": 2}, [{"a": 1}, {"a": 2}]) == [
        {"a": 1},
        {"a": 1},
        {"a": 2},
        {"a": 2},
    ]
    step = {"__type__": "duplicate_instances", "num_duplications": 3, "duplication_index_field": "i"}
    assert [row["i"] for row in after(step, [{"a": 1}])] == [0, 1, 2]


@pytest.mark.parametrize(
    "step",
    [
        {"__type__": "duplicate_instances", "num_duplications": 0},
        {"__type__": "collate_instances", "batch_size": 0},
        *(
            {"__type__": "extract_most_common_field_values", "field": "a", "stream_name": "s", "to_field": "z", **more}
            for more in (
                {"overall_top_frequency_percent": 101},
                {"min_frequency_percent": -1},
                {"overall_top_frequency_percent": 50, "min_frequency_percent": 5},
            )
        ),
    ],
)
def test_arguments_that_do_not_fit(step: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        build(step, Operator)
