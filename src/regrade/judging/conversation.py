"""What is judged: a conversation, or the one answer of it that there is."""

from __future__ import annotations

from typing import Any

import msgspec


class Conversation(msgspec.Struct, kw_only=True):
    """What was asked of a system, and what it said.

    Attributes:
        item: The sample's id; the same for every system that was asked the same.
        system: Who answered.
        questions: What the user said, turn by turn.
        answers: What the system said to each.
        references: A correct answer to each; shorter or empty where nobody wrote them.
        repeat: Which of several answers to the same sample.
        category: What the sample is grouped by.
        doc: The sample's row, and what else is known of it.
    """

    item: str
    system: str
    questions: list[str]
    answers: list[str]
    references: list[str] = msgspec.field(default_factory=list)
    repeat: int = 0
    category: str | None = None
    doc: dict[str, Any] = msgspec.field(default_factory=dict)

    def reference(self, turn: int) -> str | None:
        """A correct answer to a turn, counted from 1; None if there is none."""
        found = self.references[turn - 1] if turn <= len(self.references) else None
        return found or None
