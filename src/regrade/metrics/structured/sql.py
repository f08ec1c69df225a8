"""Queries in SQL: compared as texts and trees; those that must be run on a database are refused."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from regrade import extras
from regrade.artifacts import artifact
from regrade.errors import UnavailableError
from regrade.metrics.card_metric import InstanceMetric, Scores
from regrade.metrics.structured import sql_queries

_COMPARED: Final = (
    "sqlglot_validity",
    "sqlparse_validity",
    "sqlglot_equivalence",
    "sqlglot_optimized_equivalence",
    "sqlparse_equivalence",
    "sql_exact_match",
    "sql_syntactic_equivalence",
)
_EXECUTED: Final = (
    "execution_accuracy",
    "non_empty_execution_accuracy",
    "subset_non_empty_execution_accuracy",
    "execution_accuracy_bird",
    "gold_sql_runtime",
    "predicted_sql_runtime",
)


@artifact("sql_non_execution_accuracy")
class SQLNonExecutionAccuracy(InstanceMetric):
    """Whether a predicted query is valid, and the same as the reference's, without running it.

    Scores, each 0 or 1: ``sqlglot_validity`` and ``sqlparse_validity``; ``sqlglot_equivalence`` (columns and clauses
    of the parsed trees), ``sqlglot_optimized_equivalence`` (what the optimizer makes of them),
    ``sqlparse_equivalence`` (columns and clauses as written), ``sql_exact_match`` (texts, but for case and white
    space), and ``sql_syntactic_equivalence`` (any of these four). It needs the packages sqlglot and sqlparse.
    """

    main_score: str = "sqlglot_equivalence"

    reductions: ClassVar[dict[str, list[str]] | None] = {"mean": list(_COMPARED)}
    intervals_of: ClassVar[tuple[str, ...]] = _COMPARED

    def needs(self) -> str | None:
        return extras.find_missing("sqlglot", "sqlparse", to=sql_queries.USE)

    def prepare(self) -> None:
        super().prepare()
        self.measure("SELECT a FROM b", ["SELECT c FROM b WHERE a = 1"], {})  # sqlglot fills caches at the first query

    def measure(self, prediction: str, references: list[str], task_data: dict[str, Any]) -> Scores:
        gold, predicted = references[0], sql_queries.find_sql(prediction)
        parses, splits = sql_queries.parses(predicted), sql_queries.splits(predicted)
        same = (
            parses and sql_queries.same_tree(predicted, gold),
            parses and sql_queries.same_when_optimized(predicted, gold),
            splits and sql_queries.same_clauses(predicted, gold),
            sql_queries.same_text(predicted, gold),
        )
        return dict(zip(_COMPARED, map(int, (parses, splits, *same, any(same))), strict=True))


class _Executed(InstanceMetric):
    """A metric that would run queries that a model wrote.

    Args:
        sql_timeout: Seconds a query may take.
    """

    main_score: str = "non_empty_execution_accuracy"
    sql_timeout: float = 60.0

    intervals_of: ClassVar[tuple[str, ...]] = _EXECUTED

    def needs(self) -> str | None:
        return "it runs the queries that a model wrote on a database; sql_non_execution_accuracy compares them instead"

    def measure(self, prediction: Any, references: list[Any], task_data: dict[str, Any]) -> Scores:
        raise UnavailableError(str(self.needs()))


@artifact("sql_execution_accuracy")
class SQLExecutionAccuracy(_Executed):
    """Whether a predicted query gives the results of the reference's; described, not carried out.

    Args:
        sql_timeout: Seconds a query may take.
    """


@artifact("sql_execution_logic_accuracy")
class SQLExecutionLogicAccuracy(_Executed):
    """The same for what a query selects from, with the reference's columns; described, not carried out.

    Args:
        sql_timeout: Seconds a query may take.
    """
