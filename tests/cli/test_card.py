"""``regrade card run`` and ``show``, and ``regrade score`` of what they make."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from regrade.cards.pipeline import Pipeline


@pytest.fixture
def card(examples: Path, tmp_path: Path) -> Path:
    """The example of the guide, in a folder of its own."""
    shutil.copytree(examples / "card", tmp_path / "card")
    return tmp_path / "card" / "card.yaml"


def run(cli: Callable[..., Any], card: Path, name: str, *more: Any) -> Path:
    out = card.with_name(name)
    done = cli("card", "run", card, "-o", out, *more)
    assert done.code == 0, done.err
    return out


def test_samples_and_counts(cli: Callable[..., Any], card: Path) -> None:
    done = cli("card", "run", card, "-o", card.with_name("samples.parquet"))
    assert done.code == 0
    assert "12 samples of card, split test" in done.out
    table = pq.read_table(card.with_name("samples.parquet"))
    assert table.num_rows == 12
    about = json.loads(pq.read_metadata(card.with_name("samples.parquet")).metadata[b"regrade"])
    assert (about["name"], about["split"], len(about["card"]["hash"])) == ("card", "test", 64)
    assert about["counts"][0]["rows_out"] == 12
    assert cli("card", "run", card).code == 0, "without -o it only counts"


def test_json_says_the_same(cli: Callable[..., Any], card: Path) -> None:
    done = cli("card", "run", card, "--limit", 3, "--json")
    found = json.loads(done.out)
    assert (found["samples"], found["failed"]["rows"], found["malformed"]["rows"]) == (3, 0, 0)


@pytest.mark.parametrize("name", ["samples.parquet", "samples.jsonl"])
def test_samples_are_scored_with_answers(cli: Callable[..., Any], card: Path, name: str) -> None:
    samples = run(cli, card, name)
    done = cli("score", samples, "--answers", card.with_name("answers.jsonl"), "--by", "doc.subject", "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    (task,) = found["results"].values() if "results" in found else [None]
    assert task["accuracy,to_string_stripped"] == pytest.approx(9 / 12)
    shown = cli("score", samples, "--answers", card.with_name("answers.jsonl"), "--by", "metadata.split")
    assert "0.7500" in shown.out


def test_answers_need_their_ids(cli: Callable[..., Any], card: Path) -> None:
    samples = run(cli, card, "samples.jsonl")
    answers = card.with_name("some.csv")
    ids = [json.loads(line)["sample_id"] for line in samples.read_text().splitlines()]
    answers.write_text("sample_id,prediction\n" + "".join(f"{one},x\n" for one in reversed(ids[:10])))
    done = cli("score", samples, "--answers", answers)
    assert done.code == 3
    assert "2 samples have no answer" in done.out + done.err
    answers.write_text("prediction\nx\n")
    done = cli("score", samples, "--answers", answers)
    assert done.code == 1
    assert "have no column sample_id" in done.err
    done = cli("score", samples)
    assert done.code == 1
    assert "name the answers: --answers FILE" in done.err


def test_repeats_are_in_order(cli: Callable[..., Any], card: Path) -> None:
    samples = run(cli, card, "samples.jsonl")
    rows = [json.loads(line) for line in samples.read_text().splitlines()]
    answers = card.with_name("repeats.jsonl")
    lines = [{"sample_id": row["sample_id"], "repeat": 1, "text": "no"} for row in rows]
    lines += [{"sample_id": row["sample_id"], "repeat": 0, "text": row["target"]} for row in rows]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = json.loads(cli("score", samples, "--answers", answers, "--json").out)
    (task,) = found["results"].values()
    assert task["accuracy,to_string_stripped"] == 1.0


def test_other_metrics_and_conditions(cli: Callable[..., Any], card: Path) -> None:
    samples = run(cli, card, "samples.parquet")
    answers = card.with_name("answers.jsonl")
    done = cli("score", samples, "--answers", answers, "--metric", "metrics.f1_macro", "--where", "doc.level == 1")
    assert done.code == 0, done.err
    assert "f1_macro" in done.out
    done = cli("score", samples, "--answers", answers, "--metric", "metrics.nothing")
    assert done.code == 1
    assert "metrics.nothing" in done.err
    done = cli("score", samples, "--answers", answers, "--compat", "unitxt")
    assert done.code == 0, done.err
    done = cli("score", samples, "--answers", answers, "--compat", "0.4.9")
    assert done.code == 2
    assert "it may be unitxt" in done.err


def test_runs_are_compared(cli: Callable[..., Any], card: Path) -> None:
    samples = run(cli, card, "samples.parquet")
    one, two = card.with_name("answers.jsonl"), card.with_name("others.jsonl")
    rows = [json.loads(line) for line in one.read_text().splitlines()]
    two.write_text("".join(json.dumps({**row, "answer": "B"}) + "\n" for row in rows))
    done = cli("compare", one, two, "--samples", samples, "--json")
    assert done.code == 0, done.err
    (metric,) = [found for found in json.loads(done.out)["metrics"] if found["metric"] == "accuracy"]
    assert (metric["a"], metric["b"], metric["n"]) == (0.75, pytest.approx(7 / 12), 12)
    assert cli("score", samples, "--answers", one, "--out", card.with_name("scores")).code == 0
    assert pq.read_table(card.with_name("scores") / "scores.parquet").num_rows == 12


def test_a_row_after_each_step(cli: Callable[..., Any], card: Path) -> None:
    done = cli("card", "show", card, "--row", 2)
    assert done.code == 0, done.err
    for part in ("loaded", "stream test", "+ ", "prompt:", "target", "the sample"):
        assert part in done.out
    found = json.loads(cli("card", "show", card, "--json").out)
    assert found["stages"][0]["name"] == "loaded"
    assert found["sample"]["doc"]
    assert cli("card", "show", card, "--row", 99).code == 2


def test_rows_that_cannot_be_processed_make_it_incomplete(cli: Callable[..., Any], card: Path) -> None:
    rows = card.with_name("questions.csv")
    with rows.open("a") as file:
        file.write("short,row\n")
    done = cli("card", "run", card, "--json")
    assert done.code == 3
    assert json.loads(done.out)["malformed"]["rows"] == 1
    done = cli("card", "run", card)
    assert "1 rows could not be read" in done.out
    done = cli("card", "run", card, "--strict")
    assert done.code == 1
    assert "questions.csv:14" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--limit", 0), 2, "must be at least 1"),
        (("--split", "dev"), 2, "no split 'dev'"),
        (("--template", "templates.nothing"), 1, "templates.nothing"),
        (("--format", "formats.nothing"), 1, "formats.nothing"),
        (("--data", "no-such-folder"), 2, "is no folder"),
        (("-o", "samples.txt"), 2, "neither .parquet nor .jsonl"),
        (("-o", "no-such-folder/samples.parquet"), 2, "there is no such folder"),
        (("--num-demos", 1), 2, "there is none"),
    ],
)
def test_wrong_usage(cli: Callable[..., Any], card: Path, arguments: tuple[Any, ...], code: int, message: str) -> None:
    done = cli("card", "run", card, *arguments)
    assert (done.code, message in done.err) == (code, True), done.err


def test_no_such_card(cli: Callable[..., Any]) -> None:
    done = cli("card", "run", "mt_bench.pairwise.multi_turn_with_referense")
    assert done.code == 1
    assert "did you mean cards.mt_bench.pairwise.multi_turn_with_reference" in done.err


def test_a_command_that_is_asked_to_end_leaves_nothing_half_done(
    cli: Callable[..., Any], card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def samples(self: Pipeline, watch: object = None) -> Iterator[Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        yield from ()

    monkeypatch.setattr(Pipeline, "samples", samples)
    before = signal.getsignal(signal.SIGTERM), sorted(card.parent.iterdir())
    done = cli("card", "run", card, "-o", card.with_name("samples.parquet"))
    assert (done.code, done.err) == (143, "regrade: terminated; nothing half-done was left behind\n")
    assert (signal.getsignal(signal.SIGTERM), sorted(card.parent.iterdir())) == before
