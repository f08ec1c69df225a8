"""What is wrong with one row of a chat dataset."""

from __future__ import annotations

from regrade.errors import InputError


class ChatRowError(InputError):
    """A row that cannot be made a conversation. It costs that row; the caller decides what becomes of it.

    Attributes:
        what: The reason, in one sentence.
        hint: What to do about it, where something can be done.
        kind: The reason without what differs from row to row, to count rows by.
    """

    code = "chat-row"
    mend = "Correct the row, or leave it out: `regrade convert --on-bad drop`."

    def __init__(
        self, what: str, *, where: str | None = None, hint: str | None = None, kind: str | None = None
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.kind = kind or what


class UnknownRoleError(ChatRowError):
    """A turn's role is none that Regrade knows.

    Attributes:
        role: The role as it stands in the row.
    """

    code = "unknown-role"
    mend = "Say what the role stands for: `regrade convert --roles NAME=ROLE`."

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None, role: str = "") -> None:
        super().__init__(what, where=where, hint=hint, kind=f"unknown role {role!r}" if role else what)
        self.role = role


class AmbiguousRowError(ChatRowError):
    """A row that can be read in more than one way."""

    code = "ambiguous-row"
    mend = "Say which is meant: `regrade convert --format FORMAT`, or `--columns`."


def unreadable(error: Exception) -> ChatRowError:
    """The error of a row at which a format failed in a way that it does not know itself."""
    if isinstance(error, ChatRowError):
        return error
    if isinstance(error, RecursionError):
        return ChatRowError("nested too deeply")
    what = f"cannot be read: {type(error).__name__}: {error}"
    return ChatRowError(what[:200], kind="cannot be read")
