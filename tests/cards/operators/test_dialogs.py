"""Dialogs written as texts, and spans of texts."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.cards.operators import RowOperator
from regrade.cards.operators.dialogs.turns import SerializeOpenAiFormatDialog

FORMAT = {"__type__": "system_format", "demo_format": "User:{source}\nAgent:{target}\n"}
TURNS = [{"user": "hello", "system": "Hi"}, {"user": "2+2?", "system": "4"}]
MESSAGES = [
    {"role": "user", "content": "hello"},
    {"role": "user", "content": "you"},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "2+2?"},
]


def written(kind: str, dialog: Any, **arguments: Any) -> dict[str, Any]:
    """A row after its dialog was written as a text."""
    operator = build({"__type__": kind, "field": "d", "format": FORMAT, **arguments}, RowOperator)
    return operator.process_row({"d": dialog, "c": "Be kind."})


def test_a_dialog_is_written_from_the_users_words_to_the_systems() -> None:
    assert written("serialize_dialog", TURNS)["d"] == "hello\nAgent:Hi\nUser:2+2?\nAgent:4"


def test_turns_can_be_written_as_a_whole() -> None:
    text = written("serialize_dialog", TURNS, slice_first_and_last_turns_format=False)["d"]
    assert text == "User:hello\nAgent:Hi\nUser:2+2?\nAgent:4\n"


def test_the_last_response_goes_elsewhere() -> None:
    row = written("serialize_dialog", TURNS, last_response_to_field="r", to_field="t")
    assert (row["t"], row["r"]) == ("hello\nAgent:Hi\nUser:2+2?", "4")


def test_the_context_comes_first() -> None:
    row = written("serialize_dialog", TURNS[:1], context_field="c", context_separator="\n")
    assert row["d"] == "Be kind.\nhello\nAgent:Hi"


def test_the_recipes_format_is_taken_where_there_is_no_other() -> None:
    operator = build({"__type__": "serialize_dialog", "field": "d"}, RowOperator)
    row = {"d": TURNS[:1], "recipe_metadata": {"format": {"demo_format": "{source}|{target}"}}}
    assert operator.process_row(row)["d"] == "hello|Hi"
    with pytest.raises(ValueError, match="names no format"):
        operator.process_row({"d": TURNS, "recipe_metadata": {}})


def test_a_format_without_the_parts_of_a_turn_is_told() -> None:
    with pytest.raises(ValueError, match="no place for what the user or the system says"):
        written("serialize_dialog", TURNS, format={"__type__": "system_format", "demo_format": "x"})
    with pytest.raises(ArtifactError, match="no format of demonstrations"):
        written("serialize_dialog", TURNS, format={"__type__": "lower"})


def test_messages_are_written_as_turns() -> None:
    row = written("serialize_open_ai_format_dialog", MESSAGES, last_response_to_field="r")
    assert (row["d"], row["r"]) == ("hello you\nAgent:Hi\nUser:2+2?", "")
    assert len(MESSAGES) == 4
    assert MESSAGES[0]["content"] == "hello"


@pytest.mark.parametrize(
    "dialog",
    [
        "text",
        [],
        ["text"],
        [{"role": "user"}],
        [{"content": "x"}],
        [{"role": "user", "content": 1}],
        [{"role": 1, "content": "x"}],
        [{"role": "system", "content": "x"}],
        [{"role": "assistant", "content": "x"}],
    ],
)
def test_what_is_no_dialog_is_told(dialog: Any) -> None:
    with pytest.raises(ValueError, match=r"message|dialog"):
        SerializeOpenAiFormatDialog().transform_dialog_to_standard_format(dialog)


IOB = {
    "__type__": "iob_extractor",
    "labels": ["Person", "Place"],
    "begin_labels": ["B-PER", "B-LOC"],
    "inside_labels": ["I-PER", "I-LOC"],
    "outside_label": "O",
}


def test_spans_are_found_where_tokens_stand() -> None:
    row = {"text": "in New  York, New York", "tokens": ["in", "New", "York", "New", "York"], "labels": []}
    row["labels"] = ["O", "B-LOC", "I-LOC", "B-LOC", "O"]
    spans = build(IOB, RowOperator).process_row(row)["spans"]
    assert spans == [
        {"start": 3, "end": 12, "label": "Place", "text": "New  York"},
        {"start": 14, "end": 17, "label": "Place", "text": "New"},
    ]


def test_a_token_that_is_not_there_is_told() -> None:
    row = {"text": "a b", "tokens": ["b", "a"], "labels": ["O", "O"]}
    with pytest.raises(ValueError, match="the token 'a' is not in the text from character 3 on"):
        build(IOB, RowOperator).process_row(row)


@pytest.mark.parametrize(
    ("lists", "pairs"),
    [
        ({"PER": ["a", "b"], "LOC": ["c"]}, [("PER", "a"), ("PER", "b"), ("LOC", "c")]),
        ({"PER": {"a": "b"}}, [("PER", "a")]),  # as Unitxt has it: a dict is its keys
        ({}, []),
    ],
)
def test_texts_in_lists_are_paired_with_their_keys(lists: Any, pairs: list[tuple[str, str]]) -> None:
    operator = build({"__type__": "dict_of_lists_to_pairs", "field": "a"}, RowOperator)
    assert operator.process_row({"a": lists}) == {"a": pairs}


@pytest.mark.parametrize("lists", [{"PER": ["a", 1]}, {"PER": 1}, "text", None])
def test_what_is_no_dict_of_lists_of_texts_has_no_pairs(lists: Any) -> None:
    operator = build({"__type__": "dict_of_lists_to_pairs", "field": "a"}, RowOperator)
    assert operator.process_row({"a": lists}) == {"a": []}
