"""Data sets of the hub: a server on this machine that speaks the hub's protocol, and a local cache; and web servers."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from regrade.chat.convert.convert import Request, convert
from regrade.errors import InputError, UnavailableError, UsageError
from regrade.files.hub import DatasetName, dataset_files, parse_name, reachable

SHA = "a" * 40
OLD_SHA = "b" * 40


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("org/name", ("org/name", None, None, None)),
        ("org/name:test", ("org/name", None, None, "test")),
        ("org/name@v1", ("org/name", "v1", None, None)),
        ("org/name@v1/cfg:train", ("org/name", "v1", "cfg", "train")),
        ("org/name/cfg", ("org/name", None, "cfg", None)),
        ("org/na.me-1/deep/cfg:a.b", ("org/na.me-1", None, "deep/cfg", "a.b")),
        ("org/name@refs/convert/parquet/cfg:train", ("org/name", "refs/convert/parquet", "cfg", "train")),
        ("org/name@refs/pr/7", ("org/name", "refs/pr/7", None, None)),
    ],
)
def test_names(text: str, name: tuple[Any, ...]) -> None:
    assert parse_name(f"hf://datasets/{text}") == DatasetName(*name)


@pytest.mark.parametrize("text", ["", "name", "org/name:", "org/name@", "org name/x"])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(UsageError, match="names no data set"):
        parse_name(f"hf://datasets/{text}")


def rows(first: int, count: int = 3) -> bytes:
    turns = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    return b"".join(json.dumps({"id": n, "conversations": turns}).encode() + b"\n" for n in range(first, first + count))


CARD = b"""---
license: mit
configs:
- config_name: big
  data_files:
  - split: train
    path: big/part-*.jsonl
  - split: test
    path: [big/held-out.jsonl]
- config_name: small
  default: true
  data_files: small.jsonl
---
# A data set
"""
REPOSITORIES: dict[str, dict[str, bytes]] = {
    "org/card": {
        "README.md": CARD,
        "big/part-0.jsonl": rows(0),
        "big/part-1.jsonl": rows(3),
        "big/held-out.jsonl": rows(100),
        "small.jsonl": rows(200),
        "other.jsonl": rows(300),
    },
    "org/names": {
        "README.md": b"no card",
        "data/train-00000-of-00002.jsonl": rows(0),
        "data/train-00001-of-00002.jsonl": rows(3),
        "data/test-00000-of-00001.jsonl": rows(100),
        "dataset_infos.json": b"{}",
    },
    "org/plain": {"all of it.jsonl": rows(0, 5), "notes.txt": b"words"},
    "org/splits": {"dev.jsonl": rows(0), "test.jsonl": rows(9)},
    "org/nothing": {"notes.txt": b"words"},
}


class _Hub(http.server.BaseHTTPRequestHandler):
    """What of the hub's API a download needs: the repository, its tree, and files with their commit and hash."""

    protocol_version = "HTTP/1.1"
    log: list[str]

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.log.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "datasets"]:
            self._api("/".join(parts[2:4]), parts[4:])
        elif parts[0] == "datasets" and parts[3] == "resolve":
            self._file("/".join(parts[1:3]), parts[4], "/".join(parts[5:]))
        else:
            self._send(404, b"")

    def _api(self, repo: str, rest: list[str]) -> None:
        if repo == "org/closed":
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."})
            return
        if repo not in REPOSITORIES:
            self._send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        revision = rest[1] if len(rest) > 1 else "main"
        if revision not in ("main", "v1", SHA, OLD_SHA):
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        files = REPOSITORIES[repo]
        if rest[:1] == ["tree"]:
            # In pages of two, as large trees come.
            start = int((parse_qs(urlsplit(self.path).query).get("cursor") or ["0"])[0])
            page = [
                {"type": "file", "path": name, "size": len(data), "oid": sha256(data).hexdigest()[:40]}
                for name, data in sorted(files.items())[start : start + 2]
            ]
            more = {}
            if start + 2 < len(files):
                here = f"http://{self.headers['Host']}{urlsplit(self.path).path}"
                more["Link"] = f'<{here}?recursive=True&cursor={start + 2}>; rel="next"'
            self._send(200, json.dumps(page).encode(), {"Content-Type": "application/json", **more})
            return
        sha = OLD_SHA if revision in ("v1", OLD_SHA) else SHA
        told = {"id": repo, "sha": sha, "private": False, "siblings": [{"rfilename": name} for name in files]}
        self._send(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

    def _file(self, repo: str, revision: str, name: str) -> None:
        data = REPOSITORIES.get(repo, {}).get(name)
        if data is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        etag = f'"{sha256(data).hexdigest()[:40]}"'
        commit = OLD_SHA if revision in ("v1", OLD_SHA) else SHA
        self._send(200, data, {"ETag": etag, "X-Repo-Commit": commit, "Accept-Ranges": "bytes"})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hub, on this machine, with an empty cache; what it was asked."""
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import constants

    log: list[str] = []
    handler = type("Hub", (_Hub,), {"log": log})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{served.server_port}")
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield log
        served.shutdown()
        thread.join()


def converted(tmp_path: Path, *inputs: str) -> list[int]:
    """The ids of the rows that come out."""
    convert(Request(inputs=list(inputs), output=str(tmp_path / "out.jsonl")))
    return [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("org/card", [200, 201, 202]),
        ("org/card/big", [0, 1, 2, 3, 4, 5]),
        ("org/card/big:test", [100, 101, 102]),
        ("org/card@v1/big:test", [100, 101, 102]),
        ("org/names", [0, 1, 2, 3, 4, 5]),
        ("org/names:test", [100, 101, 102]),
        ("org/names/data:train", [0, 1, 2, 3, 4, 5]),
        ("org/plain", [0, 1, 2, 3, 4]),
        ("org/splits:validation", [0, 1, 2]),
    ],
)
def test_data_sets_are_fetched_and_converted(hub: list[str], tmp_path: Path, name: str, ids: list[int]) -> None:
    assert converted(tmp_path, f"hf://datasets/{name}") == ids
    first, *others = [line.rpartition("/resolve/")[2] for line in hub if line.startswith("GET /datasets/")]
    fetched = {first, *others}
    assert first.startswith("v1/" if "@v1" in name else "main/")
    assert all(one.startswith(OLD_SHA if "@v1" in name else SHA) for one in others)
    assert not any(one.endswith("other.jsonl") for one in fetched)


def test_what_was_fetched_is_there_without_the_hub(
    hub: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "hf://datasets/org/names"
    there = dataset_files(name)
    assert [label for _, label in there] == [f"{name}/data/train-0000{n}-of-00002.jsonl" for n in (0, 1)]
    hub.clear()
    assert dataset_files(name) == there
    assert not [line for line in hub if line.startswith("GET /datasets/")]  # nothing is fetched twice
    hub.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert [Path(path).read_bytes() for path, _ in dataset_files(name)] == [rows(0), rows(3)]
    assert hub == []
    with pytest.raises(InputError, match="the cache does not have the data set") as caught:
        dataset_files("hf://datasets/org/plain")
    assert caught.value.hint == "fetch it where there is a network: hf download --repo-type dataset org/plain"


def test_a_hub_that_cannot_be_reached(hub: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    dataset_files("hf://datasets/org/plain")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert len(dataset_files("hf://datasets/org/plain")) == 1
    with pytest.raises(InputError, match=r"org/names: the hub cannot be reached .*, and the cache does not have"):
        dataset_files("hf://datasets/org/names")


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("org/none", "there is no such data set, or it is private", "hf auth login"),
        ("org/closed", "given to those who have agreed to its terms", "hf auth login"),
        ("org/plain@v9", "the data set has no such revision", None),
        ("org/card/medium", "no configuration 'medium'", "one of big, small"),
        ("org/card/big:dev", "no split 'dev'", "train, test"),
        ("org/names/more", "no configuration 'more'", "folders: data"),
        ("org/splits", "it has several splits", "validation, test"),
        ("org/nothing", "the data set has no file of rows", None),
    ],
)
def test_what_is_not_there(hub: list[str], name: str, message: str, hint: str | None) -> None:
    with pytest.raises(InputError, match=message) as caught:
        dataset_files(f"hf://datasets/{name}")
    assert hint is None or hint in str(caught.value.hint)


def test_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.delitem(sys.modules, "huggingface_hub.errors", raising=False)
    with pytest.raises(UnavailableError) as caught:
        dataset_files("hf://datasets/org/name")
    assert caught.value.hint == "pip install 'regrade[hf]', or name a folder with its files by --data"


# -- web servers ------------------------------------------------------------------------------------------------------


class _Web(http.server.BaseHTTPRequestHandler):
    files: dict[str, bytes]
    ranges: bool
    asked: list[str | None]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        data = self.files.get(self.path)
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        if data is None:
            self.send_error(404)
            return
        first, status = 0, 200
        total = len(data)
        if self.ranges and wanted:
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, status = int(start), 206
            data = data[first : int(end) + 1 if end else None]
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(data) - 1}/{total}")
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[True, False], ids=["parts", "no parts"])
def web(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, bytes], list[str | None]]]:
    """A web server that gives parts of files, or none: its address, its files, and the parts that it was asked for."""
    if request.param:
        pytest.importorskip("upath")
        pytest.importorskip("aiohttp")
    files: dict[str, bytes] = {}
    asked: list[str | None] = []
    handler = type("Web", (_Web,), {"files": files, "ranges": request.param, "asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}", files, asked
        served.shutdown()
        thread.join()


def test_a_file_of_a_web_server(web: tuple[str, dict[str, bytes], list[str | None]], tmp_path: Path) -> None:
    address, files, asked = web
    files["/data.jsonl"] = rows(0, 3000)
    output = str(tmp_path / "out.jsonl")
    summary = convert(Request(inputs=[f"{address}/data.jsonl"], output=output, chunk_bytes=50_000, workers=1))
    found = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert found == list(range(3000))
    assert summary.sources[0].file == f"{address}/data.jsonl"
    assert asked == ["bytes=0-0"] or len(asked) > 5


def test_web_servers_without_the_file(web: tuple[str, dict[str, bytes], list[str | None]], tmp_path: Path) -> None:
    address, files, _ = web
    with pytest.raises(InputError, match=r"none\.jsonl: no such file"):
        reachable(f"{address}/none.jsonl", tmp_path)
    files["/weird name?.jsonl"] = b""
    with pytest.raises(InputError, match="the server cannot be reached"):
        reachable("http://127.0.0.1:9/data.jsonl", tmp_path)
