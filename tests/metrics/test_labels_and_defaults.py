"""Metrics that pass labels or texts on to their aggregation, and what tasks without metrics get."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.errors import RecipeError
from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics import default_metrics
from regrade.metrics.case import Case
from regrade.registry import iterate_registered, lookup
from regrade.schema import Recipe, Record


def text_case(gold: Any, answer: Any) -> Case:
    record = Record(0, 1, [], doc={"q": "", "gold": gold})
    return Case(record, TaskTemplates(Recipe(task="t", doc_to_target="gold", doc_to_text="q"), record), [answer])


def choice_case(doc: dict[str, Any], values: list[float]) -> Case:
    record = Record(0, 1, [], doc={"q": "", "choices": ["no", "yes"], **doc})
    recipe = Recipe(
        task="t", output_type="multiple_choice", doc_to_text="q", doc_to_target="label", doc_to_choice="choices"
    )
    return Case(record, TaskTemplates(recipe, record), [(value, False) for value in values])


@pytest.mark.parametrize(
    ("output_type", "names"),
    [
        ("generate_until", ["exact_match"]),
        ("multiple_choice", ["acc", "acc_norm"]),
        ("loglikelihood", ["perplexity", "acc"]),
        ("loglikelihood_rolling", ["word_perplexity", "byte_perplexity", "bits_per_byte"]),
    ],
)
def test_default_metrics(output_type: str, names: list[str]) -> None:
    assert [spec.name for spec in default_metrics(output_type)] == names
    assert all(output_type in lookup("metric", name).output_types for name in names)


def test_an_output_type_that_is_none() -> None:
    with pytest.raises(RecipeError, match="greedy_until"):
        default_metrics("greedy_until")


def test_every_metric_names_an_aggregation_and_says_what_it_is() -> None:
    for name, cls in iterate_registered("metric"):
        lookup("aggregation", cls.aggregation)
        assert cls.__doc__, name
    for kind in ("filter", "aggregation"):
        for name, cls in iterate_registered(kind):
            assert cls.__doc__, name


@pytest.mark.parametrize("name", ["acc", "acc_norm", "f1", "mcc", "bleu", "bypass"])
def test_arguments_without_effect_are_taken_as_the_harness_takes_them(name: str) -> None:
    lookup("metric", name)(ignore_case=True, regexes_to_ignore=[","])


@pytest.mark.parametrize("name", ["f1", "mcc", "bleu", "chrf", "chrf++", "ter", "acc"])
def test_generations_are_passed_on_beside_their_reference(name: str) -> None:
    assert lookup("metric", name)().measure(text_case(4, "5")) == ["4", "5"]
    assert lookup("metric", name)().measure(text_case(["a", "b"], "5")) == [["a", "b"], "5"]


@pytest.mark.parametrize(
    ("average", "gold", "answer", "wanted"),
    [
        ("micro", 2, 2, 1.0),
        ("macro", 2, 1, 0.0),
        ("binary", 1, 1, 1.0),
        ("binary", 0, 0, 0.0),
        ("weighted", "3", "3", 1.0),
    ],
)
def test_f1_of_one_generated_label(average: str, gold: Any, answer: Any, wanted: float) -> None:
    assert lookup("metric", "f1")(average=average).measure(text_case(gold, answer)) == wanted


def test_f1_of_choices_ignores_its_average() -> None:
    assert lookup("metric", "f1")(average="macro").measure(choice_case({"label": 0}, [-2.0, -1.0])) == (0, 1)


def test_accuracy_of_generated_labels() -> None:
    assert lookup("metric", "accuracy")().measure(text_case(2, 2)) == 1.0
    assert lookup("metric", "accuracy")().measure(text_case("2", "3")) == 0.0
    with pytest.raises(ValueError, match="invalid literal"):
        lookup("metric", "accuracy")().measure(text_case("two", "2"))


def test_acc_all_passes_the_document_on() -> None:
    doc = {"label": 1, "idx": {"paragraph": 0, "question": 3}}
    predicted, kept = lookup("metric", "acc_all")().measure(choice_case(doc, [-2.0, -1.0]))
    assert predicted is True
    assert kept["idx"] == doc["idx"]
    assert lookup("aggregation", "acc_all")().statistics((predicted, kept)) == (0, 3, True)


def test_bypass_measures_nothing() -> None:
    assert lookup("metric", "bypass")().measure(text_case("a", "b")) is None
