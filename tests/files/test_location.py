"""Inputs by URL: a store in memory, files, and a web server, read through the same code as paths."""

from __future__ import annotations

import bz2
import gzip
import http.server
import io
import json
import lzma
import sys
import threading
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

import regrade
from regrade.errors import InputError, UnavailableError
from regrade.files import reading as files
from regrade.files.location import files_below, files_in, is_folder, is_url, locate, size
from regrade.rows.discover import detect, discover

needs_upath = pytest.mark.skipif(
    find_spec("upath") is None, reason="no universal-pathlib: pip install 'regrade[remote]'"
)


@pytest.fixture
def store() -> Iterator[Any]:
    """An empty store in memory, as a file system of fsspec."""
    pytest.importorskip("upath")
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def results(store: Any, examples: Path) -> str:
    """The example's logs in that store."""
    for path in (examples / "results").rglob("*"):
        if path.is_file():
            store.pipe_file(f"/bucket/{path.relative_to(examples)}", path.read_bytes())
    store.pipe_file("/bucket/results/careful/.git/samples_hidden.jsonl", b'{"doc_id": 0, "resps": [["1"]]}\n')
    return "memory://bucket/results"


class _Server(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; gives parts of files where ``ranges`` says so, and counts the bytes that it sends."""

    def __init__(self, *arguments: Any, ranges: bool, sent: list[int], **named: Any) -> None:
        self.ranges = ranges
        self.sent = sent
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        path = Path(self.translate_path(self.path))
        if not (self.ranges and wanted and path.is_file()):
            if path.is_file():
                self.sent.append(path.stat().st_size)
            super().do_GET()
            return
        data = path.read_bytes()
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1]
        self.sent.append(len(part))
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def end_headers(self) -> None:
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[True])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path, list[int]]]:
    """A web server on this machine: its URL, its folder, and the sizes of what it sent."""
    pytest.importorskip("upath")
    pytest.importorskip("aiohttp")
    folder, sent = tmp_path / "www", []
    folder.mkdir()
    handler = partial(_Server, directory=str(folder), ranges=request.param, sent=sent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", folder, sent
        served.shutdown()
        thread.join()


def outcome(*paths: str | Path, **options: Any) -> Any:
    """All that scoring says, less where it was read."""
    layout = regrade.score(*paths, **options).to_dict()
    for run in layout["runs"].values():
        del run["file"]
    return layout


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a/b.jsonl", "a/b.jsonl"),
        ("file:///a/b.jsonl", "/a/b.jsonl"),
        ("file://localhost/a/b.jsonl", "/a/b.jsonl"),
        ("file:///a%20b/50%25.jsonl", "/a b/50%.jsonl"),
        ("C:/a", "C:/a"),
    ],
)
def test_paths_need_no_package(text: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upath", None)
    assert locate(text) == Path(path)
    assert locate(Path(path)) == Path(path)


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(UnavailableError, match=r"s3://bucket/x: a URL needs the package universal-pathlib") as caught:
        regrade.score("s3://bucket/x")
    assert caught.value.hint == "pip install 'regrade[remote]'"


@needs_upath
@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_says_what_to_install_for_a_store() -> None:
    with pytest.raises(UnavailableError, match="s3:// needs a package that is not installed") as caught:
        locate("s3://bucket/x")
    assert caught.value.hint == "pip install s3fs"


@needs_upath
def test_an_unknown_scheme_is_an_error() -> None:
    with pytest.raises(InputError, match="no such kind of URL"):
        locate("nonsense://bucket/x")


def test_what_a_url_is(store: Any) -> None:
    assert is_url("s3://bucket/x")
    assert not is_url("a/b")
    assert not is_url(Path("s3://bucket/x"))
    assert is_url(locate("memory://bucket/x"))
    assert str(locate("memory://bucket/x y")) == "memory://bucket/x y"
    assert locate(locate("memory://bucket/x")) == locate("memory://bucket/x")


def test_folders_are_listed_in_the_order_of_paths(store: Any, tmp_path: Path) -> None:
    names = ["b/1", "b/10", "b/2/z", "b-c", "a", "b.d", "c/.x/y"]
    for name in names:
        store.pipe_file(f"/top/{name}", b"x")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [str(path).removeprefix("memory://top/") for path in files_below(locate("memory://top"))]
    assert found == [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)]
    assert sorted(found) == sorted(names)
    assert [path.name for path in files_in(locate("memory://top"))] == [path.name for path in files_in(tmp_path)]
    assert is_folder(locate("memory://top/b"))
    assert not is_folder(locate("memory://top/a"))
    assert size("memory://top/a") == size(tmp_path / "a") == 1


def test_logs_in_a_store_are_found_and_scored_as_on_disk(results: str, examples: Path) -> None:
    found = discover([results], {})
    assert [source.path for source in found] == [
        f"memory://bucket/{Path(source.path).relative_to(examples)}" for source in discover([examples / "results"], {})
    ]
    assert all(source.run.results_file and source.config for source in found)
    assert outcome(results, by="doc.level") == outcome(examples / "results", by="doc.level")


def test_a_results_file_in_a_store_stands_for_its_samples(results: str, store: Any) -> None:
    (file,) = [path for path in store.find("/bucket/results/careful") if "/results_" in path]
    (source,) = discover([f"memory:/{file}"], {})
    assert "/samples_" in source.path


@pytest.mark.parametrize("chunk_bytes", [70, 500, 4096])
def test_scores_from_a_store_do_not_depend_on_chunks(results: str, chunk_bytes: int) -> None:
    assert outcome(f"{results}/careful", chunk_bytes=chunk_bytes) == outcome(f"{results}/careful")


def test_file_urls(examples: Path) -> None:
    assert outcome(f"file://{examples}/results") == outcome(examples / "results")


@needs_upath
@given(data=st.binary(max_size=300).map(lambda data: data.replace(b"\x00", b"\n")), chunk_bytes=st.integers(1, 120))
def test_lines_of_chunks_cut_anywhere_are_the_lines_of_the_file(data: bytes, chunk_bytes: int) -> None:
    import fsspec

    data = b"." + data  # no byte order mark, no magic number
    fsspec.filesystem("memory").pipe_file("/lines", data)
    chunks = files.plan_chunks("memory://lines", chunk_bytes)
    lines = [list(files.read_lines(chunk)) for chunk in chunks]
    assert [line for part in lines for line in part] == data.removesuffix(b"\n").split(b"\n")
    assert [files.count_lines(chunk) for chunk in chunks] == [len(part) for part in lines]


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
    ids=["gz", "bz2", "xz", "zst"],
)
def test_compressed_files_in_a_store(store: Any, compress: Any) -> None:
    store.pipe_file("/packed", compress(b"one\ntwo\nthree"))
    (chunk,) = files.plan_chunks("memory://packed")
    assert list(files.read_lines(chunk)) == [b"one", b"two", b"three"]
    assert files.read_head("memory://packed", 5) == b"one\nt"
    assert files.read_all("memory://packed") == b"one\ntwo\nthree"


def test_an_empty_file_in_a_store(store: Any) -> None:
    store.pipe_file("/empty.jsonl", b"")
    assert files.plan_chunks("memory://empty.jsonl") == []
    with pytest.raises(InputError, match=r"memory://empty\.jsonl: the file is empty"):
        regrade.score("memory://empty.jsonl")


def test_an_inspect_log_in_a_store(store: Any, shared_data: Path) -> None:
    for path in sorted((shared_data / "inspect_ai").rglob("*.eval"))[:2]:
        store.pipe_file(f"/logs/{path.name}", path.read_bytes())
        assert outcome(f"memory://logs/{path.name}") == outcome(path)


def test_nothing_there(store: Any) -> None:
    with pytest.raises(InputError, match="memory://bucket/none: no such file or folder"):
        regrade.score("memory://bucket/none")


def test_a_table_in_a_store(store: Any) -> None:
    rows = [{"question": n, "expected": str(n), "answer": str(n % 3)} for n in range(200)]
    store.pipe_file("/table.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    packed = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), packed, row_group_size=30)
    store.pipe_file("/table.parquet", packed.getvalue())
    store.pipe_file("/table.csv", ("expected,answer\n" + "".join(f"{n},{n % 3}\n" for n in range(200))).encode())
    for name in ("table.jsonl", "table.csv", "table.parquet"):
        columns = {"answer": "answer", "expected": "expected"}
        scores = regrade.score(f"memory://{name}", metric="exact_match", chunk_bytes=900, **columns)
        assert scores.results[0].value == 3 / 200


def test_a_web_server_is_asked_for_parts(server: tuple[str, Path, list[int]], examples: Path) -> None:
    url, folder, sent = server
    original = next((examples / "results" / "careful").rglob("samples_*"))
    for file in original.parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    with (folder / original.name).open("ab") as log:
        log.write(b" " * 3_000_000 + b"\n")
    assert outcome(f"{url}/{original.name}", chunk_bytes=10_000_000) == outcome(folder / original.name)
    sent.clear()
    match = detect(locate(f"{url}/{original.name}"))
    assert match is not None
    assert match.reader == "lm-eval"
    assert sum(sent) < 1_000_000
    sent.clear()
    chunk = files.plan_chunks(f"{url}/{original.name}", 1_000_000)[1]
    list(files.read_lines(chunk))
    assert 1_000_000 <= sum(sent) < 1_200_000


def test_a_folder_that_a_web_server_lists(server: tuple[str, Path, list[int]], examples: Path) -> None:
    url, folder, _ = server
    for file in (examples / "results").rglob("*.json*"):
        target = folder / "logs" / file.relative_to(examples)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    assert outcome(f"{url}/logs/") == outcome(folder / "logs")


@pytest.mark.parametrize("server", [False], indirect=True)
def test_a_web_server_that_gives_no_parts_is_an_error(server: tuple[str, Path, list[int]]) -> None:
    url, folder, _ = server
    (folder / "log.jsonl").write_bytes(b'{"doc_id": 0, "resps": [["1"]]}\n' * 10_000)
    with pytest.raises(InputError, match="range"):
        regrade.score(f"{url}/log.jsonl", chunk_bytes=50_000)


def test_a_web_server_without_the_file(server: tuple[str, Path, list[int]]) -> None:
    url, _, _ = server
    with pytest.raises(InputError, match="no such file or folder"):
        regrade.score(f"{url}/nothing.jsonl")
