"""What is counted on the way."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct):
    """Rows that could not be converted, for one reason.

    Attributes:
        kind: The reason, without what differs from row to row.
        rows: How many.
        file: Of the first.
        line: Of the first, from 1: the line, or the row where the file has no lines.
        example: The reason in full, of the first.
        hint: What to do about it.
    """

    kind: str
    rows: int = 0
    file: str = ""
    line: int = 0
    example: str = ""
    hint: str | None = None


class Counts(msgspec.Struct):
    """What became of rows.

    Attributes:
        lines: Lines passed, blank ones included; rows where the file has no lines.
        read: Rows read.
        converted: Rows written.
        formats: Converted rows by the format that they were of.
        reasons: Rows that were not converted, by reason.
        turns: Messages of the converted rows.
        tool_calls: Calls of tools in them.
        losses: Rows of which the output cannot hold something, by what.
        overflow: Values that were put into the column ``extra``, because their own column has another type.
    """

    lines: int = 0
    read: int = 0
    converted: int = 0
    formats: dict[str, int] = {}
    reasons: dict[str, Reason] = {}
    turns: int = 0
    tool_calls: int = 0
    losses: dict[str, int] = {}
    overflow: int = 0

    @property
    def bad(self) -> int:
        """Rows that were not converted."""
        return sum(reason.rows for reason in self.reasons.values())

    def refuse(self, file: str, line: int, kind: str, example: str, hint: str | None) -> None:
        """Count a row that cannot be converted."""
        found = self.reasons.get(kind)
        if found is None:
            found = self.reasons[kind] = Reason(kind, 0, file, line, example, hint)
        found.rows += 1

    def add(self, other: Counts, *, same_file: bool = True) -> None:
        """Add what was counted in the next part of a file, whose lines are numbered on from ours, or in another."""
        before = self.lines if same_file else 0
        for kind, reason in other.reasons.items():
            found = self.reasons.get(kind)
            if found is None:
                self.reasons[kind] = msgspec.structs.replace(reason, line=reason.line + before)
            else:
                found.rows += reason.rows
        for mine, theirs in ((self.formats, other.formats), (self.losses, other.losses)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        for name in ("lines", "read", "converted", "turns", "tool_calls", "overflow"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
