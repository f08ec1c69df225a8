"""``check_operator``: the contract of steps of cards."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from regrade.artifacts import build
from regrade.artifacts.operator import Operator, RowOperator, RowsOperator
from regrade.artifacts.streams import Batch, Stream
from regrade.testing.contract import ContractError, Words, check_pickles, check_same, outcome
from regrade.testing.other_formats import ODD_VALUES
from regrade.testing.processes import Observed, check_elsewhere, observe

_SPLIT = "test"


def check_operator(
    operator: str | dict[str, Any], rows: Sequence[dict[str, Any]], expected: Sequence[dict[str, Any]] | None = None
) -> None:
    """Check that a step of cards keeps to its contract on some rows.

    It pickles; it leaves rows and what is in them alone; it gives the same each time and in another process, and
    imports nothing there; one that treats rows by themselves does not depend on their neighbours, nor on whether they
    come in batches; a row that it cannot process raises KeyError, TypeError or ValueError, which the card counts.

    Args:
        operator: The data that a card has of it (``{"__type__": ..., ...}``), or its ``__type__`` alone.
        rows: Rows of one split.
        expected: The rows that they become.

    Raises:
        ContractError: it does not.
    """
    data = {"__type__": operator} if isinstance(operator, str) else operator
    subject = f"operator {data['__type__']!r}"
    given, kept = list(rows), copy.deepcopy(list(rows))
    check_pickles(subject, build(data, Operator))
    here = process_all(data, given).values
    check_same(subject, "rows are not changed", kept, given)
    check_same(subject, "is deterministic", here, process_all(data, kept).values)
    check_elsewhere(subject, process_all, (data, kept), here, "process")
    if isinstance(here[0], Words):
        raise ContractError(subject, "processes the rows of its own test", Words("rows"), here[0])
    made = build(data, Operator)
    made.prepare()
    if isinstance(made, RowOperator | RowsOperator):
        alone = [one for row in kept for one in process_all(data, [row]).values[0]]
        check_same(subject, "a row does not depend on its neighbours", here[0], alone)
        _check_batches(subject, made, kept)
        _check_odd(subject, made, kept[0])
    if expected is not None:
        check_same(subject, "gives what its author says", list(expected), here[0])


def process_all(data: dict[str, Any], rows: list[dict[str, Any]]) -> Observed:
    """The rows that a new operator makes of rows."""
    made = build(data, Operator)
    return observe(made.prepare, [lambda: list(made.apply({_SPLIT: Stream(lambda: iter(rows))})[_SPLIT])])


def _check_batches(subject: str, made: Any, rows: list[dict[str, Any]]) -> None:
    if not hasattr(made, "process_batch") or not made.by_column or len({tuple(row) for row in rows}) != 1:
        return
    found = outcome(lambda: made.process_batch(Batch.of(rows), _SPLIT).rows())
    if isinstance(found, list):  # one that raises has the rows processed one by one
        check_same(subject, "a batch gives what its rows give", [made.process_row(row, _SPLIT) for row in rows], found)


def _check_odd(subject: str, made: Any, row: dict[str, Any]) -> None:
    for column in row:
        for odd in ODD_VALUES:
            one = {**row, column: odd}
            try:
                if isinstance(made, RowOperator):
                    made.process_row(one, _SPLIT)
                else:
                    list(made.process_to_rows(one, _SPLIT))
            except (KeyError, TypeError, ValueError):
                continue
            except Exception as error:
                raise ContractError(
                    subject,
                    f"a row that it cannot process ({column} is {odd!r}) raises what the card counts",
                    Words("KeyError, TypeError or ValueError"),
                    Words(f"{type(error).__name__}: {error}"),
                ) from error
