"""F1 of entities and key points."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import SHARED

from regrade.metrics.evaluate import evaluate
from regrade.metrics.labels.elements import KPA, NER, CustomF1, FuzzyNer, MetricBasedNer
from regrade.metrics.resampler import Resampler
from regrade.metrics.text.accuracy import Accuracy
from regrade.statistics.bootstrap import resample_indices

ENTITIES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["P", "L", "O"])), max_size=4)
SAMPLES = st.lists(st.tuples(ENTITIES, ENTITIES), min_size=2, max_size=6)


def found(metric: CustomF1, samples: list[tuple[list[Any], list[Any]]]) -> list[Any]:
    return [metric.measure(prediction, [reference], {}) for prediction, reference in samples]


@pytest.mark.skipif(not SHARED.joinpath("conformance").is_dir(), reason="no recorded cases")
def test_the_recorded_case_but_for_scores_by_type() -> None:
    from tests.conformance.cases import equal, load
    from tests.conformance.encoding import decode

    (case,) = (case for case in load() if case["id"] == 1033)
    inputs = (decode(case[name], None) for name in ("predictions", "references"))  # type: ignore[arg-type]
    totals, rows = evaluate([NER(report_per_group_scores=False)], *inputs)
    assert equal(totals, case["expected_global"])
    assert equal(rows, case["expected_instances"])


def test_by_hand() -> None:
    predictions = [[("Ann", "P"), ("Ulm", "L"), ("IBM", "O")], [("Bob", "P")]]
    references = [[("Ann", "P"), ("Bonn", "L")], [("Bob", "P"), ("Bob", "P")]]
    scores = NER().reduce(found(NER(), list(zip(predictions, references, strict=True))))
    assert scores["precision_micro"] == 2 / 4
    assert scores["recall_micro"] == 2 / 4  # the second Bob was not found
    assert scores["f1_P"] == pytest.approx(2 * 1 * (2 / 3) / (1 + 2 / 3))
    assert scores["f1_L"] == 0.0
    assert "f1_O" not in scores  # no reference has one
    assert scores["f1_macro"] == pytest.approx(scores["f1_P"] / 2)
    assert scores["in_classes_support"] == 3 / 4


def test_nothing_there_and_nothing_found() -> None:
    scores = NER().reduce(found(NER(), [([], [])]))
    assert scores == {
        "f1_macro": 0.0,
        "recall_macro": 0.0,
        "precision_macro": 0.0,
        "in_classes_support": 1.0,
        "f1_micro": 0.0,
        "recall_micro": 0.0,
        "precision_micro": 0.0,
    }
    assert NER(zero_division=1.0).reduce(found(NER(), [([], [])]))["f1_micro"] == 1.0


@given(SAMPLES, st.integers(0, 99))
def test_resamples_by_table_are_those_of_reduce(samples: list[Any], seed: int) -> None:
    import numpy as np

    metric = NER()
    names = ["f1_micro", "f1_macro", "precision_macro", "in_classes_support", "f1_P"]
    statistics = found(metric, samples)
    ours, slow = metric.resampler(statistics, names), Resampler(statistics, metric.reduce, names)
    for indices in resample_indices(len(samples), 5, seed):
        np.testing.assert_allclose(ours.replicates(indices), slow.replicates(indices), rtol=1e-12)
    np.testing.assert_allclose(ours.jackknife(), slow.jackknife(), rtol=1e-12)


def test_fuzzy_texts_of_the_same_type_match() -> None:
    metric = FuzzyNer()
    # 2 * 7 / 15 of "Jane Doe" and "Jane Do" is 93 percent; 2 * 3 / 8 of "abcd" and "abce" is 75: not enough.
    samples = [([("Jane Doe", "P"), ("abcd", "P")], [("Jane Do", "P"), ("abce", "P"), ("Jane Doe", "L")])]
    scores = metric.reduce(found(metric, samples))
    assert scores["precision_micro"] == 1 / 2
    assert scores["recall_micro"] == 1 / 3


def test_fuzzy_matches_count_no_more_than_there_are() -> None:
    metric = FuzzyNer()
    scores = metric.reduce(found(metric, [([("Jane Doe", "P")] * 3, [("Jane Do", "P")])]))
    assert scores["precision_micro"] == pytest.approx(1 / 3)
    assert scores["recall_micro"] == 1.0


def test_another_metric_says_what_matches() -> None:
    metric = MetricBasedNer(metric=Accuracy(), min_score_for_match=0.75, n_resamples=0)
    samples = [([("Ann", "P"), ("Bob", "P")], [("Ann", "P"), ("Rob", "P")])]
    assert metric.reduce(found(metric, samples))["f1_micro"] == 0.5


def test_key_points() -> None:
    metric = KPA()
    points = ["cost", "cost", "speed"]
    predictions, references = ["yes", "none", "yes"], [["yes"], ["yes"], ["none"]]
    totals, _ = evaluate([metric], predictions, references, [{"keypoint": point} for point in points])
    assert totals["f1_cost"] == pytest.approx(2 * 1 * 0.5 / 1.5)
    assert totals["precision_micro"] == 1 / 2
    assert totals["recall_micro"] == 1 / 2
    assert totals["in_classes_support"] == 1 / 2  # speed is no point of a reference


def test_what_is_no_list_of_pairs() -> None:
    with pytest.raises(ValueError, match="must be of type"):
        NER().statistics("Ann", [[("Ann", "P")]], {})
