"""Lists of turns: who speaks and what is said, under whatever keys, become messages."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, Final, NamedTuple

from regrade.chat.message import SPOKEN_OTHERWISE, Message, kind_of, validate
from regrade.chat.roles import CALL, RoleTable
from regrade.chat.row_error import AmbiguousRowError, ChatRowError, UnknownRoleError
from regrade.chat.tool_calls import CallIds, call_of, calls_of, json_text

PAIRS: Final = (
    ("role", "content"),
    ("from", "value"),
    ("role", "value"),
    ("speaker", "text"),
    ("author", "utterance"),
    ("sender", "message"),
)
"""The keys of a turn that tools are known to use together."""

ROLE_KEYS: Final = ("role", "from", "speaker", "author", "sender")
CONTENT_KEYS: Final = ("content", "value", "text", "utterance", "message")

COLUMNS: Final = (
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "items",
    "utterances",
    "turns",
    "chat",
    "trajectory",
)
"""The columns in which lists of turns are looked for."""

_INSTEAD_OF_CONTENT: Final = (*SPOKEN_OTHERWISE, "function_call")


class Keys(NamedTuple):
    """The keys of a turn."""

    role: str
    content: str


def keys_of(turn: Any) -> Keys | None:
    """The keys under which a turn says who speaks and what is said; None if it is no turn.

    Raises:
        AmbiguousRowError: more than one pair of keys could be meant.
    """
    if not isinstance(turn, dict):
        return None
    pairs = [pair for pair in PAIRS if turn.get(pair[0]) is not None and turn.get(pair[1]) is not None]
    if pairs and all(pair[0] == pairs[0][0] for pair in pairs):
        return Keys(*pairs[0])
    roles = [key for key in ROLE_KEYS if turn.get(key) is not None]
    contents = [key for key in CONTENT_KEYS if turn.get(key) is not None]
    if len(roles) == 1 and len(contents) == 1:
        return Keys(roles[0], contents[0])
    if len(roles) == 1 and not contents:
        beside = next((key for key in CONTENT_KEYS if key in turn), "content")
        held = any(turn.get(key) is not None for key in _INSTEAD_OF_CONTENT)
        return Keys(roles[0], beside) if held or beside in turn else None
    if roles and contents:
        raise AmbiguousRowError(
            f"a turn has the keys {', '.join(roles + contents)}",
            hint=f"say which are meant: --columns role={roles[0]},content={contents[0]}",
        )
    return None


def is_turns(value: Any) -> bool:
    """Whether a value looks like a list of turns, by its first entry."""
    if not isinstance(value, list) or not value:
        return False
    try:
        return keys_of(value[0]) is not None
    except AmbiguousRowError:
        return True


def read_turns(turns: Any, roles: RoleTable, keys: Keys | None = None, *, what: str = "conversation") -> list[Message]:
    """Make messages of a list of turns.

    Args:
        turns: The list.
        roles: The names of the roles.
        keys: The keys of a turn, where the user said them; else each turn is asked.
        what: What the list is, for messages.

    Raises:
        ChatRowError: something of it cannot be read; the place is the turn's number.
    """
    if turns is None:
        raise ChatRowError(f"the {what} is null")
    if isinstance(turns, dict):
        turns = [turns]
    if not isinstance(turns, list):
        raise ChatRowError(f"the {what} is {kind_of(turns)}")
    if not turns:
        raise ChatRowError(f"the {what} is empty")
    if (
        roles.plain
        and keys in (None, ("role", "content"))
        and isinstance(turns[0], dict)
        and "role" in turns[0]
        and validate(turns) is None
    ):
        return list(turns)  # messages already
    reader = _Reader(roles, keys)
    for number, turn in enumerate(turns, 1):
        try:
            reader.read(turn)
        except UnknownRoleError as error:
            raise UnknownRoleError(
                f"turn {number}: {error.what}", where=error.where, hint=error.hint, role=error.role
            ) from None
        except ChatRowError as error:
            kind = type(error)
            raise kind(f"turn {number}: {error.what}", where=error.where, hint=error.hint, kind=error.kind) from None
    return reader.messages


class _Reader:
    """Reads the turns of one conversation, one after the other."""

    def __init__(self, roles: RoleTable, keys: Keys | None) -> None:
        self.roles = roles
        self.keys = keys
        self.last = keys
        self.ids = CallIds()
        self.messages: list[Message] = []
        self._after_call = False

    def read(self, turn: Any) -> None:
        if not isinstance(turn, dict):
            raise ChatRowError(f"expected an object, found {kind_of(turn)}")
        keys = self.last
        if keys is None or len(turn) != 2 or turn.get(keys.role) is None or turn.get(keys.content) is None:
            keys = self.keys if self.keys is not None and self.keys.role in turn else keys_of(turn)
            self.last = keys
        if keys is None:
            if not turn:
                raise ChatRowError("it is empty")
            shown = ", ".join(map(str, list(turn)[:5]))
            raise ChatRowError(
                f"nothing says who speaks and what is said (keys: {shown})"[:200],
                kind="nothing says who speaks and what is said",
                hint="say which keys do: --columns role=KEY,content=KEY",
            )
        role = self.roles.role(turn[keys.role])
        content = turn.get(keys.content)
        beside = _beside(turn, keys) if len(turn) > 2 or keys.content not in turn else {}
        if role == CALL:
            self._calls(content, beside)
        elif role == "tool":
            self._result(content, beside)
        else:
            self._words(role, content, beside)
        self._after_call = role == CALL and not beside

    def _calls(self, content: Any, beside: dict[str, Any]) -> None:
        calls = calls_of(content, self.ids)
        last = self.messages[-1] if self.messages else None
        if self._after_call and not beside and last is not None:  # calls made at the same time, a turn for each
            last["tool_calls"] += calls
            self.ids.remember_calls(calls, more=True)
        else:
            self.messages.append({"role": "assistant", "content": None, "tool_calls": calls, **beside})
            self.ids.remember_calls(calls)

    def _result(self, content: Any, beside: dict[str, Any]) -> None:
        if isinstance(content, dict) or (isinstance(content, list) and not _are_parts(content)):
            content = json_text(content)
        name = beside.get("name")
        given = beside.pop("tool_call_id", None)
        call_id = self.ids.match_result(name if isinstance(name, str) else None, given)
        message: Message = {"role": "tool", "content": text_of(content)}
        if call_id is not None:
            message["tool_call_id"] = call_id
        self.messages.append({**message, **beside})

    def _words(self, role: str, content: Any, beside: dict[str, Any]) -> None:
        self.ids.end_turn()
        if role == "assistant":
            if isinstance(beside.get("function_call"), dict):  # OpenAI's own, before there were tools
                beside["tool_calls"] = [call_of(beside.pop("function_call"), self.ids)]
            elif beside.get("function_call", 0) is None:
                del beside["function_call"]
            calls = beside.get("tool_calls")
            if isinstance(calls, list):
                if not all(map(_is_openai_call, calls)):
                    calls = beside["tool_calls"] = [call_of(call, self.ids) for call in calls]
                self.ids.remember_calls(calls)
        if content is None and any(beside.get(key) not in (None, []) for key in SPOKEN_OTHERWISE):
            self.messages.append({"role": role, "content": None, **beside})
        else:
            self.messages.append({"role": role, "content": text_of(content), **beside})


def _beside(turn: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """What a turn holds besides; nulls under keys of other kinds of turns are what a table of both filled up."""
    beside = {key: value for key, value in turn.items() if key not in keys}
    for key in (*ROLE_KEYS, *CONTENT_KEYS):
        if key in beside and beside[key] is None:
            del beside[key]
        elif key in beside and key in ("role", "content"):
            raise ChatRowError(f"it has {key} beside {keys.role} and {keys.content}")
    return beside


def _is_openai_call(call: Any) -> bool:
    """Whether a call has OpenAI's shape, with an id or without (as Hugging Face's templates take it)."""
    return isinstance(call, dict) and isinstance(call.get("function"), dict)


def _are_parts(content: list[Any]) -> bool:
    return bool(content) and all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in content)


def text_of(content: Any, what: str = "what is said") -> str | list[Any]:
    """A message's content: a text, or a list of parts (a text among them becomes a part).

    Raises:
        ChatRowError: it is something else.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content:
        parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in content]
        if _are_parts(parts):
            return parts
    raise ChatRowError(f"{what} is {kind_of(content)}" + (" that is empty" if content == [] else ""))


def with_system(messages: list[Message], system: Any) -> list[Message]:
    """Put a system prompt that stands in a column of its own before the messages, unless they begin with one.

    Raises:
        ChatRowError: it is no text.
    """
    if system is None or system in ("", []) or messages[0]["role"] in ("system", "developer"):
        return messages
    return [{"role": "system", "content": text_of(system, "the system prompt")}, *messages]


def without(row: Dict[str, Any], *names: str | None) -> dict[str, Any]:
    """The columns of a row other than ``names``, and other than a ``messages`` that is null."""
    columns = dict(row)
    for name in names:
        if name is not None:
            columns.pop(name, None)
    if columns.get("messages", 0) is None:
        del columns["messages"]
    return columns
