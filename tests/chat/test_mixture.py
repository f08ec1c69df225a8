"""The mixture of TRL's issue 2083: ShareGPT and messages in one dataset, in both orders."""

from __future__ import annotations

from typing import Any

import pytest

from regrade import to_messages
from regrade.chat.converter import Converter
from regrade.chat.detection import detect

SHAREGPT: list[dict[str, Any]] = [
    {
        "id": number,
        "conversations": [
            {"from": "system", "value": "You are kind."},
            {"from": "human", "value": f"What is {number}?"},
            {"from": "gpt", "value": "A number."},
        ],
    }
    for number in range(10)
]
OPENAI: list[dict[str, Any]] = [
    {
        "id": number,
        "messages": [
            {"role": "system", "content": "You are kind."},
            {"role": "user", "content": f"What is {number}?"},
            {"role": "assistant", "content": "A number."},
        ],
    }
    for number in range(10)
]
ORDERS = {
    "sharegpt first": (SHAREGPT + OPENAI, OPENAI + OPENAI),
    "messages first": (OPENAI + SHAREGPT, OPENAI + OPENAI),
    "taking turns": (
        [row for pair in zip(SHAREGPT, OPENAI, strict=True) for row in pair],
        [row for row in OPENAI for _ in range(2)],
    ),
}
IN_ORDER = pytest.mark.parametrize(("mixture", "expected"), list(ORDERS.values()), ids=list(ORDERS))


@IN_ORDER
def test_a_list(mixture: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert to_messages(mixture) == expected


@IN_ORDER
def test_an_iterator_is_read_lazily(mixture: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    read: list[int] = []

    def rows() -> Any:
        for number, row in enumerate(mixture * 1000):
            read.append(number)
            yield row

    converted = to_messages(rows())
    assert next(converted) == expected[0]
    assert len(read) <= 1001
    assert list(converted) == (expected * 1000)[1:]


@IN_ORDER
def test_rows_filled_up_with_nulls(mixture: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """As every table of both holds them."""
    filled = [{"conversations": None, "messages": None, **row} for row in mixture]
    assert [row["messages"] for row in to_messages(filled)] == [row["messages"] for row in expected]


@IN_ORDER
def test_an_arrow_table(mixture: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pylist([{"conversations": None, "messages": None, **row} for row in mixture])
    converted = to_messages(table)
    assert isinstance(converted, pa.Table)
    assert converted.to_pylist() == expected
    assert converted.column_names == ["id", "messages"]


@IN_ORDER
def test_a_dataset(mixture: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    datasets = pytest.importorskip("datasets")
    dataset = datasets.Dataset.from_list([{"conversations": None, "messages": None, **row} for row in mixture])
    converted = to_messages(dataset)
    assert isinstance(converted, datasets.Dataset)
    assert converted.to_list() == expected
    streamed = to_messages(dataset.to_iterable_dataset())
    assert isinstance(streamed, datasets.IterableDataset)
    assert list(streamed) == expected


@pytest.mark.parametrize("first", [SHAREGPT, OPENAI])
@pytest.mark.parametrize("second", [SHAREGPT, OPENAI])
def test_sources_converted_one_by_one_can_be_concatenated(first: list[Any], second: list[Any]) -> None:
    both = to_messages(first) + to_messages(second)
    assert both == OPENAI + OPENAI


@IN_ORDER
def test_what_becomes_of_a_row_does_not_depend_on_its_neighbours(mixture: list[Any], expected: list[Any]) -> None:
    converter = Converter(detect(mixture))
    assert [converter.convert(row) for row in mixture] == [Converter().convert(row) for row in mixture] == expected
    assert converter.counts == {"sharegpt": 10, "messages": 10}


def test_rows_in_messages_are_the_same_objects_and_no_row_is_changed() -> None:
    rows = [*SHAREGPT, *OPENAI]
    before = repr(rows)
    converted = to_messages(rows)
    assert all(ours is theirs for ours, theirs in zip(converted[10:], OPENAI, strict=True))
    assert repr(rows) == before
