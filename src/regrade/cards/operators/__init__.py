"""Operators: the steps of a card, each from rows to rows."""

from regrade.artifacts.operator import FieldOperator, Operator, RowOperator, RowsOperator, StreamOperator

__all__ = ["FieldOperator", "Operator", "RowOperator", "RowsOperator", "StreamOperator"]
