"""Values of card metrics: scikit-learn's and scipy's, and by hand."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.metrics.kinds import CLASSES, LABEL_LISTS, LABELS, NUMBERS, SHARES

from regrade.artifacts import ArtifactError, build
from regrade.metrics.card_metric import CardMetric
from regrade.metrics.evaluate import evaluate

PAIRS = st.lists(st.tuples(LABELS, st.one_of(LABELS, st.just("cow"))), min_size=1, max_size=15)


def totals(data: str | dict[str, Any], predictions: list[Any], references: list[Any], **more: Any) -> dict[str, Any]:
    data = {"__type__": data} if isinstance(data, str) else data
    return evaluate([build(data, CardMetric)], predictions, [[one] for one in references], **more, intervals=False)[0]


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_f1s_are_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    from sklearn.metrics import f1_score, matthews_corrcoef

    golds, predictions = [gold for gold, _ in pairs], [predicted for _, predicted in pairs]
    labels = sorted(set(golds))
    for average in ("macro", "micro", "weighted"):
        wanted = f1_score(golds, predictions, labels=labels, average=average, zero_division=0)
        assert totals(f"f1_{average}", predictions, golds)["score"] == pytest.approx(wanted, abs=1e-12)
    by_class = f1_score(golds, predictions, labels=labels, average=None, zero_division=0)
    found = totals("f1_macro", predictions, golds)
    assert [found[f"f1_{label}"] for label in labels] == pytest.approx(list(by_class), abs=1e-12)
    fast = totals("f1_fast", predictions, golds)
    assert (fast["f1_macro"], fast["f1"]) == (found["f1_macro"],) * 2
    if len(set(golds)) > 1 or len(set(predictions)) > 1:
        wanted = matthews_corrcoef(golds, predictions)
        assert totals("matthews_correlation", predictions, golds)["score"] == pytest.approx(wanted, abs=1e-12)


@given(st.lists(st.tuples(LABEL_LISTS, LABEL_LISTS), min_size=1, max_size=10))
@settings(max_examples=60, deadline=None)
def test_multi_label_scores_are_scikit_learns(pairs: list[tuple[list[str], list[str]]]) -> None:
    from sklearn.metrics import f1_score, precision_score, recall_score

    golds, predictions = [set(gold) for gold, _ in pairs], [set(predicted) for _, predicted in pairs]
    labels = sorted(set().union(*golds))
    if not labels:
        assert math.isnan(totals("f1_micro_multi_label", [[]], [[]])["score"])
        return
    table = [np.array([[label in one for label in labels] for one in side], dtype=int) for side in (golds, predictions)]
    keep = {"labels": [1]} if len(labels) == 1 else {}
    for name, function in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
        for average in ("macro", "micro"):
            wanted = function(*table, average=average, zero_division=0, **keep)
            found = totals(f"{name}_{average}_multi_label", [list(one) for one in predictions], [*map(list, golds)])
            assert found["score"] == pytest.approx(wanted, abs=1e-12)


@given(st.lists(st.tuples(CLASSES, SHARES), min_size=2, max_size=15))
@settings(max_examples=60, deadline=None)
def test_binary_scores_are_scikit_learns(pairs: list[tuple[int, float]]) -> None:
    from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support, roc_auc_score

    golds, numbers = [gold for gold, _ in pairs], [number for _, number in pairs]
    called = [int(number > 0.5) for number in numbers]
    precision, recall, f1, _ = precision_recall_fscore_support(golds, called, labels=[0, 1], zero_division=0)
    found = totals("f1_binary", numbers, golds)
    names = ("precision_binary", "recall_binary", "f1_binary")
    assert [found[name] for name in names] == pytest.approx([precision[1], recall[1], f1[1]])
    assert [found[f"{name}_neg"] for name in names] == pytest.approx([precision[0], recall[0], f1[0]])
    assert totals("binary_accuracy", numbers, golds)["score"] == pytest.approx(accuracy_score(golds, called))

    best = max(accuracy_score(golds, [int(n >= t) for n in numbers]) for t in [*numbers, 2.0])
    assert totals("binary_max_accuracy", numbers, golds)["score"] == pytest.approx(best)
    thresholds = {round(number, 3) for number in numbers}
    best = max(f1_score(golds, [int(n >= t) for n in numbers], zero_division=0) for t in thresholds)
    maximal = totals("binary_max_f1", numbers, golds)
    assert maximal["score"] == pytest.approx(best)
    at_best = [int(n >= maximal["best_thr_maxf1"]) for n in numbers]
    assert f1_score(golds, at_best, zero_division=0) == pytest.approx(best)
    area = totals("roc_auc", numbers, [float(gold) for gold in golds])["score"]
    if len(set(golds)) == 1:
        assert math.isnan(area)
    else:
        assert area == pytest.approx(roc_auc_score(golds, numbers))


def test_only_reported_scores_have_intervals() -> None:
    data = {"__type__": "f1_binary_pos_only"}
    found, _ = evaluate([build(data, CardMetric)], [0.8, 1, 0.2, 0, 0.6, 1], [[1], [0], [0], [0], [1], [1]])
    assert found["f1_binary"] == pytest.approx(6 / 7)
    assert [name for name in found if name.endswith("_ci_low")] == ["f1_binary_ci_low", "score_ci_low"]
    # Unitxt 1.26.10 on the same samples, but for score, where it has nan
    assert found["score_ci_low"] == found["f1_binary_ci_low"] == pytest.approx(0.11778316836045262, abs=1e-12)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=12))
@settings(max_examples=40, deadline=None)
def test_correlations_are_scipys(pairs: list[tuple[float, float]]) -> None:
    from scipy import stats

    first, second = [x for x, _ in pairs], [y for _, y in pairs]
    assume(len(set(first)) > 1 and len(set(second)) > 1)
    for name, function in (
        ("spearmanr", stats.spearmanr),
        ("pearsonr", stats.pearsonr),
        ("kendall_tau_metric", stats.kendalltau),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = function(first, second)
        found = totals(name, first, second)
        assert found["score"] == pytest.approx(wanted.statistic, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("data", "prediction", "references", "wanted"),
    [
        ({"__type__": "accuracy"}, 3, ["3"], 1.0),
        ({"__type__": "accuracy"}, "3", ["4", "5"], 0.0),
        ({"__type__": "exact_match_mm"}, "(b) because", ["B"], 1.0),
        ({"__type__": "exact_match_mm"}, "Option c", ["C"], 1.0),
        ({"__type__": "exact_match_mm"}, "", ["C"], 0.0),
        ({"__type__": "exact_match_mm"}, "", [""], 0.0),
        ({"__type__": "string_containment"}, "in Rome", ["Rome"], 1.0),
        ({"__type__": "unsorted_list_exact_match"}, [2, 1], [[1, 2]], 1.0),
        ({"__type__": "jaccard_index"}, ["a", "b"], [["b", "c"], ["x"]], 1 / 3),
        ({"__type__": "prediction_length"}, "four", ["-"], 4),
        ({"__type__": "anls"}, "kitten", ["sitting"], 1 - 3 / 7),
        ({"__type__": "anls"}, "kitten", ["dog"], 0.0),
        ({"__type__": "token_overlap"}, "The cat.", ["a cat"], 1.0),
        ({"__type__": "mean_squared_error"}, 1.0, [3.0], 4.0),
        ({"__type__": "root_mean_squared_error"}, 1.0, [3.0], 2.0),
    ],
)
def test_one_sample_by_hand(data: dict[str, Any], prediction: Any, references: list[Any], wanted: float) -> None:
    found, rows = evaluate([build(data, CardMetric)], [prediction], [references])
    assert found["score"] == rows[0]["score"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("data", "prediction", "references"),
    [
        ({"__type__": "f1_macro"}, "a", ["a", "b"]),
        ({"__type__": "f1_macro"}, 3, ["a"]),
        ({"__type__": "f1_binary"}, 0.5, [2]),
        ({"__type__": "f1_macro_multi_label"}, "a", [["a"]]),
        ({"__type__": "spearmanr"}, "high", [1.0]),
        ({"__type__": "accuracy"}, "a", "a"),
    ],
)
def test_what_does_not_fit_is_refused(data: dict[str, Any], prediction: Any, references: Any) -> None:
    with pytest.raises(ValueError, match=r"reference|type"):
        evaluate([build(data, CardMetric)], [prediction], [references])


def test_an_integer_is_a_number() -> None:
    assert totals("spearmanr", [1, 2, 3], [1.0, 2.0, 4.0])["score"] == pytest.approx(1.0)


def test_no_samples_are_an_error() -> None:
    with pytest.raises(ValueError, match="no predictions"):
        evaluate([build({"__type__": "accuracy"}, CardMetric)], [], [])


@pytest.mark.parametrize(
    "data",
    [
        {"__type__": "accuracy", "ci_method": "percentile"},
        {"__type__": "accuracy", "prediction_type": "Listt[str]"},
        {"__type__": "accuracy", "reduction_map": {"median": ["accuracy"]}},
        {"__type__": "string_containment_ratio"},
        {"__type__": "metric_pipeline", "metric": {"__type__": "accuracy"}},
        {"__type__": "metrics_ensemble", "metrics": [{"__type__": "accuracy"}], "weights": [0.5, 0.5]},
    ],
)
def test_wrong_arguments_are_told_when_it_is_built(data: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError):
        build(data, CardMetric)


def test_prefixes_stand_before_every_score() -> None:
    found = totals({"__type__": "f1_macro", "score_prefix": "my_"}, ["a", "b"], ["a", "a"])
    assert set(found) == {"my_f1_macro", "my_f1_a", "score", "score_name", "num_of_instances"}
    assert found["score_name"] == "my_f1_macro"


def test_the_first_metric_is_the_score() -> None:
    metrics = [build({"__type__": name}, CardMetric) for name in ("accuracy", "f1_micro", "f1_macro")]
    found, rows = evaluate(metrics, ["a", "b", "a"], [["a"], ["a"], ["a"]])
    assert found["score_name"] == rows[0]["score_name"] == "accuracy"
    assert {"f1_micro", "f1_macro", "accuracy", "f1_a"} <= found.keys()
    assert (found["score_ci_low"], found["score_ci_high"]) == (found["accuracy_ci_low"], found["accuracy_ci_high"])


def test_an_interval_is_never_that_of_another_score() -> None:
    """Unitxt's accumulated scores can keep the interval of a metric that is not the score."""
    metrics = [build({"__type__": name}, CardMetric) for name in ("anls", "accuracy")]
    found, _ = evaluate(metrics, ["ab", "b"], [["ab"], ["a"]])
    assert found["score_name"] == "anls"
    assert "score_ci_low" not in found
