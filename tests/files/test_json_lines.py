import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import InputError
from regrade.files.chunk import Chunk
from regrade.files.json_lines import ObjectLines, array_elements, decode_any, decode_array
from regrade.schema import Malformed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON, ascii_only=st.booleans())
def test_reads_whatever_the_standard_library_writes(value: object, ascii_only: bool) -> None:
    assert decode_any(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


def test_non_finite_numbers_and_lone_surrogates_are_kept() -> None:
    value = decode_any(b'{"a": NaN, "b": [Infinity, -Infinity], "c": 1e400}\r')
    assert math.isnan(value["a"])
    assert value["b"] == [math.inf, -math.inf]
    assert value["c"] == math.inf
    assert decode_any(b'"x\\ud800y"') == "x\ud800y"
    assert decode_any(b"123456789012345678901234567890") == 123456789012345678901234567890


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "breaks off"),
        (b'{"a": "x', "breaks off"),
        (b'{"a": "x\xff"}', r"not valid UTF-8 \(byte 9\)"),
        (b'{"a": 1} {"b": 2}', r"extra data \(column 10\)"),
        (b"{'a': 1}", "column 2"),
        (b"[" * 200_000, "nested too deeply"),
        (b"", "breaks off"),
        (b'{"a": 1e}', "not valid JSON"),
        (b"9" * 5000, "not readable JSON"),
    ],
)
def test_reasons(line: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        decode_any(line)
    assert len(str(caught.value)) < 200


def test_objects_come_with_their_line_and_bad_lines_in_their_place(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(
        b'{"a": 1}\n\n  \r\n[1]\n{"a": "\xe2\x80\xa8"}\r\n{"a": \xff}\n"text"\nnull\n3\n{"a": 2}\n{"a": "brok'
    )
    rows = list(ObjectLines(Chunk(str(path))))
    assert [row for row in rows if not isinstance(row, Malformed)] == [
        (1, {"a": 1}),
        (5, {"a": "\u2028"}),
        (10, {"a": 2}),
    ]
    bad = {row.line: row.reason for row in rows if isinstance(row, Malformed)}
    assert list(bad) == [4, 6, 7, 8, 9, 11]
    assert bad[4] == "expected a JSON object, found an array"
    assert bad[8] == "expected a JSON object, found null"
    assert "breaks off" in bad[11]


def test_a_broken_stream_is_reported_after_its_last_line(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "f.jsonl.gz"
    packed = gzip.compress(b'{"a": 1}\n' * 3)
    path.write_bytes(packed[:-4])
    rows = list(ObjectLines(Chunk(str(path))))
    assert isinstance(rows[-1], Malformed)
    assert "truncated" in rows[-1].reason


@given(
    values=st.lists(JSON | st.text(st.sampled_from('\\"{}[], ')), max_size=8),
    indent=st.sampled_from([None, 1]),
    block=st.integers(1, 50),
    bom=st.booleans(),
    small=st.sampled_from([0, 1000]),
)
def test_arrays_are_cut_into_their_elements_whatever_the_buffer(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[object],
    indent: int | None,
    block: int,
    bom: bool,
    small: int,
) -> None:
    path = tmp_path_factory.mktemp("a") / "f.json"
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + b" " + json.dumps(values, indent=indent).encode() + b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regrade.files.json_lines._ARRAY_BLOCK", block + 4)
        patch.setattr("regrade.files.json_lines._SMALL_ARRAY", small)
        assert [decode_any(element) for element in array_elements(str(path))] == values


def test_a_bad_element_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(b'[{"a": 1}, {"a": nope}, 5, {"a": "\xff"}, {"a": "]},{"},\n {"a": "brok')
    rows = list(decode_array(str(path)))
    assert [row for row in rows if not isinstance(row, Malformed)] == [(1, {"a": 1}), (5, {"a": "]},{"})]
    assert [row.line for row in rows if isinstance(row, Malformed)] == [2, 3, 4, 6]


def test_what_follows_an_array_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_bytes(b'[{"a": 1}] {"a": 2}')
    assert [isinstance(row, Malformed) for row in decode_array(str(path))] == [False, True]
    path.write_bytes(b'{"a": 1}')
    with pytest.raises(InputError, match="does not begin with a JSON array"):
        list(decode_array(str(path)))
    path.write_bytes(b'[{"a": 1},')
    assert [isinstance(row, Malformed) for row in decode_array(str(path))] == [False, True]


def test_a_string_longer_than_the_buffer_takes_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    text = '\\"x' * 5_000_000
    path.write_bytes(json.dumps([{"a": text}, {"a": 1}]).encode())
    assert [len(str(row[1]["a"])) for row in decode_array(str(path)) if not isinstance(row, Malformed)] == [
        len(text),
        1,
    ]


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(['},{"a"', [{"a": 1}, {"a": 2}], 3])), max_size=30
    ),
    indent=st.sampled_from([None, 1]),
)
def test_rows_that_look_like_the_ends_of_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[object], indent: int | None
) -> None:
    path = tmp_path_factory.mktemp("a") / "f.json"
    path.write_text(json.dumps(rows, indent=indent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regrade.files.json_lines._ARRAY_BLOCK", 100)
        patch.setattr("regrade.files.json_lines._SMALL_ARRAY", 0)
        assert [decode_any(element) for element in array_elements(str(path))] == rows
