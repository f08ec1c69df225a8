"""Values made of values. Unitxt 1.26.10 gives the same."""

from __future__ import annotations

import math
from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator


def after(step: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    (result,) = build(step, Operator).apply({"test": stream_of([row])})["test"]
    return result


def mapped(mappers: dict[str, Any], row: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    return after({"__type__": "map_instance_values", "mappers": mappers, **arguments}, row)


def test_values_are_mapped_by_their_text() -> None:
    assert mapped({"a": {"1": "hi", "True": "yes"}}, {"a": 1, "b": 1}) == {"a": "hi", "b": 1}
    assert mapped({"a": {"1": "hi", "True": "yes"}}, {"a": True}) == {"a": "yes"}
    assert mapped({"a": {"[1, 2]": "all", "[]": "none"}}, {"a": [1, 2]}) == {"a": "all"}
    assert mapped({"a/b": {"x": ["y"]}}, {"a": {"b": "x", "c": 1}}) == {"a": {"b": ["y"], "c": 1}}


def test_the_order_of_judgements_is_mapped_as_mt_bench_does() -> None:
    mappers = {"winner": {"model_1": "choice_a", "model_2": "choice_b", "tie": "tie"}}
    winners = ("model_1", "tie", "model_2")
    assert [mapped(mappers, {"winner": winner})["winner"] for winner in winners] == ["choice_a", "tie", "choice_b"]


def test_none_is_not_mapped() -> None:
    assert mapped({"a": {"None": "nothing"}}, {"a": None}) == {"a": None}


def test_what_is_not_mapped() -> None:
    with pytest.raises(ValueError, match=r"'a' is '3', which is not mapped; mapped are '1'"):
        mapped({"a": {"1": "hi"}}, {"a": 3})
    assert mapped({"a": {"1": "hi"}}, {"a": 3}, strict=False) == {"a": 3}
    with pytest.raises(ValueError, match="'b'"):
        mapped({"b": {"1": "hi"}}, {"a": 3}, strict=False)


def test_every_value_is_mapped() -> None:
    assert mapped({"a": {"1": "x"}}, {"a": [1, "1", 2]}, process_every_value=True, strict=False) == {"a": ["x", "x", 2]}
    with pytest.raises(ValueError, match="list"):
        mapped({"a": {"1": "x"}}, {"a": 1}, process_every_value=True)
    with pytest.raises(ValueError, match="not mapped"):
        mapped({"a": {"1": "x"}}, {"a": [2]}, process_every_value=True)


def test_mappers_are_mappings_of_texts() -> None:
    with pytest.raises(ArtifactError):
        mapped({"a": ["1"]}, {"a": 1})
    with pytest.raises(ArtifactError):
        mapped({"a": {1: "x"}}, {"a": 1})


@pytest.mark.parametrize(
    ("step", "row", "expected"),
    [
        ({"__type__": "map_values", "field": "a", "mapping": {"1": "one"}}, {"a": 1}, {"a": "one"}),
        (
            {"__type__": "map_values", "field": "a", "mapping": {"1": 10, "2": 20}, "process_every_value": True},
            {"a": [1, 2, 1]},
            {"a": [10, 20, 10]},
        ),
        ({"__type__": "add_constant", "field": "a", "add": 5}, {"a": 1}, {"a": 6}),
        ({"__type__": "add_constant", "field": "a", "add": "x"}, {"a": "y"}, {"a": "xy"}),
        ({"__type__": "add_constant", "field": "a", "add": [9]}, {"a": [1]}, {"a": [9, 1]}),
        ({"__type__": "add_constant", "field": "a/*", "to_field": "a/*", "add": 9, "process_every_value": True,
          "set_every_value": True}, {"a": [1, 2]}, {"a": [10, 11]}),
        ({"__type__": "bytes_to_string", "field": "a"}, {"a": b"x"}, {"a": "b'x'"}),
        ({"__type__": "join_str", "field": "a"}, {"a": [1, "b", None]}, {"a": "1,b,None"}),
        ({"__type__": "join_str", "field": "a", "separator": "", "to_field": "b"}, {"a": []}, {"a": [], "b": ""}),
        ({"__type__": "get_item_by_index", "items_list": ["x", "y"], "field": "a"}, {"a": 1}, {"a": "y"}),
        ({"__type__": "cast", "field": "a", "to": "str"}, {"a": 1}, {"a": "1"}),
        ({"__type__": "cast", "field": "a", "to": "int"}, {"a": 2.9}, {"a": 2}),
        ({"__type__": "cast", "field": "a", "to": "int", "failure_default": None}, {"a": "x"}, {"a": None}),
        ({"__type__": "cast", "field": "a", "to": "bool"}, {"a": "False"}, {"a": True}),
        ({"__type__": "cast", "field": "a", "to": "tuple"}, {"a": [1]}, {"a": (1,)}),
        ({"__type__": "cast", "field": "a", "to": "float", "process_every_value": True}, {"a": ["1", 2]},
         {"a": [1.0, 2.0]}),
        ({"__type__": "cast_fields", "fields": {"a/d": "float", "b": "int"}, "failure_defaults": {"a/d": 0.0, "b": 0},
          "process_every_value": True}, {"a": {"d": ["half", "0.6", 1, None]}, "b": ["2"]},
         {"a": {"d": [0.0, 0.6, 1.0, 0.0]}, "b": [2]}),
        ({"__type__": "cast_fields"}, {"a": "1"}, {"a": "1"}),
        ({"__type__": "divide_all_fields_by", "divisor": 2.0}, {"a": 10.0, "b": [2.0, {"x": 7.0}], "c": 5, "d": "x"},
         {"a": 5.0, "b": [1.0, {"x": 3.5}], "c": 5, "d": "x"}),
        ({"__type__": "fillna", "field": "a", "value": 0}, {"a": math.nan}, {"a": 0}),
        ({"__type__": "fillna", "field": "a", "value": 0}, {"a": None}, {"a": None}),
        ({"__type__": "fillna", "field": "a", "value": 0}, {"a": 1.5}, {"a": 1.5}),
        ({"__type__": "recursive_replace", "key": "type", "map_values": {"int": "integer"}, "remove_values": ["any"]},
         {"p": {"type": "int"}, "q": [{"type": "any", "n": [{"type": "int"}]}]},
         {"p": {"type": "integer"}, "q": [{"n": [{"type": "integer"}]}]}),
        ({"__type__": "recursive_replace", "key": "t", "map_values": {"p": "P"}, "remove_values": ["q"]},
         {"t": ["p", "q", "r"], "u": {"t": {"t": "p"}}}, {"t": ["P", "r"], "u": {"t": {"t": "P"}}}),
    ],
)  # fmt: skip
def test_values(step: dict[str, Any], row: dict[str, Any], expected: dict[str, Any]) -> None:
    assert after(step, row) == expected


@pytest.mark.parametrize(
    ("step", "row"),
    [
        ({"__type__": "map_values", "field": "a", "mapping": {"1": "one"}}, {"a": 2}),
        ({"__type__": "add_constant", "field": "a", "add": 5}, {"a": "x"}),
        ({"__type__": "get_item_by_index", "items_list": ["x"], "field": "a"}, {"a": 1}),
        ({"__type__": "cast", "field": "a", "to": "int"}, {"a": "x"}),
        ({"__type__": "cast", "field": "a", "to": "int"}, {"a": math.inf}),
        ({"__type__": "cast", "field": "a", "to": "int"}, {"b": 1}),
        ({"__type__": "cast_fields", "fields": {"a": "int"}}, {"a": None}),
        ({"__type__": "cast_fields", "fields": {"a": "int"}, "process_every_value": True}, {"a": 1}),
        ({"__type__": "divide_all_fields_by", "divisor": 2.0, "strict": True}, {"a": 1.0, "b": 1}),
    ],
)
def test_values_that_do_not_fit(step: dict[str, Any], row: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        after(step, row)


@pytest.mark.parametrize(
    "step",
    [
        {"__type__": "cast", "field": "a", "to": "integer"},
        {"__type__": "cast_fields", "fields": {"a": "date"}},
        {"__type__": "divide_all_fields_by", "divisor": 0.0},
        {"__type__": "add_constant", "field": "a"},
    ],
)
def test_arguments_that_do_not_fit(step: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        build(step, Operator)
