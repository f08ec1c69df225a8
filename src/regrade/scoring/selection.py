"""Why nothing is left: expressions that name a field no sample has, and conditions that no sample meets."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from regrade.errors import Exit, ExpressionError, InputError, RegradeError
from regrade.files.columns import MISSING, value_at
from regrade.rows.source import Source
from regrade.schema import Malformed, Record
from regrade.scoring.block import Block
from regrade.scoring.conditions import MISSING_VALUE
from regrade.scoring.file_rows import numbered_records
from regrade.scoring.plan import Plan

_LOOKED_AT = 200
"""Samples whose fields are looked at for an error's message."""
_FIELD = re.compile(r"""\b(doc|metadata|recorded)((?:\.\w+|\[\s*(?:'[^']*'|"[^"]*"|\d+)\s*\])+)""")
_STEP = re.compile(r"""\.(\w+)|\[\s*(?:'([^']*)'|"([^"]*)"|(\d+))\s*\]""")


class NothingSelectedError(InputError):
    """No sample meets the condition: there is nothing to score."""

    code = "nothing-selected"
    mend = "Widen the condition; `regrade show RUN` shows what the fields hold."

    exit_code = Exit.INCOMPLETE


def nothing_left(source: Source, block: Block, plan: Plan) -> RegradeError | None:
    """The error of a source of which nothing is left to score or to group by; None where something is.

    Over all sources that is a mistake; a source among others may lack what the others have.
    """
    if block.unevaluated and not block.excluded and len({bad.line for bad in block.unevaluated}) >= len(block):
        return ExpressionError(
            block.unevaluated[0].reason,
            where=source.path,
            hint="it fails on every sample: convert the field first, as in: doc.year|int > 2000",
        )
    if plan.where is not None and not len(block) and (block.without_field or block.excluded or block.unevaluated):
        if not block.excluded and not block.unevaluated:
            return _no_such_field(source, "--where", plan.where)
        return NothingSelectedError(
            f"no sample meets --where {plan.where!r}", where=source.path, hint=_kinds(source, plan.where)
        )
    if plan.cluster is not None and block.clusters and all(value == MISSING_VALUE for value in block.clusters):
        return _no_such_field(source, "--cluster", plan.cluster)
    for place, text in enumerate(plan.by):
        if block.groups and all(values[place] == MISSING_VALUE for values in block.groups):
            return _no_such_field(source, "--by", text)
    return None


def _no_such_field(source: Source, option: str, text: str) -> ExpressionError:
    """The error of an expression over a field that no sample has, with the fields that there are."""
    fields = list(dict.fromkeys(name for record in _records(source) for name in _names(record.doc)))
    hint = f"fields of doc: {', '.join(fields)}" if fields else None
    for root, path in _fields(text):
        near = _near(path[0], fields) if root == "doc" else None
        if near is not None:
            hint = f"did you mean doc.{near}? {hint}"
            break
    return ExpressionError(f"{option} {text!r} names a field that no sample has", where=source.path, hint=hint)


def _near(name: str, fields: list[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, fields, 1)), None) if name not in fields else None


def _names(doc: Any) -> list[str]:
    return [str(name) for name in doc] if isinstance(doc, dict) else []


def _records(source: Source) -> list[Record]:
    found = (record for _, record in numbered_records(source) if not isinstance(record, Malformed))
    return list(islice(found, _LOOKED_AT))


def _kinds(source: Source, text: str) -> str | None:
    """What the fields that a condition names hold: a number is never equal to a text."""
    records, told = _records(source), []
    for root, path in _fields(text):
        values = [value_at(getattr(record, root), ".".join(path)) for record in records]
        kinds = {_kind(value) for value in values if value is not MISSING}
        if len(kinds) == 1:
            [kind] = kinds
            shown = list(dict.fromkeys(repr(value)[:40] for value in values if value is not MISSING))
            examples = f" ({', '.join(shown[:4])}{', ...' if len(shown) > 4 else ''})" if kind != "objects" else ""
            told.append(f"{root}.{'.'.join(path)} holds {kind}{examples}")
    return "; ".join(dict.fromkeys(told)) or None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true and false"
    if isinstance(value, int | float):
        return "numbers"
    if isinstance(value, str):
        return "texts"
    return "nothing (null)" if value is None else "lists" if isinstance(value, list) else "objects"


def _fields(text: str) -> list[tuple[str, list[str]]]:
    """The fields that an expression names: ``doc``, ``metadata`` or ``recorded``, and the way into it."""
    found = []
    for match in _FIELD.finditer(text):
        path = [next(part for part in step.groups() if part is not None) for step in _STEP.finditer(match[2])]
        found.append((match[1], path))
    return found
