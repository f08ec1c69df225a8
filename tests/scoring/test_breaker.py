"""A pipeline whose answers exceed the limit again and again is stopped, and what was not tried is told."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.engine import LocalEngine
from regrade.scoring.breaker import find_end, is_over

BOMB = "a" * 60 + "b"
PATTERN = {"slow": "(?:a+)+$|^(1|0)"}


def test_the_first_three_or_twenty_in_a_row() -> None:
    assert find_end([0, 1]) is None
    assert find_end([0, 1, 2, 5]) == 2
    assert find_end([1, 2, 3]) is None
    assert find_end([0, *range(5, 24)]) is None  # nineteen in a row
    assert find_end([0, *range(5, 25), 30]) == 24
    assert is_over([0, 1, 2], from_start=True)
    assert not is_over([0, 1, 2], from_start=False)
    assert is_over(array("q", range(5, 25)), from_start=False)
    assert not is_over([*range(5, 24), 25], from_start=False)


def score(path: Any, **options: Any) -> Any:
    return regrade.score(path, extract=PATTERN, metric="exact_match", answer_limit_s=0.02, **options)


@pytest.mark.parametrize(
    ("answers", "tried"),
    [
        ([BOMB] * 30, 3),  # from the start
        (["1", *[BOMB] * 24, "1", "0", "1"], 21),  # twenty in a row later, in whatever chunks
    ],
)
def test_a_pipeline_is_stopped_at_the_same_row_whatever_the_chunks(logs: Any, answers: list[str], tried: int) -> None:
    logs.results(n=len(answers))
    path = logs.write(logs.rows(answers))
    found = []
    for options in ({}, {"chunk_bytes": 1500}, {"chunk_bytes": 1500, "engine": LocalEngine(2)}):
        scores = score(path, **options)
        [result] = scores.results
        found.append((result.value, result.n, result.failed, result.timed_out, result.reason))
        reasons = [failure.reason for part in scores.parts for failure in part.failures]
        assert reasons.count("exceeded --time-limit 0.02 (CPU s)") == min(tried, 20)
    lost = len(answers) - tried
    how_many = 3 if tried == 3 else 20
    reason = f"stopped after {how_many} answers in a row exceeded --time-limit 0.02 (CPU s); {lost} not scored"
    late = how_many + lost
    assert found == [(None, len(answers), late, late, reason)] * 3


def test_another_pipeline_of_the_source_goes_on(logs: Any) -> None:
    logs.results(n=30)
    path = logs.write(logs.rows([BOMB] * 28 + ["1", "1"]))
    scores = regrade.score(
        path, extract={**PATTERN, "quick": "(1)"}, metric="exact_match", answer_limit_s=0.02, chunk_bytes=1500
    )
    slow, quick = scores.results
    assert (slow.value, slow.n, slow.failed) == (None, 30, 30)
    assert (quick.n, quick.failed, quick.timed_out) == (30, 0, 0)
    assert quick.value == pytest.approx(2 / 30)


def test_answers_that_only_some_times_take_too_long_are_all_tried(logs: Any) -> None:
    logs.results(n=6)
    path = logs.write(logs.rows(["1", BOMB, "1", BOMB, "1", "1"]))
    [result] = score(path).results
    assert (result.value, result.scored, result.timed_out, result.reason) == (4 / 6, 4, 2, None)


def test_text_that_filters_blow_up_is_an_error_of_its_row(logs: Any) -> None:
    logs.results(n=2)
    path = logs.write(logs.rows(["x" * 2000, "1"]))
    steps = [{"function": "map", "mapping_dict": {"1": "1", "x" * 2000: "y" * 10_000_001}}, {"function": "take_first"}]
    scores = regrade.score(path, filters=[{"name": "none", "filter": steps}], metric="exact_match")
    assert [failure.reason for part in scores.parts for failure in part.failures] == [
        "the filters make a text of more than 10,000,000 characters"
    ]


def test_nothing_is_compared_or_shown_with_confidence_of_a_pipeline_that_was_stopped(
    tmp_path: Path, cli: Callable[..., Any]
) -> None:
    for name, answers in {"a": [BOMB] * 4 + ["1"], "b": ["1"] * 5}.items():
        rows = "".join(f"{number},{answer},1\n" for number, answer in enumerate(answers))
        (tmp_path / f"{name}.csv").write_text(f"id,answer,expected\n{rows}")
    options = ["--extract", f"slow={PATTERN['slow']}", "--metric", "exact_match", "--time-limit", "0.02"]
    a, b = str(tmp_path / "a.csv"), str(tmp_path / "b.csv")
    for paths in ([a, b], [b, a]):
        code, out, _ = cli("compare", *paths, *options)
        assert code == 3
        assert "not compared: stopped after 3 answers in a row exceeded --time-limit 0.02 (CPU s)" in out
        assert not any(verdict in out for verdict in ("better  ", "inside the noise", "is better", "is worse"))
    code, _, err = cli("show", a, *options)
    assert code == 3
    assert "slow: stopped after 3 answers in a row exceeded" in err
