"""Operators on batches: what each of them does by column is what it does row by row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.artifacts import build
from regrade.artifacts.operator import FieldOperator, Operator, StreamOperator
from regrade.artifacts.streams import BATCH_ROWS, Batch, Row, Stream, for_each, in_batches, stream_of
from regrade.cards.account import Account
from regrade.cards.prompting.task import Task
from regrade.cards.steps import apply_steps, batch_function, row_function, steps_of
from regrade.errors import RecipeError
from regrade.registry import iterate_registered

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.sampled_from(["a", "B", "", "1"]),
    st.lists(st.one_of(st.integers(0, 2), st.sampled_from(["a", "b"])), max_size=3),
)  # fmt: skip
ROWS = st.lists(st.builds(lambda a, b, c: {"a": a, "b": b, "c": c}, VALUES, VALUES, VALUES), min_size=1, max_size=6)

STEPS: list[dict[str, Any]] = [
    {"__type__": "rename", "field_to_field": {"a": "d", "b": "e"}},
    {"__type__": "rename", "field_to_field": {"a": "d", "nothing": "e"}, "not_exist_do_nothing": True},
    {"__type__": "rename", "field": "nothing", "to_field": "e"},
    {"__type__": "copy", "field_to_field": [["a", "d"], ["b", "a"]]},
    {"__type__": "copy", "field": "a/0", "to_field": "first"},
    {"__type__": "copy", "field": "a/0", "to_field": "first", "not_exist_ok": True, "get_default": "?"},
    {"__type__": "copy", "field": "nothing/0", "to_field": "first", "not_exist_ok": True},
    {"__type__": "copy", "field": "nothing", "to_field": "first", "not_exist_do_nothing": True},
    {"__type__": "lower", "field": "a"},
    {"__type__": "lower", "field": "a", "process_every_value": True},
    {"__type__": "set", "fields": {"a": [1], "d": 2}},
    {"__type__": "remove_fields", "fields": ["b"]},
    {"__type__": "remove_fields", "fields": ["nothing"]},
    {"__type__": "select_fields", "fields": ["c", "a"]},
    {"__type__": "select_fields", "fields": ["c", "nothing"]},
    {"__type__": "list_field_values", "fields": ["b", "a"], "to_field": "d"},
    {"__type__": "map_instance_values", "mappers": {"a": {"a": 1, "1": "one"}, "b": {"True": 0}}, "strict": False},
    {"__type__": "map_instance_values", "mappers": {"a": {"a": 1, "1": "one"}}},
    {"__type__": "apply", "function": "str.lower", "to_field": "d", "_argv": ["a"]},
    {"__type__": "apply", "function": "max", "to_field": "a", "_argv": ["a", "b"]},
    {"__type__": "interleave_lists_to_dialog_operator", "user_turns_field": "a", "assistant_turns_field": "b",
     "to_field": "d"},
    {"__type__": "filter_by_condition", "values": {"a": 1}, "condition": "eq"},
    {"__type__": "filter_by_condition", "values": {"a": 0, "b": 0}, "condition": "gt"},
    {"__type__": "filter_by_condition", "values": {"a": ["a", 1]}, "condition": "not in"},
    {"__type__": "filter_by_condition", "values": {"nothing": 1}, "condition": "ne"},
    {"__type__": "filter_by_condition_based_on_fields", "values": {"a": "b"}, "condition": "ne"},
    {"__type__": "filter_by_condition_based_on_fields", "values": {"a": "b"}, "condition": "in"},
    {"__type__": "task", "input_fields": {"a": "float"}, "reference_fields": {"b": "Union[int, List[Any]]"},
     "metrics": []},
    {"__type__": "task", "input_fields": {"a": "Any", "d": "int"}, "reference_fields": ["b"], "metrics": [],
     "defaults": {"d": 4, "a": 0}},
]  # fmt: skip


@pytest.mark.parametrize("data", STEPS, ids=lambda data: data["__type__"])
@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_a_batch_becomes_what_its_rows_become(data: dict[str, Any], rows: list[Row]) -> None:
    operator = build(data, Operator)
    of_row, of_batch = row_function(operator), batch_function(operator)
    assert of_row is not None
    assert of_batch is not None
    batch = Batch.of(rows)
    try:
        expected = [made for row in rows if (made := of_row(row, "test")) is not None]
    except Exception:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever: the rows are asked one by one then
            of_batch(batch, "test")
        return
    made = of_batch(batch, "test").rows()
    assert [repr(row) for row in made] == [repr(row) for row in expected]
    assert batch.rows() == rows, "what came in is as it was"


def test_every_operator_with_a_way_of_its_own_is_among_them() -> None:
    list(iterate_registered("artifact"))  # imports all of them
    own = {
        one
        for one in _subclasses(StreamOperator)
        if ({"process_batch", "keeps_of"} & vars(one).keys()) and one.__module__.startswith("regrade.")
    }
    tested = {type(build(data, Operator)) for data in STEPS}
    assert own - tested == {FieldOperator}, "which copy and lower stand for"
    assert Task in tested


def _subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(_subclasses, kind.__subclasses__()))


@pytest.mark.parametrize(
    "data",
    [
        {"__type__": "rename", "field_to_field": {"a": "b/c"}},
        {"__type__": "copy", "field": "a/*/b", "to_field": "c/0"},
        {"__type__": "copy", "field": "*/b", "to_field": "c"},
        {"__type__": "set", "fields": {"a/b": 1}},
        {"__type__": "filter_by_condition", "values": {"a/b": 1}, "condition": "eq"},
        {"__type__": "filter_by_condition", "values": {"a": True}, "condition": "exists"},
        {"__type__": "map_instance_values", "mappers": {"a": {}}, "process_every_value": True},
        {"__type__": "serialize_dialog", "field": "a"},
        {"__type__": "execute_expression", "expression": "a + 1", "to_field": "a"},
    ],
    ids=lambda data: data["__type__"],
)
def test_what_is_about_more_than_names_of_fields_goes_row_by_row(data: dict[str, Any]) -> None:
    operator = build(data, Operator)
    assert row_function(operator) is not None
    assert batch_function(operator) is None


def test_rows_of_other_fields_begin_another_batch() -> None:
    rows: list[Row] = [{"a": 1}, {"a": 2}, {"b": 1}, {"a": 3, "b": 4}, {"b": 4, "a": 3}, {}, {}]
    batches = list(in_batches(rows))
    assert [batch.size for batch in batches] == [2, 1, 1, 1, 2]
    assert [repr(row) for batch in batches for row in batch.rows()] == [repr(row) for row in rows]


def test_a_batch_is_no_longer_than_it_may_be() -> None:
    stream = Stream(lambda: ({"n": n} for n in range(2 * BATCH_ROWS + 1)))
    assert [batch.size for batch in stream.batches()] == [BATCH_ROWS, BATCH_ROWS, 1]
    assert [len(block) for block in stream.blocks()] == [BATCH_ROWS, BATCH_ROWS, 1]


@given(st.lists(st.sampled_from([(1,), (2,), (3,)]), max_size=20))
def test_a_function_is_asked_for_each_value(values: list[tuple[int]]) -> None:
    assert for_each(lambda one: one[0], values) == [one[0] for one in values]
    assert for_each(lambda one, other: (one, other), values, values[::-1]) == list(
        zip(values, values[::-1], strict=True)
    )


# -- several steps, rows of all shapes ---------------------------------------------------------------

ROW_BY_ROW: list[dict[str, Any]] = [
    {"__type__": "execute_expression", "expression": "a + 1", "to_field": "d"},
    {"__type__": "filter_by_expression", "expression": "b != 'a'", "error_on_filtered_all": False},
    {"__type__": "rename", "field_to_field": {"a": "b/c"}},
    {"__type__": "pop", "field": "c"},
]
UNEVEN = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES), max_size=40)
SEVERAL = st.lists(st.sampled_from([*STEPS, *ROW_BY_ROW]), min_size=1, max_size=4)


@settings(deadline=None, max_examples=300)
@given(steps=SEVERAL, rows=UNEVEN)
def test_steps_do_the_same_in_batches_and_row_by_row(steps: list[dict[str, Any]], rows: list[Row]) -> None:
    told = []
    for read in (list, _rows_of_blocks, _rows_of_batches):
        account = Account()
        operators = [build(step, Operator) for step in steps]
        stream = apply_steps(steps_of(operators), {"test": stream_of(rows)}, account)["test"]
        try:
            end = [repr(sorted(row.items())) for row in read(stream)]
        except RecipeError as error:  # a filter dropped all
            end = [str(error)]
        told.append((end, account.counts, list(map(str, account.failures))))
    assert told[0] == told[1] == told[2]


def _rows_of_blocks(stream: Stream) -> list[Row]:
    return [row for block in stream.blocks() for row in block]


def _rows_of_batches(stream: Stream) -> list[Row]:
    return [row for batch in stream.batches() for row in batch.rows()]
