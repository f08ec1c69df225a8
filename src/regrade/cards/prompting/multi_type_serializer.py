"""The serializer that finds the one for a value's type."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from regrade.artifacts.artifact import artifact
from regrade.artifacts.streams import Row
from regrade.cards.prompting.serializers import Serializer, SingleTypeSerializer
from regrade.cards.prompting.shape_serializers import (
    DialogSerializer,
    DocumentSerializer,
    ImageSerializer,
    MultiDocumentSerializer,
    TableSerializer,
    ToolCallSerializer,
    ToolsSerializer,
    VideoSerializer,
)


def _usual() -> list[SingleTypeSerializer]:
    return [
        DocumentSerializer(),
        ToolCallSerializer(),
        DialogSerializer(),
        MultiDocumentSerializer(),
        ImageSerializer(),
        VideoSerializer(),
        TableSerializer(),
        ToolsSerializer(),
        DialogSerializer(),
    ]


@artifact("multi_type_serializer")
class MultiTypeSerializer(Serializer):
    """Writes a value by the first serializer that is for its type, and else as Python prints it.

    Args:
        serializers: The serializers, in order; if not given, those for documents, calls of tools, dialogs, images,
            videos, tables and tools.

    >>> MultiTypeSerializer().serialize([{"role": "user", "content": "Hello"}], {})
    'user: Hello'
    >>> MultiTypeSerializer(serializers=[DocumentSerializer()]).serialize(["a", 1], {})
    "['a', 1]"
    """

    serializers: list[SingleTypeSerializer] = msgspec.field(default_factory=_usual)

    def prepend(self, serializers: list[SingleTypeSerializer]) -> MultiTypeSerializer:
        """One like this that tries other serializers first."""
        return msgspec.structs.replace(self, serializers=[*serializers, *self.serializers])

    @cached_property
    def _by_class(self) -> dict[type, list[SingleTypeSerializer]]:
        """The serializers that may be for values of a class; it fills up as classes are met."""
        return {}

    def _candidates(self, cls: type) -> list[SingleTypeSerializer]:
        found = [each for each in self.serializers if issubclass(cls, each.python_type)]
        self._by_class[cls] = found
        return found

    @cached_property
    def _keeps_texts(self) -> bool:
        return not self._candidates(str)

    def serialize_fields(self, data: Row, instance: Row) -> dict[str, str]:
        keeps, serialize = self._keeps_texts, self.serialize  # nearly all values are texts already
        return {
            name: value if keeps and type(value) is str else serialize(value, instance) for name, value in data.items()
        }

    def serialize(self, value: Any, instance: Row) -> str:
        cls = type(value)
        candidates = self._by_class.get(cls)
        for serializer in self._candidates(cls) if candidates is None else candidates:
            if serializer.accepts(value):
                return serializer.serialize(value, instance)
        return value if cls is str else str(value)
