"""For every aggregation: resampled and leave-one-out values equal `reduce` of the samples they stand for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regrade.metrics.aggregation import Aggregation, FunctionAggregation
from regrade.metrics.column import Column
from regrade.registry import iterate_registered, lookup
from regrade.versions import LATEST

NUMBERS = st.one_of(st.integers(0, 1), st.floats(-50, 50, allow_subnormal=False))
WEIGHTED = st.tuples(st.floats(-50, 0), st.integers(1, 40))
BINARY = st.tuples(st.integers(0, 1), st.integers(0, 1))
LABELS = st.tuples(st.integers(-1, 9), st.integers(-1, 9))
TEXTS = st.tuples(st.text("ab c.", max_size=12), st.text("ab c.", max_size=12))
MANY_TEXTS = st.tuples(st.lists(st.text("ab c.", max_size=9), min_size=1, max_size=3), st.text("ab c.", max_size=9))
PROBABILITIES = st.tuples(st.integers(0, 2), st.lists(st.floats(0, 1), min_size=3, max_size=3))
QUESTIONS = st.builds(
    lambda p, q, label, said: (said, {"idx": {"paragraph": p, "question": q}, "label": label}),
    st.integers(0, 2), st.integers(0, 2), st.integers(0, 1), st.booleans(),
)  # fmt: skip
LABEL_SETS = st.tuples(st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 3), max_size=3))
MAYBE = st.one_of(st.just(math.nan), st.floats(-5, 5))

CASES: dict[str, list[tuple[st.SearchStrategy[Any], tuple[int, ...]]]] = {
    "mean": [(NUMBERS, LATEST)],
    "recorded_mean": [(NUMBERS, LATEST)],
    "nanmean": [(MAYBE, LATEST)],
    "median": [(NUMBERS, LATEST), (NUMBERS, (0, 4, 11)), (MAYBE, LATEST)],
    "perplexity": [(NUMBERS, LATEST)],
    "weighted_perplexity": [(WEIGHTED, LATEST)],
    "bits_per_byte": [(WEIGHTED, LATEST)],
    "bypass": [(st.none(), LATEST)],
    "f1": [(BINARY, LATEST)],
    "micro_f1": [(BINARY, LATEST), (LABELS, LATEST)],
    "macro_f1": [(BINARY, LATEST), (LABELS, LATEST)],
    "weighted_f1": [(BINARY, LATEST), (LABELS, LATEST)],
    "matthews_corrcoef": [(BINARY, LATEST), (LABELS, LATEST)],
    "acc_all": [(QUESTIONS, LATEST)],
    "bleu": [(TEXTS, LATEST), (MANY_TEXTS, LATEST)],
    "chrf": [(TEXTS, LATEST)],
    "chrf++": [(TEXTS, LATEST), (MANY_TEXTS, LATEST)],
    "ter": [(TEXTS, LATEST), (MANY_TEXTS, LATEST)],
    "brier_score": [(PROBABILITIES, LATEST)],
    "inst_level_acc": [(st.lists(st.booleans(), min_size=1, max_size=4), LATEST)],
    "mean_of_judged": [(NUMBERS, LATEST)],
    "count": [(st.integers(0, 1), LATEST)],
    "micro_f1_sets": [(LABEL_SETS, LATEST)],
    "macro_f1_sets": [(LABEL_SETS, LATEST)],
}
PARAMETERS = [(name, *case) for name, cases in CASES.items() for case in cases]


def filled(aggregation: Aggregation, values: list[Any]) -> Column:
    column = Column(aggregation.width, labelled=aggregation.labelled)
    for value in values:
        column.append(aggregation.statistics(value))
    return column


def close(found: Any, wanted: Any) -> bool:
    return bool(found == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True))


def test_every_aggregation_is_tested() -> None:
    tested = {lookup("aggregation", name) for name in CASES}
    tested.add(lookup("aggregation", "card"))  # for each metric of cards, in tests/metrics
    # They need answers of several systems: tests/judging.
    tested |= {lookup("aggregation", name) for name in ("win_rate_at_equal_length", "length_controlled_win_rate")}
    tested.add(lookup("aggregation", "variance_of_repeats"))  # one sample has none: test_repeats.py
    assert {cls for _, cls in iterate_registered("aggregation") if cls.__module__.startswith("regrade.")} == tested


@pytest.mark.parametrize(("name", "value", "compat"), PARAMETERS)
def test_replicates_and_jackknife(name: str, value: st.SearchStrategy[Any], compat: tuple[int, ...]) -> None:
    aggregation = lookup("aggregation", name)()
    aggregation.compat = compat

    @settings(max_examples=40)
    @given(st.lists(value, min_size=2, max_size=12), st.integers(0, 2**32 - 1))
    def check(values: list[Any], seed: int) -> None:
        column = filled(aggregation, values)
        n = len(values)
        indices = np.random.default_rng(seed).integers(0, n, (5, n))
        resampler = aggregation.resampler(column)
        replicates = resampler.main_replicates(indices)
        assert replicates.shape == (5,)
        for row, found in zip(indices.tolist(), replicates.tolist(), strict=True):
            assert close(found, aggregation.reduce(column.take(row)))
            assert close(found, aggregation.reduce(filled(aggregation, [values[i] for i in row])))
        for i, found in enumerate(resampler.jackknife()[:, 0].tolist()):
            assert close(found, aggregation.reduce(filled(aggregation, values[:i] + values[i + 1 :])))

    check()


@pytest.mark.parametrize("name", ["mean", "median", "nanmean", "perplexity", "weighted_perplexity"])
@pytest.mark.parametrize("value", ["0.5", None, [1], (1, 2, 3), "ab", {"a": 1}])
def test_what_is_no_number_is_an_error(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        lookup("aggregation", name)().statistics(value)


def test_numpy_scalars_and_truth_values_are_numbers() -> None:
    mean = lookup("aggregation", "mean")()
    assert mean.reduce(filled(mean, [np.float64(1), np.bool_(False), True, 0])) == 0.5


def test_bootstrap_iterations_follow_the_metrics_name() -> None:
    bleu, mean = lookup("aggregation", "bleu")(), lookup("aggregation", "mean")()
    assert bleu.bootstrap_iterations(100_000) == 100
    assert bleu.bootstrap_iterations(30) == 30
    assert bleu.bootstrap_iterations(100_000, "bleu_of_mine") == 100_000
    assert mean.bootstrap_iterations(100_000, "ter") == 100
    assert mean.bootstrap_iterations(100_000) == 100_000


def test_perplexity_beyond_floats_is_infinite() -> None:
    perplexity = lookup("aggregation", "perplexity")()
    assert perplexity.reduce(filled(perplexity, [-1e6])) == math.inf


def test_a_function_sees_the_values_as_they_are() -> None:
    seen: list[Any] = []

    def longest(items: list[Any]) -> int:
        seen.append(items)
        return max(map(len, items))

    aggregation = FunctionAggregation(longest)
    column = filled(aggregation, ["a", [1, 2, 3], {"x": 1}])
    assert aggregation.stderr == "none"
    assert aggregation.reduce(column) == 3
    assert seen == [["a", [1, 2, 3], {"x": 1}]]
    resampler = aggregation.resampler(column)
    assert resampler.main_replicates(np.array([[0, 2], [1, 1]])).tolist() == [1.0, 3.0]
    assert resampler.jackknife().tolist() == [[3.0], [1.0], [3.0]]


def test_functions_of_the_harness_become_ours() -> None:
    def mean(arr: list[float]) -> float:
        raise AssertionError

    def chrfpp(items: list[Any]) -> float:
        raise AssertionError

    def weighted_mean(items: list[Any]) -> float:
        return 0.0

    for function in (mean, chrfpp, weighted_mean):
        function.__module__ = "lm_eval.api.metrics"
    assert type(FunctionAggregation(mean)) is lookup("aggregation", "mean")
    assert type(FunctionAggregation(chrfpp)) is lookup("aggregation", "chrf++")
    assert type(FunctionAggregation(weighted_mean)) is FunctionAggregation


def test_an_acc_all_counts_questions() -> None:
    acc_all = lookup("aggregation", "acc_all")()
    values = [
        (said, {"idx": {"paragraph": paragraph, "question": question}, "label": label})
        for paragraph, question, label, said in [(0, 0, 1, True), (0, 0, 0, True), (0, 1, 0, False), (1, 0, 1, True)]
    ]
    assert acc_all.reduce(filled(acc_all, values)) == pytest.approx(2 / 3)
