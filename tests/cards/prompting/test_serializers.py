"""Serializers: the text of a value."""

from __future__ import annotations

import json
import math
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from regrade.access import Access
from regrade.artifacts import build
from regrade.artifacts.reaching import given_access
from regrade.cards.prompting.multi_type_serializer import MultiTypeSerializer
from regrade.cards.prompting.serializers import NumberQuantizingSerializer, NumberSerializer, Serializer
from regrade.cards.prompting.shape_serializers import SQLDatabaseAsSchemaSerializer

DIALOG = [{"role": "user", "content": "Hi"}, {"role": "agent", "content": "Yo"}]
CALLS = [{"id": "1", "type": "function", "function": {"name": "now", "arguments": {}}}]


@pytest.mark.parametrize(
    ("quantum", "value", "text"),
    [(0.2, 31.5, "31.6"), (0.2, 31, "31.0"), (1, 31.1, "31"), (2, 5, "4"), (0.5, -1.3, "-1.5"), (10, 26, "30")],
)
def test_quantizing(quantum: float, value: float, text: str) -> None:
    assert NumberQuantizingSerializer(quantum=quantum).serialize(value, {}) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (DIALOG, "user: Hi\nagent: Yo"),
        ([*DIALOG, {"role": "assistant", "content": None, "tool_calls": CALLS}],
         f"user: Hi\nagent: Yo\nassistant: None\n{json.dumps(CALLS)}"),
        ([{"role": "narrator", "content": "Hi"}], "[{'role': 'narrator', 'content': 'Hi'}]"),
        ({"title": "T", "body": "B"}, "# T\n\nB"),
        ([{"title": "T", "body": "B"}] * 2, "# T\n\nB\n\n# T\n\nB"),
        ({"header": ["a"], "rows": []}, "a"),
        ("Sample", "Sample"),
        (7, "7"),
        ([1, 2], "[1, 2]"),
    ],
)  # fmt: skip
def test_the_one_for_the_type_is_found(value: Any, text: str) -> None:
    assert MultiTypeSerializer().serialize(value, {}) == text
    assert MultiTypeSerializer().serialize_fields({"v": value}, {}) == {"v": text}


def test_added_serializers_go_first() -> None:
    both = MultiTypeSerializer(serializers=[NumberSerializer()]).prepend([NumberQuantizingSerializer(quantum=0.5)])
    assert (both.serialize(1.3, {}), both.serialize(True, {})) == ("1.5", "1.0")


def test_as_a_step_of_a_card() -> None:
    step: Any = build({"__type__": "number_serializer", "field": "a/*", "to_field": "b/*", "set_every_value": False})
    assert isinstance(step, Serializer)
    made: Any = build({"__type__": "number_serializer", "field": "a", "process_every_value": True})
    assert made.process_row({"a": [1, 2.25]}) == {"a": ["1", "2.2"]}
    with pytest.raises(ValueError, match="NumberSerializer cannot serialize the str 'x'"):
        made.process_row({"a": ["x"]})


def test_a_step_changes_no_row() -> None:
    row = {"a": {"image": "https://example.com/1.png", "format": "png"}}
    step: Any = build({"__type__": "image_serializer", "field": "a", "to_field": "b"})
    assert step.process_row(row)["b"] == '<unitxt-img src="media/images/0">'
    assert row == {"a": {"image": "https://example.com/1.png", "format": "png"}}


def test_a_step_keeps_what_its_text_refers_to() -> None:
    image = {"image": "https://example.com/1.png", "format": "png"}
    row = {"a": [image, image], "b": {"c": image}, "media": {"audios": ["s"], "images": [image]}}
    step: Any = build({"__type__": "image_serializer", "field_to_field": {"a/0": "t", "b/c": "u/v"}})
    every: Any = build({"__type__": "image_serializer", "field": "a", "to_field": "t/v", "process_every_value": True})
    tag = '<unitxt-img src="media/images/{}">'
    made = every.process_row(row)
    assert made["t"] == {"v": [tag.format(1), tag.format(2)]}
    assert made["media"] == {"audios": ["s"], "images": [image] * 3}
    assert step.process_row({**row, "a": [image], "media": None})["media"] == {"images": [image] * 2}
    assert row["media"] == {"audios": ["s"], "images": [image]}


def test_a_step_keeps_tools() -> None:
    tool = {"name": "now", "description": "The time.", "parameters": {"type": "object", "properties": {}}}
    step: Any = build({"__type__": "tools_serializer", "field": "a"})
    made = step.process_row({"a": [tool]})
    assert made["__tools__"] == [{"type": "function", "function": tool}] == json.loads(made["a"])


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_no_multiple(value: float) -> None:
    with pytest.raises(ValueError, match=r"no nearest multiple of 0\.5"):
        NumberQuantizingSerializer(quantum=0.5).serialize(value, {})


@pytest.mark.parametrize("serializer", [NumberSerializer(), NumberQuantizingSerializer()])
def test_what_is_no_number_is_refused(serializer: Serializer) -> None:
    with pytest.raises(ValueError, match="'x' is no number"):
        serializer.serialize("x", {})


def test_schemas_of_databases(tmp_path: Path) -> None:
    file = tmp_path / "cats.sqlite"
    statement = "CREATE TABLE cats (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)"
    connection = sqlite3.connect(file)
    connection.execute(statement)
    connection.close()
    serializer = given_access(SQLDatabaseAsSchemaSerializer(), Access.of_user(tmp_path))
    assert serializer.serialize({"db_type": "local", "db_id": str(file)}, {}) == statement
    for database, wrong in (
        ({"db_type": "local", "db_id": str(tmp_path / "dogs.sqlite")}, "no SQLite file"),
        ({"db_type": "in_memory", "data": None}, "needs 'data'"),
        ({"db_type": "remote", "db_id": "x"}, "remote"),
    ):
        with pytest.raises(ValueError, match=wrong):
            serializer.serialize(database, {})
