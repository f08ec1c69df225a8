"""The template of multiple choice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, Final

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.streams import Row
from regrade.cards.prompting.arrangement import Arrangement, original_place, reorder
from regrade.cards.prompting.format_strings import FormatString
from regrade.cards.prompting.text_templates import InputFormatTemplate
from regrade.seeds import random_of

_ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")
_ENUMERATORS: Final[dict[str, Sequence[str]]] = {
    "capitals": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lowercase": "abcdefghijklmnopqrstuvwxyz",
    "numbers": [str(number) for number in range(1, 101)],
    "roman": [tens + ones for tens in ("", "X") for ones in _ROMAN],
}


@artifact("multiple_choice_template")
class MultipleChoiceTemplate(InputFormatTemplate):
    """Asks for one of several choices.

    The choices may be shown in another order. The order depends on the row's input fields only (for
    ``shuffle_choices`` it is Unitxt's own draw) and is recorded as ``choices_order`` in the row's metadata (see
    :mod:`regrade.cards.prompting.arrangement`); one in the metadata of a row that comes in is used instead.
    :meth:`restored` maps an answer back.

    Args:
        choices_field: The input field, and the reference field, with the list of choices. In ``input_format``,
            ``{choices}`` is all of them and ``{numerals}`` their numerals.
        target_field: The reference field with the right choice: its place (0-based) or the choice itself.
        choices_separator: Stands between choices.
        source_choice_format: A choice in the prompt, a format string over ``choice_numeral`` and ``choice_text``.
        target_choice_format: A choice as the answer, the same.
        enumerator: The numerals: ``capitals``, ``lowercase``, ``numbers``, ``roman``, or a list (a text: its
            characters).
        shuffle_choices: Show the choices in a random order.
        shuffle_choices_seed: Seed of that order, the same for all rows of as many choices; if not given, the input
            fields are.
        sort_choices_by_length: Show shorter choices first.
        sort_choices_alphabetically: Show the choices in alphabetical order.
        reverse_choices: Reverse the order, after sorting.
        place_correct_choice_position: Show the right choice at this place (0-based; -1 is the last).

    >>> template = MultipleChoiceTemplate(input_format="{question} {choices}", reverse_choices=True)
    >>> row = template.process_row({"input_fields": {"question": "Purrs?", "choices": ["dog", "cat"]},
    ...     "reference_fields": {"choices": ["dog", "cat"], "label": "cat"}, "metadata": {}})
    >>> row["source"], row["target"], row["metadata"], template.restore("A", 2, row["metadata"])
    ('Purrs? A. cat, B. dog', 'A', {'choices_order': [1, 0]}, 1)
    """

    format_arguments: ClassVar[tuple[str, ...]] = ("input_format", "source_choice_format", "target_choice_format")
    shows_stored_inputs: ClassVar[bool] = False

    choices_field: str = "choices"
    target_field: str = "label"
    choices_separator: str = ", "
    source_choice_format: str = "{choice_numeral}. {choice_text}"
    target_choice_format: str = "{choice_numeral}"
    enumerator: str | list[str] = "capitals"
    shuffle_choices: bool = False
    shuffle_choices_seed: int | None = None
    sort_choices_by_length: bool = False
    sort_choices_alphabetically: bool = False
    reverse_choices: bool = False
    place_correct_choice_position: int | None = None

    def verify(self) -> None:
        super().verify()
        sorts = self.sort_choices_by_length or self.sort_choices_alphabetically or self.reverse_choices
        places = self.place_correct_choice_position is not None
        if self.sort_choices_by_length and self.sort_choices_alphabetically:
            raise ArtifactError("choices are sorted by length or by alphabet, not both")
        if self.shuffle_choices + sorts + places > 1:
            raise ArtifactError("choices are shuffled, sorted or reversed, or placed: one of the three")

    @cached_property
    def numerals(self) -> Sequence[str]:
        """The numerals, in order."""
        enumerator = self.enumerator
        return _ENUMERATORS.get(enumerator, enumerator) if isinstance(enumerator, str) else enumerator

    @cached_property
    def _source_choice(self) -> FormatString:
        return FormatString(self.source_choice_format)

    @cached_property
    def _target_choice(self) -> FormatString:
        return FormatString(self.target_choice_format)

    def _choices(self, fields: Row) -> list[Any]:
        choices = fields.get(self.choices_field)
        if not isinstance(choices, list | tuple):
            raise ValueError(f"the field {self.choices_field!r} must be a list of choices, not {choices!r:.80}")
        return list(choices)

    def _written(self, choices: Sequence[Any], shape: FormatString) -> list[str]:
        if len(choices) > len(self.numerals):
            raise ValueError(f"there are {len(choices)} choices and {len(self.numerals)} numerals only")
        return [
            shape({"choice_text": choice, "choice_numeral": numeral})
            for choice, numeral in zip(choices, self.numerals, strict=False)
        ]

    def _target_place(self, reference_fields: Row) -> int:
        """The place of the right choice (0-based)."""
        choices, target = self._choices(reference_fields), reference_fields.get(self.target_field)
        if not isinstance(target, int):
            try:
                return choices.index(target)
            except ValueError:
                raise ValueError(f"the right choice {target!r} is none of the choices {choices}") from None
        if not -len(choices) <= target < len(choices):
            raise ValueError(f"there is no choice number {target} (from 0 on) in the choices {choices}")
        return target % len(choices)

    def arrangement(self, input_fields: Row, reference_fields: Row) -> Arrangement:
        order = self._order(input_fields, reference_fields)
        return {} if order is None else {"choices_order": order}

    def _order(self, input_fields: Row, reference_fields: Row) -> list[int] | None:
        changes = self.sort_choices_by_length or self.sort_choices_alphabetically or self.reverse_choices
        position = self.place_correct_choice_position
        if not changes and not self.shuffle_choices and position is None:
            return None
        choices = self._choices(input_fields)
        order = list(range(len(choices)))
        if self.sort_choices_by_length:
            order.sort(key=lambda place: len(choices[place]))
        elif self.sort_choices_alphabetically:
            order.sort(key=choices.__getitem__)
        if self.reverse_choices:
            order.reverse()
        if self.shuffle_choices:
            seed = self.shuffle_choices_seed
            random_of(dict(input_fields) if seed is None else seed).shuffle(order)
        if position is not None:
            if not -len(choices) <= position < len(choices):
                raise ValueError(
                    f"there is no place {position} (from 0 on) for the right one of {len(choices)} choices"
                )
            right = choices.index(self._choices(reference_fields)[self._target_place(reference_fields)])
            order.remove(right)
            order.insert(position % len(choices), right)
        return order

    def arrange(self, input_fields: Row, reference_fields: Row, arrangement: Arrangement) -> tuple[Row, Row]:
        order = arrangement.get("choices_order")
        if order is None:
            return input_fields, reference_fields
        choices = self._choices(input_fields)
        right = self._choices(reference_fields)[self._target_place(reference_fields)]
        shown = reorder(choices, arrangement)
        place = self._target_place(reference_fields)
        moved = order.index(place) if choices[place : place + 1] == [right] else shown.index(right)
        field = self.choices_field
        return {**input_fields, field: shown}, {**reference_fields, field: shown, self.target_field: moved}

    def preprocess_input_fields(self, input_fields: Row) -> Row:
        choices = self._choices(input_fields)
        return {
            "numerals": list(self.numerals[: len(choices)]),
            **input_fields,
            self.choices_field: self.choices_separator.join(self._written(choices, self._source_choice)),
        }

    def preprocess_reference_fields(self, reference_fields: Row) -> Row:
        written = self._written(self._choices(reference_fields), self._target_choice)
        return {self.target_field: written[self._target_place(reference_fields)]}

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        target = reference_fields[self.target_field]
        return target, [target]

    def post_process_instance(self, instance: Row) -> Row:
        inputs = instance["input_fields"]
        options = self._written(self._choices(inputs), self._target_choice)
        instance["input_fields"] = {**inputs, "options": options}
        return instance

    def restore(self, answer: str, count: int, arrangement: Arrangement) -> int | None:
        """Where the choice that an answer names stood before the order was changed.

        Args:
            answer: A numeral.
            count: How many choices the row has.
            arrangement: The metadata of the sample.

        Returns:
            The place (0-based); None if the answer is no numeral of the row's choices.
        """
        shown = list(self.numerals[:count])
        return original_place(shown.index(answer), arrangement) if answer in shown else None
