"""What became of chat data, and what files are, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrade.reports.text import clip, mark, plural, printable, table

if TYPE_CHECKING:
    from regrade.chat.convert.convert import Summary
    from regrade.chat.convert.scan import Scanned

_SHOWN = 8


def render_conversion(summary: Summary) -> str:
    """The counts, on one screen."""
    total = summary.total
    names = ", ".join(summary.outputs[:3]) + (
        f" and {len(summary.outputs) - 3} more" if len(summary.outputs) > 3 else ""
    )
    lines = [f"{plural(summary.rows, 'row')} written to {'standard output' if names == '-' else names}"]
    formats = ", ".join(f"{count:,} {name}" for name, count in sorted(total.formats.items(), key=lambda e: -e[1]))
    lines.append(
        f"{plural(total.read, 'row')} read, {total.converted:,} converted"
        + (f" ({formats})" if formats else "")
        + f", {plural(total.turns, 'turn')}, {plural(total.tool_calls, 'tool call')}"
    )
    if summary.unused:
        lines.append(f"{plural(summary.unused, 'converted row')} left out by the mixture or the limit")
    if total.overflow:
        lines.append(f"{plural(total.overflow, 'value')} of another type than their column put into the column `extra`")
    for loss, count in sorted(total.losses.items(), key=lambda entry: -entry[1]):
        lines.append(f"{plural(count, 'row')} lost {loss}")
    if total.bad:
        where = f" put into {summary.quarantine}" if summary.quarantine else " left out"
        lines.append(f"{plural(total.bad, 'row')}{where}:")
        reasons = sorted(total.reasons.values(), key=lambda reason: -reason.rows)
        rows = [
            [
                f"{reason.rows:,}",
                clip(reason.kind, 60),
                printable(f"{reason.file}:{reason.line}"),
                clip(reason.hint or "", 90),
            ]
            for reason in reasons[:_SHOWN]
        ]
        lines.append(table(["rows", "reason", "first", "what to do"], rows, "><<<"))
        if len(reasons) > _SHOWN:
            lines.append(f"and {len(reasons) - _SHOWN} more reasons (--json has them all)")
    return "\n".join(lines)


def render_scanned(found: Scanned) -> str:
    """What a file is, in a few lines."""
    detection, counts = found.detection, found.counts
    lines = [mark(printable(found.file), "bold")]
    looked = "" if found.whole else ", spread through the file"
    if detection.problem is not None:
        lines.append(f"  cannot be converted as it is: {printable(detection.problem)}")
        if detection.hint:
            lines.append(f"  {printable(detection.hint)}")
    else:
        lines.append(f"  {detection.format}: {printable(detection.reason)}")
    lines.append(f"  {plural(counts.read, 'row')} looked at{looked}: {counts.converted:,} fit, {counts.bad:,} do not")
    formats = sorted(counts.formats.items(), key=lambda entry: -entry[1])
    if len(formats) > 1:
        lines.append("  " + ", ".join(f"{count:,} {name}" for name, count in formats))
    if detection.roles:
        lines.append("  roles: " + clip(", ".join(detection.roles), 100))
    lines += [f"  {printable(note)}" for note in detection.notes]
    if counts.reasons:
        reasons = sorted(counts.reasons.values(), key=lambda reason: -reason.rows)
        rows = [
            [f"{r.rows:,}", f"{r.line}" if r.line else "", clip(r.example, 70), clip(r.hint or "", 90)] for r in reasons
        ]
        shown = table(["rows", "first", "reason", "what to do"], rows, ">><<")
        lines += [f"  {line}" for line in shown.split("\n")]
    return "\n".join(lines)
