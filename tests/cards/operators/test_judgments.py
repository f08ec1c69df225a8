"""Judges' verdicts, and what they are weighed by."""

from __future__ import annotations

import math

import pytest

from regrade.artifacts import ArtifactError
from regrade.cards.operators.dialogs.judgments import ExtractMtBenchRatingJudgment, InferDictsToBinaryLogprobs
from regrade.cards.operators.texts.processors import PostProcess, Postprocessors


def tokens(*alternatives: dict[str, float]) -> list[dict[str, list[dict[str, object]]]]:
    """What a model could have said, token by token, with probabilities."""
    return [
        {"top_tokens": [{"text": text, "logprob": math.log(share)} for text, share in token.items()]}
        for token in alternatives
    ]


YES_NO = {"pos_class_name": "yes", "neg_class_name": "no"}


def test_the_share_of_the_positive_word_counts_at_the_first_token_that_has_either() -> None:
    said = tokens({"Well": 0.9, "yes": 0.00005}, {" Yes,": 0.3, "NO": 0.1, "yesterday": 0.6}, {"no": 1.0})
    assert InferDictsToBinaryLogprobs(**YES_NO).process_value(said) == pytest.approx(0.75)


def test_tokens_can_be_read_from_the_end() -> None:
    said = tokens({"yes": 1.0}, {"\u0120no": 0.5, "_yes": 0.5}, {".": 1.0})
    assert InferDictsToBinaryLogprobs(**YES_NO, take_logprobs_from_end=True).process_value(said) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "said", [[], tokens({"maybe": 1.0}), [{}], [{"top_tokens": None}], tokens({"a": 1.0}) * 3 + tokens({"yes": 1.0})]
)
def test_neither_word_is_worth_nothing(said: object) -> None:
    assert InferDictsToBinaryLogprobs(**YES_NO).process_value(said) == 0


def test_words_that_overlap_are_refused() -> None:
    with pytest.raises(ArtifactError, match="parts of each other"):
        InferDictsToBinaryLogprobs(pos_class_name="toxic", neg_class_name="not Toxic")


@pytest.mark.parametrize(
    ("said", "rating", "as_unitxt"),
    [
        ("<think>[[3]]?</think>Rating: [[8]]", 0.8, 0.3),
        ("<think>[[3]] or", None, 0.3),
        ("[[3]] or [[9]]", None, 0.3),
        ("[[8]], as I said: [[8.0]]", 0.8, 0.8),
        ("[[11]]", None, 1.1),
    ],
)
def test_ratings_that_were_thought_or_contradicted_count_in_unitxt_alone(
    said: str, rating: float | None, as_unitxt: float
) -> None:
    steps = [PostProcess(operator=ExtractMtBenchRatingJudgment())]
    found = Postprocessors(steps)(said)
    assert (found.unparsed is None) == (rating is not None)
    assert found.prediction == pytest.approx(rating or 0.0)
    assert Postprocessors(steps, as_unitxt=True)(said).prediction == pytest.approx(as_unitxt)
