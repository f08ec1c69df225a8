"""Tables: made, cut, written, told otherwise."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError, build
from regrade.cards.operators import RowOperator
from regrade.cards.operators.tables.augmentors import shuffle_columns, shuffle_rows
from regrade.cards.operators.tables.serializers import SerializeTableAsDFLoader, draw_table
from regrade.cards.prompting.multi_type_serializer import MultiTypeSerializer
from regrade.errors import UnavailableError

TABLE = {"header": ["name", "age", "sex"], "rows": [["Alice", 26, "F"], ["Raj", 34, "M"], ["Donald", 39, "M"]]}


def changed(kind: str, row: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """A row after an operator, which leaves the row itself as it was."""
    before = copy.deepcopy(row)
    after = build({"__type__": kind, **arguments}, RowOperator).process_row(row)
    assert row == before
    return after


def told(kind: str, table: Any = TABLE, **arguments: Any) -> Any:
    """What becomes of a table."""
    return changed(kind, {"t": table}, field="t", **arguments)["t"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "indexed_row_major",
            "col : name | age | sex row 1 : Alice | 26 | F row 2 : Raj | 34 | M row 3 : Donald | 39 | M",
        ),
        ("markdown", "|name|age|sex|\n|---|---|---|\n|Alice|26|F|\n|Raj|34|M|\n|Donald|39|M|"),
        ("concatenation", "name age sex Alice 26 F Raj 34 M Donald 39 M"),
        (
            "json",
            ('{"0": {"name": "Alice", "age": 26, "sex": "F"}, "1": {"name": "Raj", "age": 34, "sex": "M"}, '
            '"2": {"name": "Donald", "age": 39, "sex": "M"}}'),
        ),
        (
            "df_loader",
            ('pd.DataFrame({\n"name": ["Alice", "Raj", "Donald"], "age": [26, 34, 39], "sex": ["F", "M", "M"]},\n'
            "index=[0, 1, 2])"),
        ),
        (
            "html",
            ("<table>\n  <thead>\n    <tr><th>name</th><th>age</th><th>sex</th></tr>\n  </thead>\n  <tbody>\n"
            "    <tr><td>Alice</td><td>26</td><td>F</td></tr>\n    <tr><td>Raj</td><td>34</td><td>M</td></tr>\n"
            "    <tr><td>Donald</td><td>39</td><td>M</td></tr>\n  </tbody>\n</table>"),
        ),
    ],
)  # fmt: skip
def test_a_table_is_written(kind: str, expected: str) -> None:
    serializer = build({"__type__": f"serialize_table_as_{kind}"})
    assert told(f"serialize_table_as_{kind}") == expected
    assert MultiTypeSerializer(serializers=[serializer]).serialize(TABLE, {}) == expected  # type: ignore[list-item]
    with pytest.raises(ValueError, match="needs a header and rows"):
        told(f"serialize_table_as_{kind}", {"header": [], "rows": []})


def test_a_shuffled_table_is_written_as_unitxt_shuffles_it() -> None:
    text = told("serialize_table_as_concatenation", shuffle_rows=True, shuffle_columns=True, seed=3)
    assert text == told("serialize_table_as_concatenation", shuffle_rows(shuffle_columns(TABLE, 3), 3))


def test_the_code_of_a_data_frame_makes_that_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    table = {"header": ["a", "b", "a", "a"], "rows": [[1, 2, "x", True], [1.5, None, "y", False], [3, 4, None, None]]}
    code = SerializeTableAsDFLoader().serialize_table(table)
    columns = json.loads("{" + code[len("pd.DataFrame({\n") : code.index("},\nindex")] + "}")
    ours = pandas.DataFrame(columns)
    theirs = pandas.DataFrame(table["rows"], columns=["a", "b", "a_1", "a_2"])
    assert list(columns) == ["a", "b", "a_1", "a_2"]
    pandas.testing.assert_frame_equal(ours, theirs, check_dtype=False)


# Unitxt 1.26.10 shuffles by random.Random("42/" + 32 bits of the MD5 of the table's and the seed's text).
@given(st.integers(0, 5), st.integers(1, 5), st.integers(0, 3))
def test_shuffles_only_change_the_order(rows: int, columns: int, seed: int) -> None:
    table = {
        "header": [f"c{n}" for n in range(columns)],
        "rows": [[(r, c) for c in range(columns)] for r in range(rows)],
    }
    by_rows, by_columns = shuffle_rows(table, seed), shuffle_columns(table, seed)
    assert sorted(by_rows["rows"]) == table["rows"]
    assert sorted(by_columns["header"]) == table["header"]
    for row in by_columns["rows"]:
        assert [f"c{column}" for _, column in row] == by_columns["header"]
    assert by_rows == shuffle_rows(copy.deepcopy(table), seed)


def test_the_seed_of_a_shuffle_is_unitxts() -> None:
    import hashlib

    digest = hashlib.md5(str({"table": TABLE, "seed": 0}).encode()).hexdigest()[:8]
    rows = list(TABLE["rows"])
    Random(f"42/{int(digest, 16)}").shuffle(rows)
    assert told("shuffle_table_rows")["rows"] == rows


def test_augmentors_of_tables_leave_other_values_alone() -> None:
    for kind in ("shuffle_table_rows", "transpose_table", "mask_columns_names", "insert_empty_table_rows"):
        assert told(kind, "no table") == "no table"
        assert told(kind, {"header": [1], "rows": []}) == {"header": [1], "rows": []}


def test_a_table_is_told_otherwise() -> None:
    assert told("mask_columns_names")["header"] == ["Col1", "Col2", "Col3"]
    assert told("convert_table_col_names_to_sequential")["header"] == ["col_0", "col_1", "col_2"]
    assert told("duplicate_table_rows", row_indices=[0], times=2)["rows"][:3] == [TABLE["rows"][0]] * 2 + [
        TABLE["rows"][1]
    ]
    assert told("duplicate_table_columns", column_indices=[2], times=0)["rows"][0] == ["Alice", 26]
    assert sorted(told("shuffle_columns_names")["header"]) == sorted(TABLE["header"])
    empty = told("insert_empty_table_rows", times=2)["rows"]
    assert [row for row in empty if row != ["", "", ""]] == TABLE["rows"]
    assert len(empty) == 5
    assert told("get_num_of_table_cells") == 9


def test_rows_are_left_out_the_same_way_every_time() -> None:
    kept = told("truncate_table_rows", rows_to_keep=2)["rows"]
    assert kept == told("truncate_table_rows", rows_to_keep=2)["rows"]
    assert [row for row in TABLE["rows"] if row in kept] == kept
    assert len(kept) == 2
    assert told("truncate_table_rows", rows_to_keep=3) == TABLE


def test_cells_are_cut_and_answers_with_them() -> None:
    row = {"t": {"header": ["a"], "rows": [["abcdef", 1234567, None, "      "]]}, "o": ["abcdef", "b", ["x"]]}
    after = changed("truncate_table_cells", row, table="t", text_output="o", max_length=3)
    assert after == {"t": {"header": ["a"], "rows": [["abc", 1234567, None, "      "]]}, "o": ["abc", "b", ["x"]]}


@pytest.mark.parametrize(
    ("text", "arguments", "table"),
    [
        ('a,b\n"x\ny", z', {"strip_cells": True}, {"header": ["a", "b"], "rows": [["x y", "z"]]}),
        ("a;b", {"separator": ";", "has_header": False}, {"header": ["col_0", "col_1"], "rows": [["a", "b"]]}),
        ("", {}, {"header": [], "rows": []}),
    ],
)
def test_cells_are_read(text: str, arguments: dict[str, Any], table: Any) -> None:
    assert told("parse_csv", text, **arguments) == table


def test_a_table_without_rows_names_no_columns() -> None:
    with pytest.raises(ValueError, match="no rows to name"):
        told("parse_csv", "a,b", skip_header=True)
    with pytest.raises(ArtifactError, match="one character"):
        told("parse_csv", "", separator=", ")


def test_a_table_of_html_is_read() -> None:
    html = """<p>x<table id="t"><caption>no</caption><thead><tr><th> A </th><th>B&amp;C</th></tr></thead>
    <tbody><tr><td>1<td>2</tr><tr><td><a href="x">3</a> 4</td></tr></tbody>
    <tbody><tr><td>no</td></tr></tbody></table>"""
    assert told("map_html_table_to_json", html) == {"header": [" A ", "B&C"], "rows": [["1", "2"], ["3 4"]]}
    with pytest.raises(ValueError, match="no table"):
        told("map_html_table_to_json", "<table><tr><td>1</td></tr></table>")


def test_tables_are_made_of_parts() -> None:
    assert told("map_table_lists_to_std_table_json", [["a"], [1], [2]]) == {"header": ["a"], "rows": [[1], [2]]}
    row = {"h": "['a']", "r": "[[1]]", "c": "About"}
    made = changed("construct_table_from_rows_cols", row, fields=["h", "r", "c"], to_field="t")["t"]
    assert made == {"header": ["a"], "rows": [[1]], "caption": "About"}


def test_records_are_written() -> None:
    row = {"p": {"name": "Alexander", "age": 31}}
    text = changed("serialize_table_row_as_text", row, fields=["p/name", "p/age"], to_field="t", max_cell_length=4)["t"]
    assert text == "p/name is Alex, p/age is 31, "
    assert told("serialize_key_val_pairs", {}) == ""
    assert changed("list_to_key_val_pairs", {"k": ["a", "b"], "v": [1]}, fields=["k", "v"], to_field="d")["d"] == {
        "a": 1
    }


def test_drawing_needs_pillow() -> None:
    try:
        import PIL  # noqa: F401
    except ImportError:
        with pytest.raises(UnavailableError, match="Pillow"):
            draw_table(["a"], [[1]])
    else:
        assert draw_table(["a"], [[1]]).height > 32
