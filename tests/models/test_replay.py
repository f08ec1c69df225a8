"""Answers that exist already."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from tests.models.asking import answers, chat

from regrade.errors import InputError
from regrade.models.replay import Replay


def written(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_answers_are_found_by_id_and_repeat(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"id": id_, "answer": said} for id_, said in (("s1", "b"), ("s0", "a"), ("s0", "c"))
    ]
    model = Replay(written(tmp_path / "answers.jsonl", rows))
    asked = [*chat("x", "y", "z"), msgspec.structs.replace(chat("x")[0], repeat=1)]
    got = {(answer.sample_id, answer.repeat): answer.text for answer in answers(model, asked)}
    assert got == {("s0", 0): "a", ("s0", 1): "c", ("s1", 0): "b", ("s2", 0): None}


def test_a_runs_folder_is_its_journal(tmp_path: Path) -> None:
    """Rows of a journal come in no order, leave out a repeat of 0, and some of them failed."""
    rows: list[dict[str, object]] = [
        {"sample_id": "s0", "repeat": 1, "text": "second", "request_hash": "aa"},
        {"sample_id": "s0", "error": {"kind": "server", "message": "no"}, "request_hash": "ab"},
        {"sample_id": "s0", "text": "first", "request_hash": "ab"},
    ]
    written(tmp_path / "answers.jsonl", rows)
    asked = [*chat("x"), msgspec.structs.replace(chat("x")[0], repeat=1)]
    assert [answer.text for answer in answers(Replay(str(tmp_path)), asked)] == ["first", "second"]


def test_a_file_without_answers_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the row has no answer"):
        Replay(written(tmp_path / "answers.jsonl", [{"id": "1"}])).check_ready()
