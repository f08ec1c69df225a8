"""Tables that are not quite tables: what is wrong is said, with the line, and the rest is read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.errors import InputError
from regrade.files import reading as files
from regrade.rows.readers.table import TableReader

COLUMNS = {"answer": "answer", "expected": "expected", "id": "id"}
ROWS = [{"id": f"r{n}", "answer": answer, "expected": "4"} for n, answer in enumerate(["4", "5", "4"])]


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def lines_of(got: Any) -> list[tuple[int, str]]:
    return [(bad.line, bad.reason) for bad in got.malformed]


def test_a_quote_that_is_never_closed_costs_its_row(tmp_path: Path, read: Callable[..., Any]) -> None:
    got = read(
        write(tmp_path / "t.csv", 'id,answer,expected\nr1,4,4\nr2,"5,4\nr3,4,4\nr4,"a\nb",4\nr5,4,4\n'), **COLUMNS
    )
    assert [record.sample_id for record in got.records] == ["r1", "r3", "r4", "r5"]
    assert [line for line, _ in lines_of(got)] == [3]
    assert "a quote opened in line 3" in lines_of(got)[0][1]
    got = read(write(tmp_path / "u.csv", 'id,answer,expected\nr1,4,4\nr2,"a""b",4\nr3,"5,4\n'), **COLUMNS)
    assert [record.sample_id for record in got.records] == ["r1", "r2"]
    assert lines_of(got) == [(4, "a quote opened in line 4 is never closed")]


def test_the_quote_in_the_first_row_is_named_and_not_the_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'id,answer,expected\n1,"four,4\n2,5,5\n3,6,6\n')
    [source] = TableReader().sources(path, dict(COLUMNS))
    assert source.options["delimiter"] == ","
    path = write(tmp_path / "one.csv", 'id,answer,expected\n1,"four,4\n')
    with pytest.raises(InputError, match="a quote opened in line 2 is never closed"):
        TableReader().sources(path, dict(COLUMNS))


def test_as_many_open_quotes_as_rows(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = write(tmp_path / "t.csv", "id,answer,expected\nr1,4,4\n" + 'r2,"5,4\nr3,4,4\n' * 2000)
    got = read(path, **COLUMNS)
    assert len(got.records) == 2001
    assert [line for line, _ in lines_of(got)] == [3 + 2 * n for n in range(2000)]


def test_another_encoding_is_named_and_can_be_said(tmp_path: Path, read: Callable[..., Any], cli: Any) -> None:
    text = "id,answer,expected\nr1,café,café\nr2,4,4\nr3,“no”,naïve\n"
    path = write(tmp_path / "t.csv", text.encode("cp1252"))
    got = read(path, **COLUMNS)
    assert [record.sample_id for record in got.records] == ["r2"]
    assert lines_of(got) == [
        (2, "not valid UTF-8; it looks like cp1252: --encoding cp1252"),
        (4, "not valid UTF-8; it looks like cp1252: --encoding cp1252"),
    ]
    got = read(path, **COLUMNS, encoding="cp1252")
    assert not got.malformed
    assert [record.answers for record in got.records] == [[["café"]], [["4"]], [["“no”"]]]
    ran = cli("score", path, "--metric", "exact_match", "--encoding", "cp1252", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["results"]["t"]["exact_match,none"] == 2 / 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "gb18030", "cp1252"])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.json", "t.csv.gz"])
def test_every_kind_of_text_is_read_in_the_encoding_that_is_said(
    tmp_path: Path, read: Callable[..., Any], name: str, encoding: str
) -> None:
    rows = [{"id": str(n), "answer": answer, "expected": "é"} for n, answer in enumerate(["é", "e", "ü"])]
    if name == "t.json":
        text = json.dumps(rows, ensure_ascii=False)
    elif name == "t.jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        text = "id,answer,expected\n" + "".join(f"{','.join(row.values())}\n" for row in rows)
    data = text.encode(encoding)
    path = write(tmp_path / name, gzip.compress(data) if name.endswith(".gz") else data)
    scores = regrade.score(path, metric="exact_match", encoding=encoding, **COLUMNS)
    assert scores.exit_code == 0
    assert [sample.values for sample in scores.per_sample()] == [{"exact_match": value} for value in (1.0, 0.0, 0.0)]


def test_an_encoding_that_does_not_exist(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,answer,expected\n")
    for name in ("nosuch", "hex", "rot13"):
        with pytest.raises(InputError, match=f"there is no encoding '{name}'"):
            TableReader().sources(path, {**COLUMNS, "encoding": name})
    with pytest.raises(InputError, match="is not encoded in utf-16"):
        TableReader().sources(write(path, b"\xff\xfea"), {**COLUMNS, "encoding": "utf-16"})


def test_what_text_looks_like() -> None:
    assert files.likely_encoding(b"plain") is None
    assert files.likely_encoding("é".encode()) is None
    assert files.likely_encoding("Müller, café".encode("cp1252")) == "cp1252"
    assert files.likely_encoding("abc".encode("utf-16")) == "utf-16"
    assert str(files.likely_encoding("Привет всем".encode("cp1251"))).startswith("cp1251")
    assert files.likely_encoding(b"a\x81b") == "latin-1"


@pytest.mark.parametrize("where", [("rows",), ("data", "rows"), ("a", "b", "c")])
def test_rows_in_a_list_within_an_object(tmp_path: Path, read: Callable[..., Any], where: tuple[str, ...]) -> None:
    document: Any = ROWS
    for name in reversed(where):
        document = {"note": "x", "numbers": [1, 2], "empty": [], name: document}
    got = read(write(tmp_path / "t.json", json.dumps(document, indent=1)), **COLUMNS)
    assert [record.sample_id for record in got.records] == ["r0", "r1", "r2"]
    assert any(f"rows in the list '{'.'.join(where)}'" in note for note in got.source.notes)


def test_several_lists_are_told_apart_by_name(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = write(
        tmp_path / "t.json", json.dumps({"train": [{"id": "x", "answer": 1, "expected": 1}], "test": [*ROWS, 7]})
    )
    with pytest.raises(InputError, match=r"several lists of objects: test, train") as raised:
        TableReader().sources(path, dict(COLUMNS))
    assert "--rows test" in str(raised.value)
    got = read(path, **COLUMNS, rows="test")
    assert [record.sample_id for record in got.records] == ["r0", "r1", "r2"]
    assert lines_of(got) == [(4, "expected a JSON object, found a number")]
    with pytest.raises(InputError, match="no list at 'dev'"):
        TableReader().sources(path, {**COLUMNS, "rows": "dev"})


def test_objects_one_after_the_other_are_rows(tmp_path: Path, read: Callable[..., Any]) -> None:
    path = write(tmp_path / "t.json", "\n".join(json.dumps(row, indent=2) for row in ROWS))
    got = read(path, **COLUMNS)
    assert [(record.sample_id, record.line) for record in got.records] == [("r0", 1), ("r1", 6), ("r2", 11)]


def test_an_object_that_does_not_end_costs_itself(tmp_path: Path, read: Callable[..., Any]) -> None:
    first, second, third = (json.dumps(row, indent=2) for row in ROWS)
    path = write(tmp_path / "t.json", "\n".join((first, second.replace("}", "").rstrip(), third, "}")))
    got = read(path, **COLUMNS)
    assert [(record.sample_id, record.line) for record in got.records] == [("r0", 1), ("r2", 10)]
    assert [line for line, _ in lines_of(got)] == [6, 15]


def test_a_folder_where_a_file_is_expected(tmp_path: Path, cli: Any) -> None:
    (tmp_path / "empty").mkdir()
    path = write(tmp_path / "t.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS))
    ran = cli("score", path, "--docs", tmp_path / "empty", "--join-on", "id")
    assert ran.code == 1
    assert f"{tmp_path / 'empty'}: " in ran.err
