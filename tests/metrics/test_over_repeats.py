"""Metrics over several answers to one prompt."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics.case import Case
from regrade.registry import lookup
from regrade.schema import Recipe, Record

ANSWERS = st.lists(st.sampled_from(["g", "x", "y"]), min_size=3, max_size=6)


def measure(name: str, answers: Any, gold: Any = "g", **options: Any) -> Any:
    record = Record(0, 1, [], doc={"q": "", "gold": gold})
    templates = TaskTemplates(Recipe(task="t", doc_to_target="gold", doc_to_text="q"), record)
    return lookup("metric", name)(**options).measure(Case(record, templates, [answers]))


@given(ANSWERS, st.integers(1, 3))
def test_chances_over_draws_equal_counting_them(answers: list[str], k: int) -> None:
    draws = list(itertools.combinations(answers, k))
    assert measure("pass@k", answers, k=k) == pytest.approx(fmean("g" in draw for draw in draws))
    assert measure("pass^k", answers, k=k) == pytest.approx(fmean(set(draw) == {"g"} for draw in draws))

    def majority(draw: tuple[str, ...]) -> float:
        most = max(map(draw.count, draw))
        winners = {answer for answer in draw if draw.count(answer) == most}
        return ("g" in winners) / len(winners)

    assert measure("maj@k", answers, k=k) == pytest.approx(fmean(map(majority, draws)))
    assert measure("mean@k", answers, k=k) == pytest.approx(fmean(a == "g" for a in answers[:k]))
    assert measure("mean@k", answers) == pytest.approx(fmean(a == "g" for a in answers))


def test_names_with_k_and_several_k() -> None:
    answers = ["g", "x", "x", "x"]
    assert measure("pass@2", answers) == 0.5
    assert measure("pass@k", answers, k=[1, 2, 4]) == {"pass@1": 0.25, "pass@2": 0.5, "pass@4": 1.0}
    assert measure("mean@4", answers) == 0.25


def test_another_metric_scores_the_answers() -> None:
    answers = ["the G!", "g", "x"]
    assert measure("pass@1", answers, ignore_case=True, ignore_punctuation=True) == pytest.approx(1 / 3)
    assert measure("pass@1", answers, metric="contains", ignore_case=True) == pytest.approx(2 / 3)
    assert measure("mean@k", answers, metric="token_f1") == pytest.approx((1 + 1 + 0) / 3)
    assert measure("pass@1", ["red fox", "fox"], gold="red fox", metric="token_f1", threshold=0.5) == 1.0
    assert measure("pass@1", ["a", "b"], gold=["b", "c"]) == 0.5


@pytest.mark.parametrize("name", ["pass@k", "pass^k", "maj@k", "mean@k"])
def test_too_few_answers_and_a_pipeline_that_keeps_one(name: str) -> None:
    with pytest.raises(ValueError, match="3 answers are wanted, there are 2"):
        measure(name, ["g", "x"], k=3)
    with pytest.raises(ValueError, match="keeps all repeats"):
        measure(name, "g", k=1)


@pytest.mark.parametrize("options", [{}, {"k": "2"}, {"k": -1}, {"k": []}, {"k": 1, "unknown": 2}])
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        lookup("metric", "pass@k")(**options)


def test_a_metric_that_gives_no_number() -> None:
    with pytest.raises(TypeError, match="gives a number"):
        measure("pass@1", ["a"], metric="bleu")


CRUXEVAL = {"input": (35.95, 44.9911), "output": (34.2125, 40.2867)}


@pytest.mark.parametrize("task", list(CRUXEVAL))
def test_published_pass_at_k(shared_data: Path, task: str) -> None:
    """CRUXEval's CodeLlama-7b, 800 problems of 10 answers at temperature 0.2, as its repository publishes them."""
    files = sorted((shared_data / "pass_at_k").rglob(f"*codellama-7b_temp0.2_{task}*.json"))
    scored = [file for file in files if "raw_scored_generations" in file.read_text(encoding="utf-8")[:10_000_000]]
    if not scored:
        pytest.skip(f"no scored answers of {task} in pass_at_k")
    rows = json.loads(scored[0].read_text(encoding="utf-8"))["raw_scored_generations"]
    answers = [["g" if right else "x" for right in row] for row in rows.values()]
    assert len(answers) == 800
    for k, wanted in zip((1, 5), CRUXEVAL[task], strict=True):
        found = 100 * fmean(measure(f"pass@{k}", row) for row in answers)
        assert found == pytest.approx(wanted, abs=5e-5)
