"""Postprocessors of cards as filters of answers."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.errors import RecipeError
from regrade.filters import Pipeline, Unparsed, is_unparsed
from regrade.filters.filter import plain_type
from regrade.schema import FilterPipeline, FilterStep


def applied(processor: Any, answer: Any, doc: Any = None) -> Any:
    """What a filter of this postprocessor takes from an answer."""
    steps = [FilterStep("processor", {"processor": processor}), FilterStep("take_first")]
    return Pipeline(FilterPipeline("x", steps)).apply([[answer]], doc or {})[0]


@pytest.mark.parametrize(
    ("prefixes", "answer", "left"),
    [
        (["Answer: "], "Answer: B", "B"),
        (["Answer: "], " \nAnswer: \n B ", "B "),
        (["Answer: "], "The Answer: B", "The Answer: B"),
        (["Answer: "], "Answer:B", "Answer:B"),  # the prefix to the letter, as in Unitxt
        (["({n}*) "], "(7*) B", "B"),
        (["({other}) ", "Answer: "], "Answer: B", "B"),
        ([], "Answer: B", "Answer: B"),
    ],
)
def test_a_target_prefix_that_an_answer_repeats_is_taken_off(prefixes: list[str], answer: str, left: str) -> None:
    steps = [FilterStep("delete_target_prefix", {"prefixes": prefixes}), FilterStep("take_first")]
    take = Pipeline(FilterPipeline("x", steps)).apply
    assert take([[answer]], {"task_data": {"n": 7}}) == [left]
    (unparsed,) = take([[Unparsed(answer)]], {"task_data": {"n": 7}})
    assert is_unparsed(unparsed)


def test_a_postprocessor_of_the_catalog_is_a_filter() -> None:
    assert applied("extract_mt_bench_rating_judgment", "[[7]]") == 0.7


@pytest.mark.parametrize(
    ("processor", "fallback"),
    [
        ("extract_mt_bench_rating_judgment", 0.0),
        ("extract_mt_bench_label_judgment", "None"),
        ("load_json", []),
        ("load_json_or_empty_tool_call", {"name": "null", "arguments": {}}),
        (["extract_from_double_brackets", "upper_case"], ""),
        ("literal_eval", "no verdict"),
    ],
)
def test_an_answer_that_cannot_be_read_is_the_fallback_and_unparsed(processor: Any, fallback: Any) -> None:
    found = applied(processor, "no verdict")
    assert found == fallback
    assert is_unparsed(found)
    assert plain_type(found) is type(fallback)


def test_a_mark_of_another_filter_stays() -> None:
    assert is_unparsed(applied("lower_case", Unparsed("A")))
    assert not is_unparsed(applied("lower_case", "A"))


def test_the_document_holds_the_options() -> None:
    assert applied("match_closest_option", "yess", {"options": ["yes", "no"]}) == "yes"
    assert applied("match_closest_option", "yess", {"task_data": {"options": ["yes", "no"]}}) == "yes"


def test_data_describes_one() -> None:
    assert applied({"__type__": "extract_with_regex", "regex": r"\d+"}, "it is 42") == "42"


def test_an_unknown_one_is_told() -> None:
    with pytest.raises(RecipeError, match="no_such_thing"):
        applied("no_such_thing", "x")


@pytest.mark.parametrize(
    ("processor", "answer", "unitxt"),
    [
        ("extract_mt_bench_rating_judgment", "Rating: [[100]]", 10.0),
        ("extract_mt_bench_rating_judgment", "Rating: [[11]]", 1.1),
        ("extract_mt_bench_rating_judgment", "Rating: [[0.5]]", 0.05),
        ("extract_harm_rating_judgement", "Harm: [[7]]", 1.5),
        ("extract_harm_rating_judgement", "Harm: [[0]]", -0.25),
        ("scale_number_to_zero_one_return_zero_if_fails", "11", 1.1),
        ("scale_number_to_zero_one_return_zero_if_fails", "-1", -0.1),
    ],
)
def test_a_rating_beyond_its_scale_is_none(processor: str, answer: str, unitxt: float) -> None:
    data = {"__type__": processor}
    found = applied(data, answer)
    assert is_unparsed(found)
    assert not found > 0  # not the number that was read
    steps = [FilterStep("processor", {"processor": data, "fallback": True}), FilterStep("take_first")]
    (as_unitxt,) = Pipeline(FilterPipeline("x", steps)).apply([[answer]], {})
    assert not is_unparsed(as_unitxt)
    assert as_unitxt == pytest.approx(unitxt, rel=1e-12)


@pytest.mark.parametrize(
    ("processor", "answer", "value"),
    [
        ("extract_mt_bench_rating_judgment", "[[1]]", 0.1),
        ("extract_mt_bench_rating_judgment", "[[10/10]]", 1.0),
        ("extract_harm_rating_judgement", "[[1]]", 0.0),
        ("extract_harm_rating_judgement", "[[5]]", 1.0),
        ("scale_number_to_zero_one_return_zero_if_fails", "10", 1.0),
        ("scale_number_to_zero_one_return_zero_if_fails", "0", 0.0),
    ],
)
def test_the_ends_of_the_scale_count(processor: str, answer: str, value: float) -> None:
    found = applied({"__type__": processor}, answer)
    assert not is_unparsed(found)
    assert found == value
