"""BLEU, chrF and TER from summed sentence statistics equal sacrebleu's corpus scores exactly."""

from __future__ import annotations

from typing import Any

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from tests.closeness import RELATIVE, same

from regrade.metrics.column import Column
from regrade.registry import lookup

ORACLES = {
    "bleu": sacrebleu.corpus_bleu,
    "chrf": sacrebleu.corpus_chrf,
    "chrf++": lambda said, gold: sacrebleu.corpus_chrf(said, gold, word_order=2),
    "ter": sacrebleu.corpus_ter,
}
SENTENCES = st.lists(
    st.sampled_from(["the", "cat", "mat", ",", "größer", "日本", ".", "3,5", "don't"]), max_size=9
).map(" ".join)


def reduce(name: str, values: list[Any]) -> float:
    aggregation = lookup("aggregation", name)()
    column = Column(aggregation.width)
    for value in values:
        column.append(aggregation.statistics(value))
    return float(aggregation.reduce(column))


@pytest.mark.parametrize("name", list(ORACLES))
@given(values=st.lists(st.tuples(SENTENCES, SENTENCES), min_size=1, max_size=8))
def test_one_reference(name: str, values: list[tuple[str, str]]) -> None:
    wanted = ORACLES[name]([said for _, said in values], [[gold for gold, _ in values]]).score
    assert same(reduce(name, values), wanted, relative=RELATIVE)
    assert same(reduce(name, [[[gold], [said]] for gold, said in values]), wanted, relative=RELATIVE)


@pytest.mark.parametrize("name", ["bleu", "chrf", "chrf++"])
@given(values=st.lists(st.tuples(st.lists(SENTENCES, min_size=2, max_size=2), SENTENCES), min_size=1, max_size=6))
def test_several_references(name: str, values: list[tuple[list[str], str]]) -> None:
    streams = list(zip(*[gold for gold, _ in values], strict=True))
    wanted = ORACLES[name]([said for _, said in values], streams).score
    assert same(reduce(name, values), wanted, relative=RELATIVE)


@pytest.mark.parametrize("value", ["text", ["gold"], ["gold", 5], ["gold", ["a", "b"]], [[], "answer"], [None, "a"]])
def test_what_is_no_pair_of_texts_is_an_error(value: Any) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)):
        lookup("aggregation", "bleu")().statistics(value)
