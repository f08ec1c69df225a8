"""Parquet files made of parts are what one writer would have made of all rows."""

from __future__ import annotations

import io
import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from regrade.chat.convert.parquet_footer import MAGIC, Field, Footer, Part, Reader, read_part, write_struct


def part_of(table: pa.Table, **options: Any) -> tuple[bytes, Part]:
    file = io.BytesIO()
    parquet.write_table(table, file, **{"compression": "zstd", **options})
    data = file.getvalue()
    found = read_part(data, len(data))
    assert isinstance(found, Part)
    return data, found


def joined(parts: list[tuple[bytes, Part]]) -> bytes:
    footer, out = Footer(), bytearray(MAGIC)
    for data, part in parts:
        footer.add(part, len(out))
        out += data[part.start : part.stop]
    return bytes(out + footer.encode())


def table(first: int, count: int) -> pa.Table:
    rows = range(first, first + count)
    return pa.table(
        {
            "n": pa.array(rows, pa.int64()),
            "text": pa.array([f"text {n}" if n % 5 else None for n in rows], pa.string()),
            "few": ["same"] * count,
            "turns": pa.array(
                [[{"role": "user", "content": str(n)}] * (n % 4) for n in rows],
                pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
            ),
        }
    ).replace_schema_metadata({"regrade": "x"})


@pytest.mark.parametrize("options", [{}, {"write_page_index": True}, {"row_group_size": 7}, {"use_dictionary": False}])
def test_parts_are_one_file(options: dict[str, Any]) -> None:
    tables = [table(0, 30), table(30, 1), table(31, 200)]
    data = joined([part_of(one, **options) for one in tables])
    found = parquet.ParquetFile(io.BytesIO(data))
    expected = pa.concat_tables(tables)
    assert found.read().equals(expected)
    assert found.schema_arrow.metadata == expected.schema.metadata
    assert found.metadata.num_rows == 231
    groups = [found.metadata.row_group(group).num_rows for group in range(found.num_row_groups)]
    assert sum(groups) == 231
    assert found.read_row_group(found.num_row_groups - 1).num_rows == groups[-1]
    filtered = parquet.read_table(io.BytesIO(data), filters=[("n", "=", 77)])
    assert filtered.column("n").to_pylist() == [77]


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_any_number_of_parts(sizes: list[int]) -> None:
    tables, first = [], 0
    for size in sizes:
        tables.append(table(first, size))
        first += size
    data = joined([part_of(one) for one in tables])
    assert parquet.read_table(io.BytesIO(data)).equals(pa.concat_tables(tables))


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_others_read_it(engine: str, tmp_path: Any) -> None:
    module = pytest.importorskip(engine)
    path = tmp_path / "parts.parquet"
    path.write_bytes(joined([part_of(table(0, 20)), part_of(table(20, 50))]))
    if engine == "duckdb":
        assert module.sql(f"select count(*), sum(n) from '{path}'").fetchall() == [(70, 69 * 35)]
    else:
        assert module.read_parquet(path)["n"].to_list() == list(range(70))


def test_a_footer_says_how_much_of_it_is_missing() -> None:
    data, _ = part_of(table(0, 10))
    (length,) = struct.unpack("<I", data[-8:-4])
    assert read_part(data[-20:], len(data)) == length + 8
    assert isinstance(read_part(data[-length - 8 :], len(data)), Part)


def test_what_is_no_parquet_file() -> None:
    with pytest.raises(ValueError, match="no Parquet file"):
        read_part(b"anything at all", 15)
    with pytest.raises(ValueError, match="at least one part"):
        Footer().encode()


numbers = st.integers(-(2**63), 2**63 - 1)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(1, 40), st.sampled_from([4, 5, 6]), numbers),
            st.tuples(st.integers(1, 40), st.just(8), st.binary(max_size=200)),
            st.tuples(st.integers(1, 40), st.just(1), st.just(True)),
            st.tuples(st.integers(1, 40), st.just(2), st.just(False)),
            st.tuples(st.integers(1, 40), st.just(9), st.tuples(st.just(6), st.lists(numbers, max_size=20))),
        ),
        max_size=20,
    )
)
def test_structs_are_read_as_they_were_written(fields: list[tuple[int, int, Any]]) -> None:
    number, given = 0, []
    for step, kind, value in fields:
        number += step
        given.append(Field(number, kind, value))
    out = bytearray()
    write_struct(given, out)
    assert Reader(bytes(out)).struct() == given
