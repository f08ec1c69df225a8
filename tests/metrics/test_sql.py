"""Queries compared without running them."""

from __future__ import annotations

import sys

import pytest

from regrade.errors import UnavailableError
from regrade.metrics.structured.sql import SQLExecutionAccuracy, SQLNonExecutionAccuracy
from regrade.metrics.structured.sql_queries import find_sql, same_text


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Here:\n```sql\nSELECT a\nFROM t\n```\nDone; SELECT 2;", "SELECT a\nFROM t"),
        ("Just run: select 1; Then stop.", "select 1;"),
        ("WITH x AS (SELECT 1) SELECT * FROM x", "WITH x AS (SELECT 1) SELECT * FROM x"),
        ("The SELECT is in the middle", ""),
        ("", ""),
    ],
)
def test_queries_in_texts(text: str, query: str) -> None:
    assert find_sql(text) == query


def test_texts() -> None:
    assert same_text("select  a\nfrom t ;", "SELECT a FROM t")
    assert not same_text("select a from t", "select b from t")


@pytest.mark.parametrize(
    ("predicted", "gold", "tree", "optimized", "clauses", "text"),
    [
        ("SELECT a, b FROM t WHERE c = 1", "SELECT b, a FROM t WHERE c = 1", 1, 0, 1, 0),
        ("SELECT a AS x FROM t", "SELECT a FROM t;", 1, 0, 0, 0),
        ("SELECT t.a FROM t WHERE 1 = 1", "SELECT t.a FROM t", 0, 1, 0, 0),
        ("select a from t", "SELECT a FROM t", 1, 0, 1, 1),
        ("SELECT a FROM t", "SELECT a FROM u", 0, 0, 0, 0),
    ],
)
def test_equivalence(predicted: str, gold: str, tree: int, optimized: int, clauses: int, text: int) -> None:
    pytest.importorskip("sqlglot")
    pytest.importorskip("sqlparse")
    scores = SQLNonExecutionAccuracy().statistics(predicted, [gold], {})
    assert (scores["sqlglot_validity"], scores["sqlparse_validity"]) == (1, 1)
    found = [scores[f"{name}_equivalence"] for name in ("sqlglot", "sqlglot_optimized", "sqlparse")]
    assert found == [tree, optimized, clauses]
    assert scores["sql_exact_match"] == text
    assert scores["sql_syntactic_equivalence"] == int(any([*found, text]))


def test_without_the_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sqlglot", "sqlparse"):
        monkeypatch.setitem(sys.modules, name, None)
    needs = "comparing queries needs the packages sqlglot and sqlparse: pip install 'regrade[sql]'"
    assert SQLNonExecutionAccuracy().needs() == needs
    with pytest.raises(UnavailableError, match="sqlglot"):
        SQLNonExecutionAccuracy().measure("SELECT 1", ["SELECT 1"], {})


def test_queries_are_never_run() -> None:
    assert "runs the queries that a model wrote" in (SQLExecutionAccuracy().needs() or "")
    with pytest.raises(UnavailableError, match="runs the queries"):
        SQLExecutionAccuracy().measure("SELECT 1", ["SELECT 1"], {})
