"""Operators on dialogs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from regrade.artifacts.artifact import Artifact, ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.streams import Row
from regrade.cards.operators.texts.cutting import check_format


@artifact("to_dialog")
class ToDialog(FieldOperator):
    """Makes a dialog of pairs: the first of a pair is said by the user, the second by the agent.

    >>> ToDialog(field="a").process_row({"a": [("Hello", "Hi")]})
    {'a': [{'role': 'user', 'content': 'Hello'}, {'role': 'agent', 'content': 'Hi'}]}
    """

    def process_value(self, value: Any) -> Any:
        return [
            {"role": role, "content": content}
            for question, answer in value
            for role, content in (("user", question), ("agent", answer))
        ]


@artifact("serialize_dialog")
class SerializeDialog(FieldOperator):
    """Writes a dialog (turns with ``user`` and ``system``) as one text, in the way a format writes demonstrations.

    >>> from types import SimpleNamespace
    >>> row = {"d": [{"user": "Hi", "system": "Hello"}, {"user": "2+2?", "system": "4"}], "recipe_metadata": {}}
    >>> row["recipe_metadata"]["format"] = SimpleNamespace(demo_format="User:{source} Agent:{target} ")
    >>> SerializeDialog(field="d").process_row(row)["d"]
    'Hi Agent:Hello User:2+2? Agent:4'

    Args:
        format: The format; that of the recipe (``recipe_metadata/format`` of the row) if not given.
        last_response_to_field: Name of the field for the last turn's response, which then is left out of the text.
        context_field: Name of a field whose text comes first.
        context_separator: Stands between it and the dialog.
        slice_first_and_last_turns_format: Leave out of the first turn what comes before the user's words, and of the
            last what comes after the system's.
    """

    format: Artifact | None = None
    last_response_to_field: str | None = None
    context_field: str | None = None
    context_separator: str = " "
    slice_first_and_last_turns_format: bool = True

    def verify(self) -> None:
        if self.format is not None and not isinstance(getattr(self.format, "demo_format", None), str):
            raise ArtifactError("it has no format of demonstrations", path=("format",))

    def turns(self, dialog: Any) -> list[dict[str, Any]]:
        """The turns of a dialog, each with ``user`` and ``system``."""
        return list(dialog)

    def process_value_of(self, value: Any, row: Row) -> Any:
        text = "" if self.context_field is None else row[self.context_field] + self.context_separator
        turns = self.turns(value)
        demo_format = self._demo_format(row)
        last = len(turns) - 1
        for place, turn in enumerate(turns):
            text += _turn_format(
                demo_format,
                self.slice_first_and_last_turns_format and place == 0,
                self.slice_first_and_last_turns_format and place == last,
                self.last_response_to_field is not None and place == last,
            ).format_map(turn)
        return text

    def _demo_format(self, row: Row) -> str:
        if self.format is not None:
            return str(self.format.demo_format)  # type: ignore[attr-defined]
        found = row.get("recipe_metadata")
        found = found.get("format") if isinstance(found, dict) else None
        found = found.get("demo_format") if isinstance(found, dict) else getattr(found, "demo_format", None)
        if not isinstance(found, str):
            raise ValueError("the row names no format to write its dialog in: give the argument 'format'")
        return found

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = super().process_row(row, stream)
        if self.last_response_to_field is None:
            return result
        from regrade.artifacts.paths import get_path

        turns = self.turns(get_path(row, self.pairs[-1][0]))
        if not turns:
            raise ValueError("there is no last turn in an empty dialog")
        return {**result, self.last_response_to_field: turns[-1]["system"]}


@lru_cache(maxsize=256)
def _turn_format(demo_format: str, from_user: bool, to_system: bool, to_user: bool) -> str:
    """The format of one turn, less what comes before the user's words, after the system's, or after the user's."""
    text = demo_format.replace("{source}", "{user}").replace("{target}", "{system}").replace("{target_prefix}", "")
    check_format(text, "format")
    try:
        if from_user:
            text = text[text.index("{user}") :]
        if to_system:
            text = text[: text.index("{system}") + len("{system}")]
        if to_user:
            text = text[: text.index("{user}") + len("{user}")]
    except ValueError:
        raise ValueError(f"the format {demo_format!r} has no place for what the user or the system says") from None
    return text


@artifact("serialize_open_ai_format_dialog")
class SerializeOpenAiFormatDialog(SerializeDialog):
    """Writes a dialog of messages (``role`` user or assistant, ``content``) as one text.

    Messages of the same role that follow each other become one.

    >>> operator = SerializeOpenAiFormatDialog(field="d")
    >>> operator.transform_dialog_to_standard_format(
    ...     [{"role": "user", "content": "Hi"}, {"role": "user", "content": "you"}]
    ... )
    [{'user': 'Hi you', 'system': ''}]

    Args:
        is_last_turn_user_only: Accepted for Unitxt's sake; nothing depends on it.
    """

    is_last_turn_user_only: bool = True

    def turns(self, dialog: Any) -> list[dict[str, Any]]:
        return self.transform_dialog_to_standard_format(dialog)

    @staticmethod
    def validate_openai_dialog_format(dialog: Any) -> None:
        """Raise ValueError unless it is a list of messages, the first of them the user's."""
        if not isinstance(dialog, list):
            raise ValueError(f"a dialog is a list of messages, not {type(dialog).__name__}")
        for place, message in enumerate(dialog):
            if not isinstance(message, dict):
                raise ValueError(f"message {place} is no dict: {message!r:.80}")
            for key in ("role", "content"):
                if key not in message:
                    raise ValueError(f"message {place} has no {key!r}: {message!r:.80}")
                if not isinstance(message[key], str):
                    raise ValueError(f"the {key} of message {place} is no text: {message[key]!r:.80}")
            if message["role"].lower() not in ("user", "assistant"):
                raise ValueError(f"the role of message {place} is {message['role']!r}, not user or assistant")
        if not dialog:
            raise ValueError("the dialog is empty")
        if dialog[0]["role"].lower() != "user":
            raise ValueError(f"the first message is the {dialog[0]['role']}'s, not the user's")

    @staticmethod
    def merge_dialog_entries(dialog: list[dict[str, str]]) -> list[dict[str, str]]:
        """The messages, those of the same role that follow each other made one, with a space between their texts."""
        merged: list[dict[str, str]] = []
        for message in dialog:
            if merged and merged[-1]["role"] == message["role"]:
                merged[-1] = {**merged[-1], "content": f"{merged[-1]['content']} {message['content']}"}
            else:
                merged.append(message)
        return merged

    def transform_dialog_to_standard_format(self, dialog: list[dict[str, str]]) -> list[dict[str, str]]:
        """The turns of a dialog of messages: what the user says, and what is answered (nothing at the end, maybe).

        Raises:
            ValueError: it is no such dialog.
        """
        self.validate_openai_dialog_format(dialog)
        said = [message["content"] for message in self.merge_dialog_entries(dialog)]
        if len(said) % 2:
            said.append("")
        return [{"user": user, "system": system} for user, system in zip(said[::2], said[1::2], strict=True)]
