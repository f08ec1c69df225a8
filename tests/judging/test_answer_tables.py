"""Answers in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.errors import InputError
from regrade.judging.answer_tables import Questions, conversations_of_table


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_plain_tables_have_repeats_and_systems(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,model,question,answer,reference,category\n1,x,Q?,A,R,c\n1,x,Q?,B,R,c\n1,y,Q?,C,,c\n")
    found = list(conversations_of_table(path))
    assert [(one.system, one.item, one.repeat, one.answers) for one in found] == [
        ("x", "1", 0, ["A"]),
        ("x", "1", 1, ["B"]),
        ("y", "1", 0, ["C"]),
    ]
    assert (found[0].references, found[2].references, found[0].category) == (["R"], [], "c")
    with pytest.raises(InputError, match="several models"):
        list(conversations_of_table(path, system="both"))


def test_alpaca_evals_outputs(shared_data: Path) -> None:
    found = list(conversations_of_table(shared_data / "alpaca_eval" / "claude-2" / "model_outputs.json"))
    assert len(found) == 805
    assert found[0].system == "claude-2"
    assert found[0].questions[0].startswith("What are the names of some famous actors")


def test_fastchats_answers_need_questions(tmp_path: Path, shared_data: Path) -> None:
    official = shared_data / "mt_bench" / "fastchat_official" / "mt_bench"
    answers = shared_data / "mt_bench" / "stefanstud_phi3" / "model_answer" / "phi-3.jsonl"
    with pytest.raises(InputError, match="without questions"):
        list(conversations_of_table(answers))
    questions = Questions(official / "question.jsonl", official / "reference_answer" / "gpt-4.jsonl")
    found = {one.item: one for one in conversations_of_table(answers, questions=questions)}
    assert len(found) == 80
    assert found["101"].category == "reasoning"
    assert found["101"].reference(1)
    assert found["81"].reference(1) is None
    assert all(len(one.questions) == len(one.answers) == 2 for one in found.values())


def test_what_is_no_table_of_answers_is_told(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", {"id": 1, "said": "x"})
    with pytest.raises(InputError, match="which column holds the answers"):
        list(conversations_of_table(path))
