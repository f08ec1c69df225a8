"""Operators: the steps of a card, each from rows to rows.

===============  ==================================================================
:mod:`.fields`   steps on the fields of a row, each by itself
:mod:`.texts`    on texts: cut, matched, extracted, brought into a normal form
:mod:`.streams`  on whole streams: filtered, split, joined, mixed, shuffled
:mod:`.tables`   on tables
:mod:`.images`   on images
:mod:`.dialogs`  on dialogs, calls of tools, and the verdicts of judges
===============  ==================================================================
"""

from regrade.artifacts.operator import FieldOperator, Operator, RowOperator, RowsOperator, StreamOperator

__all__ = ["FieldOperator", "Operator", "RowOperator", "RowsOperator", "StreamOperator"]
