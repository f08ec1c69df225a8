"""Draws. The orders and values expected are those that Unitxt 1.26.10 gives."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator

ROWS: list[dict[str, Any]] = [
    {"n": 0, "a": 1, "b": 2, "f": 1.5, "t": "hello world", "l": ["p", "q", "r"]},
    {"n": 1, "a": 2, "b": 2, "f": 2.5, "t": "bye", "l": ["q"]},
    {"n": 2, "a": 1, "b": 3, "f": 3.0, "t": "", "l": []},
    {"n": 3, "a": 4, "b": 1, "f": -1.0, "t": "a b c d", "l": [5, 6, 7]},
]


def after(step: dict[str, Any], rows: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    return list(build(step, Operator).apply({"test": stream_of(ROWS if rows is None else rows)})["test"])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"__type__": "shuffle"}, [3, 2, 1, 0]),
        ({"__type__": "shuffle", "page_size": 2}, [1, 0, 2, 3]),
        ({"__type__": "shuffle", "page_size": 3}, [2, 1, 0, 3]),
        ({"__type__": "feature_grouped_shuffle", "grouping_features": ["a"]}, [3, 1, 0, 2]),
        ({"__type__": "feature_grouped_shuffle", "grouping_features": ["a", "b"], "page_size": 3}, [2, 1, 0, 3]),
        (
            {"__type__": "feature_grouped_shuffle", "grouping_features": ["a"], "shuffle_within_group": True},
            [3, 1, 0, 2],
        ),
        ({"__type__": "feature_grouped_shuffle"}, [3, 2, 1, 0]),  # Unitxt loses the rows
    ],
)
def test_orders_of_rows(step: dict[str, Any], expected: list[int]) -> None:
    assert [row["n"] for row in after(step)] == expected


def test_orders_depend_on_nothing_else() -> None:
    random.seed(1)
    operator = build({"__type__": "shuffle"}, Operator)
    streams = operator.apply({name: stream_of(ROWS) for name in ("train", "test")})
    orders = [[row["n"] for row in streams[name]] for name in ("test", "train", "test")]
    assert orders == [[3, 2, 1, 0]] * 3
    state = random.getstate()
    list(streams["test"])
    assert random.getstate() == state


def test_groups_stay_together() -> None:
    rows = [{"q": n % 7, "n": n} for n in range(50)]
    for within in (False, True):
        step = {"__type__": "feature_grouped_shuffle", "grouping_features": ["q"], "shuffle_within_group": within}
        result = after(step, rows)
        assert sorted(row["n"] for row in result) == list(range(50))
        changes = sum(one["q"] != other["q"] for one, other in pairwise(result))
        assert changes == 6
        ordered = all(one["n"] < other["n"] for one, other in pairwise(result) if one["q"] == other["q"])
        assert ordered is not within


def test_pages_are_shuffled_apart() -> None:
    rows = [{"n": n} for n in range(25)]
    result = [row["n"] for row in after({"__type__": "shuffle", "page_size": 10}, rows)]
    assert [sorted(result[:10]), sorted(result[10:20]), sorted(result[20:])] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 25)),
    ]
    assert result[:10] != list(range(10))


def test_orders_of_lists() -> None:
    shuffled = after({"__type__": "shuffle_field_values", "field": "l"})
    assert [row["l"] for row in shuffled] == [["q", "r", "p"], ["q"], [], [5, 6, 7]]
    assert ROWS[0]["l"] == ["p", "q", "r"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"field": "a", "percentage_to_perturb": 100}, [0, 1, 2, 5]),
        ({"field": "a", "percentage_to_perturb": 0}, [1, 2, 1, 4]),
        (
            {"field": "f", "percentage_to_perturb": 50},
            [1.5, 2.8959123415497254, 1.6216847795097158, -0.7321596824018141],
        ),
        (
            {"field": "t", "percentage_to_perturb": 100, "select_from": ["hello world", "bye", "hm"]},
            ["helo world", "be", "", "a b  d"],
        ),
    ],
)
def test_perturbed_values(step: dict[str, Any], expected: list[Any]) -> None:
    assert [row["z"] for row in after({"__type__": "perturb", "to_field": "z", **step})] == expected


def test_a_value_by_itself() -> None:
    shuffle = build({"__type__": "shuffle_field_values", "field": [["from", "to"]]}, FieldOperator)
    assert shuffle.process_value([1, 2, 3, 4, 5, 6, 7, 8]) == [2, 5, 6, 1, 4, 7, 3, 8]
    perturb = build({"__type__": "perturb", "field": "a", "percentage_to_perturb": 100}, FieldOperator)
    # what it makes of the first row of a stream, each time
    assert [perturb.process_value(value) for value in (1, 1, 4, "a")] == [0, 0, 3, "a"]


def test_each_of_a_list_is_perturbed() -> None:
    step = {"__type__": "perturb", "field": "l", "percentage_to_perturb": 100, "process_every_value": True}
    (row,) = after(step, [{"l": [10, 20, 30]}])
    assert [abs(new - old) for new, old in zip(row["l"], [10, 20, 30], strict=True)] == [1, 1, 1]


@pytest.mark.parametrize(
    "step",
    [{"__type__": "shuffle", "page_size": 0}, {"__type__": "perturb", "field": "a", "percentage_to_perturb": 101}],
)
def test_arguments_that_do_not_fit(step: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        build(step, Operator)
