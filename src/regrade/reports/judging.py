"""What ``regrade judge`` prints below the scores: verdicts that there are, standings, and what sways the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade.reports.text import mark, table

if TYPE_CHECKING:
    from regrade.judging.agreement import Share
    from regrade.judging.standings import Standings
    from regrade.judging.summary import Summary, Verdicts


def judging_data(summary: Summary) -> dict[str, Any]:
    """The summary as JSON."""
    import msgspec

    data: dict[str, Any] = msgspec.to_builtins(summary)
    return data


def render_judging(summary: Summary) -> str:
    """How many verdicts there are; of comparisons the standings; and the effects of position and length."""
    header = ["judged", "asked", "answered", "call failed", "parsed", "unparsed"]
    counted = [*summary.verdicts, *([summary.total] if len(summary.verdicts) > 1 else [])]
    parts = [table(header, [_verdicts(one) for one in counted], "<>>>>>")]
    if summary.standings is not None:
        parts += _standings(summary.standings)
    notes = []
    if summary.length is not None and summary.length.correlation is not None:
        notes.append(f"ratings go with the length of the answers: Spearman {summary.length.correlation:+.4f}")
    notes += [f"unparsed: {one.reason}: {one.count:,} (first {one.first})" for one in summary.unread]
    if summary.total.unparsed:
        notes.append(f"regrade judge {summary.run} --again unparsed asks again where no verdict can be read")
    if summary.total.failed:
        notes.append(f"regrade resume {summary.run} asks again where the call failed")
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _verdicts(one: Verdicts) -> list[str]:
    share = f" ({one.unparsed / one.answered:.0%})" if one.unparsed and one.answered else ""
    unparsed = f"{one.unparsed:,}{share}"
    failed = mark(f"{one.failed:,}", "red") if one.failed else "0"
    return [one.system, f"{one.asked:,}", f"{one.answered:,}", failed, f"{one.parsed:,}", unparsed]


def _standings(found: Standings) -> list[str]:
    header = ["system", "Elo", "95% interval", "win rate", "decided", "wins", "losses", "ties", "unread", "length"]
    rows = [
        [
            one.system,
            _points(one.elo),
            "" if one.interval is None else f"{one.interval[0]:.0f} – {one.interval[1]:.0f}",
            _percent(one.win_rate),
            _percent(one.win_rate_decided),
            f"{one.wins:,}",
            f"{one.losses:,}",
            f"{one.ties:,}",
            f"{one.unread:,}",
            "" if one.length is None else f"{one.length:,.0f}",
        ]
        for one in found.systems
    ]
    parts = [table(header, rows, "<>>>>>>>>>")]
    header = ["match", "wins", "ties", "losses", "unread", "win rate", "at equal length"]
    rows = [
        [
            f"{one.first} – {one.second}",
            f"{one.wins:,}",
            f"{one.ties:,}",
            f"{one.losses:,}",
            f"{one.unread:,}",
            _percent(one.win_rate),
            _percent(one.at_equal_length),
        ]
        for one in found.matches
    ]
    parts.append(table(header, rows, "<>>>>>>"))
    lines = []
    if found.positions is not None:
        lines.append(f"when the answers change places the verdict stays in {_of(found.positions.consistent)};")
        leans = f"it leans to the first in {_of(found.positions.first)}"
        lines.append(f"{leans}, to the second in {_of(found.positions.second)}")
    lines.append(f"of the verdicts that name a winner, the one shown first: {_of(found.first_shown)}")
    if found.length.longer is not None:
        lines.append(f"of the comparisons that somebody won, the longer answer: {_of(found.length.longer)}")
    parts.append("\n".join([*lines, *found.notes]))
    return parts


def _of(share: Share) -> str:
    if share.share is None or share.interval is None:
        return "0 of 0"
    low, high = share.interval
    return f"{share.count:,} of {share.n:,} ({share.share:.1%}, {low:.1%} – {high:.1%})"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
