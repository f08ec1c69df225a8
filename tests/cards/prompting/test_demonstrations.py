"""Demonstrations: who gets which. The draws are Unitxt 1.26.10's, recorded from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts.streams import Row
from regrade.cards.prompting.demonstrations import ConstantSizeSample, RandomSizeSample
from regrade.cards.prompting.samplers import (
    CloseTextSampler,
    DiverseLabelsSampler,
    FixedIndicesSampler,
    RandomSampler,
    Sampler,
)

POOL = [
    {
        "input_fields": {"q": f"question {number} about {('cats', 'dogs', 'cows')[number % 3]}", "choices": ["a", "b"]},
        "reference_fields": {"labels": [["a"], ["b"], ["a", "b"], []][number * number % 4], "x": number},
    }
    for number in range(12)
]

EXPECTED: list[tuple[Sampler, int, int | None, list[int]]] = [
    (RandomSampler(), 0, None, [1, 6, 9]),
    (RandomSampler(), 5, 7, [1, 7, 9]),
    (CloseTextSampler(field="q"), 0, None, [3, 6, 9]),
    (CloseTextSampler(field="q"), 5, 7, [11, 8, 2]),
    (DiverseLabelsSampler(), 0, None, [8, 6, 1]),
    (DiverseLabelsSampler(), 5, 7, [9, 4, 7]),
    (FixedIndicesSampler(indices=[3, 1, 5]), 0, None, [4, 2, 6]),  # the row itself is taken out of the pool first
    (FixedIndicesSampler(indices=[3, 1, 5]), 5, 7, [3, 1, 6]),
]


def chosen(sampler: Sampler, size: int, place: int = 0, seed: int | None = None) -> list[int]:
    step = ConstantSizeSample(from_field="p", to_field="d", sampler=sampler, sample_size=size, sampling_seed=seed)
    row = step.process_row({**POOL[place], "p": POOL})
    assert "p" not in row
    return [demo["reference_fields"]["x"] for demo in row["d"]]


@pytest.mark.parametrize(("sampler", "place", "seed", "expected"), EXPECTED)
def test_the_draws_of_three(sampler: Sampler, place: int, seed: int | None, expected: list[int]) -> None:
    assert chosen(sampler, 3, place, seed) == expected


@pytest.mark.parametrize("sampler", [RandomSampler(), CloseTextSampler(field="q"), DiverseLabelsSampler()])
def test_a_row_is_never_its_own_demonstration(sampler: Sampler) -> None:
    for place in range(12):
        everyone_else = chosen(sampler, 11, place)
        assert sorted([*everyone_else, place]) == list(range(12))


def test_the_same_row_gets_the_same_whatever_came_before() -> None:
    sampler = DiverseLabelsSampler()
    first = chosen(sampler, 3, 4)
    for place in range(12):
        chosen(sampler, 3, place)
    assert chosen(sampler, 3, 4) == first


def test_sets_of_labels_occur_alike() -> None:
    rows = [
        {"input_fields": {"choices": ["a", "b"], "n": number}, "reference_fields": {"labels": [label]}}
        for number, label in enumerate("a" * 20 + "b" * 3)
    ]
    got = DiverseLabelsSampler().sample(6, rows, {"input_fields": {"n": 99}})
    assert sorted(row["reference_fields"]["labels"][0] for row in got) == ["a", "a", "a", "b", "b", "b"]


def test_labels_that_are_left_out_end_the_search() -> None:
    rows = [{"input_fields": {"choices": ["a"], "n": n}, "reference_fields": {"labels": ["z"]}} for n in range(3)]
    with pytest.raises(ValueError, match="0 rows have labels that count"):
        DiverseLabelsSampler(include_empty_label=False).sample(1, rows, {"input_fields": {"n": 9}})


def test_numbers_of_demonstrations_vary_with_the_row() -> None:
    step = RandomSizeSample(from_field="p", to_field="d", sampler=RandomSampler(), sample_sizes=[1, 4])
    sizes = [len(step.process_row({**row, "p": POOL})["d"]) for row in POOL]
    assert set(sizes) == {1, 4}
    assert sizes == [len(step.process_row({**row, "p": POOL})["d"]) for row in POOL]


def test_demonstrations_that_are_there_stay() -> None:
    step = ConstantSizeSample(
        from_field="p", to_field="d", sampler=RandomSampler(), sample_size=1, skip_demoed_instances=True
    )
    assert step.process_row({"input_fields": {}, "p": POOL, "d": [7]}) == {"input_fields": {}, "d": [7]}


@pytest.mark.parametrize(
    ("sampler", "row", "wrong"),
    [
        (RandomSampler(), {"input_fields": {}, "p": POOL[:2]}, "3 demonstrations are wanted, and the pool has 2"),
        (RandomSampler(), {"input_fields": {}}, "no pool"),
        (RandomSampler(), {"p": POOL}, "comes from no task"),
        (FixedIndicesSampler(indices=[0, 1, 12]), {"input_fields": {}, "p": POOL}, "go beyond the 12 rows"),
        (DiverseLabelsSampler(labels="none"), {"input_fields": {}, "p": POOL}, "no 'none' in its reference_fields"),
        (DiverseLabelsSampler(choices="none"), {"input_fields": {}, "p": POOL}, "no 'none' in its input_fields"),
        (DiverseLabelsSampler(labels="x"), {"input_fields": {}, "p": POOL}, "must be a list of labels"),
        (DiverseLabelsSampler(), {"input_fields": {}, "p": [{"input_fields": {"choices": []}}] * 3}, "no 'reference_"),
    ],
)
def test_what_is_wrong_is_said(sampler: Sampler, row: dict[str, Any], wrong: str) -> None:
    step = ConstantSizeSample(from_field="p", to_field="d", sampler=sampler, sample_size=3)
    with pytest.raises(ValueError, match=wrong):
        step.process_row(row)


def test_none_are_wanted_of_an_empty_pool() -> None:
    step = ConstantSizeSample(from_field="p", to_field="d", sampler=CloseTextSampler(field="q"), sample_size=0)
    assert step.process_row({"input_fields": {"q": "x"}, "p": []})["d"] == []


INPUTS = st.dictionaries(
    st.sampled_from("ab"), st.one_of(st.integers(0, 1), st.booleans(), st.sampled_from("xy"), st.just([1]), st.none())
)


@given(pools=st.lists(st.lists(INPUTS, max_size=8), min_size=1, max_size=3), asked=st.lists(INPUTS, min_size=1))
def test_a_row_is_no_demonstration_of_itself(pools: list[list[Row]], asked: list[Row]) -> None:
    sampler = RandomSampler()
    for pool in ([{"input_fields": inputs} for inputs in each] for each in pools):
        for own in asked:
            others = sampler.filter_source_by_instance(pool, {"input_fields": own})
            assert others == [row for row in pool if row["input_fields"] != own]
            assert others is not pool, "whoever takes from it takes nothing from the pool"
