"""Answers of charts, web pages, financial reports; win rates; queries."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from scipy.stats import pearsonr

from regrade.errors import UnavailableError
from regrade.metrics.evaluate import evaluate
from regrade.metrics.groups.win_rates import WeightedWinRateCorrelation
from regrade.metrics.text.short_answers import RelaxedCorrectness, WebsrcSquadF1, relaxed_match


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("105", "100", True),
        ("94.9", "100", False),
        ("-95", "-100", True),
        ("95", "-100", False),
        ("50%", "0.5", True),
        ("Yes", "yes", True),
        ("0", "0", True),
        ("0.0", "0", False),  # nothing is within five percent of nothing
        ("seven", "7", False),
    ],
)
def test_relaxed(answer: str, reference: str, right: bool) -> None:
    assert relaxed_match(answer, reference) is right


def test_splits() -> None:
    kinds = ["human_test", "augmented_test", "augmented_test"]
    totals, rows = evaluate(
        [RelaxedCorrectness()], ["1", "2", "x"], [["1"], ["2"], ["y"]], [{"type": kind} for kind in kinds]
    )
    assert totals["relaxed_overall"] == totals["score"] == pytest.approx(2 / 3)
    assert totals["relaxed_human_split"] == 1.0
    assert totals["relaxed_augmented_split"] == 0.5
    assert "relaxed_human_split" not in rows[1]


def test_sets_of_tokens() -> None:
    predictions, references = ["4 doors, blue", "", "Blue  blue"], [["4 doors"], ["x"], ["blue"]]
    totals, rows = evaluate([WebsrcSquadF1()], predictions, references, [{"domain": "auto"}] * 3)
    assert [row["websrc_squad_f1"] for row in rows] == [round(4 / 6, 3), 0.0, 1.0]
    assert totals["score"] == round((2 / 3 + 1) / 3, 3)


BATTLES = [("x", "y", 2, 1), ("y", "z", -1, 3), ("z", "x", 0, -2), ("x", "w", -3, 0), ("w", "z", 1, 1)]


def test_win_rates_by_hand() -> None:
    metric = WeightedWinRateCorrelation()
    totals, rows = evaluate(
        [metric],
        [battle[2] for battle in BATTLES],
        [[battle[3]] for battle in BATTLES],
        [{"model_a": battle[0], "model_b": battle[1]} for battle in BATTLES],
    )
    predicted = {"w": 4 / 4, "x": 3 / 7, "y": 0 / 3, "z": 2 / 4}
    true = {"w": 2 / 3, "x": 4 / 5, "y": 3 / 4, "z": 0 / 6}
    wanted = pearsonr([predicted[model] for model in "wxyz"], [true[model] for model in "wxyz"])[0]
    assert totals["pearson_corr"] == pytest.approx(wanted)
    assert totals["spearman_corr"] == pytest.approx(-0.6)  # ranks 4 2 1 3 against 2 4 3 1
    assert [row["score"] for row in rows] == [None] * 5
    assert totals["score_name"] == "spearman_corr"


def test_one_battle_is_not_enough() -> None:
    with pytest.raises(ValueError, match="one battle"):
        evaluate([WeightedWinRateCorrelation()], [1], [[1]], [{"model_a": "x", "model_b": "y"}])


def test_words_need_spacy(monkeypatch: pytest.MonkeyPatch) -> None:
    from regrade.metrics.text import shared_words

    monkeypatch.setitem(sys.modules, "spacy", None)
    shared_words._tokenizer.cache_clear()
    assert "spacy" in (shared_words.F1Strings().needs() or "")
    with pytest.raises(UnavailableError, match="spacy"):
        shared_words.F1Strings().measure("a", ["a"], {})


def test_words_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from regrade.metrics.text import shared_words

    monkeypatch.setattr(
        shared_words, "_tokenizer", lambda: lambda text: [SimpleNamespace(text=w) for w in text.split()]
    )
    assert shared_words.F1Strings().measure("The cat", ["the dog", "sat"], {}) == {"f1_strings": 2 * 1 / 5}
    assert shared_words.F1Strings().measure("", ["the dog"], {}) == {"f1_strings": 0.0}


def test_meteor_without_wordnet(monkeypatch: pytest.MonkeyPatch) -> None:
    from regrade.metrics.text import meteor

    monkeypatch.setattr(meteor, "_data_folders", list)
    meteor._nltk.cache_clear()
    assert "wordnet" in (meteor.MeteorFast().needs() or "")
    with pytest.raises(UnavailableError, match=r"nltk\.downloader wordnet"):
        meteor.Meteor().measure("a", ["a"], {})


def test_meteor_without_nltk(monkeypatch: pytest.MonkeyPatch) -> None:
    from regrade.metrics.text import meteor

    monkeypatch.setattr("regrade.extras.is_installed", lambda package: False)
    assert "pip install 'regrade[nltk]'" in str(meteor.missing_data())


def test_intervals_of_win_rates_are_scipys() -> None:
    import random

    import numpy as np
    from scipy.stats import bootstrap, spearmanr

    chance = random.Random(3)
    battles = [(*chance.sample("wxyz", 2), chance.randint(-3, 3), chance.randint(-3, 3)) for _ in range(30)]

    def rates(rows: list[tuple[str, str, int, int]], outcome: int) -> list[float]:
        tally = {model: [0, 0] for model in "wxyz"}
        for row in rows:
            score = row[outcome]
            for model, wins in ((row[0], max(score, 0) or int(not score)), (row[1], max(-score, 0) or int(not score))):
                tally[model][0] += wins
                tally[model][1] += abs(score) or 2
        return [won / fought for won, fought in tally.values()]

    def statistic(drawn: Any) -> float:
        rows = [battles[place] for place in drawn]
        return float(spearmanr(rates(rows, 2), rates(rows, 3))[0])

    found = bootstrap(
        (np.arange(30),), statistic, n_resamples=100, vectorized=False, method="BCa", rng=np.random.default_rng(42)
    ).confidence_interval
    totals, _ = evaluate(
        [WeightedWinRateCorrelation()],
        [battle[2] for battle in battles],
        [[battle[3]] for battle in battles],
        [{"model_a": battle[0], "model_b": battle[1]} for battle in battles],
    )
    assert totals["spearman_corr_ci_low"] == pytest.approx(found.low, rel=1e-12)
    assert totals["spearman_corr_ci_high"] == pytest.approx(found.high, rel=1e-12)
