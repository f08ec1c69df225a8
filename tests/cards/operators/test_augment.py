"""Augmentors: seeded by what they change, of the fields that a task calls augmentable."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.artifacts import ArtifactError
from regrade.cards.operators.texts.augment import AugmentPrefixSuffix, AugmentWhitespace, TypeDependentAugmentor
from regrade.seeds import random_of


# The draws are those of Unitxt 1.26.10: random.Random("42/" + text), a character and then how often.
@given(st.text(alphabet="ab \n\t"))
def test_white_space_is_what_unitxt_draws(text: str) -> None:
    draw, expected = Random(f"42/{text}"), ""
    for part in re.split(r"(\s+)", text):
        expected += draw.choice(["\n", "\t", " "]) * draw.randint(1, 3) if part.isspace() else part
    assert AugmentWhitespace().process_value(text) == expected


@given(st.text(), st.integers(1, 5))
def test_ends_are_what_unitxt_draws(text: str, length: int) -> None:
    weights = {" ": 20, "\\t": 10, "\\n": 40, "": 30}
    draw = Random(f"42/{text}")
    ends = ["".join(draw.choices(list(weights), [w / 100 for w in weights.values()], k=length)) for _ in range(2)]
    augment = AugmentPrefixSuffix(prefix_len=length, suffix_len=length, remove_existing_whitespaces=True)
    assert augment.process_value(text) == ends[0] + text.strip() + ends[1]


def test_null_has_no_ends() -> None:
    with pytest.raises(ValueError, match="null"):
        AugmentPrefixSuffix(field="a", augmented_type="Any").process_row({"a": None})
    assert AugmentPrefixSuffix(field="a").process_row({"a": None}) == {"a": None}


def test_the_recipe_chooses_the_fields() -> None:
    augment = AugmentPrefixSuffix(prefixes=["> "], prefix_len=1, suffixes=None).for_inputs(["q", "n"])
    row = {"input_fields": {"q": "Why?", "n": 1, "other": "x"}}
    assert augment.process_row(row) == {"input_fields": {"q": "> Why?", "n": 1, "other": "x"}}


def test_the_type_of_what_is_augmented_can_be_written() -> None:
    class Shout(TypeDependentAugmentor):
        augmented_type: Any = "List[str]"

        def process_value(self, value: Any) -> Any:
            return [text.upper() for text in value]

    assert Shout(field="a").process_row({"a": ["x"]}) == {"a": ["X"]}
    assert Shout(field="a").process_row({"a": [1]}) == {"a": [1]}


@pytest.mark.parametrize(
    "arguments",
    [{"prefixes": None, "suffixes": None}, {"prefix_len": 0}, {"suffix_len": -1}, {"prefixes": [], "suffixes": {}}],
)
def test_ends_that_cannot_be_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        AugmentPrefixSuffix(**arguments)


def test_seeds_are_unitxts() -> None:
    assert random_of("train").random() == Random("42/train").random()
    assert random_of(7).random() == Random("42/7").random()
    import hashlib

    digest = int(hashlib.md5(b"{'a': 1}").hexdigest()[:8], 16)
    assert random_of({"a": 1}).random() == Random(f"42/{digest}").random()
    assert random_of(("a",)).random() == random_of(("a",)).random()
