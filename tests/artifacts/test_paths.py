"""Paths into rows, by their laws; single cases are among the recorded ones."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts.paths import (
    MISSING,
    PathError,
    delete_path,
    get_path,
    has_path,
    is_subpath,
    parse_path,
    set_path,
)

NAMES = st.sampled_from(["a", "b", "c d", "e-f", "g.h", "i_1"])
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(-3, 3), st.text(max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=10,
)
ROWS = st.dictionaries(NAMES, VALUES, max_size=4)
PARTS = st.lists(st.one_of(NAMES, st.integers(0, 3).map(str)), max_size=3)
PATHS = st.tuples(NAMES, PARTS).map(lambda parts: "/".join([parts[0], *parts[1]]))
STARRED = st.tuples(NAMES, st.lists(st.one_of(NAMES, st.just("*"), st.integers(0, 2).map(str)), max_size=3)).map(
    lambda parts: "/".join([parts[0], *parts[1]])
)


@given(ROWS, PATHS, VALUES)
def test_what_was_set_is_got(row: dict[str, Any], path: str, value: Any) -> None:
    result = set_path(row, path, value)
    assert get_path(result, path) == value
    assert has_path(result, path)


@given(ROWS, STARRED, VALUES)
def test_nothing_is_changed_in_place(row: dict[str, Any], path: str, value: Any) -> None:
    before = copy.deepcopy(row)
    for change in (
        lambda: set_path(row, path, value),
        lambda: set_path(row, path, value, not_exist_ok=False),
        lambda: set_path(row, path, value, set_multiple=True),
        lambda: delete_path(row, path),
        lambda: delete_path(row, path, remove_empty_ancestors=True),
    ):
        try:
            change()
        except PathError:
            continue
    assert row == before


@given(ROWS, PATHS, VALUES)
def test_the_rest_stays_the_very_same(row: dict[str, Any], path: str, value: Any) -> None:
    first = parse_path(path)[0]
    result = set_path(row, path, value)
    assert all(result[name] is row[name] for name in row if name != first)
    assert result.keys() == row.keys() | {first}


@given(ROWS, PATHS)
def test_what_was_there_can_be_set_where_nothing_may_be_made(row: dict[str, Any], path: str) -> None:
    if has_path(row, path) and not isinstance(get_path(row, "/".join(map(str, parse_path(path)[:-1]))), str):
        assert set_path(row, path, get_path(row, path), not_exist_ok=False) == row
    else:
        with pytest.raises(PathError):
            set_path(row, path, 1, not_exist_ok=False)


@given(ROWS, PATHS)
def test_what_was_deleted_is_gone(row: dict[str, Any], path: str) -> None:
    if not has_path(row, path):
        with pytest.raises(PathError):
            delete_path(row, path)
        assert delete_path(row, path, not_exist_ok=True) == row
        return
    *above, last = parse_path(path)
    holder = get_path(row, "/".join(map(str, above)))
    if isinstance(holder, str):  # a position within a text can be read, and nothing else
        with pytest.raises(PathError):
            delete_path(row, path)
        return
    result = delete_path(row, path)
    left = get_path(result, "/".join(map(str, above)))
    if isinstance(holder, dict):
        assert left == {key: item for key, item in holder.items() if key != last}
    else:
        assert isinstance(last, int)
        assert left == holder[:last] + holder[last + 1 :]


@given(ROWS, PATHS)
def test_empty_ancestors_go_with_what_was_in_them(row: dict[str, Any], path: str) -> None:
    if not has_path(row, path):
        return
    result = delete_path(row, path, remove_empty_ancestors=True)
    above = list(parse_path(path)[:-1])
    if above and has_path(result, "/".join(map(str, above))):
        holder = get_path(row, "/".join(map(str, above)))
        assert len(holder) > 1 or isinstance(above[-1], int)  # what followed in a list has taken its place


@given(ROWS, NAMES, st.lists(st.integers(), min_size=1, max_size=4))
def test_a_star_sets_every_item(row: dict[str, Any], name: str, items: list[int]) -> None:
    held = {**row, name: [{"x": item} for item in items]}
    assert get_path(held, f"{name}/*/x") == items
    assert get_path(set_path(held, f"{name}/*/x", 7), f"{name}/*/x") == [7] * len(items)
    doubled = [2 * item for item in items]
    assert get_path(set_path(held, f"{name}/*/x", doubled, set_multiple=True), f"{name}/*/x") == doubled


def test_a_key_spelled_like_the_path_comes_first() -> None:
    row = {"a/b": 1, "a": {"b": 2}}
    assert get_path(row, "a/b") == 1
    assert set_path(row, "a/b", 3) == {"a/b": 3, "a": {"b": 2}}
    assert delete_path(row, "a/b") == {"a": {"b": 2}}


def test_a_missing_value_has_a_default_where_it_may_be_missing() -> None:
    assert get_path({"a": []}, "a/0", not_exist_ok=True, default=MISSING) is MISSING
    with pytest.raises(PathError, match="the row has a"):
        get_path({"a": []}, "a/0")


@pytest.mark.parametrize(("row", "path"), [({"a": 1}, "0"), ({"a": 1}, "0/b"), ([1], "a"), ([1], "a/0")])
def test_a_row_does_not_become_a_list_nor_a_list_a_row(row: Any, path: str) -> None:
    with pytest.raises(PathError, match="the whole cannot be replaced"):
        set_path(row, path, 2)
    assert set_path([1], "2/a", 2) == [1, None, {"a": 2}]
    assert set_path({"0": 1}, "0", 2) == {"0": 2}


@pytest.mark.parametrize("path", ["", "a//", "a/(b)", "a/[0]", "a/**"])
def test_paths_that_are_none(path: str) -> None:
    if path == "a//":
        assert parse_path(path) == ("a", "*")
        return
    with pytest.raises(PathError):
        parse_path(path)


def test_paths_through_others() -> None:
    assert is_subpath("a", "a/b")
    assert is_subpath("/a/b", "a/b/*")
    assert not is_subpath("a/b", "a")
    assert not is_subpath("a", "ab")
