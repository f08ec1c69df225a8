"""exact_match equals the same comparison written in numpy, which is what the harness does."""

from __future__ import annotations

import re
import string
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.filters import Unparsed
from regrade.lm_eval.templates import TaskTemplates
from regrade.metrics.case import Case
from regrade.registry import lookup
from regrade.schema import Recipe, Record

TEXT = st.text("aAbB1,.$ \0İßẞé", max_size=6)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "regexes_to_ignore": st.one_of(
            st.none(), st.lists(st.sampled_from([",", r"\$", "[0-9]", "^a", "."]), min_size=1)
        ),
        "ignore_case": st.booleans(),
        "ignore_punctuation": st.booleans(),
        "ignore_numbers": st.booleans(),
    },
)


def case_of(gold: Any, answer: Any, shared: dict[Any, Any] | None = None) -> Case:
    templates = TaskTemplates(
        Recipe(task="t", doc_to_target="gold", doc_to_text="q"), Record(0, 1, [], doc={"q": "", "gold": gold})
    )
    return Case(Record(0, 1, [], doc={"gold": gold}), templates, [answer], shared=shared)


def in_numpy(answers: list[Any], golds: list[Any], options: dict[str, Any]) -> float:
    left, right = np.asarray(answers), np.asarray(golds)
    for pattern in options.get("regexes_to_ignore") or ():
        left = np.array([re.sub(pattern, "", str(text)) for text in left])
        right = np.array([re.sub(pattern, "", str(text)) for text in right])
    if options.get("ignore_case"):
        left, right = np.char.lower(left), np.char.lower(right)
    for option, letters in (("ignore_punctuation", string.punctuation), ("ignore_numbers", string.digits)):
        if options.get(option):
            table: Any = str.maketrans("", "", letters)
            left, right = np.char.translate(left, table), np.char.translate(right, table)
    return float(np.mean(left == right))


@given(TEXT, TEXT, OPTIONS)
def test_one_reference(gold: str, answer: str, options: dict[str, Any]) -> None:
    metric = lookup("metric", "exact_match")(**options)
    assert metric.measure(case_of(gold, answer)) == in_numpy([answer], [gold], options)


@given(st.lists(TEXT, min_size=1, max_size=3), TEXT, OPTIONS)
def test_several_references(golds: list[str], answer: str, options: dict[str, Any]) -> None:
    metric = lookup("metric", "exact_match")(**options)
    wanted = 1.0 if in_numpy([answer] * len(golds), golds, options) > 0 else 0.0
    assert metric.measure(case_of(golds, answer)) == wanted


@given(TEXT, st.lists(TEXT, min_size=1, max_size=4))
def test_several_answers_give_the_share_that_matches(gold: str, answers: list[str]) -> None:
    metric = lookup("metric", "exact_match")()
    assert metric.measure(case_of(gold, answers)) == in_numpy([answers], [gold], {})


@given(st.lists(TEXT, min_size=1, max_size=4), TEXT, OPTIONS)
def test_what_the_record_shares_does_not_leak_between_metrics(
    answers: list[str], gold: str, options: dict[str, Any]
) -> None:
    shared: dict[Any, Any] = {}
    for one in ({}, options, {"ignore_case": True}):
        metric = lookup("metric", "exact_match")(**one)
        for answer in answers:
            assert metric.measure(case_of(gold, answer, shared)) == metric.measure(case_of(gold, answer))


def test_a_fallback_is_compared_as_its_text() -> None:
    metric = lookup("metric", "exact_match")()
    assert metric.measure(case_of("[invalid]", Unparsed("[invalid]"))) == 1.0
    assert metric.measure(case_of(["x", "[invalid]"], Unparsed("[invalid]"))) == 1.0
    assert metric.measure(case_of(5, Unparsed("5"))) == 1.0


def test_no_patterns_at_all_compare_lists_as_wholes() -> None:
    metric = lookup("metric", "exact_match")(regexes_to_ignore=[])
    assert metric.measure(case_of(["a", "b"], "a")) == 0.0
    assert metric.measure(case_of(["a", "a"], "a")) == 1.0
    assert (
        lookup("metric", "exact_match")(regexes_to_ignore=[], ignore_case=True).measure(case_of(["a", "b"], "a")) == 1.0
    )


def test_shapes_that_do_not_broadcast_are_an_error() -> None:
    metric = lookup("metric", "exact_match")()
    with pytest.raises(ValueError, match="broadcast"):
        metric.measure(case_of(["a", "b"], ["x", "y", "z"]))


@pytest.mark.parametrize("options", [{"regexes_to_ignore": ["("]}, {"ignore_accents": True}])
def test_wrong_arguments(options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        lookup("metric", "exact_match")(**options)


def test_the_common_path_needs_no_numpy() -> None:
    import subprocess

    program = (
        "import sys\n"
        "from regrade.registry import lookup\n"
        "from regrade.metrics.aggregation import Aggregation\n"
        "from regrade.metrics.column import Column\n"
        "from regrade.filters import Pipeline\n"
        "from regrade.schema import FilterPipeline, FilterStep, Recipe, Record\n"
        "from regrade.lm_eval.templates import TaskTemplates\n"
        "from regrade.metrics.case import Case\n"
        "record = Record(0, 1, [['so #### 1']], doc={'q': '', 'gold': '1'})\n"
        "templates = TaskTemplates(Recipe(task='t', doc_to_target='gold', doc_to_text='q'), record)\n"
        "pipeline = Pipeline(FilterPipeline('p', [FilterStep('regex'), FilterStep('take_first')]))\n"
        "mean, column = lookup('aggregation', 'mean')(), Column(1)\n"
        "metric = lookup('metric', 'exact_match')(ignore_case=True, regexes_to_ignore=[','])\n"
        "for _ in range(3):\n"
        "    case = Case(record, templates, pipeline.apply(record.answers, record.doc))\n"
        "    column.append(mean.statistics(metric.measure(case)))\n"
        "assert mean.reduce(column) == 1.0 and mean.closed_stderr(column) == 0.0\n"
        "assert not {'numpy', 'sacrebleu', 'rouge_score', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
