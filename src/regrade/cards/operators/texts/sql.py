"""The SQL query in a model's answer."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from regrade.artifacts.artifact import artifact
from regrade.artifacts.paths import MISSING
from regrade.cards.operators.texts.extraction import Extraction

_SQL_BLOCK: Final = re.compile(r"```sql(.*?)```", re.DOTALL | re.IGNORECASE)
_BLOCK: Final = re.compile(r"```(.*?)```", re.DOTALL)
_STATEMENT: Final = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WITH|DROP|TRUNCATE)\b", re.IGNORECASE)


@artifact("get_sql")
class GetSQL(Extraction):
    r"""Takes the likeliest SQL query out of a text, up to its first semicolon.

    It is what the last block marked ``sql`` holds, else the last block if that starts like a statement, else all from
    the last key word that starts statements.

    >>> GetSQL(field="a").process_row({"a": "Here:\n```sql\nSELECT 1;\n```\nDone"})
    {'a': 'SELECT 1'}
    """

    fallback: ClassVar[Any] = "No query found in generation"

    def find(self, value: Any) -> Any:
        if not isinstance(value, str):
            return MISSING
        query = _candidate(value)
        if not query:
            return MISSING
        return query.split(";", 1)[0].replace("```sql", "").replace("```", "").strip()

    def process_value(self, value: Any) -> Any:
        return super().process_value(value) if isinstance(value, str) else "Input must be a string"


def _candidate(text: str) -> str:
    """The part of ``text`` that is or starts with a query; an empty text if there is none."""
    marked = _SQL_BLOCK.findall(text)
    if marked:
        return str(marked[-1]).strip()
    blocks = _BLOCK.findall(text)
    if blocks:
        last = str(blocks[-1]).strip()
        if _STATEMENT.match(last):
            return last
    start = -1
    for match in _STATEMENT.finditer(text):
        start = match.start()
    return text[start:].strip() if start >= 0 else ""
