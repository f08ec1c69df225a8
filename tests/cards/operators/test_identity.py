"""Ids of rows."""

from __future__ import annotations

from regrade.artifacts.streams import stream_of
from regrade.cards.operators.fields.identity import AddId, AddIncrementalId


def test_rows_are_numbered() -> None:
    rows = [{"a": "x"}, {"a": "y"}]
    result = AddIncrementalId(to_field="m/id").apply({"train": stream_of(rows), "test": stream_of(rows)})
    assert [row["m"]["id"] for name in ("train", "test") for row in result[name]] == [0, 1, 0, 1]


def test_ids_say_what_is_in_rows() -> None:
    rows = [{"a": "x"}, {"a": "y"}, {"a": "x"}, {"a": "x"}, {"a": "\ud800"}]
    ids = [row["id"] for row in AddId().process(rows)]
    assert len(set(ids)) == len(rows)
    assert all(len(each) == 32 and int(each, 16) >= 0 for each in ids)
    assert [row["id"] for row in AddId().process(rows)] == ids
    assert [row["key"] for row in AddId(id_field_name="key").process(rows[1:2])] == ids[1:2]
    assert "id" not in rows[0]
