"""ShareGPT and its relatives: lists of turns."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from contextlib import suppress
from typing import Any, Final

from regrade.chat.format import REJECTED, ChatFormat, Conversation, Written
from regrade.chat.mapping import Mapping
from regrade.chat.message import Message, kind_of, validate
from regrade.chat.roles import CALL
from regrade.chat.row_error import ChatRowError
from regrade.chat.split import split_preference
from regrade.chat.tool_calls import CallIds, lost_of_calls, written_calls
from regrade.chat.turns import COLUMNS, PAIRS, Keys, is_turns, keys_of, read_turns, with_system, without
from regrade.registry import register

_WRITTEN_ROLES: Final = {"user": "human", "assistant": "gpt", "tool": "observation"}


@register("chat_format", "sharegpt")
class ShareGPT(ChatFormat):
    """A list of turns under ``conversations`` or another of the usual names, each with the speaker under ``from``,
    ``role``, ``speaker``, ``author`` or ``sender`` and the words under ``value``, ``content``, ``text``, ``utterance``
    or ``message``. A ``system`` column becomes the first message, ``function_call`` turns become ``tool_calls``.
    """

    title = "ShareGPT"
    shape = "conversations: [{from, value}]"
    priority = 20
    writes = True

    def __init__(self, mapping: Mapping | None = None) -> None:
        super().__init__(mapping)
        columns = self.mapping.columns
        self._columns = (columns["messages"],) if "messages" in columns else COLUMNS
        self._system = columns.get("system", "system")
        self._keys = None
        if "role" in columns or "content" in columns:
            role = columns.get("role") or next((r for r, c in PAIRS if c == columns.get("content")), "role")
            content = columns.get("content") or next((c for r, c in PAIRS if r == role), "content")
            self._keys = Keys(role, content)
        # What the last row looked like: the next one is tried the same way, without looking around.
        self._column = self._columns[0]
        self._role_key, self._content_key = self._keys or ("from", "value")

    def matches(self, row: Dict[str, Any]) -> str | None:
        found = self._found(row)
        if not found:
            return None
        if len(found) > 1 and "messages" not in found:
            return f"lists of turns in {' and '.join(f'`{name}`' for name in found)}"
        column = self._chosen(found)
        try:
            keys = self._keys or keys_of(row[column][0]) or Keys("role", "content")
        except ChatRowError:  # to_messages says why
            return f"`{column}`, a list of turns"
        return f"`{column}` of {keys.role} and {keys.content}"

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        found = self._found(row)
        if len(found) > 1 and "messages" not in found:
            raise ChatRowError(
                f"more than one column holds turns: {', '.join(found)}",
                hint=f"say which is meant: --columns messages={found[0]}",
            )
        column = self._chosen(found) if found else next((name for name in self._columns if name in row), None)
        if column is None:
            raise ChatRowError(f"no column {' or '.join(map(repr, self._columns[:2]))}", kind="no list of turns")
        messages = read_turns(row[column], self.roles, self._keys)
        system = row.get(self._system)
        spoken = with_system(messages, system)
        # A system column that says something else than the conversation's own system message is kept.
        kept = spoken is messages and system not in (None, "", []) and system != messages[0]["content"]
        return Conversation(spoken, without(row, column, None if kept else self._system))

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        if (
            "messages" in self._columns
            and self.roles.plain
            and validate(row.get("messages")) is None
            and not row.get(self._system)
        ):
            return row  # said to be a list of turns, and of OpenAI's already
        return self.to_messages(row).row()

    def could(self, columns: frozenset[str]) -> bool:
        return not columns.isdisjoint(self._columns)

    def plain_is(self, other: str, columns: frozenset[str]) -> bool:
        return other != "json-text" or len(columns.intersection(self._columns)) > 1

    def quick(self, row: dict[str, Any]) -> dict[str, Any] | None:
        column = self._column
        role_key = self._role_key
        content_key = self._content_key
        roles = self.roles.spoken
        messages: list[Message] = []
        append = messages.append
        try:
            for turn in row[column]:
                content = turn[content_key]
                if len(turn) != 2 or type(content) is not str:
                    return self._less_quick(row)
                append({"role": roles[turn[role_key]], "content": content})
        except (KeyError, TypeError):
            return self._less_quick(row)
        if not messages or "messages" in row:
            return None
        converted = row.copy()
        del converted[column]
        if self._system in row:
            system = converted.pop(self._system)
            if system:
                if type(system) is not str or messages[0]["role"] in ("system", "developer"):
                    return None
                messages.insert(0, {"role": "system", "content": system})
        converted["messages"] = messages
        return converted

    def _less_quick(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """Convert a row whose turns hold more than words, or see under which names they stand in it."""
        turns = row.get(self._column)
        first = turns[0] if type(turns) is list and turns else None
        if type(first) is dict and first.get(self._role_key) is not None and first.get(self._content_key) is not None:
            return None if "messages" in row else self.to_messages(row).row()
        self._look_around(row)
        return None

    def _look_around(self, row: dict[str, Any]) -> None:
        """See under which names the turns of a row stand, for the rows that follow."""
        found = self._found(row)
        if len(found) == 1 and isinstance(row[found[0]][0], dict):
            self._column = found[0]
            with suppress(ChatRowError):
                self._role_key, self._content_key = self._keys or keys_of(row[found[0]][0]) or ("from", "value")

    def _found(self, row: Dict[str, Any]) -> list[str]:
        if self._keys is not None or len(self._columns) == 1:
            return [name for name in self._columns if isinstance(row.get(name), list) and row[name]]
        return [name for name in self._columns if name in row and is_turns(row[name])]

    def _chosen(self, found: list[str]) -> str:
        return "messages" if "messages" in found else found[0] if found else ""

    def from_messages(self, conversation: Conversation) -> Written:
        columns = dict(conversation.columns)
        losses: list[str] = []
        rejected = columns.pop(REJECTED, None)
        if columns.get("conversations") is not None:
            raise ChatRowError("the row has a column `conversations` of its own")
        if rejected is None:
            return Written({**columns, "conversations": _turns(conversation.messages, losses)}, _each_once(losses))
        prompt, chosen, refused = split_preference(conversation.messages, rejected)
        sides = [_turns(side, losses) for side in (chosen, refused)]
        first, second = (side[0] if len(side) == 1 else side for side in sides)
        row = {**columns, "conversations": _turns(prompt, losses), "chosen": first, "rejected": second}
        return Written(row, _each_once(losses))


def _turns(messages: list[Message], losses: list[str]) -> list[dict[str, Any]]:
    """Messages as from and value; what `read_turns` would not make of them again goes to ``losses``."""
    turns: list[dict[str, Any]] = []
    ids = CallIds()
    for message in messages:
        beside = {key: value for key, value in message.items() if key not in ("role", "content")}
        role = message["role"]
        content = message.get("content")
        if role == "assistant" and message.get("tool_calls"):
            if content is not None:
                losses.append("text beside tool calls (it becomes a turn of its own)")
                turns.append({"from": "gpt", "value": _value(content, losses)})
            del beside["tool_calls"]
            losses += lost_of_calls(message)
            if turns and turns[-1]["from"] == CALL and not beside and len(turns[-1]) == 2:
                losses.append("calls of tools in two messages in a row (they become one)")
            turns.append({"from": CALL, "value": written_calls(message), **beside})
            ids.remember_calls(message["tool_calls"])
            continue
        if role == "tool":
            # An id that follows from the order need not be written.
            given = beside.pop("tool_call_id", None)
            name = beside.get("name")
            expected = ids.match_result(name if isinstance(name, str) else None)
            if given != expected:
                if given is None:
                    losses.append("results of tools without the id of their call")
                else:
                    beside["tool_call_id"] = given
        else:
            ids.end_turn()
        turn = {"from": _WRITTEN_ROLES.get(role, role), "value": _value(content, losses), **beside}
        if clash := beside.keys() & {"from", "value", "speaker", "text", "author", "utterance", "sender", "message"}:
            losses.append(f"keys of messages that mean something to ShareGPT ({', '.join(sorted(clash))})")
        turns.append(turn)
    return turns


def _value(content: Any, losses: list[str]) -> Any:
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise ChatRowError(f"the content is {kind_of(content)}")
    return content


def _each_once(losses: list[str]) -> list[str]:
    return list(dict.fromkeys(losses))
