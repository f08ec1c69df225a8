"""Tasks: fields by their roles, each of its type."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError
from regrade.cards.prompting.task import Task

ROW = {"question": "Why?", "score": 7.5, "id": 1}


def task(**arguments: Any) -> Task:
    given = {"input_fields": {"question": "str"}, "reference_fields": {"score": "float"}, "metrics": ["m"]}
    return Task(**{**given, **arguments})


def test_fields_by_their_roles() -> None:
    assert task().process_row(ROW) == {
        "input_fields": {"question": "Why?"},
        "reference_fields": {"score": 7.5},
        "metrics": ["m"],
        "data_classification_policy": [],
        "media": {},
        "recipe_metadata": {},
    }


@pytest.mark.parametrize("kind", ["float", "Number", "Optional[float]", "Union[float, str]"])
def test_a_whole_number_is_a_number(kind: str) -> None:
    row = task(reference_fields={"score": kind}).process_row({**ROW, "score": 7})
    assert row["reference_fields"] == {"score": 7}


def test_lists_of_whole_numbers_and_pairs() -> None:
    row = {"question": [["user", "hi"]], "score": [7, 8]}
    made = task(input_fields={"question": "List[Tuple[str, str]]"}, reference_fields={"score": "List[float]"})
    assert made.process_row(row)["reference_fields"] == {"score": [7, 8]}


def test_what_a_row_brings_along_for_later_steps() -> None:
    more = {"instruction": "i", "system_prompt": "s", "demos": [], "media": {"images": []}, "other": 1}
    row = task().process_row({**ROW, **more, "data_classification_policy": ["public"]})
    assert {name: row[name] for name in more if name != "other"} == {k: v for k, v in more.items() if k != "other"}
    assert row["data_classification_policy"] == ["public"]
    assert "other" not in row


def test_defaults_stand_in_and_do_not_overwrite() -> None:
    made = task(defaults={"question": "What?"})
    assert made.process_row({"score": 1.0})["input_fields"] == {"question": "What?"}
    assert made.process_row(ROW)["input_fields"] == {"question": "Why?"}
    assert made.with_defaults({"score": 1.0}) == {"question": "What?", "score": 1.0}


def test_rows_to_ask_need_no_references() -> None:
    assert "reference_fields" not in task().process_row({"question": "Why?"}, "__INFERENCE_STREAM__")


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ({"score": 1.0}, r"the input field 'question' \(str\) is missing; the row has score"),
        ({"question": "Why?"}, r"the reference field 'score' \(float\) is missing"),
        ({**ROW, "question": 3}, r"the input field 'question' must be str: it is the int 3"),
        ({**ROW, "score": "high"}, r"the reference field 'score' must be float: it is the str 'high'"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(row: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        task().process_row(row)


def test_old_names_and_lists() -> None:
    old = Task(inputs=["question"], outputs=["score"], metrics="m")
    assert old.process_row({"question": 1, "score": None})["reference_fields"] == {"score": None}
    assert old.metrics == ["m"]


def test_python_types() -> None:
    assert task(input_fields={"question": list[str]}, prediction_type=str).type_of_predictions is str


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"inputs": ["question"]}, "old name"),
        ({"input_fields": None}, "no 'input_fields'"),
        ({"reference_fields": None}, "no 'reference_fields'"),
        ({"input_fields": {"question": "strr"}}, "strr"),
        ({"prediction_type": "List[strr]"}, "strr"),
        ({"augmentable_inputs": ["context"]}, "'context' is no input field"),
        ({"defaults": {"context": ""}}, "neither an input nor a reference field"),
        ({"defaults": {"question": 3}}, "the default of 'question' does not fit"),
    ],
)
def test_what_is_wrong_with_a_task_is_said(arguments: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ArtifactError, match=wrong):
        task(**arguments)
