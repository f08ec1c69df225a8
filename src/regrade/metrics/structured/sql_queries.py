"""SQL found in texts, and whether two queries are the same without running them.

Parsing is that of the packages sqlglot and sqlparse (extra ``sql``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from regrade import extras

USE: Final = "comparing queries"

_FENCED = re.compile(r"```sql\s+(.*?)```", re.IGNORECASE | re.DOTALL)
_START: Final = r"(?:^|\n|:\s*)((?:SELECT|INSERT|UPDATE|DELETE|WITH)\s+"
_ENDED = re.compile(_START + r".*?;)", re.IGNORECASE | re.DOTALL)
_OPEN = re.compile(_START + r".*)", re.IGNORECASE | re.DOTALL)

_CLAUSES: Final = ("from", "where", "group", "having", "order")
_CLAUSE_STARTS: Final = ("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT")


def find_sql(text: str) -> str:
    """The first query of a text: in a block fenced as SQL, else one that ends with a semicolon, else to the end.

    >>> find_sql("Just run: SELECT 1; and see")
    'SELECT 1;'
    """
    for pattern in (_FENCED, _ENDED, _OPEN):
        if found := pattern.search(text):
            return found[1].strip()
    return ""


def same_text(one: str, other: str) -> bool:
    """Whether two queries are equal but for case, white space and a semicolon at the end."""
    first, second = (re.sub(r"\s+", " ", text.strip().rstrip(";").strip()).upper() for text in (one, other))
    return first == second


def parses(sql: str, dialect: str = "sqlite") -> bool:
    """Whether sqlglot can parse it."""
    sqlglot = extras.require("sqlglot", to=USE)
    if not sql.strip():
        return False
    try:
        sqlglot.parse(sql, read=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError):
        return False
    return True


def splits(sql: str) -> bool:
    """Whether sqlparse finds no wrong token in it."""
    sqlparse = extras.require("sqlparse", to=USE)
    if not sql.strip():
        return False
    return all(token.ttype != sqlparse.tokens.Error for statement in sqlparse.parse(sql) for token in statement.tokens)


def same_tree(one: str, other: str) -> bool:
    """Whether two SELECTs have the same columns, in any order and whatever they are called, and the same clauses."""
    sqlglot = extras.require("sqlglot", to=USE)
    try:
        trees = [sqlglot.parse_one(sql) for sql in (one, other)]
    except (sqlglot.errors.SqlglotError, RecursionError):
        return False
    if not all(isinstance(tree, sqlglot.exp.Select) for tree in trees):
        return False
    first, second = (_parts(tree) for tree in trees)
    return first == second


def _parts(tree: Any) -> tuple[Any, ...]:
    columns = []
    for column in tree.expressions:
        unnamed = column.copy()
        unnamed.set("alias", None)
        columns.append(unnamed.sql(normalize=True))
    # Newer versions of sqlglot call the clause FROM "from_".
    clauses = (tree.args.get(name) or tree.args.get(f"{name}_") for name in _CLAUSES)
    return frozenset(columns), *(clause.sql(normalize=True) if clause else "" for clause in clauses)


def same_when_optimized(one: str, other: str) -> bool:
    """Whether sqlglot's optimizer makes the same of two queries."""
    sqlglot = extras.require("sqlglot", to=USE)
    optimize = extras.require("sqlglot.optimizer", to=USE).optimize
    keep = extras.require("sqlglot.diff", to=USE).Keep
    try:
        trees = [optimize(sqlglot.parse_one(sql.lower())) for sql in (one, other)]
        return all(isinstance(edit, keep) for edit in sqlglot.diff(*trees))
    except (sqlglot.errors.SqlglotError, RecursionError, AttributeError, KeyError, TypeError, ValueError):
        return False  # the optimizer fails in many ways on queries it does not know


def same_clauses(one: str, other: str) -> bool:
    """Whether two single SELECTs have the same columns and clauses as written, by sqlparse's tokens."""
    first, second = _written(one), _written(other)
    return first is not None and first == second


def _written(sql: str) -> tuple[Any, ...] | None:
    sqlparse = extras.require("sqlparse", to=USE)
    statements = sqlparse.parse(sql)
    if len(statements) != 1:
        return None
    tokens = statements[0].tokens
    if not any(token.ttype is sqlparse.tokens.DML and token.value.upper() == "SELECT" for token in tokens):
        return None
    clauses = (_clause(tokens, name.upper()).replace(" ", "").upper() for name in _CLAUSES)
    return _columns(tokens), *clauses


def _columns(tokens: list[Any]) -> frozenset[str]:
    sqlparse = extras.require("sqlparse", to=USE)
    select, keyword = sqlparse.tokens.DML, sqlparse.tokens.Keyword
    found: set[str] = set()
    selecting = False
    for token in tokens:
        if token.ttype is select and token.value.upper() == "SELECT":
            selecting = True
        elif selecting and token.ttype is keyword and token.value.upper() in _CLAUSE_STARTS:
            break
        elif selecting and isinstance(token, sqlparse.sql.IdentifierList):
            found.update(_without_alias(column.value) for column in token.get_identifiers())
        elif selecting and token.value.strip():
            found.add(_without_alias(token.value))
    return frozenset(found)


def _without_alias(column: str) -> str:
    column = column.strip()
    name, found, _ = re.sub(r"\s+as\s+", "\0", column, count=1, flags=re.IGNORECASE).partition("\0")
    if found:
        return name.strip()
    words = column.split()
    return " ".join(words[:-1]) if len(words) > 1 else column


def _clause(tokens: list[Any], name: str) -> str:
    keyword = extras.require("sqlparse", to=USE).tokens.Keyword
    found: list[str] = []
    inside = False
    for token in tokens:
        word = token.value.upper()
        if token.ttype is keyword and word.startswith(name):
            inside = True
        elif inside and token.ttype is keyword and word in _CLAUSE_STARTS:
            break
        elif inside:
            found.append(token.value)
    return " ".join(found).strip()
