"""Which columns of a CSV file a task wants as texts, whatever they look like.

A column of whole numbers is read as such. Where a task's field is declared ``str`` and no step has looked at the
column on the way there, it is text that is wanted, and the cell's own: ``4`` as ``"4"``, ``1e3`` as ``"1e3"``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from regrade.artifacts.artifact import type_name
from regrade.artifacts.data import to_data
from regrade.artifacts.operator import FieldOperator, Operator
from regrade.cards.prompting.task import Task

_MOVES: Final = frozenset(("rename", "copy"))
"""Steps that pass values on as they are."""
_CHOOSES: Final = frozenset(("select_fields",))
"""Steps that name fields and do not look at them."""


def text_columns(task: Task, steps: Iterable[Operator]) -> set[str]:
    """The columns that become fields declared ``str``, through no step that could care for their type."""
    kinds: dict[str, Any] = {**task.input_types, **task.reference_types}
    wanted = {name for name, kind in kinds.items() if kind is str}
    others = kinds.keys() - wanted
    for step in reversed(list(steps)):
        kind = type_name(type(step))
        if kind in _CHOOSES:
            continue
        if kind in _MOVES and isinstance(step, FieldOperator) and not step.process_every_value:
            for source, target in reversed(step.pairs):
                moved = {target} & wanted
                kept = {target} & others
                if kind == "rename" or target != source:
                    wanted -= moved
                    others -= kept
                wanted |= {source} if moved else set()
                others |= {source} if kept else set()
            continue
        text = json.dumps(to_data(step), default=str)
        wanted = {name for name in wanted if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)}
    return wanted - others
