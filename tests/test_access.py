"""What data may reach: files, hosts, environment variables, functions; and that every reach asks."""

from __future__ import annotations

import http.server
import json
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import regrade
from regrade.access import Access, AccessDenied
from regrade.artifacts.reaching import Reaching
from regrade.errors import InputError
from regrade.files import downloads
from regrade.rows.loaders import Loading
from regrade.rows.loaders.files import find_file

TASK = {
    "__type__": "task",
    "input_fields": {"question": "str"},
    "reference_fields": {"answer": "str"},
    "prediction_type": "str",
    "metrics": ["metrics.accuracy"],
}
TEMPLATE = {"__type__": "input_output_template", "input_format": "{question}", "output_format": "{answer}"}


def card(loader: dict[str, object], steps: list[object] | None = None) -> dict[str, object]:
    about = {"loader": loader, "preprocess_steps": steps or [], "task": TASK, "templates": [TEMPLATE]}
    return {"__type__": "task_card", **about}


def csv(path: str) -> dict[str, object]:
    return {"__type__": "load_csv", "files": {"test": path}}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a card's folder in it, and files in both, above, and elsewhere."""
    work = tmp_path / "work"
    for folder in ("work/got/sub", "work/given", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    for file in (
        "work/got/own.csv",
        "work/got/sub/own.csv",
        "work/here.csv",
        "work/given/given.csv",
        "elsewhere/x.csv",
    ):
        (tmp_path / file).write_text(f"question,answer\nwhere,{Path(file).name}\n")
    monkeypatch.chdir(work)
    return tmp_path


def answers(places: Path, loader: dict[str, object], **options: object) -> list[str]:
    file = places / "work" / "got" / "card.json"
    file.write_text(json.dumps(card(loader)))
    return [sample.references[0] for sample in regrade.load_card(file, **options).samples()]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["own.csv", "sub/own.csv", "./sub/../own.csv", "here.csv", "given/given.csv"])
def test_a_card_names_files_of_its_own_and_of_the_working_folder(places: Path, name: str) -> None:
    assert answers(places, csv(name)) == [Path(name).name]


@pytest.mark.parametrize("name", ["../here.csv", "../../elsewhere/x.csv", "{top}/elsewhere/x.csv", "/etc/passwd"])
def test_a_card_names_no_file_elsewhere(places: Path, name: str) -> None:
    named = name.format(top=places)
    with pytest.raises(AccessDenied, match="--allow-path"):
        answers(places, csv(named))
    with pytest.raises(AccessDenied):  # whether it exists is not told
        answers(places, csv(named + ".none"))


def test_what_the_user_names_is_allowed(places: Path) -> None:
    away = str(places / "elsewhere" / "x.csv")
    assert answers(places, csv(away), allow_paths=[places / "elsewhere"]) == ["x.csv"]
    assert answers(places, csv(f"file://{away}"), allow_paths=[places / "elsewhere"]) == ["x.csv"]
    assert answers(places, csv("x.csv"), data=places / "elsewhere") == ["x.csv"]
    with pytest.raises(AccessDenied):
        answers(places, csv(f"file://{away}"))
    with pytest.raises(AccessDenied):  # an access given whole is not added to
        answers(places, csv("own.csv"), access=Access())
    with pytest.raises((AccessDenied, InputError)):  # nor is --data left by climbing
        answers(places, csv("../elsewhere/x.csv"), data=places / "work" / "given")


@pytest.mark.parametrize("folder", ["own", "data"])
def test_a_link_leads_nowhere_else(places: Path, folder: str) -> None:
    (places / "work" / "got" / "test.csv").symlink_to(places / "elsewhere" / "x.csv")
    options = {"data": places / "work" / "got"} if folder == "data" else {}
    with pytest.raises(AccessDenied, match="--allow-path"):
        answers(places, csv("test.csv"), **options)
    loader = {
        "__type__": "load_hf",
        "path": str(places / "work" / "got") if folder == "own" else "org/set",
        "splits": ["test"],
    }
    with pytest.raises(AccessDenied):
        answers(places, loader, **options)


def test_the_cache_of_the_hub_is_made_of_links(places: Path) -> None:
    blobs, snapshot = places / "hub" / "blobs", places / "hub" / "snapshots" / "abc"
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / "1f").write_text("question,answer\nq,cached\n")
    (snapshot / "test.csv").symlink_to(blobs / "1f")
    assert answers(places, csv("test.csv"), data=snapshot) == ["cached"]


def test_rows_name_files_too(places: Path) -> None:
    rows = {"__type__": "load_from_dictionary", "data": {"test": [{"question": "/etc/hostname", "answer": "a"}]}}
    reading = regrade.load_card(card(rows, [{"__type__": "read_file", "field": "question"}]))
    with pytest.raises(AccessDenied, match="--allow-path /etc"):
        list(reading.samples())
    serializer = {"__type__": "sql_database_as_schema_serializer"}
    given = {"__type__": "multi_type_serializer", "serializers": [serializer]}
    database = {"db_type": "local", "db_id": str(places / "elsewhere" / "x.csv"), "dbms": "sqlite", "data": None}
    asking = {
        **card({**rows, "data": {"test": [{"question": database, "answer": "a"}]}}),
        "task": {**TASK, "input_fields": {"question": "SQLDatabase"}},
        "templates": [{**TEMPLATE, "serializer": given}],
    }
    with pytest.raises(AccessDenied, match=r"x\.csv"):
        list(regrade.load_card(asking).samples())


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_SECRET", "s3cret")
    monkeypatch.setenv("HF_TOKEN", "hf_abc")
    access = Access.of_user()
    assert access.env("HF_TOKEN") == "hf_abc"
    with pytest.raises(AccessDenied, match=r"CLOUD_SECRET.*\n.*--allow-env CLOUD_SECRET"):
        access.env("CLOUD_SECRET")
    assert Access.of_user(env=["CLOUD_SECRET"]).env("CLOUD_SECRET") == "s3cret"
    with pytest.raises(AccessDenied):
        Access().env("HF_TOKEN")


def test_a_card_sends_the_hub_no_variable_but_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_SECRET", "s3cret")
    loader = {
        "__type__": "load_from_hf_space", "space_name": "a/b", "data_files": {"test": "a.json"},
        "token_env": "CLOUD_SECRET",
    }  # fmt: skip
    with pytest.raises(AccessDenied, match="CLOUD_SECRET"):
        list(regrade.load_card(card(loader)).samples())


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/x", "http://localhost:8000/x", "http://10.1.2.3/x", "http://192.168.0.1/", "http://[::1]/"),
        *("http://169.254.169.254/latest", "http://metadata.google.internal/", "http://2130706433/", "http://0x7f.1/"),
        *("http://[::ffff:127.0.0.1]/", "http://printer.local/", "http://server/", "http://127.1/", "ftp://x.org/a"),
        *("s3://bucket/key", "gs://bucket/key", "github://o:r@/x", "simplecache::file:///etc/passwd", "http://[/"),
    ],
)
def test_hosts_that_data_may_not_name(url: str) -> None:
    with pytest.raises(AccessDenied):
        Access.of_user().url(url)


def test_hosts_that_data_may_name() -> None:
    for url in ("https://example.org/a", "http://8.8.8.8/", "https://raw.example.com:8443/x"):
        assert Access.of_user().url(url) == url
        with pytest.raises(AccessDenied):
            Access().url(url)
    allowed = Access.of_user(hosts=["127.0.0.1:8000", "Localhost", "s3://bucket"])
    for url in ("http://127.0.0.1:8000/x", "http://localhost:1/x", "s3://bucket/key"):
        assert allowed.url(url) == url
    for url in ("http://127.0.0.1:8001/x", "s3://other/key"):
        with pytest.raises(AccessDenied):
            allowed.url(url)


def test_loose_functions() -> None:
    file = Path("utils.py")
    assert Access.of_user().function(file, packaged=True) == file
    assert Access.of_user(trust_code=True).function(file, packaged=False) == file
    with pytest.raises(AccessDenied, match="--trust-code"):
        Access.of_user().function(file, packaged=False, name="f")


def test_workers_get_the_same() -> None:
    access = Access.of_user("a", env=["X"], hosts=["h"])
    assert pickle.loads(pickle.dumps(access)) == access
    with pytest.raises(AttributeError):
        access.public_hosts = False  # type: ignore[misc]
    error = pickle.loads(pickle.dumps(AccessDenied("w", where="x", hint="h")))
    assert isinstance(error, AccessDenied)


@pytest.fixture
def two_servers() -> Iterator[tuple[str, str, list[tuple[str, str | None]]]]:
    """A server that sends on to another one: their addresses, and what both were asked, with which authorization."""
    asked: list[tuple[str, str | None]] = []
    ports: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            if self.path.startswith("/away"):
                self.send_response(302)
                self.send_header("Location", f"http://localhost:{ports[1]}/there.csv")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"question,answer\nq,away\n")

        def log_message(self, *_: object) -> None:
            pass

    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    ports += [server.server_port for server in servers]
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    yield f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}", asked
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def test_redirects_are_asked_about(
    two_servers: tuple[str, str, list[tuple[str, str | None]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, asked = two_servers
    monkeypatch.setenv("REGRADE_CACHE", str(tmp_path))
    with pytest.raises(AccessDenied, match="localhost"):
        find_file(f"{first}/away.csv", "test", Loading(access=Access.of_user(hosts=["127.0.0.1"])))
    assert [path for path, _ in asked] == ["/away.csv"]
    both = Access.of_user(hosts=["127.0.0.1", "localhost"])
    assert find_file(f"{first}/away.csv", "test", Loading(access=both)).read_text().endswith("q,away\n")


def test_the_address_that_a_name_stands_for_is_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stands_for(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setenv("REGRADE_CACHE", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads.socket, "getaddrinfo", stands_for)
    for scheme in ("http", "https"):
        with pytest.raises(AccessDenied, match=r"rebound\.example\.org \(127\.0\.0\.1\)"):
            downloads.fetch_url(f"{scheme}://rebound.example.org/a.csv", Access.of_user())


def test_a_task_includes_files_of_its_own_and_of_the_working_folder(places: Path) -> None:
    from regrade.lm_eval.named import load_tasks

    for folder in ("work", "work/got", "elsewhere"):
        (places / folder / "base.yaml").write_text("doc_to_target: '{{answer}}'\n")
    task = places / "work" / "got" / "task.yaml"

    def include(name: str, **options: Access) -> object:
        task.write_text(f"task: t\ninclude: {name}\n")
        return load_tasks(str(task), **options)["t"].doc_to_target

    for name in ("base.yaml", "../base.yaml"):
        assert include(name) == "{{answer}}"
    with pytest.raises(AccessDenied, match="--allow-path"):
        include("../../elsewhere/base.yaml")
    away = places / "work" / "got" / "link.yaml"
    away.symlink_to(places / "elsewhere" / "base.yaml")
    with pytest.raises(AccessDenied):
        include("link.yaml")
    assert include("link.yaml", access=Access.of_user(places / "elsewhere")) == "{{answer}}"


@pytest.mark.parametrize(
    "settings",
    [{"dataset_path": "csv", "dataset_kwargs": {"data_files": {"test": "{away}"}}}, {"dataset_path": "{folder}"}],
)
def test_a_task_names_no_documents_elsewhere(places: Path, settings: dict[str, object]) -> None:
    from regrade.lm_eval.prepare import prepare_task

    text = (
        json.dumps(settings)
        .replace("{away}", str(places / "elsewhere/x.csv"))
        .replace("{folder}", str(places / "elsewhere"))
    )
    task = places / "work" / "got" / "task.yaml"
    about = {"task": "t", "test_split": "test", "doc_to_text": "{{question}}", "doc_to_target": "{{answer}}"}
    task.write_text(json.dumps({**about, **json.loads(text)}))
    (places / "elsewhere" / "test.csv").write_text("question,answer\nq,a\n")
    with pytest.raises(AccessDenied, match="--allow-path"):
        list(prepare_task(str(task)).samples)
    assert list(prepare_task(str(task), access=Access.of_user(places / "elsewhere")).samples)


# -- every reach asks --------------------------------------------------------------------------------------------------

#: Modules that open what the user named, what this program wrote, or what is part of an installed package, and modules
#: that ask before they reach. Whoever adds one says why.
_MAY_REACH = """
access atomic extras memory_limit registry: the foundations
plugin_files: a Python file that the user named
testing/*: files of a plugin's author, in a test
models/*: servers, keys and stored answers that the user names
asking/* store/*: what this program wrote
files/reading files/location files/hub files/tables files/zip_members: files and stores that the user named
files/downloads: asks
rows/readers/* rows/lm_eval_results rows/discover: logs and tables that the user named
chat/convert/* chat/mapping chat/arrow_columns: conversion of files that the user named
artifacts/* lm_eval/filter_file: catalogs, cards and filters that the user named
lm_eval/task_yaml lm_eval/index lm_eval/adopt: tasks that the user named; includes ask
lm_eval/functions lm_eval/inspection: which functions may run is asked; sources are read to tell
rows/loaders/files cards/operators/fields/reading cards/prompting/shape_serializers: they ask
cards/operators/streams/matching cards/operators/images/pixels: temporary files of its own; images within rows
judging/length_controlled metrics/*: tables of its own, of the user, or of packages
api/examples api/load_scores api/runs cli/* reports/* engine/*: doors
"""
_REACHES = {
    "open",
    "read_text",
    "read_bytes",
    "urlopen",
    "getenv",
    "memory_map",
    "OSFile",
    "HfApi",
    "connect",
    "fetch_url",
}


def reaches(source: str) -> list[str]:
    """The calls in a module by which it reaches for files, hosts or variables."""
    import ast

    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr == "environ":
            found.append(f"line {node.lineno}: os.environ")
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in _REACHES:
                found.append(f"line {node.lineno}: {name}")
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [getattr(node, "module", "") or "", *(alias.name for alias in node.names)]
            found += [
                f"line {node.lineno}: {name}"
                for name in names
                if name in ("fsspec", "huggingface_hub", "urllib.request")
            ]
    return found


def test_nothing_else_reaches() -> None:
    from fnmatch import fnmatch

    root = Path(regrade.__file__).parent
    allowed = " ".join(line.partition(":")[0] for line in _MAY_REACH.splitlines()).split()
    wrong = {}
    met = set()
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).with_suffix("").as_posix()
        pattern = next((pattern for pattern in allowed if fnmatch(name, pattern)), None)
        if calls := reaches(path.read_text("utf-8")):
            met.add(pattern)
            if pattern is None:
                wrong[name] = calls
    assert wrong == {}, "ask an Access, or say in _MAY_REACH why not"
    assert reaches("import os\nfrom pathlib import Path\nPath('x').read_text(); os.environ['A']") != []


def test_a_folder_of_a_model_is_asked_about(places: Path) -> None:
    pytest.importorskip("transformers")
    rows = {"__type__": "load_from_dictionary", "data": {"test": [{"question": "q", "answer": "a"}]}}
    step = {"__type__": "tokens_split", "field": "question", "model": str(places / "elsewhere")}
    with pytest.raises(AccessDenied, match="--allow-path"):
        list(regrade.load_card(card(rows, [step])).samples())
    with pytest.raises(AccessDenied, match="--allow-path"):
        Reaching().named_model(str(places / "elsewhere"))
    assert Reaching().named_model("org/model") == "org/model"


def test_the_token_goes_to_the_hub_and_to_no_other_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: the hub's package reads its settings when it is imported."""
    pytest.importorskip("huggingface_hub")
    done = subprocess.run([sys.executable, "-c", _HUB], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    asked = json.loads(done.stdout.splitlines()[-1])
    assert asked["targets"] == ["a"]
    assert "Bearer hf_secret" in asked["hub"]
    assert asked["other"] == [None]


_HUB = """
import http.server, json, os, threading

asked = {"hub": [], "other": []}
commit = "0" * 40

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        hub = self.server is servers[0]
        asked["hub" if hub else "other"].append(self.headers.get("Authorization"))
        body, status = b'{"question": "q", "answer": "a"}\\n', 200
        if "/tree/" in self.path:
            body = json.dumps([{"type": "file", "path": "a.jsonl", "size": 10, "oid": "1"}]).encode()
        elif "/api/" in self.path:
            siblings = [{"rfilename": "a.jsonl"}]
            body = json.dumps({"id": "a/b", "sha": commit, "siblings": siblings, "private": False, "tags": []}).encode()
        elif hub:
            body, status = b"", 302
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://localhost:{servers[1].server_port}/blob")
            self.send_header("X-Repo-Commit", commit)
            self.send_header("X-Linked-Etag", '"abc"')
            self.send_header("X-Linked-Size", "33")
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass

servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
for server in servers:
    threading.Thread(target=server.serve_forever, daemon=True).start()
for name in list(os.environ):
    if "proxy" in name.lower() or name.startswith("HF_"):
        del os.environ[name]
os.environ |= {"HF_ENDPOINT": f"http://127.0.0.1:{servers[0].server_port}", "HF_TOKEN": "hf_secret"}
os.environ |= {"HF_HUB_CACHE": os.path.join(os.getcwd(), "cache"), "HF_HUB_DISABLE_XET": "1"}

import regrade

task = {"__type__": "task", "input_fields": ["question"], "reference_fields": ["answer"], "metrics": []}
loader = {"__type__": "load_from_hf_space", "space_name": "a/b", "data_files": {"test": ["a.jsonl"]}}
loader["token_env"] = "HF_TOKEN"
template = {"__type__": "input_output_template", "input_format": "{question}", "output_format": "{answer}"}
card = regrade.load_card({"__type__": "task_card", "loader": loader, "task": task, "templates": [template]})
print(json.dumps({"targets": [sample.target for sample in card.samples()], **asked}))
"""
