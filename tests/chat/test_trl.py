"""Where TRL's converter gives something usable, ours gives the same with roles mapped (``record_trl.py``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade import to_messages
from regrade.chat.converter import Converter, write
from regrade.chat.message import validate
from regrade.chat.roles import RoleTable

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("trl.json").read_text("utf-8"))
CASES: dict[str, Any] = RECORDED["cases"]


def _with_roles(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    roles = RoleTable()
    return [{**message, "role": roles.role(message["role"])} for message in messages]


@pytest.mark.parametrize("name", CASES)
def test_a_row(name: str) -> None:
    row, theirs = CASES[name]["row"], dict(CASES[name]["converted"])
    ours = Converter().convert(row)
    columns = {}
    for column in list(theirs):
        if column in ("messages", "prompt", "completion", "chosen", "rejected"):
            columns[column] = _with_roles(theirs.pop(column))
    prompt = columns.get("prompt", [])
    if "chosen" in columns:
        assert ours.pop("rejected_messages") == prompt + columns["rejected"]
        expected = prompt + columns["chosen"]
    else:
        expected = columns.get("messages") or prompt + columns.get("completion", [])
    assert ours.pop("messages") == expected
    assert ours == theirs, "the other columns"
    assert validate(expected) is None


@pytest.mark.parametrize("name", [name for name in CASES if {"prompt", "completion"} <= CASES[name]["row"].keys()])
def test_prompt_and_completion_can_be_had_back(name: str) -> None:
    theirs = CASES[name]["converted"]
    mapped = {key: _with_roles(value) if isinstance(value, list) else value for key, value in theirs.items()}
    assert write(Converter().convert(CASES[name]["row"]), "prompt-completion").row == mapped


@pytest.mark.parametrize("name", [name for name in CASES if "chosen" in CASES[name]["row"]])
def test_preferences_are_written_as_trl_takes_them(name: str) -> None:
    theirs = {key: _with_roles(value) for key, value in CASES[name]["converted"].items()}
    ours = write(Converter().convert(CASES[name]["row"]), "preference").row
    if "prompt" in theirs:
        assert ours == theirs
    else:  # TRL takes what both begin with for the prompt
        assert ours == {
            "prompt": theirs["chosen"][:1],
            "chosen": theirs["chosen"][1:],
            "rejected": theirs["rejected"][1:],
        }


@pytest.mark.parametrize("mixture", RECORDED["mixtures"], ids=["sharegpt first", "messages first"])
def test_the_mixture_that_loses_half_of_it(mixture: dict[str, Any]) -> None:
    theirs = [row["messages"] for row in mixture["converted"]]
    assert theirs.count(None) == 2
    ours = [row["messages"] for row in to_messages(mixture["rows"])]
    assert all(mine == other for mine, other in zip(ours, theirs, strict=True) if other is not None)
    assert all(validate(messages) is None for messages in ours)
