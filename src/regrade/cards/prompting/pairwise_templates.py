"""Templates that show a judge two responses."""

from __future__ import annotations

from typing import Any

from regrade.artifacts.artifact import artifact
from regrade.artifacts.streams import Row
from regrade.cards.prompting.arrangement import Arrangement, coin, is_swapped
from regrade.cards.prompting.dialog_templates import DialogFieldsData, with_written_dialogs
from regrade.cards.prompting.text_templates import InputOutputTemplate

_OTHER = {"choice_a": "choice_b", "choice_b": "choice_a", "tie": "tie"}


def _exchanged(fields: Row, one: str, other: str) -> Row:
    for name in (one, other):
        if name not in fields:
            raise ValueError(f"the field {name!r} to compare is missing; the input fields are {', '.join(fields)}")
    return {**fields, one: fields[other], other: fields[one]}


@artifact("pairwise_choice_template")
class PairwiseChoiceTemplate(InputOutputTemplate):
    """Asks which of two responses is better.

    With ``shuffle``, half of the rows show the second response first, to even out a judge's liking for one place.
    Which rows do depends on their input fields and ``shuffle_seed`` only, and is recorded as ``swapped`` in the row's
    metadata (see :mod:`regrade.cards.prompting.arrangement`); ``{"swapped": false}`` in the metadata of a row that
    comes in decides instead. :meth:`restored` maps a verdict back.

    Args:
        choice_a_field: The input field with the first response.
        choice_b_field: The input field with the second response.
        answer_field: The reference field with the better one: ``choice_a``, ``choice_b`` or ``tie``.
        choice_a_label: What a judge says for the one that is shown first.
        choice_b_label: What a judge says for the one that is shown second.
        choice_tie_label: What a judge says for a tie.
        shuffle: Whether half of the rows are swapped.
        shuffle_seed: Another seed, another half.

    >>> template = PairwiseChoiceTemplate(
    ...     choice_a_field="a", choice_b_field="b", answer_field="winner", choice_a_label="A", choice_b_label="B",
    ...     choice_tie_label="C", shuffle=True, input_format="A: {a} B: {b}", output_format="[[{winner}]]")
    >>> row = template.process_row({"input_fields": {"a": "yes", "b": "no"},
    ...     "reference_fields": {"winner": "choice_a"}, "metadata": {"swapped": True}})
    >>> row["source"], row["target"], template.restore("B", row["metadata"])
    ('A: no B: yes', '[[B]]', 'choice_a')
    """

    choice_a_field: str
    choice_b_field: str
    answer_field: str
    choice_a_label: str
    choice_b_label: str
    choice_tie_label: str
    shuffle: bool
    shuffle_seed: int = 0

    def _label(self, answer: str) -> str:
        if answer == "choice_a":
            return self.choice_a_label
        return self.choice_b_label if answer == "choice_b" else self.choice_tie_label

    def arrangement(self, input_fields: Row, reference_fields: Row) -> Arrangement:
        return {"swapped": coin(input_fields, self.shuffle_seed)} if self.shuffle else {}

    def arrange(self, input_fields: Row, reference_fields: Row, arrangement: Arrangement) -> tuple[Row, Row]:
        answer = reference_fields.get(self.answer_field)
        if answer not in _OTHER:
            raise ValueError(f"the reference field {self.answer_field!r} must be one of {[*_OTHER]}, not {answer!r}")
        if is_swapped(arrangement):
            input_fields = _exchanged(input_fields, self.choice_a_field, self.choice_b_field)
            answer = _OTHER[answer]
        return input_fields, {**reference_fields, self.answer_field: self._label(answer)}

    def restore(self, label: str, arrangement: Arrangement) -> str | None:
        """Which response a judge's label stands for.

        Args:
            label: What the judge said.
            arrangement: The metadata of the sample.

        Returns:
            ``choice_a``, ``choice_b`` or ``tie``; None if the label is none of the template's.
        """
        for answer, other in _OTHER.items():
            if label == self._label(answer):
                return other if is_swapped(arrangement) else answer
        return None


@artifact("dialog_pairwise_choice_template")
class DialogPairwiseChoiceTemplate(PairwiseChoiceTemplate):
    """A :class:`PairwiseChoiceTemplate` whose responses are dialogs.

    A dialog is written with the labels of the place where it is shown.

    Args:
        dialog_fields: The dialogs and how each is written.
        turns_separator: Stands between turns.
        label_separator: Stands between a role's label and what is said.

    >>> fields = [DialogFieldsData(dialog_field=name, user_role_label="User:", assistant_role_label=f"{name.upper()}:",
    ...                            system_role_label="System:") for name in ("a", "b")]
    >>> template = DialogPairwiseChoiceTemplate(
    ...     dialog_fields=fields, choice_a_field="a", choice_b_field="b", answer_field="winner", choice_a_label="1",
    ...     choice_b_label="2", choice_tie_label="0", shuffle=True, input_format="{a} / {b}", output_format="{winner}")
    >>> template.process_row({"input_fields": {"a": [("assistant", "yes")], "b": [("assistant", "no")]},
    ...     "reference_fields": {"winner": "tie"}, "metadata": {"swapped": True}})["source"]
    'A: no / B: yes'
    """

    dialog_fields: list[DialogFieldsData]
    turns_separator: str = "\n\n"
    label_separator: str = " "

    def preprocess_input_fields(self, input_fields: Row) -> Row:
        return with_written_dialogs(input_fields, self.dialog_fields, self.label_separator, self.turns_separator)


@artifact("pairwise_comparative_rating_template")
class PairwiseComparativeRatingTemplate(InputOutputTemplate):
    """Asks how much better one of two responses is.

    With ``shuffle``, half of the rows show the second response first; :class:`PairwiseChoiceTemplate` says how.

    Args:
        choice_a_field: The input field with the first response.
        choice_b_field: The input field with the second response.
        choice_a_id_field: The input field with the name of whose it is.
        choice_b_id_field: The same for the second.
        answer_field: The reference field with the rating: positive where the first is better, negative where the
            second is.
        shuffle: Whether half of the rows are swapped.
        shuffle_seed: Another seed, another half.

    >>> template = PairwiseComparativeRatingTemplate(
    ...     choice_a_field="a", choice_b_field="b", choice_a_id_field="model_a", choice_b_id_field="model_b",
    ...     answer_field="rating", shuffle=True, input_format="{model_a}: {a}, {model_b}: {b}",
    ...     output_format="{rating}")
    >>> row = template.process_row({"input_fields": {"a": "yes", "b": "no", "model_a": "X", "model_b": "Y"},
    ...     "reference_fields": {"rating": 2}, "metadata": {"swapped": True}})
    >>> row["source"], row["target"], template.restore(-2, row["metadata"])
    ('Y: no, X: yes', '-2', 2)
    """

    choice_a_field: str
    choice_b_field: str
    choice_a_id_field: str
    choice_b_id_field: str
    answer_field: str
    shuffle: bool
    shuffle_seed: int = 0

    def arrangement(self, input_fields: Row, reference_fields: Row) -> Arrangement:
        return {"swapped": coin(input_fields, self.shuffle_seed)} if self.shuffle else {}

    def arrange(self, input_fields: Row, reference_fields: Row, arrangement: Arrangement) -> tuple[Row, Row]:
        if not is_swapped(arrangement):
            return input_fields, reference_fields
        rating: Any = reference_fields.get(self.answer_field)
        if not isinstance(rating, int | float):
            raise ValueError(f"the reference field {self.answer_field!r} must be a number, not {rating!r}")
        inputs = _exchanged(input_fields, self.choice_a_field, self.choice_b_field)
        inputs = _exchanged(inputs, self.choice_a_id_field, self.choice_b_id_field)
        return inputs, {**reference_fields, self.answer_field: -rating}

    def restore(self, rating: float, arrangement: Arrangement) -> float:
        """The rating of the first response over the second, whichever was shown first."""
        return -rating if is_swapped(arrangement) else rating
