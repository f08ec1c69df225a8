"""Key-value extraction, from dicts and from calls of tools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from regrade.metrics.evaluate import evaluate
from regrade.metrics.resampler import Resampler
from regrade.metrics.structured.key_values import KeyValueExtraction, ToolCallKeyValueExtraction, flat
from regrade.metrics.text.accuracy import Accuracy

PREDICTIONS: list[dict[str, str]] = [
    {"name": "Jo", "age": "7", "shoe": "42"},
    {"name": "Al", "town": "Ulm"},
    {},
]
REFERENCES: list[list[dict[str, str]]] = [
    [{"name": "Jo", "age": "8"}],
    [{"name": "Al"}],
    [{"name": "Bo", "town": "Bonn"}],
]


def test_by_hand() -> None:
    metric = KeyValueExtraction(metric=Accuracy())
    totals, rows = evaluate([metric], PREDICTIONS, REFERENCES, intervals=False)
    assert totals["accuracy_name"] == pytest.approx(2 / 3)
    assert totals["accuracy_age"] == 0.0
    assert totals["accuracy_town"] == 0.0  # one not asked for, one not found
    assert totals["accuracy_micro"] == totals["score"] == 2 / 6
    assert totals["accuracy_macro"] == pytest.approx(2 / 9)
    assert totals["accuracy_legal_keys_in_predictions"] == 4 / 5  # no reference has a shoe
    assert rows[2]["accuracy_legal_keys_in_predictions"] == 0
    assert totals["score_name"] == "accuracy_micro"


def test_resamples_by_table_are_those_of_reduce() -> None:
    metric = KeyValueExtraction(metric=Accuracy())
    statistics = [metric.measure(p, r, {}) for p, r in zip(PREDICTIONS, REFERENCES, strict=True)]
    names = ["accuracy_micro", "accuracy_macro", "accuracy_age", "accuracy_legal_keys_in_predictions"]
    ours, slow = metric.resampler(statistics, names), Resampler(statistics, metric.reduce, names)
    indices = np.array([[0, 0, 1], [2, 2, 2], [1, 1, 2], [0, 1, 2]])
    np.testing.assert_allclose(ours.replicates(indices), slow.replicates(indices), rtol=1e-12)
    np.testing.assert_allclose(ours.jackknife(), slow.jackknife(), rtol=1e-12)


def test_references_without_keys() -> None:
    metric = KeyValueExtraction(metric=Accuracy())
    totals, rows = evaluate([metric], [{"a": "1"}, {"b": "1"}], [[{}], [{"b": "1"}]], intervals=False)
    assert rows[0]["score"] is None
    assert totals["accuracy_micro"] == 1.0
    assert totals["accuracy_legal_keys_in_predictions"] == 0.5
    with pytest.raises(ValueError, match="no keys"):
        evaluate([metric], [{"a": "1"}], [[{}]])


@pytest.mark.parametrize(
    ("nested", "leaves"),
    [
        ({"a": {"b": {"c": 1}}, "d": [1, 2]}, {"a.b.c": 1, "d": [1, 2]}),
        ({"a": [{"x": 1, "y": 2}, {"x": 3}]}, {"a.0.x": 1, "a.0.y": 2, "a.1.x": 3}),
        ({"a": [{"home": {"s": 1}}, {"work": {"s": 2}}]}, {"a.home.s": 1, "a.work.s": 2}),
        ({"a": [{"x": 1}, {"x": 2}]}, {"a.0.x": 1, "a.1.x": 2}),
        ({"a": [], "b": {}, "c": None}, {"c": None}),
    ],
)
def test_leaves(nested: dict[str, Any], leaves: dict[str, Any]) -> None:
    assert dict(flat(nested)) == leaves


def test_calls_of_tools() -> None:
    metric = ToolCallKeyValueExtraction(metric=Accuracy(), score_prefix="p_")
    call = {"name": "book", "arguments": {"who": {"first": "Jo", "last": "Doe"}}}
    gold = {"name": "book", "arguments": {"who": {"first": "Jo", "last": "Roe"}, "when": "now"}}
    totals, _ = evaluate([metric], [call], [[gold]])
    assert totals["p_accuracy_micro"] == 2 / 4
    assert totals["p_accuracy_arguments.who.last"] == 0.0
    assert totals["score_name"] == "p_accuracy_micro"
