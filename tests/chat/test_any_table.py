"""The same kind of thing comes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import regrade
from regrade import to_messages
from regrade.chat.any_table import BadRow
from regrade.chat.mapping import parse_mapping
from regrade.chat.row_error import ChatRowError
from regrade.errors import InputError, UsageError

ROW = {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}], "id": 1}
CALLS = {
    "conversations": [
        {"from": "human", "value": "Hi"},
        {"from": "function_call", "value": '{"name": "f", "arguments": {"x": 1}}'},
        {"from": "observation", "value": "1"},
    ],
    "id": 2,
}
PLAIN = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "id": 1}
CALL = {"id": "call_0", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
CALLING = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "1", "tool_call_id": "call_0"},
]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None or key == "content"}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def test_a_row_a_list_a_tuple_and_an_iterator() -> None:
    assert to_messages(ROW) == PLAIN
    assert to_messages([ROW]) == [PLAIN]
    assert to_messages((ROW,)) == [PLAIN]
    lazily = to_messages(iter([ROW]))
    assert isinstance(lazily, Iterator)
    assert list(lazily) == [PLAIN]
    assert to_messages([]) == []
    assert list(to_messages(iter([]))) == []


def test_columns_and_roles() -> None:
    row = {"log": [{"who": "visitor", "says": "Hi"}, {"who": "bot", "says": "Hello"}], "id": 1}
    columns = {"messages": "log", "role": "who", "content": "says"}
    assert to_messages([row], columns, {"visitor": "user"}) == [PLAIN]
    mapping = parse_mapping(columns, "visitor=user")
    assert to_messages(row, mapping=mapping) == PLAIN
    with pytest.raises(UsageError, match="either a mapping"):
        to_messages([row], columns, mapping=mapping)
    with pytest.raises(InputError, match="unknown role 'visitor'"):
        to_messages([row], columns)


def test_bad_rows() -> None:
    rows = [ROW] * 30 + [{"conversations": []}] + [ROW] * 30
    with pytest.raises(ChatRowError, match="row 31: the conversation is empty"):
        to_messages(rows)
    assert to_messages(rows, on_bad="drop") == [PLAIN] * 60
    bad: list[BadRow] = []
    assert len(list(to_messages(iter(rows), on_bad=bad.append))) == 60
    assert bad == [BadRow(31, "the conversation is empty", {"conversations": []})]


def test_options() -> None:
    row = {"conversations": [{"from": "human", "value": "a"}, {"from": "human", "value": "b"}]}
    assert to_messages(row, merge_turns=True) == {"messages": [{"role": "user", "content": "a\n\nb"}]}
    with pytest.raises(ChatRowError, match="message 2 is of the user, where assistant was expected"):
        to_messages(row, require_alternation=True)


@pytest.mark.parametrize("data", [5, "text", b"bytes", None])
def test_things_that_hold_no_rows(data: Any) -> None:
    with pytest.raises(InputError, match="cannot read chat rows"):
        to_messages(data)


def test_arrow_tables() -> None:
    table = pa.Table.from_pylist([ROW, CALLS])
    converted = to_messages(table)
    assert converted.column_names == ["id", "messages"]
    assert _without_nulls(converted.to_pylist()) == [PLAIN, {"messages": CALLING, "id": 2}]
    batch = to_messages(table.to_batches()[0])
    assert isinstance(batch, pa.RecordBatch)
    assert batch.to_pylist() == converted.to_pylist()
    reader = to_messages(pa.RecordBatchReader.from_batches(table.schema, table.to_batches()))
    assert isinstance(reader, pa.RecordBatchReader)
    assert reader.read_all().to_pylist() == converted.to_pylist()


def test_an_arrow_table_of_messages_is_the_same_object() -> None:
    table = pa.Table.from_pylist([PLAIN] * 3)
    assert to_messages(table) is table
    assert to_messages(table.slice(0, 0)).num_rows == 0


def test_an_arrow_table_of_texts_and_parts() -> None:
    rows = [PLAIN, {"messages": [{"role": "user", "content": "x"}], "conversations": None}]
    rows += [{"contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]}]
    names = ("messages", "conversations", "contents", "id")
    table = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows])
    contents = [row["messages"][0]["content"] for row in to_messages(table).to_pylist()]
    assert contents == [
        [{"type": "text", "text": "Hi"}],
        [{"type": "text", "text": "x"}],
        [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
    ]


def test_an_arrow_table_loses_bad_rows_and_no_columns() -> None:
    table = pa.table(
        {
            "question": ["a", None, "c"],
            "answer": ["b", "b", "d"],
            "kept": pa.array(["x", "y", "z"]).dictionary_encode(),
            "nothing": pa.nulls(3),
            "system": ["s", None, None],
        }
    )
    with pytest.raises(ChatRowError, match="row 2"):
        to_messages(table)
    converted = to_messages(table, on_bad="drop")
    assert converted.column_names == ["kept", "nothing", "messages"]
    assert converted.schema.field("kept").type == table.schema.field("kept").type
    assert [len(messages) for messages in converted.column("messages").to_pylist()] == [3, 2]


def test_a_column_of_many_types_says_so() -> None:
    rows = [{"conversations": [{"from": "human", "value": "a", "score": score}]} for score in (1, "high")]
    assert len(to_messages(rows)) == 2
    table = pa.Table.from_pylist([{"row": 0}, {"row": 1}])
    from regrade.chat.arrow_columns import converted_table

    with pytest.raises(InputError, match="the values of `messages` are of types that one column cannot hold"):
        converted_table(table, zip(table.to_pylist(), to_messages(rows), strict=True))


def test_datasets() -> None:
    datasets = pytest.importorskip("datasets")
    label = datasets.ClassLabel(names=["no", "yes"])
    dataset = datasets.Dataset.from_list([ROW, CALLS, ROW]).add_column("label", [0, 1, 0]).cast_column("label", label)
    converted = to_messages(dataset)
    assert isinstance(converted, datasets.Dataset)
    assert set(converted.column_names) == {"id", "label", "messages"}
    assert converted.features["label"] == label
    assert _without_nulls(converted[1]) == {"id": 2, "label": 1, "messages": CALLING}
    assert to_messages(converted) is converted
    shuffled = to_messages(dataset.select([1, 0]))
    assert [row["id"] for row in shuffled] == [2, 1]
    both = to_messages(datasets.DatasetDict(train=dataset, test=dataset))
    assert isinstance(both, datasets.DatasetDict)
    assert both["test"].to_list() == converted.to_list()


def test_converted_datasets_can_be_concatenated() -> None:
    datasets = pytest.importorskip("datasets")
    parts = [to_messages(datasets.Dataset.from_list([row])) for row in (ROW, PLAIN)]
    assert datasets.concatenate_datasets(parts).to_list() == [PLAIN, PLAIN]


def test_iterable_datasets() -> None:
    datasets = pytest.importorskip("datasets")
    streamed = to_messages(datasets.Dataset.from_list([ROW, CALLS]).to_iterable_dataset())
    assert isinstance(streamed, datasets.IterableDataset)
    rows = list(streamed)
    assert _without_nulls(rows) == [PLAIN, {"messages": CALLING, "id": 2}]


def test_it_is_public() -> None:
    assert regrade.to_messages is to_messages
    assert "to_messages" in regrade.__all__
