"""Sources put together."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from regrade.artifacts import Artifact, ArtifactError, build
from regrade.cards.operators.streams.fusion import BaseFusion, FixedFusion, streams_of
from regrade.errors import RecipeError

POLICY = {"data_classification_policy": ["public"]}


def source(letter: str, **splits: int) -> dict[str, Any]:
    """A loader of so many rows per split."""
    data = {split: [{"x": f"{letter}{n}"} for n in range(size)] for split, size in splits.items()}
    return {"__type__": "load_from_dictionary", "data": data, **POLICY}


def fused(kind: str, subsets: Any, split: str = "test", **arguments: Any) -> list[dict[str, Any]]:
    """The rows of one split of a fusion."""
    fusion = build({"__type__": kind, "subsets": subsets, **arguments}, BaseFusion)
    return [{k: v for k, v in row.items() if k not in POLICY} for row in fusion.apply({})[split]]


def test_sources_come_one_after_another() -> None:
    rows = fused("fixed_fusion", {"a": source("a", test=3), "b": source("b", test=1)}, max_instances_per_subset=2)
    assert rows == [{"x": "a0", "subset": ["a"]}, {"x": "a1", "subset": ["a"]}, {"x": "b0", "subset": ["b"]}]


def test_sources_without_names_leave_no_mark() -> None:
    assert fused("fixed_fusion", [source("a", test=1), source("b", train=1)]) == [{"x": "a0"}]


def test_a_limit_of_a_split_holds_for_that_split() -> None:
    limits = {"max_instances_per_subset": 3, "max_instances_per_split": {"test": 1}}
    subsets = {"a": source("a", test=5, train=5)}
    assert len(fused("fixed_fusion", subsets, **limits)) == 1
    assert len(fused("fixed_fusion", subsets, "train", **limits)) == 3


def test_fusions_of_fusions_name_both() -> None:
    inner = {"__type__": "fixed_fusion", "subsets": {"a": source("a", test=1)}}
    assert fused("fixed_fusion", {"outer": inner}) == [{"x": "a0", "subset": ["outer", "a"]}]


def test_only_the_splits_that_are_asked_for_are_there() -> None:
    fusion = build({"__type__": "fixed_fusion", "subsets": [source("a", test=1)], "include_splits": ["test"]})
    assert isinstance(fusion, FixedFusion)
    assert list(fusion.apply({})) == ["test"]


def test_a_weighted_fusion_is_what_unitxt_draws() -> None:
    rows = fused("weighted_fusion", {"a": source("a", test=30), "b": source("b", test=10)}, weights={"a": 1, "b": 2})
    draw, left = Random("42/weighted_fusion_test"), {"a": 30, "b": 10}
    expected = []
    while left:
        name = draw.choices(population=list(left), weights=[{"a": 1.0, "b": 2.0}[name] for name in left])[0]
        if left[name]:
            expected.append(name)
            left[name] -= 1
        else:
            del left[name]
    assert [row["subset"][0] for row in rows] == expected
    assert len(rows) == 40


def test_a_weighted_fusion_ends_at_its_total() -> None:
    assert len(fused("weighted_fusion", [source("a", test=9)], weights=[1], max_total_samples=4)) == 4


@pytest.mark.parametrize("weights", [[1], {"a": 1}, {"a": 1, "c": 1}])
def test_weights_have_to_be_those_of_the_subsets(weights: Any) -> None:
    with pytest.raises(ArtifactError):
        fused("weighted_fusion", {"a": source("a"), "b": source("b")}, weights=weights)


def test_what_is_no_source_is_told() -> None:
    with pytest.raises(RecipeError, match="Artifact is no source of rows"):
        streams_of(Artifact())
