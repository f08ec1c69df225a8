"""The names that a type string may use, with the shapes of dialogs, tables, images and other things that tasks hold."""

from __future__ import annotations

import typing
from typing import Any, Final, Literal, NewType, TypedDict

_JSON_TYPES: Final = frozenset(["array", "boolean", "integer", "null", "number", "object", "string"])


class JsonSchema:
    """A JSON Schema of a tool's arguments; only what its validity hangs on most is looked at."""

    @classmethod
    def __verify_type__(cls, value: Any) -> bool:
        """Whether it is a schema: known type names, schemas where schemas belong, ``required`` a list of names."""
        if isinstance(value, bool):
            return True
        if not isinstance(value, dict):
            return False
        kinds = value.get("type", [])
        if not all(kind in _JSON_TYPES for kind in ([kinds] if isinstance(kinds, str) else kinds)):
            return False
        required = value.get("required", [])
        if not (isinstance(required, list) and all(isinstance(name, str) for name in required)):
            return False
        inner = value.get("properties", {})
        if not isinstance(inner, dict):
            return False
        items = value.get("items", [])
        return all(map(cls.__verify_type__, [*inner.values(), *(items if isinstance(items, list) else [items])]))


Text = NewType("Text", str)
Number = NewType("Number", typing.Union[float, int])  # type: ignore[valid-newtype]  # noqa: UP007


class Tool(TypedDict):
    """A function that a model may call."""

    name: str
    description: str
    parameters: JsonSchema
    type: typing.Optional[Literal["function"]]  # noqa: UP045


class ToolCall(TypedDict):
    """A call that a model asks for."""

    name: str
    arguments: dict[str, Any]


class ToolCallContext(TypedDict):
    """A call with its id, as chat messages hold it."""

    id: str
    type: Literal["function"]
    function: ToolCall


class ToolCallTurn(TypedDict):
    """The assistant's message that asks for calls."""

    role: Literal["assistant"]
    content: typing.Optional[str]  # noqa: UP045
    tool_calls: list[ToolCallContext]


class ToolOutputTurn(TypedDict):
    """The message that answers a call."""

    role: Literal["tool"]
    tool_call_id: str
    name: str
    content: str


class TextTurn(TypedDict):
    """A message of words."""

    role: Literal["system", "user", "agent", "assistant"]
    content: str


Turn = NewType("Turn", TextTurn)  # type: ignore[valid-newtype]
Dialog = NewType("Dialog", list[typing.Union[TextTurn, ToolCallTurn, ToolOutputTurn]])  # noqa: UP007


class Conversation(TypedDict):
    """A dialog with its id."""

    id: str
    dialog: list[typing.Union[TextTurn, ToolCallTurn, ToolOutputTurn]]  # noqa: UP007


class RagResponse(TypedDict):
    """What a system that looks things up answers."""

    answer: str
    contexts: list[str]
    context_ids: typing.Union[list[int], list[str]]  # noqa: UP007
    is_answerable: bool


class Image(TypedDict):
    """An image and its format."""

    image: Any
    format: str


class Audio(TypedDict):
    """A recording."""

    audio: Any


class Document(TypedDict):
    """A text with its title."""

    title: str
    body: str


MultiDocument = NewType("MultiDocument", list[Document])
Video = NewType("Video", list[Image])


class Table(TypedDict):
    """A table: names of columns, and rows."""

    header: list[str]
    rows: list[list[Any]]


class SQLDatabase(TypedDict):
    """A database and where it is."""

    db_id: typing.Optional[str]  # noqa: UP045
    db_type: Literal["local", "in_memory", "remote"]
    dbms: typing.Optional[str]  # noqa: UP045
    data: typing.Optional[dict[str, dict]]  # type: ignore[type-arg]  # noqa: UP045


PLAIN: Final[dict[str, Any]] = {
    "Any": Any,
    "bool": bool,
    "bytes": bytes,
    "float": float,
    "int": int,
    "str": str,
    "None": None,
    "NoneType": None,
}
"""Types without parts."""

GENERIC: Final[dict[str, Any]] = {
    "Dict": typing.Dict,  # noqa: UP006
    "List": typing.List,  # noqa: UP006
    "Literal": Literal,
    "Optional": typing.Optional,
    "Tuple": typing.Tuple,  # noqa: UP006
    "Union": typing.Union,
}
"""Types with parts in brackets. A set takes none, as in Unitxt: metrics may be given one, fields hold none."""

BARE: Final[dict[str, type]] = {"Dict": dict, "List": list, "Set": set, "Tuple": tuple}
"""What they are without brackets."""

NAMED: Final[dict[str, Any]] = {}
"""Shapes with names of their own, by name."""


def register_type(kind: Any) -> None:
    """Let type strings use a ``NewType``, a ``TypedDict`` or a class with ``__verify_type__`` by its name.

    Raises:
        TypeError: it is none of these.
    """
    if not (hasattr(kind, "__supertype__") or typing.is_typeddict(kind) or hasattr(kind, "__verify_type__")):
        raise TypeError(f"{kind!r} is no NewType, TypedDict or class with __verify_type__")
    NAMED[kind.__name__] = kind


for _kind in (
    Audio, Conversation, Dialog, Document, Image, JsonSchema, MultiDocument, Number, RagResponse, SQLDatabase, Table,
    Text, TextTurn, Tool, ToolCall, ToolCallContext, ToolCallTurn, ToolOutputTurn, Turn, Video,
):  # fmt: skip
    register_type(_kind)
