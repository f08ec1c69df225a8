"""What people and machines look at."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.reports.layout import encode
from regrade.reports.samples import render_card
from regrade.scoring.browse import Card, Outcome


def test_numbers_that_json_does_not_have_become_null() -> None:
    content = {"a": math.nan, "b": [math.inf, 1.5], "c": {"d": (-math.inf, "N/A")}, 3: None, "é": True}
    assert json.loads(encode(content)) == {
        "a": None, "b": [None, 1.5], "c": {"d": [None, "N/A"]}, "3": None, "é": True,
        "not_finite": {"a": "nan", "b/0": "inf", "c/d/0": "-inf"},
    }  # fmt: skip


def test_numbers_survive_json() -> None:
    values = [0.1 + 0.2, 1 / 3, 1e-300, 123456789.123456789]
    assert json.loads(encode({"v": values}))["v"] == values


def test_two_runs_of_a_task_have_keys_of_their_own(logs: Any) -> None:
    for name in ("a", "b"):
        logs.results(folder=name, config={"model": name, "model_args": f"pretrained={name}"})
        logs.write(logs.rows(["1"]), folder=name)
    layout = regrade.score(logs.folder).to_dict()
    keys = list(layout["results"])
    assert len(keys) == 2
    assert all(key.startswith("sums@") for key in keys)
    assert [layout["runs"][key]["task"] for key in keys] == ["sums", "sums"]
    assert set(layout["counts"]) == set(layout["runs"]) == set(keys)
    json.loads(encode(layout))


def test_what_is_lost_is_said_below_the_table(logs: Any) -> None:
    logs.results(n=9)
    path = logs.write([*logs.rows(["1", "0"]), "{oops", logs.row(3, "1", doc="text")])
    summary = regrade.score(path).summary()
    assert "3 of 9 evaluated samples are in the log" in summary
    assert f"1 malformed row, first {path}:3: not valid JSON" in summary
    assert f"1 sample could not be scored, first {path}:4 (exact_match, none)" in summary


def test_why_a_metric_has_no_value_stands_whole_below_the_table(tmp_path: Path, cli: Callable[..., Any]) -> None:
    lines = [
        f'{{"reference": "{word}", "answer": "{word} and much more than a label holds"}}' for word in ("one", "two")
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    ran = cli(*("score", tmp_path / "t.jsonl", "--metric", "f1", "--expected", "reference", "--answer", "answer"))
    assert ran.code == 3
    row, below = ran.out.split("\n\n")
    assert row.endswith("  cannot be aggregated")
    assert below.splitlines()[1].startswith(
        "f1: cannot be aggregated: f1 compares two labels, these are 4: 'one', 'one and much more than a"
    )
    assert "; use micro_f1, macro_f1 or weighted_f1 for several, token_f1 for the words of a text\n" in below


def test_unparsed_answers_are_counted_per_filter(logs: Any) -> None:
    logs.results()
    path = logs.write(logs.rows(["1", "x", "y", "2"]))
    summary = regrade.score(path, extract={"digits": "(\\d)", "all": "(.)"}, metric="exact_match").summary()
    [digits] = [line for line in summary.splitlines() if "digits" in line]
    assert "2 (50%)" in digits


def test_a_metric_that_is_not_recomputed_says_why(lm_eval_logs: Any) -> None:
    [path] = (lm_eval_logs / "calamita_v0.4.6").rglob("samples_gfg_task_1_1*")
    scores = regrade.score(path)
    summary = scores.summary()
    assert "as recorded" in summary
    assert "bert_f1" in summary
    [method] = scores.to_dict()["methods"]["gfg_task_1_1"].values()
    assert method["method"] == "re-aggregated"
    assert method["reason"]


@pytest.fixture
def card() -> Card:
    return Card(
        task="sums", run="r", file="f.jsonl", line=3, sample_id=7,
        fields=[("question", "one\ntwo"), ("long", "word " * 500), ("nothing", None)],
        target="1", answers=["so\x1b[2J it is 1"],
        outcomes=[
            Outcome(filter="strict", extracted=["[invalid]"], unparsed=True, values={"exact_match": 0.0}, failed=True),
            Outcome(filter="loose", extracted=["1"], values={"exact_match": 1.0}),
            Outcome(filter="broken", failures={"exact_match": "ValueError: no"}, failed=True),
        ],
    )  # fmt: skip


def test_a_card(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = render_card(card, 80)
    lines = text.splitlines()
    assert lines[0] == "sums  sample 7  (f.jsonl:3)"
    assert lines[1:3] == ["  question   one", "             two"]
    assert "--full shows all" in text
    assert "  model says so" in text
    assert "\x1b" not in text
    assert "  strict: nothing found  exact_match 0.0000" in text
    assert "  loose: 1  exact_match 1.0000" in text
    assert "exact_match: ValueError: no" in text
    assert "nothing  " not in lines[3]
    assert len(render_card(card, 80, full=True)) > 2400


def test_names_of_columns_on_a_card_are_whole(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    card.fields = [("Reference (gold)", "one\ntwo"), ("n", 1)]
    lines = render_card(card, 80).splitlines()[1:5]
    assert lines == ["  Reference (gold) one", f"{'':19}two", f"  {'n':<16} 1", f"  {'target':<16} 1"]


def test_loglikelihoods_on_a_card(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    card.answers = [(-1.5, True), (-2.25, False)]
    text = render_card(card, 80)
    assert "choice 1   log-likelihood -1.5000, greedy" in text
    assert "choice 2   log-likelihood -2.2500\n" in text


def test_groups_that_print_alike_are_told_apart(tmp_path: Path, cli: Callable[..., Any]) -> None:
    values = {None: [1, 1], "None": [0, 0], 1: [1, 0], "1": [1, 1, 1, 0], "all": [0], "x": [1]}
    rows = [{"s": score, "k": value} for value, scores in values.items() for score in scores]
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    listed = [line.split()[1] for line in cli("score", path, "--score", "s", "--by", "doc.k").out.splitlines()[1:8]]
    assert listed == ["all", "None", "1", '"1"', '"None"', '"all"', "x"]
    _, header, row, *_ = cli("score", path, "--score", "s", "--by", "doc.k", "--wide").out.splitlines()
    assert header.split()[4:] == ["None", "1", '"1"', '"None"', '"all"', "x", "n"]
    assert row.split()[5:] == ["1.0000", "0.5000", "0.7500", "0.0000", "0.0000", "1.0000", "12"]
