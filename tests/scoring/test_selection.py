"""What is said where an expression leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.errors import Exit
from regrade.scoring.selection import NothingSelectedError


@pytest.fixture
def path(logs: Any) -> Path:
    """Four samples with a number, a text and a list."""
    logs.results(n=4)
    rows = logs.rows(["1", "0", "1", "1"])
    for place, row in enumerate(rows):
        row["doc"] |= {"level": place % 2 + 2, "topic": "ab"[place % 2], "tags": ["x"], "meta": {"year": 1990}}
    found: Path = logs.write(rows)
    return found


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("doc.level == '2'", "doc.level holds numbers (2, 3)"),
        ("doc['topic'] == 2", "doc.topic holds texts ('a', 'b')"),
        ("doc.meta.year > 2000", "doc.meta.year holds numbers (1990)"),
        ("doc.tags == 'x'", "doc.tags holds lists"),
        ("sample_id == 99", ""),
    ],
)
def test_a_condition_that_no_sample_meets(path: Path, cli: Callable[..., Any], where: str, hint: str) -> None:
    ran = cli("score", path, "--where", where)
    assert (ran.code, ran.out) == (3, "")
    assert "no sample meets --where" in ran.err
    assert hint in ran.err


@pytest.mark.parametrize("option", ["--by", "--cluster", "--where"])
def test_a_field_that_no_sample_has(path: Path, cli: Callable[..., Any], option: str) -> None:
    ran = cli("score", path, option, "doc.topik")
    assert (ran.code, ran.out) == (2, "")
    assert f"{option} 'doc.topik' names a field that no sample has" in ran.err
    assert "did you mean doc.topic? fields of doc: question, answer, level, topic, tags, meta" in ran.err


def test_one_expression_of_several(path: Path, cli: Callable[..., Any]) -> None:
    ran = cli("score", path, "--by", "doc.level", "--by", "doc.nothing")
    assert (ran.code, "'doc.nothing' names a field" in ran.err) == (2, True)


def test_a_field_that_some_samples_lack_is_a_group(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results()
    rows = logs.rows(["1", "0"])
    rows[0]["doc"]["topic"] = "a"
    ran = cli("score", logs.write(rows), "--by", "doc.topic")
    assert (ran.code, "(missing)" in ran.out) == (0, True)


def test_one_log_of_two_is_left_empty(logs: Any, cli: Callable[..., Any]) -> None:
    logs.results({"sums": {}, "more": {}}, configs={"sums": logs.config(), "more": logs.config()})
    logs.write(logs.rows(["1", "0"]))
    logs.write(logs.rows(["1", "0", "1"]), "more")
    ran = cli("score", logs.folder, "--where", "sample_id == 2")
    assert ran.code == 3
    assert "sums: no sample meets the condition" in ran.out
    assert "more: no sample" not in ran.out


def test_in_python(path: Path) -> None:
    with pytest.raises(NothingSelectedError) as caught:
        regrade.score(path, where="doc.level == 9")
    assert caught.value.exit_code == Exit.INCOMPLETE
