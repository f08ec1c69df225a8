"""Splits renamed, mixed and cut."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError
from regrade.artifacts.streams import Streams, stream_of
from regrade.cards.operators.streams.mixes import parse_random_mix_string, parse_slices_string, random_mix_streams
from regrade.cards.operators.streams.splits import (
    DeleteSplits,
    DuplicateSplit,
    RenameSplits,
    SeparateSplit,
    SliceSplit,
    SplitRandomMix,
)
from regrade.errors import RecipeError


def numbered(**sizes: int) -> Streams:
    """Streams of rows that say where they are from."""
    return {name: stream_of([{"from": name, "n": n} for n in range(size)]) for name, size in sizes.items()}


def read(streams: Streams) -> dict[str, list[Any]]:
    """All rows, as name and number."""
    return {name: [f"{row['from']}{row['n']}" for row in rows] for name, rows in streams.items()}


def test_splits_are_renamed_one_after_the_other() -> None:
    streams = RenameSplits(mapper={"a": "b", "b": "c"}).apply(numbered(a=1, b=2, z=1))
    assert read(streams) == {"z": ["z0"], "b": ["a0"], "c": ["b0", "b1"]}


def test_a_split_that_is_not_there_cannot_be_renamed() -> None:
    with pytest.raises(RecipeError, match=r"no split 'dev'[\s\S]*there is test, train"):
        RenameSplits(mapper={"dev": "validation"}).apply(numbered(test=1, train=1))


def test_deleting_asks_for_nothing() -> None:
    assert list(DeleteSplits(splits=["a", "none"]).apply(numbered(a=1, b=1))) == ["b"]


def test_a_duplicate_is_read_by_itself() -> None:
    streams = DuplicateSplit(split="a", to_split="b").apply(numbered(a=2))
    assert list(streams["b"]) == list(streams["a"]) != []


# What random.Random("42/" + name) draws by ``choices`` is what Unitxt 1.26.10 does for each row.
def drawn(name: str, count: int, targets: list[Any], weights: list[float]) -> list[Any]:
    draw = Random(f"42/{name}")
    return [draw.choices(targets, weights=weights, k=1)[0] for _ in range(count)]


def test_a_mix_is_what_unitxt_draws() -> None:
    mix = {"train": "train[50%]+test[0.1]", "validation": "train[50%]+test[0.2]", "rest": "test[0.6]"}
    streams = read(SplitRandomMix(mix=mix).apply(numbered(train=300, test=200)))
    of_train = drawn("train", 300, ["train", "validation"], [0.5, 0.5])
    of_test = drawn("test", 200, ["train", None, "validation", "rest"], [0.1, 1 - (0.1 + 0.2 + 0.6), 0.2, 0.6])
    for name in mix:
        expected = [f"train{n}" for n, target in enumerate(of_train) if target == name]
        assert streams[name] == expected + [f"test{n}" for n, target in enumerate(of_test) if target == name]
    assert len(streams["rest"]) > 50


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=4))
def test_no_row_is_in_two_splits_of_a_mix(shares: list[float]) -> None:
    mapping = {f"new{n}": {"all": share} for n, share in enumerate(shares)}
    rows = [row for split in read(random_mix_streams(numbered(all=50), mapping)).values() for row in split]
    assert len(rows) == len(set(rows))
    if sum(shares) >= 1:
        assert len(rows) == 50


@pytest.mark.parametrize(
    "mix", ["", "train[", "train[x%]", "train[]", "train[%]", "train[.]", "a b", "train+", "a[1][2]"]
)
def test_what_is_no_mix_is_refused(mix: str) -> None:
    with pytest.raises(ArtifactError, match="no split with a share"):
        SplitRandomMix(mix={"train": mix})


def test_a_mix_of_a_split_that_is_not_there_fails_when_it_is_read() -> None:
    streams = SplitRandomMix(mix={"test": "test", "train": "train"}).apply(numbered(test=1))
    assert len(list(streams["test"])) == 1
    with pytest.raises(RecipeError, match="no split 'train'"):
        list(streams["train"])


def test_shares_are_read() -> None:
    assert parse_random_mix_string("a[5%]+b[.5]+c_1") == {"a": 0.05, "b": 0.5, "c_1": 1.0}


def test_slices_are_read() -> None:
    assert parse_slices_string("a[:50]+b[24:]+c+a[5:10]") == {
        "a": [(None, 50), (5, 10)],
        "b": [(24, None)],
        "c": [(None, None)],
    }


def test_a_slice_ends_where_it_says() -> None:
    streams = read(SliceSplit(slices={"x": "a[5:7]+b[1:]", "y": "a[:1]+a"}).apply(numbered(a=8, b=3)))
    assert streams == {"x": ["a5", "a6", "b1", "b2"], "y": ["a0", *(f"a{n}" for n in range(8))]}


@pytest.mark.parametrize("slices", ["a[1]", "a[1:2:3]", "a[-1:]", "a + b", ""])
def test_what_is_no_slice_is_refused(slices: str) -> None:
    with pytest.raises(ArtifactError, match="no part of a split"):
        SliceSplit(slices={"a": slices})


def test_a_split_is_separated() -> None:
    cut = {"from_split": "a", "to_split_names": ["x", "y", "z"]}
    assert read(SeparateSplit(**cut, to_split_sizes=[2, 1]).apply(numbered(a=5, b=1))) == {
        "b": ["b0"],
        "x": ["a0", "a1"],
        "y": ["a2"],
        "z": ["a3", "a4"],
    }
    kept = SeparateSplit(**cut, to_split_sizes=[2, 1, 1], remove_targets_from_source_split=False)
    assert read(kept.apply(numbered(a=5)))["a"] == ["a0", "a1", "a2", "a3", "a4"]
    with pytest.raises(ArtifactError, match="3 splits need as many sizes"):
        SeparateSplit(**cut, to_split_sizes=[2])
