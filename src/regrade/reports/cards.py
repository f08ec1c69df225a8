"""What a card did: counts per step, and one row's way through the steps."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from regrade.reports.text import clip, mark, printable, table

if TYPE_CHECKING:
    from regrade.cards.account import Account, StepCount
    from regrade.cards.trace import Trace

_LINES = 12
"""Lines of a text that are shown before it is cut."""
_NAME = 76


def render_counts(account: Account) -> str:
    """Rows in and out of every step, and why some did not get further."""
    rows = []
    for name, counts in _by_step(account):
        for place, count in enumerate(counts):
            dropped, failed = sum(count.dropped.values()), sum(count.failed.values())
            number = "" if place else str(count.step or "")
            label = "" if place else clip(name, _NAME)
            came = None if count.step == 0 else f"{count.rows_in:,}"
            rows.append(
                (
                    number,
                    label,
                    count.stream,
                    came,
                    f"{count.rows_out:,}",
                    f"{dropped:,}" if dropped else None,
                    f"{failed:,}" if failed else None,
                )
            )
    return table(("step", "", "stream", "in", "out", "dropped", "put aside"), rows, "><<>>>>")


def _by_step(account: Account) -> Iterator[tuple[str, list[StepCount]]]:
    """The names of the steps, each with its counts by stream."""
    steps: dict[int, list[StepCount]] = {}
    for count in account.counts:
        steps.setdefault(count.step, []).append(count)
    for counts in steps.values():
        yield counts[0].name, counts


def render_failures(account: Account, most: int = 5) -> str:
    """Why rows were put aside, the commonest reason first, and where the first one stands."""
    lines = []
    for reason, count in list(account.reasons.items())[:most]:
        lines.append(f"  {count:,} × {clip(printable(reason), 200)}")
    if len(account.reasons) > most:
        lines.append(f"  and {len(account.reasons) - most} more reasons")
    if account.failures:
        first = account.failures[0]
        lines.append(f"  the first: step {first.step}, stream {first.stream!r}, row {first.row}")
    return "\n".join(lines)


def render_trace(found: Trace, columns: int = 100, full: bool = False) -> str:
    """The row after each step, with what the step changed, and what became of it."""
    lines: list[str] = []
    for stage in found.stages:
        if not stage.changes:
            continue
        title = "loaded" if stage.step is None else f"step {stage.step.number}  {stage.step.name}"
        lines.append(mark(clip(title, columns), "bold"))
        for change in stage.changes:
            came = [name for name in stage.before if name not in stage.rows]
            how = f"  (of {', '.join(came)})" if change.before is None and came else ""
            lines.append(f"  {mark(f'stream {change.stream}{how}', 'dim')}")
            lines += _changes(change.before, change.row, columns, full)
    sample = found.sample
    lines.append(mark("the sample", "bold") + f"  {sample.sample_id}")
    for name, value in (*sample.input_fields.items(), *sample.reference_fields.items()):
        lines += _field(" ", name, value, columns, full)
    if sample.messages is not None:
        for message in sample.messages:
            lines.append(mark(f"{message.get('role')}:", "cyan"))
            lines += _text(message.get("content"), columns, True)
    else:
        lines.append(mark("prompt:", "cyan"))
        lines += _text(sample.prompt, columns, True)
    lines += _field(" ", "target", sample.target, columns, full)
    lines += _field(" ", "references", sample.references, columns, full)
    lines += _field(" ", "metadata", sample.metadata, columns, full)
    return "\n".join(lines)


def _changes(before: dict[str, Any] | None, row: dict[str, Any], columns: int, full: bool) -> Iterator[str]:
    if before is None:
        for name, value in row.items():
            yield from _field(" ", name, value, columns, full)
        return
    for name, value in row.items():
        if name not in before:
            yield from _field("+", name, value, columns, full)
        elif before[name] != value:
            yield from _field("~", name, value, columns, full)
    for name in before:
        if name not in row:
            yield mark(f"  - {name}", "red")


_STYLES = {"+": "green", "~": "yellow"}


def _field(sign: str, name: str, value: Any, columns: int, full: bool) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    label = f"  {sign} {name}: "
    first = clip(printable(text).replace("\n", "⏎"), max(20, columns - len(label)))
    if full and (len(text) > columns - len(label) or "\n" in text):
        return [_styled(sign, label.rstrip()), *_text(text, columns, full)]
    return [_styled(sign, label) + first]


def _styled(sign: str, label: str) -> str:
    return mark(label, _STYLES[sign]) if sign in _STYLES else label


def _text(value: Any, columns: int, full: bool) -> list[str]:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    lines = [
        "    " + piece
        for line in printable(text).splitlines() or [""]
        for piece in (textwrap.wrap(line, max(20, columns - 4), drop_whitespace=False) or [""])
    ]
    return lines if full or len(lines) <= _LINES else [*lines[: _LINES - 1], "    ..."]
