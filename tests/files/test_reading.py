import bz2
import gzip
import itertools
import lzma
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regrade.errors import InputError
from regrade.files import reading as files
from regrade.files.chunk import Chunk

TRICKY = [
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r",
    b"\x0b",
    b"\x0c",
    b"\x1c",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xa9",
    b"a",
    b"{}",
    b"\xff",
]

ENCODERS = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


def expected_lines(data: bytes) -> list[bytes]:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


@given(
    parts=st.lists(st.sampled_from(TRICKY) | st.binary(max_size=5), max_size=40),
    bom=st.booleans(),
    chunk_bytes=st.integers(1, 60),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_planned_chunks_give_the_lines_of_the_whole(
    tmp_path: Path, parts: list[bytes], bom: bool, chunk_bytes: int
) -> None:
    data = b"".join([b"\xef\xbb\xbf" if bom else b"x", *parts])
    path = tmp_path / "f"
    path.write_bytes(data)
    chunks = files.plan_chunks(path, chunk_bytes)
    assert [c.start for c in chunks[1:]] == [c.stop for c in chunks[:-1]]
    assert (chunks[0].start, chunks[-1].stop) == (0, len(data))
    assert [line for chunk in chunks for line in files.read_lines(chunk)] == expected_lines(data)


@given(parts=st.lists(st.sampled_from(TRICKY) | st.binary(max_size=5), max_size=40), cuts=st.lists(st.integers(1, 80)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_line_belongs_to_the_chunk_of_its_first_byte_wherever_cut(
    tmp_path: Path, parts: list[bytes], cuts: list[int]
) -> None:
    data = b"{" + b"".join(parts)
    path = tmp_path / "f"
    path.write_bytes(data)
    edges = [0, *sorted({cut for cut in cuts if cut < len(data)}), -1]
    chunks = [Chunk(str(path), a, b) for a, b in itertools.pairwise(edges)]
    assert [line for chunk in chunks for line in files.read_lines(chunk)] == expected_lines(data)


@pytest.mark.parametrize("codec", ENCODERS)
def test_compression_is_seen_by_content_not_by_name(tmp_path: Path, codec: str) -> None:
    data = b"\xef\xbb\xbf" + b"".join(b'{"n": %d}\n' % n for n in range(50_000))
    path = tmp_path / "log.jsonl"
    path.write_bytes(ENCODERS[codec](data))
    assert files.compression(path) == codec
    assert files.plan_chunks(path, 1000) == [Chunk(str(path))]
    assert list(files.read_lines(files.plan_chunks(path, 1000)[0])) == expected_lines(data)
    assert files.read_head(path, 100) == data[3:103]
    assert files.read_all(path) == data[3:]


@pytest.mark.parametrize("codec", ["gzip", "bz2", "zstd"])
def test_concatenated_compressed_parts_are_one_stream(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(ENCODERS[codec](b"a\nb") + ENCODERS[codec](b"c\nd\n"))
    assert list(files.read_lines(Chunk(str(path)))) == [b"a", b"bc", b"d"]


@pytest.mark.parametrize("codec", ENCODERS)
def test_a_truncated_stream_gives_what_it_holds_then_says_where_it_ends(tmp_path: Path, codec: str) -> None:
    import random

    draw = random.Random(1)
    data = b"".join(b"%d\n" % draw.getrandbits(200) for _ in range(40_000))
    packed = ENCODERS[codec](data)
    path = tmp_path / "f"
    path.write_bytes(packed[: len(packed) // 2])
    lines = []
    with pytest.raises(InputError, match="truncated or damaged") as caught:  # noqa: PT012
        for line in files.read_lines(Chunk(str(path))):
            lines.append(line)  # noqa: PERF402 - what came before the error counts
    assert len(lines) > 10_000
    assert lines == expected_lines(data)[: len(lines)]
    assert caught.value.where == f"{path}:{len(lines) + 1}"
    with pytest.raises(InputError, match="truncated or damaged"):
        files.read_all(path)
    assert files.read_head(path, 10) == data[:10]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused_by_name(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "f"
    text = '{"a": 1}\n' if encoding != "utf-16-be" else '\ufeff{"a": 1}\n'
    path.write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match=encoding[:6].upper()) as caught:
        list(files.read_lines(Chunk(str(path))))
    assert "iconv" in (caught.value.hint or "")
    with pytest.raises(InputError):
        files.read_all(path)


def test_empty_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(b"")
    assert files.plan_chunks(path) == []
    assert list(files.read_lines(Chunk(str(path)))) == []
    assert files.read_head(path) == b""
    with pytest.raises(InputError, match="cannot be opened"):
        files.read_head(tmp_path / "missing")
    with pytest.raises(InputError, match="cannot be opened"):
        files.plan_chunks(tmp_path)


def test_a_line_of_100_mb_is_one_line_of_one_chunk(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as out:
        out.write(b"first\n")
        for _ in range(100):
            out.write(b"x" * 1_000_000)
        out.write(b"\nlast")
    chunks = files.plan_chunks(path)
    assert len(chunks) == 2
    assert [len(line) for chunk in chunks for line in files.read_lines(chunk)] == [5, 100_000_000, 4]


def test_compressed_bombs_stop_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LINE_BYTES", 100_000)
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"ok\nfine\n" + b"0" * 1_000_000))
    lines = files.read_lines(Chunk(str(path)))
    assert [next(lines), next(lines)] == [b"ok", b"fine"]
    with pytest.raises(InputError, match="line 3 is longer than 100,000 bytes"):
        next(lines)
    with pytest.raises(InputError, match="more than 100,000 bytes"):
        files.read_all(path, limit=100_000)
