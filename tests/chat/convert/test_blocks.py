"""Blocks are the lines of a file, wherever it is cut."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.chat.convert.blocks import MAX_ROW_BYTES, cut_blocks, read_blocks
from regrade.errors import InputError
from regrade.files import reading as files
from regrade.files.chunk import Chunk

data = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n\n", b"\r\n", b"x" * 40, b"\xef\xbb\xbf", b" "]), max_size=60)


def lines_of(content: bytes) -> list[bytes]:
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


@given(parts=data, block=st.integers(1, 70))
def test_a_stream_is_cut_at_newlines(parts: list[bytes], block: int) -> None:
    content = b"".join(parts)
    blocks = list(cut_blocks(io.BytesIO(content).read, MAX_ROW_BYTES, block, first=True))
    assert all(one.data.endswith(b"\n") and one.problem is None for one in blocks)
    joined = b"".join(bytes(one.data) for one in blocks)
    assert joined == b"".join(line + b"\n" for line in lines_of(content))


@given(parts=data, block=st.integers(1, 70), chunk=st.integers(1, 90))
def test_the_chunks_of_a_file_are_its_lines(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], block: int, chunk: int
) -> None:
    content = b"." + b"".join(parts)
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(content)
    found = [
        bytes(one.data) for piece in files.plan_chunks(path, chunk) for one in read_blocks(piece, MAX_ROW_BYTES, block)
    ]
    assert b"".join(found) == b"".join(line + b"\n" for line in lines_of(content))


@given(parts=data, block=st.integers(1, 70), chunk=st.integers(1, 90))
def test_the_chunks_of_a_url_are_its_lines(parts: list[bytes], block: int, chunk: int) -> None:
    pytest.importorskip("upath")
    import fsspec

    content = b"." + b"".join(parts)
    fsspec.filesystem("memory").pipe_file("/blocks", content)
    found = [
        bytes(one.data)
        for piece in files.plan_chunks("memory://blocks", chunk)
        for one in read_blocks(piece, MAX_ROW_BYTES, block)
    ]
    assert b"".join(found) == b"".join(line + b"\n" for line in lines_of(content))


@given(sizes=st.lists(st.integers(0, 60), max_size=20), block=st.integers(1, 40), chunk=st.integers(1, 200))
def test_a_row_that_is_too_long_is_said_to_be_there(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], block: int, chunk: int
) -> None:
    lines = [b"x" * size for size in sizes]
    path = tmp_path_factory.getbasetemp() / "long"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    expected = [line if len(line) <= 30 else None for line in lines]
    local: list[bytes | None] = []
    for piece in files.plan_chunks(path, chunk):
        for one in read_blocks(piece, 30, block):
            local += [None] if one.problem else bytes(one.data[:-1]).split(b"\n")
    assert local == expected


def test_a_stream_with_a_row_that_is_too_long() -> None:
    content = b"short\n" + b"x" * 100_000 + b"\nshort again\n"
    blocks = list(cut_blocks(io.BytesIO(content).read, 1000, 512, first=True))
    assert [one.problem for one in blocks if one.problem] == ["the row is longer than 1,000 bytes"]
    assert b"".join(bytes(one.data) for one in blocks) == b"short\nshort again\n"


def test_a_damaged_stream_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(50_000)))[:-2000])
    *before, last = read_blocks(Chunk(str(path)))
    assert last.problem is not None
    assert "truncated or damaged" in last.problem
    assert bytes(before[0].data).startswith(b'{"n": 0}\n{"n": 1}\n')


def test_no_such_file() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        list(read_blocks(Chunk("nothing/here.jsonl", 0, 10)))
