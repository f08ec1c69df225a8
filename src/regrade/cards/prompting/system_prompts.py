"""System prompts: what is said before the task, whatever the task."""

from __future__ import annotations

from typing import ClassVar

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.streams import Row


class SystemPrompt(RowOperator):
    """Sets the field ``system_prompt`` of rows.

    Args:
        skip_rendered_instance: Leave alone what has one already.
    """

    kind: ClassVar[str] = "system_prompt"
    skip_rendered_instance: bool = True

    def get_system_prompt(self, instance: Row) -> str:
        """The system prompt of a row."""
        raise NotImplementedError

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        if self.skip_rendered_instance and "system_prompt" in row:
            return row
        return {**row, "system_prompt": self.get_system_prompt(row)}


@artifact("textual_system_prompt")
class TextualSystemPrompt(SystemPrompt):
    """The same text for all rows.

    Args:
        text: The text.

    >>> TextualSystemPrompt(text="Be brief.").process_row({"source": "Hi"})
    {'source': 'Hi', 'system_prompt': 'Be brief.'}
    """

    text: str

    def get_system_prompt(self, instance: Row) -> str:
        return self.text


@artifact("empty_system_prompt")
class EmptySystemPrompt(SystemPrompt):
    """No system prompt.

    >>> EmptySystemPrompt().process_row({"source": "Hi"})
    {'source': 'Hi', 'system_prompt': ''}
    """

    def get_system_prompt(self, instance: Row) -> str:
        return ""
