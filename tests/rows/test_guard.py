"""Whatever data raises costs its row or its file, and an id is a number or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regrade.errors import InputError, RegradeError
from regrade.files.chunk import Chunk
from regrade.files.guard import reading, reading_parquet, reason_of
from regrade.rows.guard import each_record, open_sources, read_records
from regrade.rows.source import Reader, Run, Source
from regrade.schema import Malformed, Record


class _Reader(Reader):
    """Gives what it was made with; an exception among it is raised."""

    title = "for this test"

    def __init__(self, *items: Any) -> None:
        self.items = items

    def records(self, source: Source, chunk: Chunk) -> Iterator[Record | Malformed]:
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            yield item


SOURCE = Source(reader="table", path="t.jsonl", task="t", run=Run("r"))


def read(*items: Any) -> list[Record | Malformed]:
    return list(read_records(SOURCE, Chunk("t.jsonl"), _Reader(*items)))


@pytest.mark.parametrize("sample_id", [["a"], {"a": 1}, None, True and (1, 2), float("nan"), float("inf")])
def test_an_id_that_is_no_number_and_no_text_makes_its_row_malformed(sample_id: Any) -> None:
    good = Record("a", 1, [["x"]])
    found = read(good, Record(sample_id, 2, [["x"]]), Record(3, 3, [["x"]]))
    assert found[0] is good
    assert isinstance(found[1], Malformed)
    assert (found[1].file, found[1].line) == ("t.jsonl", 2)
    assert "an id is a number or a text" in found[1].reason
    assert isinstance(found[2], Record)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (MemoryError(), "too large for this machine's memory"),
        (KeyError("resps"), "'resps' is not there"),
        (TypeError("unhashable type: 'list'"), "unexpected content: unhashable type: 'list'"),
        (OverflowError("int too large"), "int too large"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), "half of a surrogate pair, which is no text"),
        (ZeroDivisionError(), "a number that cannot be computed with"),
        (ValueError("first\nsecond"), "first"),
    ],
)
def test_a_reader_that_fails_is_malformed_at_its_place_and_what_came_before_stays(
    error: Exception, reason: str
) -> None:
    found = read(Record("a", 4, [["x"]]), error, Record("b", 6, [["x"]]))
    assert isinstance(found[0], Record)
    assert found[1:] == [Malformed("t.jsonl", 5, f"{reason}; nothing after this place can be read")]
    assert reason_of(error) == reason


def test_what_a_reader_says_of_a_file_is_passed_on() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        read(InputError("cannot be opened", where="t.jsonl"))


def test_each_row_has_its_own_guard() -> None:
    def make(line: int, row: Any) -> Record | None:
        return None if row == "left out" else Record(row["id"], line, [["x"]])

    rows: list[Any] = [(1, {"id": "a"}), (2, {}), (3, 7), Malformed("f", 4, "no"), (5, "left out"), (6, {"id": "b"})]
    found = list(each_record("f", rows, make))
    assert [(type(one).__name__, one.line) for one in found] == [
        ("Record", 1),
        ("Malformed", 2),
        ("Malformed", 3),
        ("Malformed", 4),
        ("Record", 6),
    ]


def test_a_file_guard_names_the_file_and_keeps_errors_of_ours() -> None:
    with pytest.raises(InputError, match=r"^a\.json: cannot be read: nested too deeply$"), reading("a.json"):
        raise RecursionError
    mine = RegradeError("mine", where="b")
    with pytest.raises(RegradeError) as raised, reading("a.json"):
        raise mine
    assert raised.value is mine
    with pytest.raises(InputError, match="damaged or cut off"), reading_parquet("a.parquet"):
        raise OSError("Couldn't deserialize thrift: TProtocolException: Invalid data")


def test_what_a_file_says_of_its_run_and_is_no_text_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(
        '{"status": "success", "eval": {"task": "t", "model": ["m"], "created": 7}, "version": 2, "samples": ['
        '{"id": 1, "epoch": 1, "input": "q", "target": "a", "output": {"completion": "a"}}]}'
    )
    [source] = open_sources("inspect", path, {})
    assert (source.run.model, source.run.date) == (None, None)
    assert isinstance(source.run.name, str)


def test_a_damaged_samples_file_is_named(tmp_path: Path, cli: Callable[..., Any]) -> None:
    import json

    (tmp_path / "run.json").write_text(
        json.dumps({"name": "r", "created": "2025", "recipe": {"dialect": "card"}}, indent=2)
    )
    (tmp_path / "answers.jsonl").write_text('{"sample_id": "a", "text": "x"}\n')
    (tmp_path / "samples.parquet").write_bytes(b"PAR1" + b"\0" * 50 + b"PAR1")
    ran = cli("score", tmp_path)
    assert ran.code == 1
    assert "samples.parquet: is damaged or cut off" in ran.err


def test_a_blank_row_is_passed_over_and_what_follows_is_read(tmp_path: Path) -> None:
    import regrade

    path = tmp_path / "t.jsonl"
    path.write_text('{"answer":"a","expected":"a"}\n{"answer":"","expected":""}\n{"answer":"b","expected":"a"}\n')
    scores = regrade.score(path)
    assert [(r.value, r.n) for r in scores.results] == [(0.5, 2)]
    assert scores.exit_code == 0
