"""Tables as HTML, for notebooks: plain, and without anything from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

MOST_ROWS = 200
"""Rows that a notebook shows of a table."""


def html_table(header: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """A table; every cell is text, whatever it holds. Beyond the first 200 rows it says how many more there are."""
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    shown, more = cells[:MOST_ROWS], len(cells) - MOST_ROWS
    lines = ["<table>"]
    if caption:
        lines.append(f"<caption>{escape(caption)}</caption>")
    lines.append("<thead><tr>" + "".join(f"<th>{escape(name)}</th>" for name in header) + "</tr></thead><tbody>")
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in shown]
    if more > 0:
        lines.append(f'<tr><td colspan="{len(header)}">and {more:,} more</td></tr>')
    return "".join([*lines, "</tbody></table>"])


def html_text(text: str) -> str:
    """A page of plain text as it is printed."""
    return f"<pre>{escape(text)}</pre>"
