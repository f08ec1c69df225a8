"""One row's way through a card."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.cards import Choices, Pipeline
from regrade.cards.load import load
from regrade.cards.trace import Trace, trace
from regrade.errors import UsageError

QUESTIONS = [{"id": n, "question": f"{n}+1?"} for n in range(3)]
ANSWERS = [{"key": n, "answer": str(n + 1), "by": model} for n in range(3) for model in ("a", "b")]
CARD: dict[str, Any] = {
    "__type__": "task_card",
    "loader": {"__type__": "load_from_dictionary", "data": {"questions": QUESTIONS, "answers": ANSWERS}},
    "preprocess_steps": [
        {"__type__": "rename", "field_to_field": {"key": "id"}, "apply_to_streams": ["answers"]},
        {"__type__": "filter_by_condition", "values": {"by": "b"}, "condition": "eq", "apply_to_streams": ["answers"]},
        {
            "__type__": "join_streams",
            "left_stream": "questions",
            "right_stream": "answers",
            "how": "inner",
            "on": ["id"],
            "new_stream_name": "test",
        },
        {"__type__": "set", "fields": {"seen": True}, "apply_to_streams": ["test"]},
    ],
    "task": {
        "__type__": "task",
        "input_fields": {"question": "str"},
        "reference_fields": {"answer": "str"},
        "prediction_type": "str",
        "metrics": ["metrics.accuracy"],
    },
    "templates": [{"__type__": "input_output_template", "input_format": "{question}", "output_format": "{answer}"}],
}


def traced(number: int) -> Trace:
    loaded = load(CARD)
    return trace(Pipeline(loaded.artifact, Choices(), catalog=loaded.catalogs), number)


def plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "data_classification_policy"}


def test_the_rows_of_each_stream_are_followed_to_the_join() -> None:
    found = traced(1)
    changes = [
        (stage.step.number if stage.step else 0, change.stream, plain(change.row), change.before is None)
        for stage in found.stages
        for change in stage.changes
    ]
    assert changes == [
        (0, "questions", {"id": 1, "question": "1+1?"}, True),
        (0, "answers", {"key": 1, "answer": "2", "by": "b"}, True),
        (1, "answers", {"answer": "2", "by": "b", "id": 1}, False),
        (3, "test", {"id": 1, "question": "1+1?", "answer": "2", "by": "b"}, True),
        (4, "test", {"id": 1, "question": "1+1?", "answer": "2", "by": "b", "seen": True}, False),
    ]
    assert found.sample.doc["id"] == 1
    assert found.sample.target == "2"


def test_there_are_not_so_many() -> None:
    with pytest.raises(UsageError, match="not so many samples"):
        traced(3)
