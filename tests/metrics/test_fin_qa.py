"""FinQA's programs."""

from __future__ import annotations

import pytest

from regrade.metrics.structured.fin_qa import FinQAEval
from regrade.metrics.structured.fin_qa_programs import run, same, steps_of

TABLE = [["revenue", "$ 100.5", "200 ( 3 )", "5%"], ["cost, net", "1,000", "2", "3"]]


@pytest.mark.parametrize(
    ("program", "result"),
    [
        ("subtract(5829, 5735)", 94.0),
        ("subtract(5829, 5735), divide(#0, 5735)", 0.01639),
        ("divide(100, const_3), multiply(#0, const_m1)", -33.33333),
        ("add(1,500, 25%)", 1500.25),
        ("exp(2, 10)", 1024.0),
        ("greater(3, 2)", "yes"),
        ("table_max(revenue, none)", 200.0),
        ("table_average(cost, net, none), subtract(#0, 1)", 334.0),
    ],
)
def test_results(program: str, result: float | str) -> None:
    assert run(steps_of(program), TABLE) == result


@pytest.mark.parametrize(
    "program",
    [
        "",
        "subtract(1)",
        "import(os, sys)",
        "add(1, 2) add(1, 2)",
        "add(#0, 1)",
        "divide(1, 0)",
        "add(x, 1)",
        "table_sum(profit, none)",
        "greater(1, 2), add(#0, 1)",
        "__import__('os').system('true')",
    ],
)
def test_what_has_no_result(program: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        run(steps_of(program), TABLE)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("add(1, 2), add(#0, 3)", "add(2, 3), add(1, #0)", True),
        ("subtract(1, 2), divide(#0, 2)", "divide(1, 2), subtract(#0, const_1)", False),
        ("multiply(1, 2), divide(#0, 3)", "divide(1, 3), multiply(#0, 2)", True),
        ("subtract(1, 2)", "subtract(2, 1)", False),
        ("greater(1, 2)", "greater(1, 2)", True),
        ("greater(1, 2)", "greater(2, 1)", False),
        ("greater(1, 2)", "subtract(1, 2)", False),
        ("table_max(a, none)", "table_min(a, none)", False),
        ("table_sum(a, none), add(#0, 1)", "table_sum(a, none), add(1, #0)", True),
        ("add(100, 1)", "add(const_100, 1)", False),  # numbers are known by their text
    ],
)
def test_same_programs(one: str, other: str, equal: bool) -> None:
    assert same(steps_of(one), steps_of(other)) is equal


def test_scores() -> None:
    data = {"program_re": "subtract(10, 4), divide(#0, 4)", "answer": "1.5", "table": []}
    metric = FinQAEval()
    assert metric.statistics("divide(6, 4)", ["x"], data) == {"program_accuracy": 0.0, "execution_accuracy": 1.0}
    assert metric.statistics(data["program_re"], ["x"], data) == {"program_accuracy": 1.0, "execution_accuracy": 1.0}
    assert metric.statistics("6 / 4", ["6 / 4"], data) == {"program_accuracy": 0.0, "execution_accuracy": 0.0}
    yes = {"program_re": "greater(2, 1)", "answer": "yes", "table": []}
    assert metric.statistics("greater(2, 1) yes", ["x"], yes)["execution_accuracy"] == 1.0
