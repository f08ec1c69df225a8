"""The cards that ``regrade show`` prints: one sample each, as a person wants to read it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from regrade.reports.summary import number
from regrade.reports.text import clip, mark, printable

if TYPE_CHECKING:
    from regrade.scoring.browse import Card

_LINES = 12
"""Lines of a text that are shown before it is cut."""


def render_card(card: Card, columns: int = 100, full: bool = False) -> str:
    """One sample: where it is, what was asked, the reference, the answer, and what each pipeline made of it."""
    title = f"{card.task}  sample {card.sample_id}  ({card.file}:{card.line})"
    lines = [mark(title, "bold")]
    room = max(10, *(min(24, len(name)) for name, _ in card.fields)) if card.fields else 10
    for name, value in card.fields:
        lines += _field(name, value, columns, full, room)
    lines += _field("target", card.target, columns, full, room)
    lines += _field("compared", card.compared, columns, full, room)
    for place, answer in enumerate(card.answers):
        name = "model says" if len(card.answers) == 1 else f"choice {place + 1}"
        lines += _field(name, answer, columns, full, room, style="cyan")
    for outcome in card.outcomes:
        values = "  ".join(f"{name} {number(value)}" for name, value in outcome.values.items())
        failed = "  ".join(mark(f"{name}: {reason}", "red") for name, reason in outcome.failures.items())
        extracted = (
            mark("nothing found", "yellow") if outcome.unparsed else clip(_text(outcome.extracted), columns - 30)
        )
        style = "red" if outcome.failed else "green"
        found = "  ".join(part for part in (mark(values, style) if values else "", failed) if part)
        lines.append(f"  {mark(outcome.filter, 'bold')}: {extracted}  {found}")
    return "\n".join(lines)


def _field(name: str, value: Any, columns: int, full: bool, room: int, style: str | None = None) -> list[str]:
    if value is None:
        return []
    text = printable(_text(value))
    wrapped = [
        piece
        for line in text.splitlines() or [""]
        for piece in (textwrap.wrap(line, max(20, columns - room - 3), drop_whitespace=False) or [""])
    ]
    if not full and len(wrapped) > _LINES:
        wrapped = [*wrapped[: _LINES - 1], f"... ({len(text):,} characters; --full shows all)"]
    label = f"  {clip(name, room):<{room}} "
    return [
        (label if place == 0 else " " * (room + 3)) + (mark(line, style) if style else line)
        for place, line in enumerate(wrapped)
    ]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        return _text(value[0])
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], float):
        return f"log-likelihood {value[0]:.4f}{', greedy' if value[1] else ''}"
    return str(value)
