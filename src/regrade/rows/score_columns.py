"""Columns of a table that already are scores: numbers, truth values, or words for right and wrong."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from regrade.errors import InputError
from regrade.expressions import MISSING as NO_FIELD
from regrade.expressions import Expression
from regrade.files.columns import MISSING, list_names, require, value_at
from regrade.recorded_values import RIGHT, VALUES, WRONG, as_score
from regrade.schema import RECORDED, MetricSpec, Record

Row = dict[str, Any]

AGGREGATION: Final = "recorded_mean"

_REASON: Final = "the column is the score"


class ScoreColumns(msgspec.Struct, frozen=True):
    """Which columns hold scores, and how they are read.

    Attributes:
        names: The columns; fields inside them by dots.
        correct: Expression that says whether a sample is right, over the record's names and ``score``, the column's
            value; None reads the column's values themselves.
        higher_is_better: Which way is better.
    """

    names: tuple[str, ...]
    correct: str | None = None
    higher_is_better: bool = True

    @classmethod
    def of(cls, options: dict[str, Any]) -> ScoreColumns | None:
        """What a person said; None where no column of scores was named."""
        given = options.get("score")
        if not given:
            return None
        names = (given,) if isinstance(given, str) else tuple(dict.fromkeys(given))
        return cls(names, options.get("correct"), not options.get("lower_is_better"))

    @property
    def metrics(self) -> list[MetricSpec]:
        """An entry of a recipe for each column; none is ever measured."""
        return [MetricSpec(RECORDED, AGGREGATION, self.higher_is_better, label=name) for name in self.names]

    @property
    def needs(self) -> dict[str, str]:
        """Why they are not measured."""
        return dict.fromkeys(self.names, _REASON)

    def verify(self, rows: list[Row], path: str) -> None:
        """Look at the first rows: the columns are there and hold what can be a score.

        Raises:
            InputError: a column is not there, or holds words of which nobody said which are right.
        """
        if self.correct is not None:
            self._expression()
        for name in self.names:
            require(name, rows, flag="--score", where=path)
            if self.correct is None:
                _refuse_unknown_words(name, [value_at(row, name) for row in rows], path)

    def scores_of(self, record: Record, row: Row) -> dict[str, Any]:
        """The scores of one row, by column; what is none stays as it is, for the aggregation to name.

        Raises:
            ValueError, ExpressionError: the expression says nothing of this row.
        """
        values = {name: value_at(row, name) for name in self.names}
        if self.correct is None:
            return {name: as_score(None if value is MISSING else value) for name, value in values.items()}
        expression = self._expression()
        return {name: _truth(expression, record, value) for name, value in values.items()}

    def _expression(self) -> Expression:
        assert self.correct is not None
        return _compiled(self.correct)


_EXPRESSIONS: dict[str, Expression] = {}


def _compiled(text: str) -> Expression:
    if text not in _EXPRESSIONS:
        _EXPRESSIONS[text] = Expression(text, "--correct", more=("score",))
    return _EXPRESSIONS[text]


def _refuse_unknown_words(name: str, values: list[Any], path: str) -> None:
    scores = [as_score(None if value is MISSING else value) for value in values]
    wrong = [value for value in scores if isinstance(value, (dict, list))]
    if wrong and len(wrong) == sum(value is not None for value in scores):
        if isinstance(wrong[0], dict):
            what, names = "objects", list_names([f"{name}.{key}" for key in wrong[0]])
        else:
            column, _, field = name.partition(".")
            what, names = "lists", f"{column}.0.{field}" if field else f"{name}.0"
        raise InputError(
            f"the column {name!r} holds {what}", where=path, hint=f"name a field inside it: --score {names}"
        )
    unknown = sorted({value.strip() for value in scores if isinstance(value, str) and value.strip()})
    numbers = any(
        isinstance(score, float) and as_score(raw) == score and not _is_word(raw)
        for raw, score in zip(values, scores, strict=True)
    )
    if unknown and not numbers:
        found = sorted(
            {str(value).strip() for value in values if isinstance(value, (str, bool)) and str(value).strip()}
        )
        raise InputError(
            f"which values of {name!r} are right cannot be told: it holds {', '.join(map(repr, found[:8]))}"
            + (f" and {len(found) - 8} more" if len(found) > 8 else ""),
            where=path,
            hint=f"say it: --correct \"score == '{unknown[0]}'\"; known words: {', '.join((*RIGHT, *WRONG))}",
        )


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and value.strip().lower() in VALUES


def _truth(expression: Expression, record: Record, value: Any) -> float:
    found = expression(record, score=None if value is MISSING else value)
    if found is NO_FIELD:
        raise ValueError(f"--correct {expression.text!r} names a field that this sample lacks")
    if found in (True, False):
        return float(found)
    raise ValueError(f"--correct {expression.text!r} gives {found!r:.60}, neither true nor false")
