"""Every registered filter, through every reader: what it takes from three answers, worked out by hand.

A filter that is registered and stands in no table makes :func:`test_every_filter_is_here` fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.contracts.sources import KINDS, Question, write_source

import regrade
from regrade.registry import iterate_registered

ANSWERS = ["The answer is (B). 42", "<aside>5</aside>Rating: [[7]]", "('Ann', 'NOUN') $ Person: Ann"]
QUESTIONS = [Question("red", [ANSWERS[0]]), Question("7", [ANSWERS[1]]), Question("x", [ANSWERS[2]])]
FIRST = {"function": "take_first"}
RATING = {"function": "fastchat_rating"}

#: By filter: the steps, and what they take from each answer. An unparsed answer is in brackets of its own: (None,).
TABLE: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {
    "take_first": ([FIRST], ANSWERS),
    "take_first_k": ([{"function": "take_first_k", "k": 1}], [[answer] for answer in ANSWERS]),
    "majority_vote": ([{"function": "majority_vote"}], [[answer] for answer in ANSWERS]),
    "decontaminate": ([{"function": "decontaminate"}, FIRST], ANSWERS),
    "lowercase": ([{"function": "lowercase"}, FIRST], [answer.lower() for answer in ANSWERS]),
    "uppercase": ([{"function": "uppercase"}, FIRST], [answer.upper() for answer in ANSWERS]),
    "remove_whitespace": ([{"function": "remove_whitespace"}, FIRST], ANSWERS),
    "regex": ([{"function": "regex", "regex_pattern": r"(\d)\d*"}, FIRST], ["4", "5", ("[invalid]",)]),
    "regex_pos": ([{"function": "regex_pos"}, FIRST], [(["invalid"],), (["invalid"],), ["NOUN"]]),
    "multi_choice_regex": (
        [{"function": "multi_choice_regex", "regex_pattern": r"(\([A-Z]\))", "group_select": 0}, FIRST],
        ["(B)", ("[invalid]",), "(A)"],  # the last one by ": A", which begins "Ann"
    ),
    "map": ([{"function": "map", "mapping_dict": {ANSWERS[0]: "two"}}, FIRST], ["two", (None,), (None,)]),
    "format_span": ([{"function": "format_span"}, FIRST], ["", "", "per: ann"]),
    "delete_target_prefix": (
        [{"function": "delete_target_prefix", "prefixes": ["The answer is "]}, FIRST],
        ["(B). 42", ANSWERS[1], ANSWERS[2]],
    ),
    "strip_thinking": (
        [{"function": "strip_thinking", "tags": "aside"}, FIRST],
        [ANSWERS[0], "Rating: [[7]]", ANSWERS[2]],
    ),
    "processor": ([{"function": "processor", "processor": "lower_case"}, FIRST], [one.lower() for one in ANSWERS]),
    "fastchat_rating": ([RATING, FIRST], [(None,), 7.0, (None,)]),
    "fastchat_choice": ([{"function": "fastchat_choice"}, FIRST], [(None,), (None,), (None,)]),
    "verdict": ([{"function": "verdict", "mode": "rating"}, FIRST], [(None,), 7.0, (None,)]),
    "within_scale": ([RATING, {"function": "within_scale", "highest": 5}, FIRST], [(None,), (None,), (None,)]),
    "mean_of_parsed": ([RATING, {"function": "mean_of_parsed"}], [(None,), 7.0, (None,)]),
    "majority_of_parsed": ([RATING, {"function": "majority_of_parsed"}], [(None,), 7.0, (None,)]),
    "custom": ([{"function": "custom", "filter_fn": "LAST"}, FIRST], ["42", "[[7]]", "Ann"]),
}
NEEDS_LISTS = {"multi_choice_regex"}
"""Filters that look at a field of the document which a CSV file cannot hold."""

FUNCTION = '''
def last(responses, docs):
    """The last word of each answer, where the document is at hand."""
    assert all("question" in doc for doc in docs)
    return [[text.split()[-1] for text in texts] for texts in responses]
'''


def test_every_filter_is_here() -> None:
    assert {name for name, _ in iterate_registered("filter")} == TABLE.keys()


@pytest.fixture
def filter_file(tmp_path: Path) -> Path:
    (tmp_path / "functions.py").write_text(FUNCTION)
    pipelines = [{"name": name, "filter": steps} for name, (steps, _) in TABLE.items()]
    path = tmp_path / "filters.yaml"
    path.write_text(yaml.safe_dump(pipelines).replace("filter_fn: LAST", "filter_fn: !function functions.last"))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_what_filters_take(kind: str, tmp_path: Path, filter_file: Path) -> None:
    source = write_source(kind, tmp_path / "made", QUESTIONS)
    scores = regrade.score(source.path, filters=filter_file, metric="exact_match", trust_code=True, **source.options)
    taken: dict[str, list[Any]] = {}
    for sample in scores.per_sample():
        found = sample.extracted[0] if len(sample.extracted) == 1 else sample.extracted
        taken.setdefault(sample.filter, []).append((found,) if sample.unparsed else found)
    for name, (_, expected) in TABLE.items():
        if name not in NEEDS_LISTS or kind != "csv":
            assert [_plain(one) for one in taken[name]] == [_plain(one) for one in expected], name


def _plain(value: Any) -> Any:
    """A value without the marks of what was not found."""
    return tuple(map(_plain, value)) if isinstance(value, tuple) else list(value) if isinstance(value, list) else value


@pytest.mark.parametrize("kind", ["log", "jsonl", "card"])
def test_on_the_command_line(kind: str, tmp_path: Path, filter_file: Path, cli: Callable[..., Any]) -> None:
    source = write_source(kind, tmp_path / "made", QUESTIONS)
    options = [*source.arguments, "--filters", filter_file, "--metric", "exact_match", "--trust-code"]
    shown = [json.loads(line) for line in cli("show", source.path, *options, "--json").out.splitlines()]
    assert len(shown) == 3
    for card, places in zip(shown, range(3), strict=True):
        for outcome in card["outcomes"]:
            expected = TABLE[outcome["filter"]][1][places]
            assert outcome["unparsed"] is isinstance(expected, tuple), outcome
            if not isinstance(expected, tuple):
                assert outcome["extracted"] == [expected], outcome
    compared = cli("compare", *_twice(kind, source), *options, "--json")
    rows = {row["filter"]: row for row in json.loads(compared.out)["metrics"]}
    assert {name: row["n"] for name, row in rows.items()} == dict.fromkeys(TABLE, 3)
    # The gold "7" is taken by none as a text; "42" and others are no reference.
    assert all(row["a"] == row["b"] for row in rows.values())


def _twice(kind: str, source: Any) -> list[Any]:
    if kind == "card":
        answers = source.options.pop("answers")
        return [answers, answers, "--samples", source.path]
    return [source.path, source.path]
