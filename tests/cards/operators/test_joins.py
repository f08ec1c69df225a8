"""Joins against the plainest join there is, in memory and by way of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import Row, Stream, stream_of
from regrade.cards.operators.streams import joins, matching
from regrade.cards.operators.streams.joins import JoinStreams
from regrade.errors import RecipeError

KEYS = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "b"]), st.just(float("nan")))
LEFT = st.lists(st.fixed_dictionaries({"k": KEYS, "n": st.integers()}, optional={"both": st.integers()}), max_size=12)
RIGHT = st.lists(st.fixed_dictionaries({"k": KEYS, "m": st.text()}, optional={"both": st.integers()}), max_size=12)


def join(left: list[Row], right: list[Row], **arguments: Any) -> list[Row]:
    """The joined rows of two lists."""
    how = arguments.pop("how", "inner")
    if how != "cross" and not arguments.keys() & {"on", "left_on"}:
        arguments["on"] = ["k"]
    operator = JoinStreams(left_stream="l", right_stream="r", how=how, new_stream_name="j", **arguments)
    joined = operator.apply({"l": stream_of(left), "r": stream_of(right)})["j"]
    try:
        rows = list(joined)
    except RecipeError as error:
        with pytest.raises(RecipeError, match=re.escape(error.what)):
            list(joined.batches())
        raise
    assert told(row for batch in joined.batches() for row in batch.rows()) == told(rows), "in batches it is the same"
    return rows


def told(rows: Iterable[Row]) -> list[str]:
    """Rows as texts: nan, which is not equal to itself, is in them, and the order of fields is not."""
    return [repr(sorted(row.items())) for row in rows]


def plain_join(left: list[Row], right: list[Row], how: str) -> list[Row]:
    """Every row with every other, kept where the keys are equal and there."""
    fields_left = dict.fromkeys(name for row in left for name in row)
    fields_right = dict.fromkeys(name for row in right for name in row)
    clash = {"both"} & fields_left.keys() & fields_right.keys()

    def pair(one: Row | None, other: Row | None) -> Row:
        joined = {name + "_x" * (name in clash): (one or {}).get(name) for name in fields_left}
        joined |= {name + "_y" * (name in clash): (other or {}).get(name) for name in fields_right if name != "k"}
        joined["k"] = one["k"] if one is not None else (other or {})["k"]
        return joined

    def fit(one: Row, other: Row) -> bool:
        return one["k"] is not None and other["k"] == one["k"]

    if how == "right":
        return [
            pair(one, other)
            for other in right
            for one in ([one for one in left if fit(one, other)] or [None])  # type: ignore[list-item]
        ]
    rows = []
    for one in left:
        found = [other for other in right if fit(one, other)]
        rows += [pair(one, other) for other in found]
        if not found and how in ("left", "outer"):
            rows.append(pair(one, None))
    if how == "outer":
        rows += [pair(None, other) for other in right if not any(fit(one, other) for one in left)]
    return rows


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
@pytest.mark.parametrize("memory_mb", [200, 0])
@settings(max_examples=60, deadline=None)
@given(left=LEFT, right=RIGHT)
def test_a_join_is_the_plain_join(how: str, memory_mb: float, left: list[Row], right: list[Row]) -> None:
    expected = plain_join(left, right, how)
    if not expected:
        with pytest.raises(RecipeError, match="no row of"):
            join(left, right, how=how, memory_mb=memory_mb)
        return
    assert list(map(str, map(ordered, join(left, right, how=how, memory_mb=memory_mb)))) == list(
        map(str, map(ordered, expected))
    )


def ordered(row: Row) -> list[tuple[str, Any]]:
    """A row whose fields are in order of name; as text, nan is nan."""
    return sorted(row.items())


@pytest.mark.parametrize("how", ["inner", "left", "right", "outer"])
def test_files_give_the_same_rows_in_the_same_order_as_memory(how: str) -> None:
    left = [{"k": [n % 97, str(n % 5)], "n": n, "t": (n, {n})} for n in range(3000)]
    right = [{"k": [n % 101, str(n % 7)], "m": n} for n in range(2000)]
    in_memory = join(left, right, how=how)
    assert join(left, right, how=how, memory_mb=0.01) == in_memory
    assert len(in_memory) > 1000


def test_files_are_gone_when_the_join_is_read_or_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows = [{"k": n, "n": n} for n in range(200)]
    operator = JoinStreams(left_stream="l", right_stream="r", how="inner", on="k", new_stream_name="j", memory_mb=0)
    reading = iter(operator.apply({"l": stream_of(rows), "r": stream_of([{"k": n} for n in range(200)])})["j"])
    next(reading)
    assert list(tmp_path.iterdir())
    reading.close()  # type: ignore[attr-defined]
    assert not list(tmp_path.iterdir())


def test_keys_of_other_names_stay_both() -> None:
    rows = join([{"id": 1}], [{"question": 1, "answer": "4"}], left_on="id", right_on="question")
    assert rows == [{"id": 1, "question": 1, "answer": "4"}]


def test_a_cross_join_is_every_row_with_every_other() -> None:
    rows = join([{"a": 1}, {"a": 2}], [{"b": 1}, {"b": 2}], how="cross")
    assert [(row["a"], row["b"]) for row in rows] == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_the_left_value_of_a_key_stays() -> None:
    (row,) = join([{"k": 1.0}], [{"k": 1, "m": "x"}])
    assert type(row["k"]) is float


def test_lists_are_keys() -> None:
    assert join([{"k": [1, [2]]}], [{"k": [1, [2]], "m": 1}, {"k": [1], "m": 2}]) == [{"k": [1, [2]], "m": 1}]


def test_where_rows_come_from_is_kept_once() -> None:
    policy = {"data_classification_policy": ["public"]}
    assert join([{"k": 1, **policy}], [{"k": 1, **policy}]) == [{"k": 1, **policy}]


def test_rows_that_disagree_on_where_they_come_from_are_an_error() -> None:
    with pytest.raises(RecipeError, match="disagree on 'recipe_metadata'"):
        join([{"k": 1, "recipe_metadata": [1]}], [{"k": 1, "recipe_metadata": [2]}])


def test_a_field_that_no_row_has_is_an_error() -> None:
    with pytest.raises(RecipeError, match="no row of the stream 'r' has the field 'k'"):
        join([{"k": 1}], [{"key": 1}])


def test_a_field_of_both_that_comes_late_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "_AHEAD", 1)
    with pytest.raises(RecipeError, match="turns up in a late row of 'l'"):
        join([{"k": 1}, {"k": 1, "m": 2}], [{"k": 1, "m": 3}])


def test_a_stream_that_is_not_there_is_an_error() -> None:
    operator = JoinStreams(left_stream="l", right_stream="r", how="inner", on="k", new_stream_name="j")
    with pytest.raises(RecipeError, match="no split 'r'"):
        operator.apply({"l": stream_of([])})


@pytest.mark.parametrize(
    "arguments", [{}, {"on": "a", "left_on": "b"}, {"left_on": ["a"]}, {"how": "cross", "on": "a"}, {"how": "sideways"}]
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any]) -> None:
    data = {"__type__": "join_streams", "left_stream": "l", "right_stream": "r", "how": "inner", "new_stream_name": "j"}
    with pytest.raises(ArtifactError):
        build({**data, **arguments})


def test_a_join_can_be_read_again_and_may_take_the_name_of_its_left_stream() -> None:
    read = []

    def left() -> Iterator[Row]:
        read.append(1)
        yield {"k": 1}

    operator = JoinStreams(left_stream="l", right_stream="r", how="inner", on="k", new_stream_name="l")
    streams = operator.apply({"l": Stream(left), "r": stream_of([{"k": 1, "m": 2}])})
    assert not read
    assert list(streams["l"]) == list(streams["l"]) == [{"k": 1, "m": 2}]


@settings(deadline=None)
@given(
    searched=st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.integers()), max_size=40),
    seeking=st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 5)), st.integers()), max_size=40),
    memory=st.sampled_from([0, 100, 10**9]),
    leftovers=st.booleans(),
)
def test_matching_is_looking_everywhere(
    searched: list[tuple[Any, int]], seeking: list[tuple[Any, int]], memory: int, leftovers: bool
) -> None:
    expected = [
        (value, [other for name, other in searched if name == key and key is not None]) for key, value in seeking
    ]
    if leftovers:
        asked = {key for key, _ in seeking} - {None}
        expected += [(matching.MISSING, [value]) for key, value in searched if key not in asked]  # type: ignore[misc]
    assert list(matching.match_keys(searched, seeking, memory=memory, leftovers=leftovers)) == expected


def test_one_key_only_is_matched_however_little_memory_there_is() -> None:
    found = list(matching.match_keys([("k", n) for n in range(500)], [("k", "x"), ("j", "y")], memory=0))
    assert [value for value, _ in found] == ["x", "x", "x", "x", "y"], "in pieces, so that not all of it is in memory"
    assert [one for _, some in found for one in some] == list(range(500))
