"""What ``regrade agree`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrade.reports.text import clip, mark, plural, table

if TYPE_CHECKING:
    from regrade.judging.agreement import Agreement, Positions, Setup, Share, Side

_SETUPS = {"S1": "all verdicts (S1)", "S2": "without ties (S2)"}
_MOST_LABELS = 12


def render_agreement(found: Agreement, level: float = 0.95) -> str:
    """Agreement and kappa, by setup, order and group; positions; the confusion matrix; and what was left out."""
    header = ["agreement", "agree", "of", "share", f"{level:.0%} interval", "kappa"]
    rows = [_setup_row(_SETUPS[setup.name], setup) for setup in found.setups]
    if found.orders is not None:
        rows.append(_setup_row("a, first answer shown first", found.orders.forward))
        rows.append(_setup_row("a, second answer shown first", found.orders.backward))
        rows.append(["a, in both orders", *_cells(found.orders.both), ""])
    for name, setups in found.groups.items():
        rows += [_setup_row(f"{name}: {_SETUPS[setup.name]}", setup) for setup in setups]
    parts = [table(header, rows, "<>>>>>")]
    both = [(found.a, "a")] if found.a == found.b else [(found.a, "a"), (found.b, "b")]
    lines = [_positions_row(side.positions, name) for side, name in both if side.positions is not None]
    if lines:
        names = ["when the answers change places", "same verdict", "share", "leans to first", "to second", "kappa"]
        parts.append(table(names, lines, "<>>>>>"))
    if found.ratings is not None:
        numbers = found.ratings
        cells = [
            f"{numbers.n:,}",
            _number(numbers.spearman),
            _number(numbers.weighted_kappa),
            f"{numbers.difference:+.4f}",
            f"{numbers.distance:.4f}",
        ]
        parts.append(table(["ratings", "Spearman", "weighted kappa", "a − b", "|a − b|"], [cells], ">>>>>"))
    if 0 < len(found.labels) <= _MOST_LABELS:
        matrix = [
            [str(label), *(f"{n:,}" for n in counts)]
            for label, counts in zip(found.labels, found.confusion, strict=True)
        ]
        names = ["a ↓  b →", *map(str, found.labels)]
        parts.append(table(names, matrix, "<" + ">" * len(found.labels)))
    notes = [f"{plural(found.items, 'item')} judged by both" if len(both) > 1 else f"{plural(found.items, 'item')}"]
    if found.answers:
        notes.append(f"first: {found.answers[0]}, second: {found.answers[1]}")
    notes += [_side_note(side, name) for side, name in both]
    parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _setup_row(name: str, setup: Setup) -> list[str]:
    return [clip(name, 60), *_cells(setup.agreement), _number(setup.kappa)]


def _cells(share: Share) -> list[str]:
    interval = "" if share.interval is None else f"{share.interval[0]:.1%} – {share.interval[1]:.1%}"
    return [f"{share.count:,}", f"{share.n:,}", _percent(share), interval]


def _percent(share: Share) -> str:
    return "–" if share.share is None else f"{share.share:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _positions_row(found: Positions, name: str) -> list[str]:
    return [
        f"judge {name}",
        f"{found.consistent.count:,} of {found.consistent.n:,}",
        _percent(found.consistent),
        f"{found.first.count:,} ({_percent(found.first)})",
        f"{found.second.count:,} ({_percent(found.second)})",
        _number(found.kappa),
    ]


def _side_note(side: Side, name: str) -> str:
    told = f"{plural(side.votes, 'verdict')} on {plural(side.items, 'item')}"
    text = f"{name}: {side.path}, {side.shape}: {told}"
    if side.alone:
        text += f", {plural(side.alone, 'item')} not judged by the other"
    lost = [
        f"{side.unread:,} without a verdict that can be read" if side.unread else "",
        plural(side.malformed, "malformed row") if side.malformed else "",
    ]
    lost = [part for part in lost if part]
    return text + (mark(f", left out: {' and '.join(lost)}", "red") if lost else "")
