"""Fields that move, come and go. Unitxt 1.26.10 gives the same, but where a comment says otherwise."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator

ROW: dict[str, Any] = {"a": 1, "b": 2, "c": {"d": [1, 2], "e": "x"}, "l": ["p", "q", "r"], "m": ["s", "t", "u"]}


def after(step: dict[str, Any], row: dict[str, Any] | None = None) -> dict[str, Any]:
    """The row after a step; whatever the step does, it changes nothing in what it is given."""
    given = copy.deepcopy(ROW if row is None else row)
    before = copy.deepcopy(given)
    try:
        (result,) = build(step, Operator).apply({"test": stream_of([given])})["test"]
    finally:
        assert given == before
    return result


def changed(**fields: Any) -> dict[str, Any]:
    """The row with other fields; those that are None are gone."""
    return {name: value for name, value in {**copy.deepcopy(ROW), **fields}.items() if value is not None}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"field": "a", "to_field": "z"}, changed(a=None, z=1)),
        ({"field": "c/e", "to_field": "z/y"}, changed(c={"d": [1, 2]}, z={"y": "x"})),
        ({"field_to_field": {"a": "b"}}, changed(a=None, b=1)),
        ({"field_to_field": [["a", "z"], ["b", "a"]]}, changed(a=None, b=None, z=1)),
        ({"field_to_field": {"a": "x", "b": "y"}}, changed(a=None, b=None, x=1, y=2)),
        # Unitxt takes pairs for 'field' as well, but then finds no field of that name
        ({"field": [["a", "z"], ["b", "a"]]}, changed(a=None, b=None, z=1)),
        ({"field_to_field": {"c/d": "c"}}, changed(c=[1, 2])),
        ({"field": "c/d/*", "to_field": "k"}, changed(c={"e": "x"}, k=[1, 2])),
        ({"field": "a", "to_field": "a"}, ROW),
        ({"field": "l", "to_field": "a", "process_every_value": True}, changed(l=None, a=["p", "q", "r"])),
        # Unitxt makes a dict that holds itself
        ({"field": "c", "to_field": "c/q"}, changed(c={"d": [1, 2], "e": "x", "q": {"d": [1, 2], "e": "x"}})),
        # Unitxt ignores the permission when it deletes
        ({"field": "z", "to_field": "a", "not_exist_ok": True, "get_default": 3}, changed(a=3)),
        ({"field": "z", "to_field": "a", "not_exist_do_nothing": True}, ROW),
    ],
)
def test_rename(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    assert after({"__type__": "rename", **arguments}) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        {"field": "z", "to_field": "a"},
        {"field_to_field": [["a", "z"], ["a", "y"]]},  # a is gone when it is asked for again
        {"field_to_field": {"a": "z", "zz": "y"}},
    ],
)
def test_what_is_not_there_cannot_be_renamed(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="leads nowhere"):
        after({"__type__": "rename", **arguments})


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"field": "a", "field_to_field": {"a": "b"}},
        {"to_field": "a", "field_to_field": {"a": "b"}},
        {"to_field": "a", "field": [["a", "b"]]},
        {"field": []},
        {"field": [["a"]]},
        {"field_to_field": {"a": "x", "b": "x"}},
        {"field_to_field": {"a": "b", "b": "c"}},
        {"field_to_field": {}},
    ],
)
@pytest.mark.parametrize("name", ["rename", "copy"])
def test_fields_must_be_clear(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        after({"__type__": name, **arguments})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"field": "a", "to_field": "b"}, changed(b=1)),
        ({"field": "c/d/0", "to_field": "z"}, changed(z=1)),
        ({"field": "l/*", "to_field": "z"}, changed(z=["p", "q", "r"])),
        ({"field_to_field": {"a": "z/1", "b": "z/0"}}, changed(z=[2, 1])),
        ({"field": "l", "to_field": "z/*/k", "set_every_value": True}, changed(z=[{"k": "p"}, {"k": "q"}, {"k": "r"}])),
        ({"field": "l/9", "to_field": "z", "not_exist_ok": True, "get_default": "none"}, changed(z="none")),
        ({"field": "l/9", "to_field": "z", "not_exist_do_nothing": True}, ROW),
        ({"field": "", "to_field": "z"}, changed(z=ROW)),  # Unitxt: a row that holds itself
        ({"field": "c/d", "to_field": "c/d/2"}, changed(c={"d": [1, 2, [1, 2]], "e": "x"})),  # likewise
    ],
)
def test_copy(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    assert after({"__type__": "copy", **arguments}) == expected


def test_copies_are_apart() -> None:
    copied = after({"__type__": "copy", "field": "c", "to_field": "z"})
    assert after({"__type__": "set", "fields": {"z/e": "other"}}, copied) == changed(z={"d": [1, 2], "e": "other"})


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"__type__": "move", "field": "c/e", "to_field": "z"}, changed(c={"d": [1, 2]}, z="x")),
        ({"__type__": "move", "field": "c/d", "to_field": "a"}, changed(c={"e": "x"}, a=[1, 2])),
        ({"__type__": "set", "fields": {"a": 5, "z": [1]}}, changed(a=5, z=[1])),
        ({"__type__": "set", "fields": {"l/1": "z", "c/n/0": 1}}, changed(l=["p", "z", "r"], c={**ROW["c"], "n": [1]})),
        ({"__type__": "set", "fields": {"l/*": "z"}}, changed(l=["z", "z", "z"])),
        ({"__type__": "add_fields", "fields": {"x y": 1, "q-r": 2}}, {**ROW, "x y": 1, "q-r": 2}),
        ({"__type__": "remove_fields", "fields": ["a", "c"]}, changed(a=None, c=None)),
        ({"__type__": "remove_fields", "fields": ["c/d"]}, changed(c={"e": "x"})),
        ({"__type__": "select_fields", "fields": ["b", "a"]}, {"a": 1, "b": 2}),
        ({"__type__": "list_field_values", "fields": ["a", "c/d/*"], "to_field": "z"}, changed(z=[1, [1, 2]])),
        ({"__type__": "list_field_values", "fields": ["a"], "to_field": "c/f"}, changed(c={**ROW["c"], "f": [1]})),
        ({"__type__": "zip_field_values", "fields": ["l", "c/d"], "to_field": "z"}, changed(z=[("p", 1), ("q", 2)])),
        (
            {"__type__": "zip_field_values", "fields": ["l", "c/d"], "to_field": "z", "longest": True},
            changed(z=[("p", 1), ("q", 2), ("r", None)]),
        ),
        ({"__type__": "index_of", "search_in": "c/d", "index_of": "b", "to_field": "z"}, changed(z=1)),
        ({"__type__": "take_by_field", "field": "l", "index": "a", "to_field": "z"}, changed(z="q")),
        ({"__type__": "take_by_field", "field": "l", "index": "a"}, changed(l="q")),
        ({"__type__": "flatten_instances", "parent_key": "p", "sep": "."}, {
            "p.a": 1, "p.b": 2, "p.c.d": [1, 2], "p.c.e": "x", "p.l": ROW["l"], "p.m": ROW["m"],
        }),
    ],
)  # fmt: skip
def test_other_ways_of_fields(step: dict[str, Any], expected: dict[str, Any]) -> None:
    assert after(step) == expected


@pytest.mark.parametrize(
    "step",
    [
        {"__type__": "move", "field": "z", "to_field": "a"},
        {"__type__": "remove_fields", "fields": ["z"]},
        {"__type__": "select_fields", "fields": ["a", "z"]},
        {"__type__": "list_field_values", "fields": ["a", "z"], "to_field": "y"},
        {"__type__": "zip_field_values", "fields": ["a", "l"], "to_field": "y"},
        {"__type__": "zip_field_values", "fields": [], "to_field": "y"},
        {"__type__": "index_of", "search_in": "l", "index_of": "a", "to_field": "y"},
        {"__type__": "take_by_field", "field": "c", "index": "a"},
        {"__type__": "take_by_field", "field": "l", "index": "l"},
        {"__type__": "set", "fields": {"(a)": 1}},
    ],
)
def test_rows_that_do_not_fit(step: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, ArtifactError)):
        after(step)


def test_a_selection_keeps_what_the_card_notes() -> None:
    row = {"a": 1, "b": 2, "recipe_metadata": {"n": 1}, "data_classification_policy": ["public"]}
    assert after({"__type__": "select_fields", "fields": ["a"]}, row) == {
        "a": 1,
        "recipe_metadata": {"n": 1},
        "data_classification_policy": ["public"],
    }


@pytest.mark.parametrize("name", ["interleave_lists_to_dialog_operator", "interleave_lists_to_dialog"])
def test_dialogs(name: str) -> None:
    step = {"__type__": name, "user_turns_field": "q", "assistant_turns_field": "r", "to_field": "d"}
    for asked, answered, dialog in (
        (["a", "b"], ["c", "d"], [("user", "a"), ("assistant", "c"), ("user", "b"), ("assistant", "d")]),
        (["a", "b"], ["c"], [("user", "a"), ("assistant", "c"), ("user", "b")]),
        ([], [], []),
    ):
        assert after(step, {"q": asked, "r": answered})["d"] == dialog
    labelled = {**step, "user_role_label": "U", "assistant_role_label": "A"}
    assert after(labelled, {"q": ["a"], "r": ["c"]})["d"] == [("U", "a"), ("A", "c")]
    for asked, answered in ((["a"], ["b", "c"]), (["a", "b", "c"], ["d"])):
        with pytest.raises(ValueError, match="no dialog in turns"):
            after(step, {"q": asked, "r": answered})


def test_streams_that_a_step_is_not_for_stay_as_they_are() -> None:
    streams = {name: stream_of([{"a": 1}]) for name in ("train", "test")}
    for arguments in ({"apply_to_streams": ["test"]}, {"dont_apply_to_streams": ["train"]}):
        result = build({"__type__": "set", "fields": {"a": 2}, **arguments}, Operator).apply(streams)
        assert {name: list(rows) for name, rows in result.items()} == {"train": [{"a": 1}], "test": [{"a": 2}]}
