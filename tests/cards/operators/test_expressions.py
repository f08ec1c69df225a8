"""Expressions as steps; what expressions may do is tested where they are made."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.artifacts import ArtifactError, build
from regrade.artifacts.streams import stream_of
from regrade.cards.operators import Operator
from regrade.errors import RegradeError


def after(step: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(build(step, Operator).apply({"test": stream_of(rows)})["test"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"expression": "a + b", "to_field": "c"}, {"a": 2, "b": 3, "c": 5}),
        ({"expression": "[a, b]", "to_field": "c/d"}, {"a": 2, "b": 3, "c": {"d": [2, 3]}}),
        ({"expression": "re.sub('2', 'x', str(a))", "to_field": "a", "imports_list": ["re"]}, {"a": "x", "b": 3}),
        ({"expression": "(x * a for x in [b])", "to_field": "b"}, {"a": 2, "b": [6]}),
    ],
)
def test_values(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    row = {"a": 2, "b": 3}
    assert after({"__type__": "execute_expression", **arguments}, [row]) == [expected]
    assert row == {"a": 2, "b": 3}


def test_conditions() -> None:
    rows = [{"a": 1, "t": "x"}, {"a": 5, "t": "y"}]
    step = {"__type__": "filter_by_expression", "expression": "a > 4 or t == 'z'"}
    assert after(step, rows) == rows[1:]
    with pytest.raises(RegradeError, match="a > 9 drops all"):
        after({**step, "expression": "a > 9"}, rows)
    assert after({**step, "expression": "a > 9", "error_on_filtered_all": False}, rows) == []


@pytest.mark.parametrize("name", ["execute_expression", "filter_by_expression"])
@pytest.mark.parametrize(
    ("expression", "imports"), [("eval('1')", []), ("a +", []), ("os.getcwd()", ["os"]), ("re.search('a', t)", [])]
)
def test_what_is_refused_is_refused_before_the_first_row(name: str, expression: str, imports: list[str]) -> None:
    step: dict[str, Any] = {"__type__": name, "expression": expression, "imports_list": imports}
    if name == "execute_expression":
        step["to_field"] = "z"
    with pytest.raises(ArtifactError) as error:
        build(step, Operator)
    assert error.value.path == ("expression",)


def test_a_row_without_the_field_is_an_error() -> None:
    for step in (
        {"__type__": "execute_expression", "expression": "z", "to_field": "a"},
        {"__type__": "filter_by_expression", "expression": "z"},
    ):
        with pytest.raises(ValueError, match="no field 'z'"):
            after(step, [{"a": 1}])
