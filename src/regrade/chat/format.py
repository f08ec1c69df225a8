"""The contract of chat formats."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, ClassVar, NamedTuple

from regrade.chat.mapping import Mapping
from regrade.chat.message import Message, validate
from regrade.chat.roles import RoleTable
from regrade.chat.row_error import ChatRowError

REJECTED = "rejected_messages"
"""The column of a preference's conversation that was not chosen; ``messages`` is the one that was."""


class Conversation(NamedTuple):
    """A row, read.

    Attributes:
        messages: The conversation, as `regrade.chat.message` describes it.
        columns: All that the row held besides, under its own names; for preferences also ``rejected_messages``.
    """

    messages: list[Message]
    columns: dict[str, Any]

    def row(self) -> dict[str, Any]:
        """The converted row.

        Raises:
            ChatRowError: the conversation is not as the schema says, or the row has another column ``messages``.
        """
        if reason := validate(self.messages):
            raise ChatRowError(reason, kind=reason.partition(": ")[2] or reason)
        rejected = self.columns.get(REJECTED)
        if rejected is not None and (reason := validate(rejected)):
            raise ChatRowError(f"the rejected conversation: {reason}", kind="the rejected conversation is damaged")
        if self.columns.get("messages") is not None:
            raise ChatRowError(
                "the row has a column `messages` beside the conversation that was found",
                hint="say which holds the conversation: --columns messages=NAME",
            )
        return {**self.columns, "messages": self.messages}


class Written(NamedTuple):
    """A conversation written in another format.

    Attributes:
        row: The row.
        losses: What of the conversation that format cannot hold, each in a few words; empty if reading the row again
            gives the same messages.
    """

    row: dict[str, Any]
    losses: list[str]


class ChatFormat:
    """A way in which chat datasets store conversations. One small class; see `regrade.registry`.

    Attributes:
        title: The format's name for people.
        shape: What a row of it looks like, in a few words.
        priority: Among the formats that match a row the highest wins; two of the same make the row ambiguous.
        writes: Whether `from_messages` can write it.
    """

    title: ClassVar[str]
    shape: ClassVar[str]
    priority: ClassVar[int] = 10
    writes: ClassVar[bool] = False

    def __init__(self, mapping: Mapping | None = None) -> None:
        self.mapping = mapping or Mapping()
        self.roles = RoleTable(self.mapping.roles)

    def matches(self, row: Dict[str, Any]) -> str | None:
        """Say why ``row`` is of this format, by names and shape, or None if it is not. Roles are not looked at."""
        raise NotImplementedError

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        """Read a row that matches. Neither the row nor anything in it is changed.

        Raises:
            ChatRowError: it cannot be read.
        """
        raise NotImplementedError

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with ``messages`` in place of what `to_messages` read; may be ``row`` itself.

        Raises:
            ChatRowError: the row cannot be read, or what was read is not as the schema says.
        """
        return self.to_messages(row).row()

    def could(self, columns: frozenset[str]) -> bool:
        """Whether a row with these columns could match, by names alone. What returns True too often costs time only."""
        return True

    def quick(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Convert a plain row fast; None for a row that needs a closer look.

        Asked only for rows whose columns no other format could claim, unless `plain_is` says of that format that its
        rows are never plain. Must give what `convert` gives.
        """
        return None

    def plain_is(self, other: str, columns: frozenset[str]) -> bool:
        """Whether a row that `quick` converts could still be of the format ``other``, as far as names tell."""
        return True

    def from_messages(self, conversation: Conversation) -> Written:
        """Write a conversation in this format.

        Raises:
            NotImplementedError: the format is read only (`writes`).
            ChatRowError: the format cannot hold anything of it.
        """
        raise NotImplementedError(f"{self.title} is read, not written")
