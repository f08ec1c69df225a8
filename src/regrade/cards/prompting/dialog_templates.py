"""Templates of dialogs: written into a prompt, or passed on as the turns of a chat."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from regrade.artifacts.artifact import Artifact, artifact
from regrade.artifacts.paths import get_path
from regrade.artifacts.streams import Row
from regrade.cards.prompting.text_templates import InputOutputTemplate, MultiReferenceTemplate


@artifact("dialog_fields_data")
class DialogFieldsData(Artifact):
    """How one dialog is written.

    Args:
        dialog_field: The input field with the dialog: pairs of role and text, or chat messages.
        user_role_label: Stands before what the user says.
        assistant_role_label: Stands before what the assistant says.
        system_role_label: Stands before what the system says.

    >>> DialogFieldsData(dialog_field="dialog", user_role_label="U:", assistant_role_label="A:",
    ...                  system_role_label="S:").write_dialog([("user", "Hi"), ("assistant", "Yes?")], " ", " | ")
    'U: Hi | A: Yes?'
    """

    kind: ClassVar[str] = "dialog_fields"
    user_role_label: str
    assistant_role_label: str
    system_role_label: str
    dialog_field: str

    def write_dialog(self, dialog: Any, label_separator: str, turns_separator: str) -> str:
        """A dialog as text.

        Raises:
            ValueError: it is no dialog, or somebody else speaks in it.
        """
        if not isinstance(dialog, list | tuple):
            raise ValueError(
                f"the field {self.dialog_field!r} must be a dialog, a list of turns, not {str(dialog)[:80]!r}"
            )
        labels = self._labels
        turns = []
        try:
            for turn in dialog:
                role, text = (turn["role"], turn["content"]) if type(turn) is dict else turn
                turns.append(labels[role] + label_separator + text)
        except (KeyError, TypeError, ValueError):
            raise ValueError(
                f"{str(turn)[:80]!r} in {self.dialog_field!r} is no turn: user, assistant or system, and a text"
            ) from None
        return turns_separator.join(turns)

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {
            "user": self.user_role_label,
            "assistant": self.assistant_role_label,
            "system": self.system_role_label,
        }


def with_written_dialogs(
    input_fields: Row, dialog_fields: list[DialogFieldsData], label_separator: str, turns_separator: str
) -> Row:
    """Input fields with texts in the place of dialogs.

    Raises:
        ValueError: a dialog is missing, or is none.
    """
    result = dict(input_fields)
    for dialog in dialog_fields:
        field = dialog.dialog_field
        if field not in input_fields:
            raise ValueError(f"the dialog {field!r} is missing; the input fields are {', '.join(input_fields)}")
        result[field] = dialog.write_dialog(input_fields[field], label_separator, turns_separator)
    return result


@artifact("dialog_template")
class DialogTemplate(InputOutputTemplate):
    r"""Writes dialogs into a prompt.

    Args:
        dialog_fields: The dialogs and how each is written.
        turns_separator: Stands between turns.
        label_separator: Stands between a role's label and what is said.

    >>> labels = DialogFieldsData(dialog_field="dialog", user_role_label="User:", assistant_role_label="Model:",
    ...                           system_role_label="System:")
    >>> template = DialogTemplate(dialog_fields=[labels], turns_separator="\n", input_format="{dialog}",
    ...                           output_format="{score}")
    >>> row = template.process_row({"input_fields": {"dialog": [("user", "Hi"), ("assistant", "Yes?")]},
    ...                             "reference_fields": {"score": 7}})
    >>> print(row["source"])
    User: Hi
    Model: Yes?
    """

    dialog_fields: list[DialogFieldsData]
    turns_separator: str = "\n\n"
    label_separator: str = " "

    def preprocess_input_fields(self, input_fields: Row) -> Row:
        return with_written_dialogs(input_fields, self.dialog_fields, self.label_separator, self.turns_separator)


@artifact("multi_turn_template")
class MultiTurnTemplate(MultiReferenceTemplate):
    """Passes a dialog on as the turns of a chat.

    Args:
        turns_field: Path of the dialog in the input fields: chat messages.

    >>> template = MultiTurnTemplate(turns_field="dialog", references_field="answers")
    >>> row = template.process_row({"input_fields": {"dialog": [{"role": "user", "content": "Hi"}]},
    ...                             "reference_fields": {"answers": ["Hello"]}})
    >>> row["__turns__"], row["source"], row["target"]
    ([{'role': 'user', 'content': 'Hi'}], '', 'Hello')
    """

    input_format: str | None = ""
    turns_field: str

    def post_process_instance(self, instance: Row) -> Row:
        return {**instance, "__turns__": get_path(instance["input_fields"], self.turns_field)}
