"""Postprocessors as steps, as functions of one answer, and in the catalog."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade.artifacts import ArtifactError, build
from regrade.artifacts.catalogs import default_catalog
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator
from regrade.cards.operators.texts.processors import INFERENCE_STREAM, Postprocessors, postprocess, postprocessor

FOLDER = Path(regrade.__file__).parent / "catalog" / "processors"
NAMES = sorted(str(file.relative_to(FOLDER).with_suffix("")).replace("/", ".") for file in FOLDER.rglob("*.yaml"))


def process(names: list[Any], prediction: Any, references: list[Any] | None = None, **row: Any) -> Any:
    """What postprocessors of the catalog make of an answer."""
    found = [postprocessor(name, default_catalog()) for name in names]
    return postprocess(found, prediction, references or [], row)


def test_references_are_left_alone_where_there_are_none() -> None:
    operator = build({"__type__": "post_process", "operator": {"__type__": "lower"}}, Operator)
    rows = operator.apply({INFERENCE_STREAM: stream_of([{"prediction": "A"}])})[INFERENCE_STREAM]
    assert list(rows) == [{"prediction": "a"}]
    with pytest.raises(ValueError, match="references"):
        list(operator.apply({"test": stream_of([{"prediction": "A"}])})["test"])


@pytest.mark.parametrize("name", NAMES)
def test_every_postprocessor_of_the_catalog_can_be_run_on_an_answer(name: str) -> None:
    assert callable(Postprocessors([postprocessor(name, default_catalog())]))


@pytest.mark.parametrize(
    ("name", "answer", "expected", "unparsed"),
    [
        ("extract_mt_bench_rating_judgment", "Rating: [[ 9.0 / 10 ]]", 0.9, False),
        ("extract_mt_bench_rating_judgment", "Rating: [[0]]", 0.0, True),
        ("extract_mt_bench_rating_judgment", "Rating: [[ * ]]", 0.0, True),
        ("extract_mt_bench_rating_judgment", "Rating: 7", 0.0, True),
        ("extract_mt_bench_label_judgment", "[[A]]", "A", False),
        ("extract_mt_bench_label_judgment", "[[None]]", "None", False),
        ("extract_mt_bench_label_judgment", "A", "None", True),
        ("extract_arena_hard_numerical_judgment", "[[A=B]]", 0, False),
        ("extract_arena_hard_numerical_judgment", "[[C]]", 0, True),
        ("extract_arena_hard_numerical_judgment", "[[B>>A]]", -3, False),
        ("safe_unsafe", "unsafe\nO1", 0.0, False),
        ("safe_unsafe", "I cannot", 0.0, True),
        ("extract_verbal_judgement", "Not at all", 0.0, False),
        ("extract_verbal_judgement", "Hardly", 0, True),
        ("scale_0_10_to_0_1", "5", 0.5, False),
        ("scale_0_10_to_0_1", "five", 0, True),
        ("load_json", "[1]", [1], False),
        ("load_json", "[1", [], True),
        ("load_json_or_empty_tool_call", "none", {"name": "null", "arguments": {}}, True),
        ("literal_eval", "[1", "[1", True),
        ("text2sql.get_sql", "I do not know", "No query found in generation", True),
        ("convert_to_boolean", "perhaps", "OTHER", True),
        ("first_character", "...", "", True),
        ("to_span_label_pairs_surface_only", "None", [], False),
        ("to_span_label_pairs", "???", [], True),
        ("infer_logprobs_to_yes_no_probs", [], 0, True),
        ("to_string_stripped", " x ", "x", False),
    ],
)
def test_what_cannot_be_read_is_told_from_what_is_worth_nothing(
    name: str, answer: Any, expected: Any, unparsed: bool
) -> None:
    result = process([name], answer)
    assert result.prediction == expected
    assert (result.unparsed is not None) is unparsed
    if unparsed and isinstance(answer, str):  # as a step, it is a value like any other
        plain = type(result.prediction)
        assert plain in (str, float, int, list, dict)


def test_an_answer_that_was_unreadable_stays_so() -> None:
    result = process(["extract_mt_bench_label_judgment", "lower_case"], "I cannot say")
    assert result.prediction == "none"
    assert result.unparsed == "extract_mt_bench_label_judgment found nothing"


def test_no_answer_is_no_text_of_none() -> None:
    assert process(["to_string_stripped"], None).unparsed == "there is no answer"


def test_a_harm_without_a_rating_is_nan() -> None:
    assert math.isnan(process(["extract_harm_rating_judgment"], "harmless").prediction)


def test_references_are_processed_too_and_have_to_be_readable() -> None:
    assert process(["lower_case", "to_list_by_comma"], "A, B", ["C,D"]).references == [["c", "d"]]
    with pytest.raises(TypeError, match="a text is wanted"):
        process(["lower_case"], "A", [1])


def test_an_operator_without_a_field_is_one_of_answers() -> None:
    assert process([{"__type__": "substring", "end": 1}, "upper"], "yes", ["no"])[:2] == ("Y", ["N"])


def test_options_come_from_the_task() -> None:
    result = process(["match_closest_option"], "yess", ["nope"], task_data={"options": ["yes", "no"]})
    assert result[:2] == ("yes", ["no"])


@pytest.mark.parametrize(
    "name", ["no_such_thing", "processors.no_such_thing", {"__type__": "rename_splits", "mapper": {}}]
)
def test_what_is_no_postprocessor_is_told(name: Any) -> None:
    with pytest.raises(ArtifactError):
        postprocessor(name, default_catalog())
