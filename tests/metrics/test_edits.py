"""Edit distances of characters and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.metrics.evaluate import evaluate
from regrade.metrics.text.edits import CharEditDistance, CharEditDistanceAccuracy, Wer
from regrade.metrics.text.levenshtein import levenshtein

TEXTS = st.text("abcd", max_size=12)


def by_the_book(a: str, b: str) -> int:
    """Wagner and Fischer's table, row by row."""
    row = list(range(len(a) + 1))
    for added, there in enumerate(b, 1):
        after = [added]
        for place, here in enumerate(a, 1):
            after.append(min(row[place] + 1, after[-1] + 1, row[place - 1] + (here != there)))
        row = after
    return row[-1]


@given(TEXTS, TEXTS)
def test_the_distance_is_that_of_the_table(a: str, b: str) -> None:
    assert levenshtein(a, b) == by_the_book(a, b)


def test_longer_than_a_machine_word() -> None:
    assert levenshtein("ab" * 100, "ba" * 100) == 2
    assert levenshtein("a" * 300, "a" * 200 + "b" * 50) == 100


def test_words_are_compared_whole() -> None:
    assert levenshtein(["new", "york"], ["new", "yorks"]) == 1


@pytest.mark.parametrize(
    ("prediction", "reference", "distance", "accuracy"),
    [
        ("kitten", "sitting", 3.0, 1 - 3 / 7),
        ("a b c", "abc", 0.0, 1.0),
        ("", "abc", 3.0, 0.0),
        ("", " ", 0.0, 0.0),
    ],
)
def test_characters_but_no_white_space(prediction: str, reference: str, distance: float, accuracy: float) -> None:
    assert CharEditDistance().statistics(prediction, [reference], {}) == {"char_edit_distance": distance}
    found = CharEditDistanceAccuracy().statistics(prediction, [reference], {})
    assert found == {"char_edit_dist_accuracy": pytest.approx(accuracy)}


def test_word_error_rate_of_the_hubs_own_example() -> None:
    # The card of the metric wer on the hub.
    predictions = ["this is the prediction", "there is an other sample"]
    references = [["this is the reference"], ["there is another one"]]
    totals, rows = evaluate([Wer()], predictions, references, intervals=False)
    assert totals["wer"] == totals["score"] == 0.5
    assert [row["wer"] for row in rows] == [1 / 4, 3 / 4]


def test_an_empty_reference_has_no_error_rate_but_counts_in_all() -> None:
    totals, rows = evaluate([Wer()], ["one two", "three"], [[""], ["three"]], intervals=False)
    assert rows[0]["wer"] is None
    assert totals["wer"] == 2.0


def test_intervals_are_scipys() -> None:
    import numpy as np
    from scipy.stats import bootstrap

    rows = [(0, 4), (1, 3), (2, 7), (0, 1), (5, 4), (1, 9)]
    predictions = [" ".join(["x"] * wrong + ["w"] * max(0, words - wrong)) for wrong, words in rows]
    references = [[" ".join(["w"] * words)] for _, words in rows]
    totals, _ = evaluate([Wer()], predictions, references)
    errors, words = np.array([Wer().measure(p, r, {}) for p, r in zip(predictions, references, strict=True)]).T
    found = bootstrap(
        (np.arange(len(rows)),),
        lambda drawn: errors[drawn].sum() / words[drawn].sum(),
        n_resamples=100,
        vectorized=False,
        method="BCa",
        rng=np.random.default_rng(42),
    ).confidence_interval
    assert totals["wer_ci_low"] == pytest.approx(found.low, rel=1e-12)
    assert totals["score_ci_high"] == pytest.approx(found.high, rel=1e-12)


def test_one_reference_is_wanted() -> None:
    with pytest.raises(ValueError, match="exactly one reference"):
        Wer().statistics("a", ["a", "b"], {})
