"""Sloppy verdicts, as judges write them, each with its right reading: tables of at least a hundred per form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regrade.filters.verdicts.reader import VerdictReader

SCALE = {"lowest": 1, "highest": 10}
READERS: dict[str, VerdictReader] = {
    "rating": VerdictReader("rating", **SCALE),
    "objects": VerdictReader("rating", "tool", **SCALE),
    "pairwise": VerdictReader("pairwise"),
    "rubric": VerdictReader("choice", options=["excellent", "very good", "good", "weak", "bad"]),
    "yes_no": VerdictReader("choice", options=["Yes", "No"]),
}
NUMBERS = ("rating", "objects")


def table(name: str) -> list[tuple[Any, str]]:
    """The rows of a table: the right reading, None for none, and the judge's words."""
    rows = []
    for line in (Path(__file__).parent / f"{name}.tsv").read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("# "):
            right, said = line.split("\t", 1)
            words = said.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
            rows.append((None if right == "-" else float(right) if name in NUMBERS else right, words))
    return rows


@pytest.mark.parametrize("name", READERS)
def test_sloppy_verdicts_are_read_right_or_not_at_all(name: str) -> None:
    rows = table(name)
    assert len(rows) >= 100
    assert len(dict.fromkeys(said for _, said in rows)) == len(rows), "no row stands there twice"
    found = [(READERS[name].read(said).value, said) for _, said in rows]
    assert found == rows


@pytest.mark.parametrize("name", READERS)
def test_what_cannot_be_read_has_a_reason(name: str) -> None:
    for right, said in table(name):
        found = READERS[name].read(said)
        assert (found.reason is None) == (right is not None), said
