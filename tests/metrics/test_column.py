"""Columns keep what they are given, in order, and join and select it without loss."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.filters import Unparsed
from regrade.metrics.column import Column

LABELS = st.one_of(st.text(max_size=3), st.integers(-3, 3), st.booleans(), st.none())
KINDS = [
    (1, False, st.tuples(st.floats())),
    (3, False, st.tuples(*[st.floats()] * 3)),
    (2, True, st.tuples(LABELS, LABELS)),
]


def filled(width: int, labelled: bool, rows: list[Any]) -> Column:
    column = Column(width, labelled=labelled)
    for row in rows:
        column.append(row)
    return column


def shown(rows: Any) -> list[str]:
    # True and 1 are one label, as they are one number.
    return [repr(tuple(int(v) if isinstance(v, bool) else v for v in row)) for row in rows]


@pytest.mark.parametrize(("width", "labelled", "row"), KINDS)
def test_rows_extend_and_take(width: int, labelled: bool, row: st.SearchStrategy[Any]) -> None:
    @given(st.lists(row), st.lists(row), st.randoms())
    def check(first: list[Any], second: list[Any], rng: Any) -> None:
        column = filled(width, labelled, first)
        column.extend(filled(width, labelled, second))
        both = first + second
        assert len(column) == len(both)
        assert shown(column.rows()) == shown(both)
        places = [rng.randrange(len(both)) for _ in both]
        assert shown(column.take(places).rows()) == shown(both[i] for i in places)
        assert shown(pickle.loads(pickle.dumps(column)).rows()) == shown(both)
        if both:
            assert column.numpy().shape == (len(both), width)

    check()


def test_objects_are_kept_as_they_are() -> None:
    column = Column(0)
    values = [{"a": 1}, None, [1, 2]]
    for value in values:
        column.append(value)
    other = Column(0)
    other.append("x")
    column.extend(other)
    assert column.objects == [*values, "x"]
    assert len(column) == 4
    assert column.take([3, 0]).objects == ["x", {"a": 1}]


def test_a_text_and_a_number_are_two_labels_and_a_fallback_is_its_text() -> None:
    column = filled(2, True, [("1", 1), (Unparsed("a"), "a")])
    assert list(column.data) == [0.0, 1.0, 2.0, 2.0]


def test_a_label_that_cannot_be_hashed_is_an_error() -> None:
    with pytest.raises(TypeError):
        filled(2, True, [([1], 2)])
