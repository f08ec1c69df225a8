"""ROUGE as cards name it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from regrade.artifacts import ArtifactError
from regrade.errors import UnavailableError
from regrade.metrics.evaluate import evaluate
from regrade.metrics.text.rouge import Rouge, RougeHF, _splitter


def recorded(folder: Path) -> list[dict[str, object]]:
    tests = folder / "lighteval_metric_cases" / "tests" / "unit" / "metrics" / "test_cases"
    files = [tests / f"{name}.json" for name in ("rouge1", "rouge2", "rougeL", "rougeLsum")]
    return [case for file in files for case in json.loads(file.read_text(encoding="utf-8"))["test_cases"]]


def test_recorded_cases_of_lighteval(shared_data: Path) -> None:
    seen = 0
    for case in recorded(shared_data):
        document, answers = case["doc"], case["model_response"]["text"]
        if len(answers) != 1:
            continue
        index = document["gold_index"]
        references = [document["choices"][place] for place in (index if isinstance(index, list) else [index])]
        scores = Rouge(sent_split_newline=False).measure(answers[0], references, {})
        for name, value in case["expected_output"].items():
            assert scores[name] == pytest.approx(value, abs=case["tolerance"])
            seen += 1
    assert seen >= 8


def test_by_hand() -> None:
    # 2 of 3 words in common, of 2 and 3; one pair of 1 and 2; "the cat" is the longest common subsequence.
    scores = Rouge().measure("the cat", ["the cat sat"], {})
    assert scores["rouge1"] == pytest.approx(2 * 1 * (2 / 3) / (1 + 2 / 3))
    assert scores["rouge2"] == pytest.approx(2 * 1 * (1 / 2) / (1 + 1 / 2))
    assert scores["rougeL"] == scores["rouge1"] == scores["rougeLsum"]


def test_the_best_reference_counts_for_each_kind() -> None:
    scores = Rouge().measure("a b c d", ["d c b a", "a b x y"], {})
    assert scores["rouge1"] == 1.0  # the first
    assert scores["rouge2"] == pytest.approx(1 / 3)  # the second


def test_sentences_are_lines(shared_data: Path) -> None:
    prediction, reference = "Two came. One left.", "One left. Two came."
    together = Rouge(sent_split_newline=False).measure(prediction, [reference], {})
    apart = Rouge().measure(prediction, [reference], {})
    assert together["rougeLsum"] == 0.5
    assert apart["rougeLsum"] == 1.0
    assert apart["rougeL"] == together["rougeL"]


@pytest.fixture
def splitter_anew() -> Iterator[None]:
    _splitter.cache_clear()
    yield
    _splitter.cache_clear()


@pytest.mark.usefixtures("splitter_anew")
def test_without_the_splitters_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(text: str) -> list[str]:
        raise LookupError("Resource punkt_tab not found")

    monkeypatch.setattr("nltk.sent_tokenize", lookup)
    assert Rouge().measure("one sentence", ["one sentence"], {})["rougeLsum"] == 1.0
    with pytest.raises(UnavailableError, match="sentences") as caught:
        Rouge().measure("Two. Sentences.", ["x"], {})
    assert "punkt_tab" in (caught.value.hint or "")
    assert Rouge(rouge_types=["rouge1", "rougeL"]).measure("Two. Sentences.", ["two"], {})["rouge1"] == 2 / 3


@pytest.mark.usefixtures("splitter_anew")
def test_samples_that_need_no_splitter_do_not_stand_for_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    monkeypatch.setitem(sys.modules, "nltk", None)
    card = {
        "__type__": "task_card",
        "loader": {
            "__type__": "load_from_dictionary",
            "data": {"test": [{"a": "x", "b": "It sat."}, {"a": "y", "b": "Two. Long."}]},
        },
        "preprocess_steps": [],
        "task": {
            "__type__": "task",
            "input_fields": {"a": "str"},
            "reference_fields": {"b": "str"},
            "prediction_type": "str",
            "metrics": [{"__type__": "rouge"}],
        },
        "templates": [{"__type__": "input_output_template", "input_format": "{a}", "output_format": "{b}"}],
    }
    (tmp_path / "card.json").write_text(json.dumps(card), encoding="utf-8")
    samples = tmp_path / "samples.jsonl"
    assert cli("card", "run", tmp_path / "card.json", "-o", samples).code == 0
    rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
    answers = tmp_path / "answers.jsonl"
    said = [{"sample_id": row["sample_id"], "answer": row["target"]} for row in rows]
    answers.write_text("".join(json.dumps(one) + "\n" for one in said), encoding="utf-8")
    ran = cli("score", samples, "--answers", answers)
    assert ran.code == 3
    assert "regrade[nltk]" in ran.out + ran.err
    [values] = json.loads(cli("score", samples, "--answers", answers, "--json").out)["results"].values()
    assert [value for name, value in values.items() if name.startswith("rougeL,")] == [None]


@pytest.mark.usefixtures("splitter_anew")
def test_without_nltk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nltk", None)
    with pytest.raises(UnavailableError, match="needs the package nltk") as caught:
        Rouge().measure("Two. Sentences.", ["x"], {})
    assert "regrade[nltk]" in (caught.value.hint or "")


def test_each_kind_has_an_interval() -> None:
    totals, rows = evaluate([RougeHF()], ["the cat", "a dog", "x"], [["the cat sat"], ["a dog"], ["y"]])
    assert totals["score_name"] == "rougeL"
    assert {name for name in totals if name.endswith("_ci_low")} == {
        *(f"{kind}_ci_low" for kind in ("rouge1", "rouge2", "rougeL", "rougeLsum", "score"))
    }
    assert [row["rougeL"] for row in rows] == [pytest.approx(0.8), 1.0, 0.0]


def test_what_cannot_be_scored() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        Rouge().statistics("a", [], {})
    with pytest.raises(ValueError, match="must be of type str"):
        Rouge().statistics(None, ["a"], {})
    with pytest.raises(ArtifactError, match="no kind of ROUGE"):
        Rouge(rouge_types=["rougeX"])
