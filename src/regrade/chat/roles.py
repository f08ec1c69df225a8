"""Who speaks: the names that chat datasets give to the roles of OpenAI's messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from regrade.chat.row_error import ChatRowError, UnknownRoleError
from regrade.errors import UsageError

CALL: Final = "function_call"
"""The role of a turn that holds nothing but calls of tools; it becomes an assistant message with ``tool_calls``."""

ROLE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "system": ("system",),
    "developer": ("developer",),
    "user": ("user", "human", "prompter"),
    "assistant": ("assistant", "gpt", "chatgpt", "bing", "bard", "ai", "model", "bot", "chatbot"),
    "tool": ("tool", "function", "observation", "function_response", "tool_response", "tool_result", "ipython"),
    CALL: (CALL, "tool_call"),
}
"""Every known name of a role, in lower case, by the role it means."""

_KNOWN: Final[dict[str, str]] = {name: role for role, names in ROLE_NAMES.items() for name in names}
_SHOWN = 60


class RoleTable:
    """The roles of one source: the known names in any case, and the names that the user added.

    Args:
        added: Names as they stand in the rows, and the role that each means: one of `ROLE_NAMES`.

    Attributes:
        spoken: From a name as written to a role, for turns that hold nothing but text. A plain dict, for speed; what
            is not in it goes through `role`.

    Raises:
        UsageError: a name is said to mean something that is no role.
    """

    def __init__(self, added: Mapping[str, str] | None = None) -> None:
        self.added = dict(added or {})
        for name, role in self.added.items():
            if role not in ROLE_NAMES:
                raise UsageError(
                    f"{name!r} cannot mean {role!r}: that is no role",
                    where="--roles",
                    hint=f"roles: {', '.join(ROLE_NAMES)}",
                )
        self._roles = {**_KNOWN, **{name.strip().lower(): role for name, role in self.added.items()}, **self.added}
        self.spoken: dict[str, str] = {}
        for name, role in self._roles.items():
            for written in (name, name.capitalize(), name.upper()):
                if role not in ("tool", CALL) and self.role(written) == role:
                    self.spoken[written] = role

    @property
    def plain(self) -> bool:
        """Whether the names of OpenAI's own roles mean what they say."""
        return all(self._roles[role] == role for role in ("system", "developer", "user", "assistant", "tool"))

    def is_known(self, name: Any) -> bool:
        """Whether ``name`` is the name of a role, in any case."""
        return isinstance(name, str) and (name in self._roles or name.strip().lower() in self._roles)

    def role(self, name: Any, where: str | None = None) -> str:
        """The role that ``name`` means.

        Raises:
            UnknownRoleError: a name that nobody explained; the hint names the option that does.
            ChatRowError: it is no name at all.
        """
        if not isinstance(name, str):
            raise ChatRowError("the role is no text", where=where)
        role = self._roles.get(name) or self._roles.get(name.strip().lower())
        if role is None:
            shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
            raise UnknownRoleError(
                f"unknown role {shown!r}",
                where=where,
                hint=f"say what it means: --roles {json.dumps(shown + '=user', ensure_ascii=False)} (or assistant, "
                "system, tool)",
                role=shown,
            )
        return role
