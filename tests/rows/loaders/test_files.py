"""Loaders of files: JSON, CSV, IOB, archives; what stands in for remote ones; rows that cannot be read."""

from __future__ import annotations

import gzip
import http.server
import json
import math
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regrade.access import Access
from regrade.artifacts import ArtifactError, build
from regrade.errors import InputError
from regrade.rows.loaders import Loader, Loading


@pytest.fixture(autouse=True)
def _below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(data: dict[str, Any], loading: Loading | None = None, *, policy: bool = False) -> dict[str, list[Any]]:
    """The rows by stream, without the field that every loader adds."""
    streams = build(data, Loader).load(loading or Loading(access=Access.of_user(hosts=["127.0.0.1"])))
    rows = {name: list(stream) for name, stream in streams.items()}
    assert rows == {name: list(stream) for name, stream in streams.items()}, "a stream can be read again"
    if not policy:
        rows = {
            name: [{k: v for k, v in row.items() if k != "data_classification_policy"} for row in stream]
            for name, stream in rows.items()
        }
    return rows


# -- CSV --------------------------------------------------------------------------------------------------------------


def test_columns_of_csv_have_types(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'n,x,yes,text,code,mixed,gaps\n1,1.5,True,"a, b",007,1,\n-2,2e3,False,NA,010,b,5\n', "utf-8"
    )
    found = loaded({"__type__": "load_csv", "files": {"test": str(tmp_path / "a.csv")}})
    assert found == {
        "test": [
            {"n": 1, "x": 1.5, "yes": True, "text": "a, b", "code": "007", "mixed": "1", "gaps": None},
            {"n": -2, "x": 2000.0, "yes": False, "text": "NA", "code": "010", "mixed": "b", "gaps": 5},
        ]
    }
    assert [type(value) for value in found["test"][0].values()] == [int, float, bool, str, str, str, type(None)]


def test_missing_values_are_nan_where_it_is_to_be_as_in_unitxt(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,text\n1,None\n,x\n", "utf-8")
    data = {"__type__": "load_csv", "files": {"test": str(tmp_path / "a.csv")}}
    first, second = build(data, Loader).load(Loading(nan_for_missing=True))["test"]
    assert first["n"] == 1.0
    assert type(first["n"]) is float
    assert math.isnan(first["text"])
    assert math.isnan(second["n"])
    assert loaded(data)["test"] == [{"n": 1, "text": "None"}, {"n": None, "text": "x"}]


def test_tabs_and_columns_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("1\tone\n2\ttwo\n", "utf-8")
    data = {"__type__": "load_csv", "files": {"x": str(tmp_path / "a.tsv")}, "sep": "\t", "column_names": ["n", "word"]}
    assert loaded(data) == {"x": [{"n": 1, "word": "one"}, {"n": 2, "word": "two"}]}


def test_rows_that_cannot_be_read_are_put_aside_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3\n4,5\n", "utf-8")
    data = {"__type__": "load_csv", "files": {"test": str(path)}}
    loading = Loading()
    assert loaded(data, loading)["test"] == [{"a": 1, "b": 2}, {"a": 4, "b": 5}]
    assert [(bad.file, bad.line, bad.reason) for bad in loading.malformed] == [
        (str(path), 3, "1 fields where the header names 2 columns")
    ]
    with pytest.raises(InputError, match=r"a\.csv:3: 1 fields where the header names 2"):
        loaded(data, Loading(strict=True))


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_a_json_document(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"a": 1}, {"b": "2"}]))
    (tmp_path / "b.json").write_text(json.dumps({"x": {"rows": [{"a": 1}]}}))
    (tmp_path / "c.json").write_text(json.dumps({"a": {"b": 1}}))
    (tmp_path / "d.json").write_text('{"x": [1]}')

    def rows(name: str, **more: Any) -> list[Any]:
        return loaded({"__type__": "load_json_file", "files": {"test": str(tmp_path / name)}, **more})["test"]

    assert rows("a.json") == [{"a": 1, "b": None}, {"a": None, "b": "2"}]
    assert rows("b.json", data_field="x/rows") == [{"a": 1}]
    assert rows("c.json") == [{"a": {"b": 1}}]
    with pytest.raises(InputError, match="holds no list of objects at 'x'"):
        rows("d.json", data_field="x")
    with pytest.raises(InputError, match="'y' leads nowhere"):
        rows("d.json", data_field="y")


def test_json_lines_keep_their_values_and_have_all_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"id": "007", "date": "2020-01-01"}\n[1]\n\n{"id": "8", "score": 9}\n'))
    loading = Loading()
    data = {"__type__": "load_json_file", "files": {"test": str(path)}, "lines": True}
    assert loaded(data, loading)["test"] == [
        {"id": "007", "date": "2020-01-01", "score": None},
        {"id": "8", "date": None, "score": 9},
    ]
    assert [(bad.line, bad.reason) for bad in loading.malformed] == [(2, "expected a JSON object, found an array")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"__type__": "load_json_file", "files": {}}, "names no file"),
        ({"__type__": "load_json_file", "files": {"a": "b"}, "lines": True, "data_field": "x"}, "one document"),
        ({"__type__": "load_csv", "files": {"a": "b"}, "sep": "||"}, "one character"),
        ({"__type__": "load_csv", "files": ["a"]}, "object"),
        ({"__type__": "load_from_dictionary", "data": {"test": []}}, "has no rows"),
        ({"__type__": "load_from_dictionary", "data": {"test": [{"a": 1}, {"b": 1}]}}, "same fields: a, b"),
        ({"__type__": "load_iob", "files": {"a": "b"}, "column_names": ["token"]}, "'token' and 'tag'"),
        ({"__type__": "load_from_sklearn", "dataset_name": "iris"}, "no text data set"),
        ({"__type__": "load_hf", "path": "a/b", "split": "train[1"}, "is no split"),
    ],
)
def test_wrong_arguments(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        build(data, Loader)


# -- places -----------------------------------------------------------------------------------------------------------


def test_paths_are_relative_to_the_card(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "rows.jsonl").write_text('{"a": 1}\n')
    data = {"__type__": "load_json_file", "files": {"test": "rows.jsonl"}, "lines": True}
    assert loaded(data, Loading(folder=tmp_path / "cards"))["test"] == [{"a": 1}]
    with pytest.raises(InputError, match=r"rows\.jsonl: no such file"):
        loaded(data)


@pytest.mark.parametrize("name", ["v1/data/dev.json", "data/dev.json", "dev.json", "validation.jsonl"])
def test_local_files_stand_in_for_remote_ones(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"a": 1}\n' if name.endswith("jsonl") else '[{"a": 1}]')
    data = {"__type__": "load_json_file", "files": {"validation": "https://127.0.0.1:9/v1/data/dev.json"}}
    assert loaded(data, Loading(tmp_path)) == {"validation": [{"a": 1}]}
    with pytest.raises(InputError, match="no file stands in for"):
        loaded({**data, "files": {"test": "https://127.0.0.1:9/x.json"}}, Loading(tmp_path))


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """A web server: its address, its files, what it was asked for; and an empty cache."""
    served: dict[str, bytes] = {}
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = served.get(self.path)
            self.send_response(200 if data is not None else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("REGRADE_CACHE", str(tmp_path / "cache"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", served, asked
        server.shutdown()
        thread.join()


def test_urls_are_fetched_once(web: tuple[str, dict[str, bytes], list[str]], tmp_path: Path) -> None:
    address, served, asked = web
    served["/rows.jsonl"] = b'{"a": 1}\n'
    data = {"__type__": "load_json_file", "files": {"test": f"{address}/rows.jsonl"}, "lines": True}
    assert loaded(data) == loaded(data) == {"test": [{"a": 1}]}
    assert asked == ["/rows.jsonl"]
    with pytest.raises(InputError, match="no such file"):
        loaded({**data, "files": {"test": f"{address}/none.jsonl"}})
    with pytest.raises(InputError, match=r"the server cannot be reached .*, and the file was not fetched before"):
        loaded({**data, "files": {"test": "http://127.0.0.1:9/rows.jsonl"}})
    assert not list((tmp_path / "cache").rglob("*.tmp"))


def test_the_file_in_an_archive(web: tuple[str, dict[str, bytes], list[str]], tmp_path: Path) -> None:
    address, served, _ = web
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("folder/rows.jsonl", '{"a": 1}\n')
    served["/one.zip"] = (tmp_path / "one.zip").read_bytes()
    data = {"__type__": "load_json_file", "files": {"t": f"{address}/one.zip"}, "lines": True, "compression": "zip"}
    assert loaded(data) == {"t": [{"a": 1}]}
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.jsonl", "")
        archive.writestr("b.jsonl", "")
    with pytest.raises(InputError, match="holds 2 files; one is wanted"):
        loaded({**data, "files": {"t": str(tmp_path / "two.zip")}})


# -- tagged sentences --------------------------------------------------------------------------------------------------

IOB = """\
# sent_id = first
# text = Rome is big.
1\tRome\tB-LOC\t-\tme
2\tis\tO\t-\tme
3\tbig\tB-O\tx\tme
4\t.\tI-OTH\t_\t_

1\tYes\tO\t-
2\t!\tO\t-
"""


def test_tagged_sentences(tmp_path: Path) -> None:
    (tmp_path / "a.iob2").write_text(IOB)
    data = {"__type__": "load_iob", "files": {"test": str(tmp_path / "a.iob2")}}
    assert loaded(data)["test"] == [
        {
            "idx": "first",
            "text": "Rome is big.",
            "tokens": ["Rome", "is", "big", "."],
            "ner_tags": ["B-LOC", "O", "O", "O"],
            "annotator": ["me", "me", "me", ""],
        },
        {"idx": "1", "text": "Yes !", "tokens": ["Yes", "!"], "ner_tags": ["O", "O"], "annotator": ["", ""]},
    ]
    assert loaded({**data, "fix_tags": False})["test"][0]["ner_tags"] == ["B-LOC", "O", "B-O", "I-OTH"]


def test_a_sentence_with_too_few_columns_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "a.iob2").write_text("1\ta\tO\n2\tb\n\n1\tc\tO\n")
    loading = Loading()
    data = {"__type__": "load_iob", "files": {"test": str(tmp_path / "a.iob2")}}
    assert [row["tokens"] for row in loaded(data, loading)["test"]] == [["c"]]
    assert [(bad.line, bad.reason) for bad in loading.malformed] == [(2, "2 columns, 3 are wanted")]


# -- rows in the card; several loaders ---------------------------------------------------------------------------------


def test_limits_and_policies() -> None:
    rows = {"train": [{"n": n} for n in range(5)], "test": [{"n": 9}]}
    data = {"__type__": "load_from_dictionary", "data": rows}
    assert loaded({**data, "loader_limit": 3})["train"] == rows["train"][:3]
    assert loaded({**data, "loader_limit": 3}, Loading(limit=2))["train"] == rows["train"][:2]
    assert loaded(data, policy=True)["test"] == [{"n": 9, "data_classification_policy": ["proprietary"]}]
    public = {**data, "data_classification_policy": ["public"]}
    both = {"__type__": "multiple_source_loader", "sources": [data, public]}
    assert [row["data_classification_policy"] for row in loaded(both, policy=True)["test"]] == [
        ["proprietary"],
        ["public"],
    ]
    both["data_classification_policy"] = ["pii"]
    assert (
        loaded({**both, "loader_limit": 1}, policy=True)["train"]
        == [{"n": 0, "data_classification_policy": ["pii"]}] * 2
    )
