"""Containment, shared words and ROUGE."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics.case import Case
from regrade.registry import lookup
from regrade.schema import Recipe, Record

WORDS = st.lists(st.sampled_from(["the", "quick", "brown", "Foxes", "run.", "\n"]), max_size=8).map(" ".join)


def measure(name: str, gold: Any, answer: Any, **options: Any) -> Any:
    record = Record(0, 1, [], doc={"q": "", "gold": gold})
    templates = TaskTemplates(Recipe(task="t", doc_to_target="gold", doc_to_text="q"), record)
    return lookup("metric", name)(**options).measure(Case(record, templates, [answer]))


@given(WORDS, WORDS, st.booleans())
def test_rouge_is_that_of_rouge_score(gold: str, answer: str, stem: bool) -> None:
    kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
    found = RougeScorer(kinds, use_stemmer=stem).score(gold, answer)
    wanted = {kind: found[kind].fmeasure for kind in kinds}
    assert measure("rouge", gold, answer, use_stemmer=stem) == wanted
    for kind in kinds:
        assert measure(kind, gold, answer, use_stemmer=stem) == wanted[kind]


def test_the_best_of_several_references_counts() -> None:
    assert measure("rouge1", ["nothing of it", "the fox"], "the fox") == 1.0
    assert measure("contains", ["x", "fox"], "the fox") == 1.0
    assert measure("token_f1", ["x", "fox"], "The fox!") == 1.0


def test_several_answers_are_averaged() -> None:
    assert measure("contains", "fox", ["the fox", "the cat"]) == 0.5
    assert measure("rougeL", "fox", ["fox", "cat"]) == 0.5


@pytest.mark.parametrize(
    ("gold", "answer", "options", "wanted"),
    [
        ("Fox", "the fox", {}, 0.0),
        ("Fox", "the fox", {"ignore_case": True}, 1.0),
        (42, "it is 42.", {}, 1.0),
        ("", "anything", {}, 1.0),
    ],
)
def test_contains(gold: Any, answer: str, options: dict[str, Any], wanted: float) -> None:
    assert measure("contains", gold, answer, **options) == wanted


@pytest.mark.parametrize(
    ("gold", "answer", "normalise", "wanted"),
    [
        ("the cat sat", "A cat, sat down", True, 0.8),
        ("the cat sat", "A cat, sat down", False, 2 / 7),
        ("a a b", "a b b", False, 2 / 3),
        ("x", "", True, 0.0),
        ("", "", True, 0.0),
    ],
)
def test_token_f1(gold: str, answer: str, normalise: bool, wanted: float) -> None:
    assert measure("token_f1", gold, answer, normalise=normalise) == pytest.approx(wanted)
