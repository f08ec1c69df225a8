"""Preferences: a chosen and a rejected answer to the same prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from typing import Any, Final

from regrade.chat.format import REJECTED, ChatFormat, Conversation, Written
from regrade.chat.mapping import Mapping
from regrade.chat.message import Message, kind_of
from regrade.chat.row_error import ChatRowError
from regrade.chat.split import split_preference
from regrade.chat.turns import COLUMNS, Keys, is_turns, read_turns, with_system, without
from regrade.registry import register

_SIDES: Final = (("chosen", "rejected"), ("chosen_messages", "rejected_messages"))
_PROMPTS: Final = ("prompt", "instruction", "question", "query")
_INPUTS: Final = ("input",)
_SYSTEMS: Final = ("system", "system_prompt")


@register("chat_format", "preference")
class Preference(ChatFormat):
    """``chosen`` and ``rejected``: texts, single turns, answers of several turns, or whole conversations. The prompt
    stands in a column of its own (a text or turns) or is what both begin with. ``messages`` becomes prompt and chosen
    answer, ``rejected_messages`` prompt and rejected answer.
    """

    title = "preference (DPO)"
    shape = "[prompt | conversations], chosen, rejected"
    priority = 50
    writes = True

    def __init__(self, mapping: Mapping | None = None) -> None:
        super().__init__(mapping)
        columns = self.mapping.columns
        mapped = columns.keys() & {"chosen", "rejected"}
        self._sides = ((columns.get("chosen", "chosen"), columns.get("rejected", "rejected")),) if mapped else _SIDES
        said = columns.keys() & {"prompt", "input", "messages"}
        self._turns = (columns["messages"],) if "messages" in columns else () if said else COLUMNS
        self._prompts = (columns["prompt"],) if "prompt" in columns else () if said else _PROMPTS
        self._inputs = (columns["input"],) if "input" in columns else () if said else _INPUTS
        self._systems = (columns["system"],) if "system" in columns else _SYSTEMS
        self._keys = Keys(columns["role"], columns["content"]) if {"role", "content"} <= columns.keys() else None

    def matches(self, row: Dict[str, Any]) -> str | None:
        sides = self._found(row)
        if sides is None:
            return None
        turns = self._turns_of(row)
        if turns is None:
            return f"`{sides[0]}` and `{sides[1]}`"
        if turns == "messages" and self._ends_with_answer(row[turns]):
            return None  # the conversation stands in `messages` already; what was rejected is kept beside it
        return f"`{turns}` as the prompt of `{sides[0]}` and `{sides[1]}`"

    def could(self, columns: frozenset[str]) -> bool:
        return any(columns.issuperset(two) for two in self._sides)

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        sides = self._found(row)
        if sides is None:
            raise ChatRowError("nothing is chosen and rejected", kind="no preference")
        turns_name = self._turns_of(row)
        prompt_name = None if turns_name else next((name for name in self._prompts if row.get(name) is not None), None)
        input_name = None if turns_name else next((name for name in self._inputs if row.get(name) is not None), None)
        chosen, rejected = row[sides[0]], row[sides[1]]
        used: list[str | None] = [*sides]
        prompt: list[Message] = []
        if turns_name is not None:
            prompt = read_turns(row[turns_name], self.roles, self._keys)
            used.append(turns_name)
        elif prompt_name is not None or input_name is not None:
            prompt = self._prompt(row, prompt_name, input_name)
        whole_chosen = self._side(chosen, sides[0])
        whole_rejected = self._side(rejected, sides[1])
        if isinstance(chosen, str) and isinstance(rejected, str) and not prompt:
            whole_chosen, whole_rejected = _texts(chosen, rejected)
        elif prompt and self._is_whole(whole_chosen, prompt) and self._is_whole(whole_rejected, prompt):
            if _says(whole_chosen, prompt) and turns_name is None:
                used += [prompt_name, input_name]
        else:
            used += [prompt_name, input_name]
            whole_chosen, whole_rejected = prompt + whole_chosen, prompt + whole_rejected
        system_name = next((name for name in self._systems if row.get(name) not in (None, "")), None)
        if system_name is not None:
            spoken = with_system(whole_chosen, row[system_name])
            if spoken is not whole_chosen or row[system_name] == whole_chosen[0]["content"]:
                used.append(system_name)
            whole_chosen, whole_rejected = spoken, with_system(whole_rejected, row[system_name])
        columns = without(row, *used, *(name for name in self._systems if row.get(name) in (None, "")))
        return Conversation(whole_chosen, {**columns, REJECTED: whole_rejected})

    def from_messages(self, conversation: Conversation) -> Written:
        columns = dict(conversation.columns)
        rejected = columns.pop(REJECTED, None)
        if rejected is None:
            raise ChatRowError("nothing is rejected: the row is no preference")
        for name in ("prompt", "chosen", "rejected"):
            if columns.get(name) is not None:
                raise ChatRowError(f"the row has a column `{name}` of its own")
        prompt, chosen, refused = split_preference(conversation.messages, rejected)
        return Written({**columns, "prompt": prompt, "chosen": chosen, "rejected": refused}, [])

    def _found(self, row: Dict[str, Any]) -> tuple[str, str] | None:
        return next((two for two in self._sides if row.get(two[0]) is not None and row.get(two[1]) is not None), None)

    def _turns_of(self, row: Dict[str, Any]) -> str | None:
        """The column of turns that is the prompt."""
        if self.mapping.columns.get("messages"):
            return next((name for name in self._turns if row.get(name)), None)
        return next((name for name in self._turns if is_turns(row.get(name))), None)

    def _ends_with_answer(self, turns: Any) -> bool:
        last = turns[-1] if isinstance(turns, list) and turns else None
        role = last.get("role") or last.get("from") if isinstance(last, dict) else None
        return self.roles.is_known(role) and self.roles.role(role) == "assistant"

    def _prompt(self, row: Dict[str, Any], prompt_name: str | None, input_name: str | None) -> list[Message]:
        prompt = row[prompt_name] if prompt_name else None
        if isinstance(prompt, list | dict):
            return read_turns(prompt, self.roles, what="prompt") if prompt else []
        texts = [row[name] for name in (prompt_name, input_name) if name is not None]
        for text in texts:
            if not isinstance(text, str):
                raise ChatRowError(f"the prompt is {kind_of(text)}, not text")
        return [{"role": "user", "content": "\n".join(filter(None, texts))}]

    def _side(self, value: Any, name: str) -> list[Message]:
        if isinstance(value, str):
            return [{"role": "assistant", "content": value}]
        return read_turns(value, self.roles, self._keys, what=f"`{name}`")

    def _is_whole(self, messages: list[Message], prompt: list[Message]) -> bool:
        """Whether an answer is a whole conversation that has the prompt in it."""
        if messages[: len(prompt)] == prompt and len(messages) > len(prompt):
            return True
        return messages[0]["role"] != "assistant" and len(prompt) == 1 and len(messages) > 1 and _says(messages, prompt)


def _says(messages: list[Message], prompt: list[Message]) -> bool:
    """Whether the prompt, a text of the user, is said in a conversation."""
    return messages[: len(prompt)] == prompt or prompt[0] in messages


_SPEAKERS: Final = re.compile(r"\n\n(Human|Assistant):")


def _texts(chosen: str, rejected: str) -> tuple[list[Message], list[Message]]:
    """Two texts without a prompt: transcripts as in Anthropic's HH, or texts whose common beginning is the prompt.

    The latter is TRL's rule: the longest common beginning, less a space at its end.
    """
    ours, theirs = _transcript(chosen), _transcript(rejected)
    if ours and theirs:
        return ours, theirs
    shared = next((n for n, (a, b) in enumerate(zip(chosen, rejected, strict=False)) if a != b), None)
    if shared is None:
        shared = min(len(chosen), len(rejected))
    if shared and shared < max(len(chosen), len(rejected)) and chosen[shared - 1] == " ":
        shared -= 1
    if not shared or chosen == rejected:
        return [{"role": "assistant", "content": chosen}], [{"role": "assistant", "content": rejected}]
    prompt: Message = {"role": "user", "content": chosen[:shared]}
    return [prompt, {"role": "assistant", "content": chosen[shared:]}], [
        dict(prompt),
        {"role": "assistant", "content": rejected[shared:]},
    ]


def _transcript(text: str) -> list[Message] | None:
    if not text.startswith("\n\nHuman:"):
        return None
    _, *pieces = _SPEAKERS.split(text)
    return [
        {"role": "user" if speaker == "Human" else "assistant", "content": said.removeprefix(" ")}
        for speaker, said in zip(pieces[::2], pieces[1::2], strict=True)
    ]
