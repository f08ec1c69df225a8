"""Templates of texts in and texts out."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, ClassVar

import msgspec

from regrade.artifacts.artifact import artifact
from regrade.artifacts.streams import Row
from regrade.cards.prompting.multi_type_serializer import MultiTypeSerializer
from regrade.cards.prompting.serializers import NumberQuantizingSerializer, Serializer
from regrade.cards.prompting.template import Template
from regrade.seeds import random_of


class InputFormatTemplate(Template):
    """A template whose prompt is a format string.

    Args:
        input_format: The prompt, a format string over the input fields.
    """

    format_arguments: ClassVar[tuple[str, ...]] = ("input_format",)
    input_format: str | None

    def input_fields_to_source(self, input_fields: Row) -> str:
        return self._filled("input_format", input_fields)


@artifact("input_output_template")
class InputOutputTemplate(InputFormatTemplate):
    """Writes the prompt by one format string and the answer by another.

    Args:
        input_format: The prompt, a format string over the input fields.
        output_format: The answer, a format string over the reference fields.

    >>> template = InputOutputTemplate(input_format="{text} Is this praise?", output_format="{label}")
    >>> row = template.process_row({"input_fields": {"text": "Well done!"}, "reference_fields": {"label": "yes"}})
    >>> row["source"], row["target"], row["references"]
    ('Well done! Is this praise?', 'yes', ['yes'])
    """

    format_arguments: ClassVar[tuple[str, ...]] = ("input_format", "output_format")
    output_format: str | None = None

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        target = self._filled("output_format", reference_fields)
        return target, [target]


@artifact("input_output_template_with_custom_target")
class InputOutputTemplateWithCustomTarget(InputOutputTemplate):
    """An :class:`InputOutputTemplate` whose reference is not what a demonstration shows as the answer.

    Args:
        reference: The reference, a format string over the reference fields.

    >>> template = InputOutputTemplateWithCustomTarget(
    ...     input_format="{text}", output_format="{label}", reference="{score}")
    >>> row = template.process_row(
    ...     {"input_fields": {"text": "Well done!"}, "reference_fields": {"label": "praise", "score": 1.0}})
    >>> row["target"], row["references"]
    ('praise', ['1.0'])
    """

    format_arguments: ClassVar[tuple[str, ...]] = ("input_format", "output_format", "reference")
    reference: str

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        return self._filled("output_format", reference_fields), [self._filled("reference", reference_fields)]


@artifact("json_output_template")
class JsonOutputTemplate(InputFormatTemplate):
    """Asks for a JSON object.

    Args:
        output_fields: The keys of the object, by the reference fields that are stored under them.
        wrap_with_list_fields: Reference fields that are stored as a list of one.

    >>> template = JsonOutputTemplate(
    ...     input_format="{q}", output_fields={"answer": "a", "context": "c"}, wrap_with_list_fields=["context"])
    >>> row = template.process_row(
    ...     {"input_fields": {"q": "Who?"}, "reference_fields": {"answer": "Me", "context": "I was."}})
    >>> row["target"]
    '{"a": "Me", "c": ["I was."]}'
    """

    output_fields: dict[str, str]
    wrap_with_list_fields: list[str]

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        data: dict[str, Any] = {}
        for field, key in self.output_fields.items():
            value = reference_fields[field]
            data[key] = [value] if field in self.wrap_with_list_fields else value
        target = json.dumps(data, ensure_ascii=False)
        return target, [target]


@artifact("yes_no_template")
class YesNoTemplate(InputFormatTemplate):
    """Asks whether a text is of a class.

    Args:
        class_field: The reference field with the class that is asked about.
        label_field: The reference field with the classes that the text is of, a list.
        yes_answer: The answer where the class is among them.
        no_answer: The answer where it is not.

    >>> template = YesNoTemplate(input_format="Is {text} about {class}?", class_field="class", label_field="labels")
    >>> template.process_row({"input_fields": {"text": "this", "class": "news"},
    ...                       "reference_fields": {"class": "news", "labels": ["sports"]}})["target"]
    'No'
    """

    input_format: str | None = None
    class_field: str | None = None
    label_field: str | None = None
    yes_answer: str = "Yes"
    no_answer: str = "No"

    def serialize_references(self, data: Row, instance: Row) -> Row:
        return data  # classes are looked for in the list, not in a text

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        labels = self._field(self.label_field, "label_field", reference_fields)
        asked = self._field(self.class_field, "class_field", reference_fields)
        if not isinstance(labels, list):
            raise ValueError(f"the reference field {self.label_field!r} must be a list of classes, not {labels!r}")
        if not isinstance(asked, str) or not asked:
            raise ValueError(f"the reference field {self.class_field!r} must be the name of a class, not {asked!r}")
        answer = self.yes_answer if asked in labels else self.no_answer
        return answer, [answer]

    def _field(self, name: str | None, argument: str, reference_fields: Row) -> Any:
        if name is None:
            raise ValueError(f"the template's {argument!r} is not set")
        if name not in reference_fields:
            raise ValueError(f"the reference field {name!r} is missing; there are {', '.join(reference_fields)}")
        return reference_fields[name]


@artifact("null_template")
class NullTemplate(Template):
    """Asks nothing: for rows whose predictions are there already.

    >>> NullTemplate().process_row({"input_fields": {}, "reference_fields": {}})["references"]
    []
    """

    postprocessors: list[Any] = msgspec.field(default_factory=list)

    def input_fields_to_source(self, input_fields: Row) -> str:
        return ""

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        return "", []


@artifact("key_val_template")
class KeyValTemplate(Template):
    """Writes all fields one after another, with their names or without.

    Args:
        pairs_separator: Stands between fields.
        key_val_separator: Stands between a name and its value.
        use_keys_for_inputs: Whether input fields are written with their names.
        outputs_key_val_separator: Accepted for Unitxt's sake, which never uses it.
        use_keys_for_outputs: Whether reference fields are written with their names.

    >>> row = {"input_fields": {"city": "Oslo", "sizes": [1, 2]}, "reference_fields": {"label": "x"}}
    >>> KeyValTemplate().process_row(row)["source"]
    'city: Oslo, sizes: 1, 2'
    """

    pairs_separator: str = ", "
    key_val_separator: str = ": "
    use_keys_for_inputs: bool = True
    outputs_key_val_separator: str = ": "
    use_keys_for_outputs: bool = False

    def _written(self, data: Row, names: bool) -> str:
        if not names:
            return self.pairs_separator.join(map(str, data.values()))
        return self.pairs_separator.join([f"{key}{self.key_val_separator}{value}" for key, value in data.items()])

    def input_fields_to_source(self, input_fields: Row) -> str:
        return self._written(input_fields, self.use_keys_for_inputs)

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        target = self._written(reference_fields, self.use_keys_for_outputs)
        return target, [target]


@artifact("output_quantizing_template")
class OutputQuantizingTemplate(InputOutputTemplate):
    """An :class:`InputOutputTemplate` that rounds numbers to multiples of a quantum.

    Args:
        quantum: The quantum. Where it is an integer, so are the numbers that are written.

    >>> template = OutputQuantizingTemplate(input_format="{text}", output_format="{score}", quantum=0.5)
    >>> template.process_row({"input_fields": {"text": "a"}, "reference_fields": {"score": 3.3}})["target"]
    '3.5'
    """

    serializer: Serializer = msgspec.field(default_factory=MultiTypeSerializer)
    quantum: float | int = 0.1

    @cached_property
    def _quantizing(self) -> Serializer:
        if not isinstance(self.serializer, MultiTypeSerializer):
            return self.serializer
        return self.serializer.prepend([NumberQuantizingSerializer(quantum=self.quantum)])

    def serialize(self, data: Row, instance: Row) -> Row:
        return self._quantizing.serialize_fields(data, instance)


@artifact("multi_reference_template")
class MultiReferenceTemplate(InputOutputTemplate):
    """Asks for any of several answers.

    Args:
        references_field: The reference field with the list of answers.
        random_reference: Demonstrations show one of them that the content draws; else the first.

    >>> template = MultiReferenceTemplate(input_format="{question}", references_field="answers")
    >>> row = template.process_row({"input_fields": {"question": "Who?"}, "reference_fields": {"answers": ["A", "B"]}})
    >>> row["target"], row["references"]
    ('A', ['A', 'B'])
    """

    serializer: Serializer = msgspec.field(default_factory=MultiTypeSerializer)
    references_field: str = "references"
    random_reference: bool = False

    def serialize(self, data: Row, instance: Row) -> Row:
        several = self.references_field
        if several not in data:
            return self.serializer.serialize_fields(data, instance)
        serialize = self.serializer.serialize
        return {
            name: [serialize(item, instance) for item in value] if name == several else serialize(value, instance)
            for name, value in data.items()
        }

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        references = reference_fields[self.references_field]
        if not isinstance(references, list) or not all(isinstance(text, str) for text in references):
            raise ValueError(f"the field {self.references_field!r} must be a list of texts, not {references!r}")
        if not references:
            return "", []
        if self.random_reference:
            return random_of(reference_fields).choice(references), references
        return references[0], references
