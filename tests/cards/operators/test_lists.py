"""Operators on lists and dicts, and rows made of their items."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from regrade.artifacts import build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator, RowOperator


def changed(row: dict[str, Any], kind: str, **arguments: Any) -> dict[str, Any]:
    """A row after an operator, which leaves the row itself as it was."""
    before = copy.deepcopy(row)
    after = build({"__type__": kind, **arguments}, RowOperator).process_row(row)
    assert row == before
    return after


@pytest.mark.parametrize(
    ("kind", "value", "expected", "arguments"),
    [
        ("dictify", (1, 2, 3), {"x": 1, "y": 2}, {"with_keys": ["x", "y"]}),
        ("dict_to_tuples_list", {"x": 1}, [("x", 1)], {}),
        ("flatten", [1, [2, [3, (4,)]], "ab"], [1, 2, 3, 4, "ab"], {}),
        ("flatten", (1, [2]), (1, 2), {}),
        ("wrap", 1, {1}, {"inside": "set"}),
        ("chunk", [1, 2, 3, 4, 5], [[1, 2], [3, 4], [5]], {"size": 2}),
        ("slice", [0, 1, 2, 3], [3, 2], {"start": -1, "stop": 1, "step": -1}),
        ("get", {"k": [1]}, [1], {"item": "k"}),
        ("pop", [1, 2], 2, {"item": -1}),
        ("pop", [1, 2], 2, {}),
        ("pop", {"k": 1}, 1, {"item": "k"}),
        ("get_length", {"k": 1}, 1, {}),
        ("filter", (1, 2, 1), (2,), {"values": [1]}),
        ("filter", {1, 2}, {2}, {"values": [1]}),
        ("filter", {"k": 1, "l": 2}, {"l": 2}, {"values": ["k"]}),
    ],
)
def test_what_becomes_of_a_collection(kind: str, value: Any, expected: Any, arguments: dict[str, Any]) -> None:
    found = changed({"a": value}, kind, field="a", **arguments)["a"]
    assert found == expected
    assert type(found) is type(expected)


def test_what_is_popped_moves() -> None:
    assert changed({"d": {"t": [1, 2, 3]}}, "pop", field="d/t", item=0, to_field="x") == {"d": {"t": [2, 3]}, "x": 1}
    every = changed({"d": [[1, 2], [3]]}, "pop", field="d", item=0, to_field="x", process_every_value=True)
    assert every == {"d": [[2], []], "x": [1, 3]}
    assert changed({"a": 1}, "pop", field="b", to_field="c", not_exist_do_nothing=True) == {"a": 1}


@pytest.mark.parametrize("kind", ["get", "pop"])
def test_an_item_that_is_not_there_is_told(kind: str) -> None:
    with pytest.raises(KeyError, match="no item 7 among 1"):
        changed({"a": [1]}, kind, field="a", item=7)


def test_a_filter_of_a_text_is_refused() -> None:
    with pytest.raises(TypeError, match="list, tuple, set or dict"):
        changed({"a": "text"}, "filter", field="a", values=["t"])


def test_lists_are_zipped() -> None:
    row = {"a": [1, 2, 3], "b": {"c": "xy"}}
    assert changed(row, "zip", fields=["a", "b/c"], to_field="z")["z"] == [(1, "x"), (2, "y")]
    assert changed(row, "zip_longest", fields=["a", "b/c"], to_field="z", fill_value=0)["z"][-1] == (3, 0)


def test_lists_of_texts_become_texts() -> None:
    row = {"a": [], "b": ["x"], "c": ["x", "y"]}
    arguments = {"fields": ["a", "b", "c"], "key_prefix": "n_", "empty_value": "-", "separator": "/"}
    assert changed(row, "normalize_list_fields", **arguments) == {**row, "n_a": "-", "n_b": "x", "n_c": "x/y"}
    with pytest.raises(TypeError, match="'a' is to be a list"):
        changed({"a": "x"}, "normalize_list_fields", fields=["a"])


def exploded(kind: str, rows: list[dict[str, Any]], **arguments: Any) -> list[dict[str, Any]]:
    """The rows that an operator makes of some."""
    return list(build({"__type__": kind, **arguments}, Operator).apply({"s": stream_of(rows)})["s"])


@pytest.mark.parametrize("kind", ["explode", "duplicate_by_list"])
def test_a_row_for_each_item(kind: str) -> None:
    rows = [{"q": {"x": [1, 2]}, "n": 1}, {"q": {"x": []}, "n": 2}]
    assert exploded(kind, rows, field="q/x") == [{"q": {"x": 1}, "n": 1}, {"q": {"x": 2}, "n": 1}]
    assert exploded(kind, rows, field="q/x", to_field="y")[1] == {"q": {"x": [1, 2]}, "n": 1, "y": 2}


@pytest.mark.parametrize("kind", ["explode_sub_lists", "duplicate_by_sub_lists"])
def test_a_row_for_each_start(kind: str) -> None:
    rows = [{"x": [1, 2, 3, 4]}]
    assert [r["x"] for r in exploded(kind, rows, field="x")] == [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]
    assert [r["y"] for r in exploded(kind, rows, field="x", to_field="y", start=0, end=-1, step=2)] == [[], [1, 2]]
