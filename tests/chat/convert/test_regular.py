"""The quick way does what the complete way does, or nothing."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.chat.convert.columns import Filling, RegularColumns
from regrade.chat.convert.lines import BadRow, LineConverter
from regrade.chat.convert.regular import RegularLines, check_utf8, regular_lines
from regrade.chat.convert.table_schema import schema_of
from regrade.chat.converter import Converter, Options
from regrade.chat.detection import detect

TYPICAL: list[Any] = [
    {"id": str(n), "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}], "n": n, "x": [n]}
    for n in range(20)
]


def made(rows: list[Any]) -> tuple[RegularLines, Converter]:
    converter = Converter(detect(rows))
    lines = [json.dumps(row).encode() for row in rows]
    found = regular_lines(lines, rows, converter)
    assert found is not None
    return found, converter


texts = st.text(max_size=8)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), texts)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
turns = st.one_of(
    st.fixed_dictionaries({"from": st.sampled_from(["human", "gpt", "GPT", "system"]), "value": texts}),
    st.fixed_dictionaries({"from": st.sampled_from(["human", "gpt", "who", "function_call"]), "value": values}),
    st.fixed_dictionaries({"value": texts, "from": st.just("human")}, optional={"weight": st.integers(0, 1)}),
    values,
)
rows = st.fixed_dictionaries(
    {"conversations": st.lists(turns, max_size=3) | values},
    optional={"id": values, "n": values, "x": values, "system": values, "messages": values, "new": values},
)


@given(rows, st.booleans(), st.sampled_from([None, (",", ":"), (" ,  ", " :\t")]))
def test_a_line_is_converted_the_same_or_not_at_all(row: Any, ascii_: bool, separators: Any) -> None:
    regular, converter = made(TYPICAL)
    line = json.dumps(row, ensure_ascii=ascii_, separators=separators)
    encoded = line.encode("utf-8", "surrogatepass")
    ours = regular(encoded + b"\n")
    if ours is not None:
        theirs = LineConverter(converter).line(encoded)
        assert json.loads(bytes(ours)) == json.loads(theirs.encode())
        assert (regular.rows, regular.turns) == (1, theirs.turns)


@given(rows)
def test_columns_are_filled_the_same_or_not_at_all(row: Any) -> None:
    regular, converter = made(TYPICAL)
    complete = LineConverter(converter, raw=True)
    sample = [complete.line(json.dumps(one).encode()).row for one in TYPICAL]
    schema = schema_of(sample)
    ours, theirs = Filling(schema), Filling(schema)
    line = json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if RegularColumns(regular.shape, schema)(line + b"\n", ours):
        theirs.append(complete.line(line))
        assert ours.batch().equals(theirs.batch())
    else:
        assert ours.rows == 0


@pytest.mark.parametrize(
    "line",
    [
        b'{"conversations": []}',
        b'{"conversations": null}',
        b'{"conversations": [{"from": "human", "value": null}]}',
        b'{"conversations": [{"from": "human", "value": ["x"]}]}',
        b'{"conversations": [{"from": "Customer", "value": "x"}]}',
        b'{"conversations": [{"from": "human"}]}',
        b'{"conversations": [{"value": "x"}]}',
        b'{"conversations": [{"from": "human", "value": "x", "weight": 1}]}',
        b'{"conversations": [{"from": "human", "value": "x"}], "unseen": 1}',
        b'{"conversations": [{"from": "human", "value": "x"}], "n": NaN}',
        b'{"conversations": [{"from": "human", "value": "caf\xe9"}]}',
        b'{"conversations": [{"from": "human", "value": "x"}], "id": "caf\xe9"}',
        b'{"conversations": [{"from": "human", "value": "x"}]} {}',
        b'{"conversations": [{"from": "human", "value": "x"}]',
        b"[]",
        b"1",
        b" ",
        b"",
    ],
)
def test_what_is_not_regular_goes_the_other_way(line: bytes) -> None:
    regular, _ = made(TYPICAL)
    assert regular(line + b"\n") is None
    good = json.dumps(TYPICAL[0]).encode() + b"\n"
    assert regular(good + line + b"\n" + good) is None


def test_bytes_of_other_columns_and_texts_stay_as_they_are() -> None:
    regular, _ = made(TYPICAL)
    line = (
        b'{"conversations": [{"from": "human", "value": "\\u00e9 \\ud83d\\ude00 \\/"}], "id": "\\u0041", '
        b'"n": 1e400, "x": [123456789012345678901234567890, 1.50,  {"a":1,"a":2}]}\n'
    )
    assert regular(line) == (
        b'{"id":"\\u0041","messages":[{"role":"user","content":"\\u00e9 \\ud83d\\ude00 \\/"}],'
        b'"n":1e400,"x":[123456789012345678901234567890, 1.50,  {"a":1,"a":2}]}\n'
    )


def test_messages_pass_untouched() -> None:
    rows = [{"messages": [{"role": "user", "content": str(n)}], "k": n} for n in range(10)]
    regular, _ = made(rows)
    block = b'{"k":  1.0, "messages":[ {"content":"x","role":"user"} ]}\r\n'
    assert regular(block) is block


def test_an_empty_system_column_goes() -> None:
    rows = [{**row, "system": ""} for row in TYPICAL]
    regular, _ = made(rows)
    out = regular(json.dumps(rows[0]).encode() + b"\n")
    assert out is not None
    assert "system" not in json.loads(bytes(out))
    assert regular(json.dumps({**rows[0], "system": "Be kind."}).encode() + b"\n") is None


def test_no_quick_way_where_turns_are_to_be_merged_or_checked() -> None:
    lines = [json.dumps(row).encode() for row in TYPICAL]
    for options in (Options(merge_turns=True), Options(require_alternation=True)):
        assert regular_lines(lines, TYPICAL, Converter(detect(TYPICAL), options=options)) is None


def test_no_quick_way_where_columns_leave_the_format_open() -> None:
    rows = [{**row, "chosen": "a", "rejected": "b"} for row in TYPICAL]
    converter = Converter(detect(rows))
    assert regular_lines([json.dumps(row).encode() for row in rows], rows, converter) is None


@given(st.binary(max_size=40), st.integers(0, 8300))
def test_utf8_is_checked_across_pieces(tail: bytes, pad: int) -> None:
    data = b"a" * pad + tail
    try:
        data.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnicodeDecodeError):
            check_utf8(data)
    else:
        check_utf8(data)


def test_a_bad_row_says_why() -> None:
    converter = LineConverter(Converter(detect(TYPICAL)))
    with pytest.raises(BadRow) as caught:
        converter.line(b"{")
    assert caught.value.kind == "malformed: not valid JSON"
    with pytest.raises(BadRow, match="expected a JSON object, found an array"):
        converter.line(b"[1]")


def test_the_decoder_depends_on_nothing_that_msgspec_may_change() -> None:
    """Classes of the same layout can take each other's place; if that ends, conversion must not go on in silence."""
    one = msgspec.defstruct("One", [("a", int)], tag_field="x", tag="1")
    two = msgspec.defstruct("Two", [("a", int)], tag_field="y", tag="2")
    value = one(5)
    value.__class__ = two
    assert msgspec.json.encode(value) == b'{"y":"2","a":5}'
