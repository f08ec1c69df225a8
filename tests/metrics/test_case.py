"""Cases answer as the harness would between filters and metrics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.filters import Unparsed
from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics.case import NO_CHOICE, Case, argmax
from regrade.schema import Recipe, Record

FLOATS = st.one_of(st.floats(), st.integers(-3, 3).map(float))


def choice_case(doc: dict[str, Any], values: list[float], first: Any = None, version: str | None = None) -> Case:
    recipe = Recipe(
        task="t",
        output_type="multiple_choice",
        doc_to_text="q",
        doc_to_target="gold",
        doc_to_choice="choices",
        harness_version=version,
    )
    doc = {"q": "Q", "choices": ["a", "bb", "ccc"], **doc}
    templates = TaskTemplates(recipe, Record(0, 1, [], doc={**doc, **(first or {})}))
    return Case(Record(1, 1, [], doc=doc), templates, [(value, False) for value in values])


def text_case(gold: Any, answer: Any, first: Any = None, version: str | None = None) -> Case:
    recipe = Recipe(task="t", doc_to_target="gold", doc_to_text="q", harness_version=version)
    templates = TaskTemplates(recipe, Record(0, 1, [], doc={"q": "", "gold": gold if first is None else first}))
    return Case(Record(1, 1, [], doc={"q": "", "gold": gold}), templates, [answer])


@given(st.lists(FLOATS, min_size=1, max_size=9))
def test_argmax_is_numpys(values: list[float]) -> None:
    assert argmax(values) == int(np.argmax(values))


def test_argmax_of_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        argmax([])


@given(st.lists(st.tuples(FLOATS, st.text(max_size=3)), min_size=1, max_size=5))
def test_normalised_predictions_are_numpys(pairs: list[tuple[float, str]]) -> None:
    values, choices = [p[0] for p in pairs], [p[1] for p in pairs]
    case = choice_case({"choices": choices, "gold": 0}, values)
    with np.errstate(all="ignore"):
        by_length = np.argmax(values / np.array([float(len(c)) for c in choices]))
        assert case.predicted_norm == by_length
        if not any(0xD800 <= ord(letter) < 0xE000 for choice in choices for letter in choice):
            assert case.predicted_bytes == np.argmax(values / np.array([float(len(c.encode())) for c in choices]))
    assert case.predicted == np.argmax(values)


@pytest.mark.parametrize(
    ("gold", "wanted"),
    [(0, 0), (2, 2), (3, NO_CHOICE), (-1, -1), ("bb", 1), ("b", NO_CHOICE), (True, True)],
)
def test_gold_of_choices(gold: Any, wanted: Any) -> None:
    assert choice_case({"gold": gold}, [0.0] * 3).gold == wanted


def test_gold_of_several_references() -> None:
    assert choice_case({"gold": [0, 5, 2]}, [0.0] * 3).gold == [0, NO_CHOICE, 2]


@pytest.mark.parametrize(("gold", "first"), [(None, 0), (1.0, 0), ([1], 0), (1, [0, 1]), ({}, 0)])
def test_a_gold_that_does_not_fit_its_task_is_an_error(gold: Any, first: Any) -> None:
    with pytest.raises(TypeError):
        _ = choice_case({"gold": gold}, [0.0] * 3, {"gold": first}).gold


def test_multiple_inputs_take_the_gold_from_the_text() -> None:
    assert choice_case({"q": 1, "gold": "the continuation"}, [0.0] * 3).gold == 1


@pytest.mark.parametrize(
    ("version", "given_prompt", "alone"),
    [("0.4.8", [1.0, 3.0, 5.0], [2.0, 4.0, 6.0]), ("0.4.9", [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])],
)
def test_unconditional_requests_by_version(version: str, given_prompt: list[float], alone: list[float]) -> None:
    case = choice_case({"gold": 0}, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], version=version)
    assert case.loglikelihoods == given_prompt
    assert case.unconditional == alone


def test_missing_unconditional_requests() -> None:
    with pytest.raises(ValueError, match="none were recorded"):
        _ = choice_case({"gold": 0}, [0.0] * 3).unconditional


def test_a_wrong_number_of_requests() -> None:
    with pytest.raises(ValueError, match="2 log-likelihoods for 3 choices"):
        _ = choice_case({"gold": 0}, [0.0, 1.0]).predicted


@pytest.mark.parametrize(
    ("gold", "answer", "wanted"),
    [
        (72, "72", "72"),
        (72, Unparsed("[invalid]"), "72"),
        ("3", 3, 3),
        ("a", ["x"], "a"),
        (None, "x", "None"),
        ([1, 2], "x", [1, 2]),
    ],
)
def test_gold_of_generations(gold: Any, answer: Any, wanted: Any) -> None:
    found = text_case(gold, answer).gold
    assert found == wanted
    assert type(found) is type(wanted)


def test_gold_becomes_characters_beside_a_list_before_0_4_8() -> None:
    assert text_case("42", ["42"], version="0.4.7").gold == ["4", "2"]
    assert text_case("42", ["42"], version="0.4.8").gold == "42"


def test_a_gold_that_cannot_be_cast_is_an_error() -> None:
    with pytest.raises(ValueError, match="int"):
        _ = text_case("three", 3).gold


def test_cases_of_one_record_share_what_the_record_decides() -> None:
    calls = []

    class Counting(TaskTemplates):
        def target(self, record: Record) -> Any:
            calls.append(record)
            return super().target(record)

    recipe = Recipe(task="t", doc_to_target="gold", doc_to_text="q")
    record = Record(0, 1, [], doc={"q": "", "gold": "g"})
    templates, shared = Counting(recipe, record), {}  # type: ignore[var-annotated]
    calls.clear()
    for answer in ("a", "g"):
        assert Case(record, templates, [answer], shared=shared).gold == "g"
    assert len(calls) == 1


def test_infinities_do_not_hide_the_maximum() -> None:
    assert argmax([-math.inf, math.inf, 1.0]) == 1
    assert argmax([-math.inf, -math.inf]) == 0
