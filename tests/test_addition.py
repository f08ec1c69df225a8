"""Sums are the same to the last digit on every version of Python."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from regrade.addition import add_up

SOURCE = Path(__file__).resolve().parent.parent / "src" / "regrade"

#: Rooms whose numbers are compared with those that other programs recorded.
ROOMS = (
    "scoring", "metrics", "statistics", "filters", "judging", "lm_eval", "cards/operators", "rows/readers", "reports",
    "models",
)  # fmt: skip

#: Modules where the built-in ``sum`` adds whole numbers only, though the code does not show it.
COUNTS = {
    "models/asking.py", "models/openai.py", "models/openai_replies.py", "rows/readers/bigcode.py", "scoring/compare.py",
    "lm_eval/survey.py", "cards/operators/streams/joined_batches.py",
    "cards/operators/streams/matching.py", "cards/operators/tables/serializers.py",
    "reports/cards.py", "reports/text.py",
    "reports/drawing.py", "reports/export/every_eval_ever.py", "rows/readers/inspect_ai.py",
    "metrics/labels/elements.py",
    "metrics/labels/tagging.py", "metrics/structured/tool_calls.py",
    "scoring/parts.py", "scoring/score.py", "statistics/correlation.py",
    "scoring/summarise.py", "lm_eval/task_groups.py", "metrics/translation/chrf.py",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([0.1] * 10, 0.9999999999999999),  # sum() of Python 3.12 makes 1.0 of it
        ([1e16, 1.0, -1e16], 0.0),  # ... and 1.0 of this
        ([], 0),
        ([True, True, False], 2),
        ([2**70, 1], 2**70 + 1),
    ],
)
def test_numbers_are_added_from_left_to_right(values: list[float], total: float) -> None:
    assert add_up(values) == total
    assert add_up(iter(values)) == total


def test_means_are_those_of_python_3_11() -> None:
    from regrade.metrics.aggregation.averages import Mean
    from regrade.metrics.column import Column
    from regrade.statistics.harness import mean_stderr

    column = Column(1)
    for _ in range(10):
        column.append((0.1,))
    assert Mean().reduce(column) == 0.09999999999999999
    assert mean_stderr([0.1, 0.2, 0.3, 0.4, 0.5, 0.7]) == 0.08819171036881968


def counts(call: ast.Call) -> bool:
    """Whether one can see that whole numbers are added."""
    terms = call.args[0]
    if isinstance(terms, ast.Call) and ast.unparse(terms.func) == "map":
        return ast.unparse(terms.args[0]) in ("len", "bool")
    if not isinstance(terms, ast.GeneratorExp | ast.ListComp):
        return False
    term = terms.elt
    if isinstance(term, ast.Call):
        return ast.unparse(term.func) in ("len", "bool")
    return isinstance(term, ast.Compare) or (isinstance(term, ast.Constant) and type(term.value) is int)


def test_numbers_are_added_by_one_function() -> None:
    found, seen = [], set()
    for path in sorted(SOURCE.rglob("*.py")):
        module = path.relative_to(SOURCE).as_posix()
        code = path.read_text(encoding="utf-8")
        if not module.startswith(ROOMS) or "sum(" not in code:
            continue
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "sum" and not counts(node):
                seen.add(module)
                if module not in COUNTS:
                    found.append(f"{module}:{node.lineno}")
    assert not found, "use regrade.addition.add_up, or name the module in COUNTS if it adds whole numbers"
    assert seen == COUNTS
