"""The order of choices: drawn from content, recorded, undone."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts.streams import stream_of
from regrade.cards.prompting.arrangement import coin, original_place, reorder
from regrade.cards.prompting.choice_templates import MultipleChoiceTemplate
from regrade.cards.prompting.pairwise_templates import PairwiseChoiceTemplate, PairwiseComparativeRatingTemplate

PAIR = PairwiseChoiceTemplate(
    choice_a_field="a",
    choice_b_field="b",
    answer_field="winner",
    choice_a_label="A",
    choice_b_label="B",
    choice_tie_label="C",
    shuffle=True,
    input_format="{a} / {b}",
    output_format="[[{winner}]]",
)
QUIZ = MultipleChoiceTemplate(input_format="{question}\n{choices}", choices_separator="\n", shuffle_choices=True)


def pair(a: str, b: str, winner: str = "choice_a", **metadata: Any) -> dict[str, Any]:
    return {"input_fields": {"a": a, "b": b}, "reference_fields": {"winner": winner}, "metadata": metadata}


def quiz(choices: list[str], label: Any, **metadata: Any) -> dict[str, Any]:
    return {
        "input_fields": {"question": "Which?", "choices": choices},
        "reference_fields": {"choices": choices, "label": label},
        "metadata": metadata,
    }


def test_a_row_is_presented_the_same_wherever_it_stands() -> None:
    rows = [pair(f"answer {number}", "another one") for number in range(50)]
    whole = [row["source"] for row in PAIR.apply({"test": stream_of(rows)})["test"]]
    random.seed(7)  # Unitxt's draws would change with it
    mixed = rows[25:] + rows[:25]
    again = [row["source"] for row in PAIR.apply({"test": stream_of(mixed)})["test"]]
    assert again == whole[25:] + whole[:25]


def test_the_coin_is_fair_and_the_seed_throws_it_anew() -> None:
    rows = [{"a": f"answer {number}", "b": "x" * (number % 7)} for number in range(10_000)]
    heads = sum(coin(row) for row in rows)
    assert abs(heads - 5_000) < 250  # five standard deviations
    other = sum(coin(row) != coin(row, seed=1) for row in rows)
    assert abs(other - 5_000) < 250


def test_the_coin_ignores_the_order_of_keys_and_takes_what_json_lacks() -> None:
    assert coin({"a": 1, "b": {"c": 2, "d": 3}}) == coin({"b": {"d": 3, "c": 2}, "a": 1})
    assert coin({"a": object()}) == coin({"a": object()})


@pytest.mark.parametrize("winner", ["choice_a", "choice_b", "tie"])
@pytest.mark.parametrize("swapped", [True, False])
def test_verdicts_of_pairs_map_back(winner: str, swapped: bool) -> None:
    row = PAIR.process_row(pair("one", "two", winner, swapped=swapped))
    assert row["source"] == ("two / one" if swapped else "one / two")
    assert row["metadata"] == {"swapped": swapped}
    assert PAIR.restore(row["target"].strip("[]"), row["metadata"]) == winner
    assert PAIR.restore("D", row["metadata"]) is None


def test_a_pair_without_metadata_gets_no_record_but_the_same_order() -> None:
    row = pair("one", "two")
    recorded = PAIR.process_row(row)
    del row["metadata"]
    silent = PAIR.process_row(row)
    assert "metadata" not in silent
    assert silent["source"] == recorded["source"]


def test_nothing_is_swapped_without_shuffle() -> None:
    template = PairwiseComparativeRatingTemplate(
        choice_a_field="a",
        choice_b_field="b",
        choice_a_id_field="ia",
        choice_b_id_field="ib",
        answer_field="r",
        shuffle=False,
        input_format="{ia}{a}{ib}{b}",
        output_format="{r}",
    )
    row = {"input_fields": {"a": 1, "b": 2, "ia": "x", "ib": "y"}, "reference_fields": {"r": 3}, "metadata": {"k": 0}}
    got = template.process_row(row)
    assert (got["source"], got["target"], got["metadata"]) == ("x1y2", "3", {"k": 0})


@given(st.lists(st.text(max_size=3), min_size=1, max_size=8, unique=True), st.data())
def test_answers_to_a_shuffled_quiz_map_back(choices: list[str], data: st.DataObject) -> None:
    right = data.draw(st.integers(0, len(choices) - 1))
    row = QUIZ.process_row(quiz(choices, right))
    assert sorted(row["input_fields"]["choices"]) == sorted(choices)
    assert row["input_fields"]["choices"][row["reference_fields"]["label"]] == choices[right]
    assert QUIZ.restore(row["target"], len(choices), row["metadata"]) == right
    assert reorder(choices, row["metadata"]) == row["input_fields"]["choices"]


def test_a_quiz_follows_a_given_order() -> None:
    row = QUIZ.process_row(quiz(["one", "two", "three"], "two", choices_order=[2, 1, 0]))
    assert row["source"] == "Which?\nA. three\nB. two\nC. one"
    assert row["target"] == "B"


def test_the_right_one_of_equal_choices_is_followed() -> None:
    row = QUIZ.process_row(quiz(["same", "same", "other"], 1, choices_order=[1, 2, 0]))
    assert (row["reference_fields"]["label"], row["target"]) == (0, "A")


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 1], [0, 1, 3]])
def test_an_order_that_is_none_is_refused(order: list[int]) -> None:
    with pytest.raises(ValueError, match="each of 3 choices once"):
        QUIZ.process_row(quiz(["a", "b", "c"], 0, choices_order=order))


def test_a_draw_that_is_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="true or false"):
        PAIR.process_row(pair("one", "two", swapped="yes"))


def test_places_without_an_order_are_what_they_are() -> None:
    assert original_place(3, {}) == 3


def test_rows_are_left_as_they_are() -> None:
    row = quiz(["a", "b", "c"], 0, choices_order=[2, 1, 0])
    QUIZ.process_row(row)
    assert row == quiz(["a", "b", "c"], 0, choices_order=[2, 1, 0])
