"""Columns of tables: dotted paths into rows, and which columns hold answers, references and ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regrade.errors import InputError

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
"""What a row without the column gives."""

#: (answer, expected) as evaluation tools and people name them; lower case, with underscores.
KNOWN_PAIRS: tuple[tuple[str, str], ...] = tuple(
    (answer, expected)
    for answer, references in (
        ("generated_answer", "expected_answer reference_answer gold_answer correct_answer ground_truth"),
        ("predicted_answer", "expected_answer reference_answer gold_answer correct_answer ground_truth answer"),
        ("model_answer", "expected_answer reference_answer gold_answer correct_answer ground_truth answer"),
        (
            "answer",
            "expected expected_answer reference_answer gold_answer correct_answer ground_truth target reference",
        ),
        ("prediction", "reference references target label gold answer answers ground_truth expected expected_answer"),
        ("predictions", "references targets labels golds answers"),
        ("predicted", "actual expected label target gold"),
        ("pred", "gold label target ref reference actual"),
        ("hypothesis", "reference references"),
        ("model_output", "target expected expected_output reference label answer gold"),
        ("actual_output", "expected_output"),
        ("output", "target expected expected_output reference label gold ideal answer ground_truth expected_answer"),
        ("response", "label target reference expected gold ideal answer ground_truth expected_answer"),
        ("completion", "target reference expected ideal label answer gold ground_truth"),
        ("generation", "target reference expected label answer gold expected_answer ground_truth"),
        ("generated_text", "target reference expected label answer gold"),
    )
    for expected in references.split()
)
QUESTION_NAMES = ("question", "query", "problem")
"""Columns that hold what is asked, the same whichever model answers and however it is prompted."""
ID_NAMES = (
    "sample_id",
    "id",
    "doc_id",
    "task_id",
    "question_id",
    "example_id",
    "instance_id",
    "key",
    "uid",
    "uuid",
    "_id",
    "idx",
    "index",
)


def value_at(row: Any, path: str) -> Any:
    """The value of a column, or of a field inside one (``meta.level``, ``choices.0.text``); MISSING if there is none.

    A column whose own name holds the dots comes first. A field of a list of objects (``outputs.text``) is the list of
    its values, which each of the objects has to have.
    """
    if isinstance(row, dict) and path in row:
        return row[path]
    value = row
    parts = path.split(".")
    for place, part in enumerate(parts):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            values = [value_at(item, ".".join(parts[place:])) for item in value]
            return MISSING if any(found is MISSING for found in values) else values
        else:
            return MISSING
    return value


def names_of(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The names of all columns that rows have, in order."""
    return list(dict.fromkeys(name for row in rows for name in row))


def guess_question(names: list[str]) -> str | None:
    """The column that holds what is asked, by its name."""
    return next((name for name in names if name.lower() in QUESTION_NAMES), None)


def guess_pair(names: list[str], *, where: str) -> tuple[str, str] | None:
    """The columns of answers and references, if their names are a known pair; None if no pair is there.

    Raises:
        InputError: several pairs are there.
    """
    own = {_normal(name): name for name in names}
    pairs = [(own[answer], own[expected]) for answer, expected in KNOWN_PAIRS if answer in own and expected in own]
    if len(pairs) > 1:
        said = " or ".join(f"{answer!r} with {expected!r}" for answer, expected in pairs)
        raise InputError(
            f"which columns hold answers and references is ambiguous: {said}",
            where=where,
            hint=f"say it: --answer {pairs[0][0]} --expected {pairs[0][1]}",
        )
    return pairs[0] if pairs else None


def guess_one(names: list[str], place: int) -> str | None:
    """The one column that is named like an answer (``place`` 0) or a reference (1); None if none or several are."""
    known = {pair[place] for pair in KNOWN_PAIRS}
    found = [name for name in names if _normal(name) in known]
    return found[0] if len(found) == 1 else None


def guess_id(rows: list[dict[str, Any]]) -> str | None:
    """The column of ids: named like one, in every row, each value a number or text and different; None if none is."""
    own = {_normal(name): name for name in names_of(rows)}
    for name in ID_NAMES:
        if name in own:
            values = [row.get(own[name]) for row in rows]
            if all(is_id(value) for value in values) and len(set(values)) == len(values):
                return own[name]
    return None


def is_id(value: Any) -> bool:
    """Whether a value can be a sample's id."""
    return isinstance(value, (int, str)) and not isinstance(value, bool)


def require(path: str, rows: list[dict[str, Any]], *, flag: str, where: str) -> str:
    """Return ``path``, which a person gave under ``flag``.

    Raises:
        InputError: no row has it.
    """
    if rows and all(value_at(row, path) is MISSING for row in rows):
        raise InputError(
            f"no row has the column {path!r}", where=where, hint=f"{flag} names one of: {list_names(names_of(rows))}"
        )
    return path


def list_names(names: list[str]) -> str:
    """Column names for a message; one that a list would break in two stands in quotes."""
    shown = ", ".join(f'"{name}"' if "," in name or name != name.strip() else name for name in names[:30])
    return shown + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def _normal(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
