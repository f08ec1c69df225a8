"""What a template is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Final

import msgspec

from regrade.artifacts.artifact import ArtifactError
from regrade.artifacts.operator import RowOperator
from regrade.artifacts.streams import Row
from regrade.cards.prompting.arrangement import Arrangement, arrangement_of
from regrade.cards.prompting.format_strings import FormatString, format_string
from regrade.cards.prompting.multi_type_serializer import MultiTypeSerializer
from regrade.cards.prompting.serializers import ListSerializer, Serializer, SingleTypeSerializer
from regrade.cards.prompting.shape_serializers import (
    ConversationSerializer,
    DialogSerializer,
    ImageSerializer,
    SQLDatabaseAsSchemaSerializer,
    TableSerializer,
    ToolCallSerializer,
    ToolsSerializer,
    VideoSerializer,
)

INFERENCE_STREAM: Final = "__INFERENCE_STREAM__"
"""The stream of rows that have no references; Unitxt's name of it."""


def _usual_serializer() -> MultiTypeSerializer:
    return MultiTypeSerializer(
        serializers=[
            ImageSerializer(),
            VideoSerializer(),
            TableSerializer(),
            ToolCallSerializer(),
            ToolsSerializer(),
            DialogSerializer(),
            ConversationSerializer(),
            ListSerializer(),
            SQLDatabaseAsSchemaSerializer(),
        ]
    )


class Template(RowOperator):
    """Puts a row's fields into words: ``source``, ``instruction``, ``target_prefix``, ``target``, ``references``.

    A row comes from a task, with ``input_fields`` and ``reference_fields``. What a template changes in them before it
    writes them (the order of choices, dialogs made into text) is changed in the new row's fields too.

    Args:
        skip_rendered_instance: Leave alone what has ``source``, ``target`` and ``references`` already.
        postprocessors: What makes a prediction of a model's words: names of the catalog, or filters.
        instruction: Format string over the input fields; a field ``instruction`` of the row goes first.
        target_prefix: Format string over the input fields: how the answer begins.
        title_fields: Input fields whose words get capitals.
        serializer: Makes texts of the fields' values.
    """

    kind: ClassVar[str] = "template"
    named: ClassVar[Mapping[str, str]] = {"postprocessors": "operator"}
    shows_stored_inputs: ClassVar[bool] = True
    """Whether the input fields in the new row are as they were written; else as they were arranged."""

    skip_rendered_instance: bool = True
    postprocessors: list[Any] = msgspec.field(default_factory=lambda: ["processors.to_string_stripped"])
    instruction: str | None = ""
    target_prefix: str | None = ""
    title_fields: list[str] = msgspec.field(default_factory=list)
    serializer: Serializer = msgspec.field(default_factory=_usual_serializer)

    def input_fields_to_source(self, input_fields: Row) -> str:
        """The prompt, of the texts of the input fields."""
        raise NotImplementedError

    def reference_fields_to_target_and_references(self, reference_fields: Row) -> tuple[str, list[str]]:
        """What the model should say, and all that it may say, of the texts of the reference fields."""
        raise NotImplementedError

    def arrangement(self, input_fields: Row, reference_fields: Row) -> Arrangement:
        """How the choices are to be presented; see :mod:`regrade.cards.prompting.arrangement`."""
        return {}

    def arrange(self, input_fields: Row, reference_fields: Row, arrangement: Arrangement) -> tuple[Row, Row]:
        """Both kinds of fields with the choices as they are presented."""
        return input_fields, reference_fields

    def preprocess_input_and_reference_fields(self, input_fields: Row, reference_fields: Row) -> tuple[Row, Row]:
        """Both kinds of fields, arranged as their content draws it."""
        return self.arrange(input_fields, reference_fields, self.arrangement(input_fields, reference_fields))

    def preprocess_input_fields(self, input_fields: Row) -> Row:
        """The input fields to write."""
        return input_fields

    def preprocess_reference_fields(self, reference_fields: Row) -> Row:
        """The reference fields to write."""
        return reference_fields

    def post_process_instance(self, instance: Row) -> Row:
        """The new row, with what else it should have."""
        return instance

    def process_instance(self, instance: Row, stream_name: str | None = None) -> Row:
        """The same as :meth:`process_row`, by the name that Unitxt's templates have for it."""
        return self.process_row(instance, stream_name)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        if self.skip_rendered_instance and "source" in row and "target" in row and "references" in row:
            return row
        inputs = row.get("input_fields")
        if inputs is None:
            raise ValueError("the row has no 'input_fields': it comes from no task")
        result = dict(row)
        result["postprocessors"] = self.postprocessors
        if stream == INFERENCE_STREAM:
            self._ask(inputs, result)
            return self.post_process_instance(result)
        references = row.get("reference_fields")
        if references is None:
            raise ValueError("the row has no 'reference_fields'")
        inputs, references = self._arranged(inputs, references, result)
        self._ask(inputs, result)
        result["reference_fields"] = references
        texts = self.serialize_references(self.preprocess_reference_fields(references), result)
        result["target"], result["references"] = self.reference_fields_to_target_and_references(texts)
        return self.post_process_instance(result)

    def _arranged(self, inputs: Row, references: Row, result: Row) -> tuple[Row, Row]:
        """Both kinds of fields, arranged as the row asks for or as its content draws it; the new row says how."""
        arrangement = self.arrangement(inputs, references)
        metadata = result.get("metadata")
        if metadata is not None:
            arrangement = {**arrangement, **arrangement_of(metadata)}
            if arrangement:
                result["metadata"] = {**metadata, **arrangement}
        return self.arrange(inputs, references, arrangement)

    def _ask(self, inputs: Row, result: Row) -> None:
        """Write the input fields into the new row: the prompt and what belongs to it."""
        shown = self.preprocess_input_fields(inputs)
        if self.title_fields:
            shown = {**shown, **{name: _titled(name, shown) for name in self.title_fields}}
        if self.shows_stored_inputs:
            inputs = shown
        media = result.get("media")
        texts = self.serialize(shown, result)
        if result.get("media") is not media:
            inputs = _with_stored_images(inputs, _count_images(media))
        result["input_fields"] = inputs
        result["source"] = self.input_fields_to_source(texts)
        instruction = result.get("instruction")
        result["instruction"] = self._filled("instruction", texts, instruction)
        result["target_prefix"] = self._filled("target_prefix", texts)

    def serialize(self, data: Row, instance: Row) -> Row:
        """The texts of fields; images and tools go into ``instance``."""
        return self.serializer.serialize_fields(data, instance)

    def serialize_references(self, data: Row, instance: Row) -> Row:
        """The same for reference fields."""
        return self.serialize(data, instance)

    def with_serializers(self, serializers: list[SingleTypeSerializer]) -> Template:
        """A template like this one that tries other serializers first.

        Raises:
            ArtifactError: its own serializer takes no others.
        """
        if not isinstance(self.serializer, MultiTypeSerializer):
            raise ArtifactError("the template's serializer is not a multi_type_serializer", path=("serializer",))
        return msgspec.structs.replace(self, serializer=self.serializer.prepend(serializers))

    @cached_property
    def _formats(self) -> dict[str, FormatString]:
        """The format strings among the arguments, by name; filled as they are used."""
        return {}

    def verify(self) -> None:
        for name in ("instruction", "target_prefix", *self.format_arguments):
            text = getattr(self, name)
            if text is not None:
                try:
                    FormatString(text)
                except ValueError as error:
                    raise ArtifactError(str(error), path=(name,)) from None

    format_arguments: ClassVar[tuple[str, ...]] = ()
    """The arguments that are format strings, besides ``instruction`` and ``target_prefix``."""

    def _filled(self, name: str, texts: Row, text: str | None = None) -> str:
        """A format string filled in: the argument of that name, or the ``text`` that stands for it."""
        try:
            shape = self._formats[name] if text is None else format_string(text)
        except KeyError:
            own = getattr(self, name)
            if own is None:
                raise ValueError(f"the template's {name!r} is not set") from None
            shape = self._formats[name] = FormatString(own)
        try:
            return shape(texts)
        except KeyError as error:
            raise ValueError(
                f"the template's {name} {shape.text!r} wants the field {error}, and there are {', '.join(texts)}"
            ) from None


def _titled(name: str, fields: Row) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"the title field {name!r} must be a text among the input fields, not {value!r}")
    return value.title()


def _count_images(media: Row | None) -> int:
    return len(media.get("images") or ()) if media else 0


def _with_stored_images(inputs: Row, count: int) -> Row:
    """Input fields that refer to the images that were stored, the first of them as number ``count``."""
    is_image, is_video = ImageSerializer().accepts, VideoSerializer().accepts
    result = dict(inputs)
    for name, value in inputs.items():
        images = [value] if is_image(value) else value if is_video(value) else []
        stored = [{**image, "image": f"media/images/{count + place}"} for place, image in enumerate(images)]
        if stored:
            result[name] = stored[0] if is_image(value) else stored
            count += len(stored)
    return result
