"""One column for what the user says and one for the answer."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from typing import Any, ClassVar

from regrade.chat.format import REJECTED, ChatFormat, Conversation, Written
from regrade.chat.mapping import Mapping
from regrade.chat.message import Message, kind_of
from regrade.chat.row_error import ChatRowError
from regrade.chat.split import split_completion, split_preference
from regrade.chat.stored_text import decode_json_text
from regrade.chat.turns import is_turns, read_turns, with_system, without
from regrade.registry import register


class Pairs(ChatFormat):
    """What the user says, what the assistant answers, and what may stand beside the two.

    Attributes:
        prompts: Names of the column of what the user says; the first that a row has is taken, likewise below.
        completions: ... of the answer.
        inputs: ... of what is added to the prompt after a line break.
        systems: ... of the system prompt.
        histories: ... of earlier pairs, oldest first.
    """

    prompts: ClassVar[tuple[str, ...]] = ("prompt",)
    completions: ClassVar[tuple[str, ...]] = ("completion",)
    inputs: ClassVar[tuple[str, ...]] = ()
    systems: ClassVar[tuple[str, ...]] = ("system", "system_prompt")
    histories: ClassVar[tuple[str, ...]] = ()

    def __init__(self, mapping: Mapping | None = None) -> None:
        super().__init__(mapping)
        columns = self.mapping.columns
        mapped = bool(columns.keys() & {"prompt", "completion", "input", "history"})

        def names(target: str, usual: tuple[str, ...]) -> tuple[str, ...]:
            if target in columns:
                return (columns[target],)
            return () if mapped and target != "system" else usual

        self._prompts = names("prompt", self.prompts)
        self._completions = names("completion", self.completions)
        self._inputs = names("input", self.inputs)
        self._systems = names("system", self.systems)
        self._histories = names("history", self.histories)
        self._mapped = mapped
        # The names that the last row had: the next one is tried with them, without looking around.
        self._names: tuple[str, ...] = ()
        self._look_around({})

    def matches(self, row: Dict[str, Any]) -> str | None:
        prompt = _first(row, self._prompts)
        completion = _first(row, self._completions)
        if prompt is None or (completion is None and not self._mapped):
            return None
        if completion is None:
            return f"`{prompt}`"
        if not self._mapped and not (_sayable(row[prompt]) and _sayable(row[completion])):
            return None
        return f"`{prompt}` and `{completion}`"

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        prompt_name = _first(row, self._prompts)
        completion_name = _first(row, self._completions)
        input_name = _first(row, self._inputs)
        history_name = _first(row, self._histories)
        system_name = next((name for name in self._systems if name in row), None)
        self._require(row, prompt_name, completion_name, input_name)
        messages: list[Message] = self._history(row[history_name]) if history_name else []
        prompt = row[prompt_name] if prompt_name else None
        added = row[input_name] if input_name else None
        if isinstance(prompt, list | dict):
            messages += read_turns(prompt, self.roles, what=prompt_name or "prompt") if prompt else []
            prompt = None
        for value, name in ((prompt, prompt_name), (added, input_name)):
            if not isinstance(value, str | None):
                raise ChatRowError(f"`{name}` is {kind_of(value)}, not text")
        words = "\n".join(text for text in (prompt, added) if text)
        if words or prompt is not None:
            messages.append({"role": "user", "content": words})
        messages += self._completion(row[completion_name], completion_name) if completion_name else []
        if not messages:
            raise ChatRowError("the conversation is empty")
        columns = without(row, prompt_name, completion_name, input_name, history_name)
        if system_name is not None:
            system = row[system_name]
            spoken = with_system(messages, system)
            if spoken is not messages or system in (None, "", []) or system == messages[0]["content"]:
                del columns[system_name]
            messages = spoken
        for name in (*self._inputs, *self._histories):
            if name in columns and columns[name] is None:
                del columns[name]
        return Conversation(messages, columns)

    def _require(self, row: Dict[str, Any], prompt: str | None, completion: str | None, added: str | None) -> None:
        if prompt is None and added is None:
            name = next((name for name in self._prompts if name in row), None)
            raise ChatRowError(
                f"`{name}` is null" if name else f"no column `{(self._prompts or ('prompt',))[0]}`",
                kind="no prompt",
            )
        if completion is None and self._completions:
            name = next((name for name in self._completions if name in row), None)
            raise ChatRowError(
                f"`{name}` is null" if name else f"no column `{self._completions[0]}`", kind="no completion"
            )

    def could(self, columns: frozenset[str]) -> bool:
        return not columns.isdisjoint(self._prompts) and not columns.isdisjoint(self._completions)

    def quick(self, row: dict[str, Any]) -> dict[str, Any] | None:
        prompt_name, completion_name, input_name, system_name = self._names
        prompt = row.get(prompt_name)
        completion = row.get(completion_name)
        if type(prompt) is not str or type(completion) is not str or not row.keys().isdisjoint(self._beside):
            self._look_around(row)
            return None
        converted = row.copy()
        del converted[prompt_name]
        del converted[completion_name]
        if input_name in row and (added := converted.pop(input_name)):
            if type(added) is not str:
                return None
            prompt = f"{prompt}\n{added}" if prompt else added
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
        if system_name in row and (system := converted.pop(system_name)):
            if type(system) is not str:
                return None
            messages.insert(0, {"role": "system", "content": system})
        converted["messages"] = messages
        return converted

    def _look_around(self, row: dict[str, Any]) -> None:
        """See under which names what is said stands in a row, for the rows that follow."""
        names = tuple(
            _first(row, usual) or (usual or ("",))[0]
            for usual in (self._prompts, self._completions, self._inputs, self._systems)
        )
        if names != self._names:
            self._names = names
            every = (*self._prompts, *self._completions, *self._systems, *self._inputs, *self._histories, "messages")
            self._beside = frozenset(every) - frozenset(names)

    def _completion(self, completion: Any, name: str) -> list[Message]:
        """What was said to the prompt: a text, or turns."""
        if isinstance(completion, str):
            return [{"role": "assistant", "content": completion}]
        if isinstance(completion, list | dict):
            return read_turns(completion, self.roles, what=name) if completion else []
        if completion is not None:
            raise ChatRowError(f"`{name}` is {kind_of(completion)}, not text")
        return []

    def _history(self, history: Any) -> list[Message]:
        if history in (None, "", []):
            return []
        if is_turns(history):
            return read_turns(history, self.roles, what="history")
        if not isinstance(history, list):
            raise ChatRowError(f"the history is {kind_of(history)}")
        messages: list[Message] = []
        for number, pair in enumerate(history, 1):
            if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
                raise ChatRowError(
                    f"pair {number} of the history is not two texts", kind="the history is not pairs of texts"
                )
            messages += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
        return messages


@register("chat_format", "prompt-completion")
class PromptCompletion(Pairs):
    """``prompt`` and ``completion`` (or ``response``), each a text or a list of messages, with or without ``system``.
    KTO's ``label`` stays beside the messages.
    """

    title = "prompt and completion"
    shape = "prompt, completion, [system], [label]"
    completions = ("completion", "response")
    writes = True

    def from_messages(self, conversation: Conversation) -> Written:
        columns = dict(conversation.columns)
        rejected = columns.pop(REJECTED, None)
        for name in ("prompt", "completion"):
            if columns.get(name) is not None:
                raise ChatRowError(f"the row has a column `{name}` of its own")
        if rejected is not None:
            prompt, chosen, refused = split_preference(conversation.messages, rejected)
            return Written({**columns, "prompt": prompt, "chosen": chosen, "rejected": refused}, [])
        prompt, completion = split_completion(conversation.messages)
        return Written({**columns, "prompt": prompt, "completion": completion}, [])


@register("chat_format", "query-response")
class QueryResponse(Pairs):
    """``query`` and ``response``, with earlier pairs in ``history``."""

    title = "query and response"
    shape = "query, response, [history], [system]"
    prompts = ("query",)
    completions = ("response",)
    histories = ("history",)


@register("chat_format", "question-answer")
class QuestionAnswer(Pairs):
    """``question`` and ``answer`` (or ``response``)."""

    title = "question and answer"
    shape = "question, answer, [system_prompt]"
    prompts = ("question",)
    completions = ("answer", "response")


@register("chat_format", "expected-answer")
class ExpectedAnswer(Pairs):
    """A question and ``generated_answer``, or where no answer was generated ``expected_answer``; beside a generated
    answer the expected one is kept.
    """

    title = "expected and generated answer"
    shape = "input_query | question | prompt, expected_answer, [generated_answer]"
    prompts = ("input_query", "question", "prompt", "query", "chat_completion_input")
    completions = ("generated_answer", "expected_answer")

    def to_messages(self, row: Dict[str, Any]) -> Conversation:
        turns = row.get("chat_completion_input")
        if isinstance(turns, str) and _first(row, self._prompts) == "chat_completion_input":
            row = {**row, "chat_completion_input": decode_json_text(turns, "chat_completion_input")}
        return super().to_messages(row)

    def quick(self, row: dict[str, Any]) -> dict[str, Any] | None:
        return None if "chat_completion_input" in row else super().quick(row)


@register("chat_format", "user-assistant")
class UserAssistant(Pairs):
    """A column ``user`` and a column ``assistant``."""

    title = "user and assistant columns"
    shape = "user, assistant, [system]"
    prompts = ("user", "human", "User", "Human")
    completions = ("assistant", "bot", "Assistant", "Bot", "gpt")


@register("chat_format", "prompt-only")
class PromptOnly(Pairs):
    """A ``prompt``, a text or a list of messages, that nobody has answered yet."""

    title = "prompt without completion"
    shape = "prompt, [system]"
    priority = 1
    completions = ()

    def matches(self, row: Dict[str, Any]) -> str | None:
        return "`prompt` alone" if _sayable(row.get("prompt")) else None

    def could(self, columns: frozenset[str]) -> bool:
        return "prompt" in columns


def _first(row: Dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if row.get(name) is not None), None)


def _sayable(value: Any) -> bool:
    """Whether a value may stand for what is said: any but null and lists of something else than turns."""
    return value is not None and (not isinstance(value, list) or not value or is_turns(value))
