"""A person's expressions over rows: ``--where``, ``--by`` and ``--cluster``. One that fails on a row costs that row."""

from __future__ import annotations

import json
from typing import Any, Final

from regrade.errors import ExpressionError, RowExpressionError, TimeLimitExceeded
from regrade.expressions import MISSING, Expression
from regrade.schema import Malformed, Record
from regrade.scoring.block import Block
from regrade.scoring.breaker import is_over
from regrade.scoring.plan import Job, Plan
from regrade.time_limit import TimeLimit

MISSING_VALUE: Final = "(missing)"
"""What groups and clusters call a field that a sample does not have."""

UNEVALUATED_VALUE: Final = "(cannot be evaluated)"
"""... and what they call a sample on which the expression fails."""


class Conditions:
    """The expressions of a plan.

    Attributes:
        where: Which rows count; None for all.
        by: What they are grouped by.
        cluster: What they are drawn together by; None where each is drawn by itself.
    """

    def __init__(self, plan: Plan) -> None:
        self.where = Expression(plan.where, "--where") if plan.where else None
        self.by = [Expression(text, "--by") for text in plan.by]
        self.cluster = Expression(plan.cluster, "--cluster") if plan.cluster else None
        self._path = ""
        self._from_start = False
        self._evaluations = 0
        self._late: list[int] = []

    def begin(self, job: Job) -> None:
        """Begin a chunk."""
        self._path, self._from_start = job.source.path, job.first
        self._evaluations, self._late = 0, []

    def select(self, record: Record, block: Block, timer: TimeLimit) -> bool:
        """Whether ``--where`` holds for a row; one that does not count is noted in the block, and why.

        Raises:
            ExpressionError: it is not allowed, or takes too long on one row after the other.
        """
        assert self.where is not None
        try:
            value = self._evaluate(self.where, record, timer)
        except RowExpressionError as error:
            block.unevaluated.append(Malformed(self._path, record.line, error.what))
            return False
        if value is MISSING:
            block.without_field.append(record.line)
            return False
        if not value:
            block.excluded.append(record.line)
            return False
        return True

    def group(self, expression: Expression, record: Record, block: Block, timer: TimeLimit) -> Any:
        """The group or cluster of a row, as a key; rows of which it cannot be told have one of their own.

        Raises:
            ExpressionError: as for ``select``.
        """
        try:
            return _hashable(self._evaluate(expression, record, timer))
        except RowExpressionError as error:
            block.unevaluated.append(Malformed(self._path, record.line, error.what))
            return UNEVALUATED_VALUE

    def _evaluate(self, expression: Expression, record: Record, timer: TimeLimit) -> Any:
        self._evaluations += 1
        try:
            timer.start()
            try:
                value = expression(record)
                timer.finish()
                return value
            finally:
                timer.stop()
        except (ExpressionError, TimeLimitExceeded) as error:
            if not timer.exceeded:
                raise
            what = f"{expression.option} {expression.text!r} on sample {record.sample_id}: {timer.error().what}"
            self._late.append(self._evaluations - 1)
            over = is_over(self._late, self._from_start)
            raise (ExpressionError(what) if over else RowExpressionError(what)) from error


def _hashable(value: Any) -> Any:
    if value is MISSING:
        return MISSING_VALUE
    try:
        hash(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return value
