"""Serializers of things with a shape: dialogs, tables, documents, images, tools, databases."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, ClassVar

from regrade.access import Access
from regrade.artifacts.artifact import artifact
from regrade.artifacts.reaching import Reaching
from regrade.artifacts.streams import Row
from regrade.artifacts.type_strings.names import (
    Conversation,
    Dialog,
    Document,
    Image,
    MultiDocument,
    SQLDatabase,
    Table,
    Tool,
    ToolCall,
    Video,
)
from regrade.cards.prompting.serializers import SingleTypeSerializer

IMAGE_TAG = "unitxt-img"
"""The tag by which a text refers to an image of its row; a name that formats and models of Unitxt's know."""


@artifact("dialog_serializer")
class DialogSerializer(SingleTypeSerializer):
    """Writes a dialog, one turn a line: role, colon, content; calls of tools as JSON on a line of their own.

    >>> DialogSerializer().serialize([{"role": "user", "content": "Hi"}], {})
    'user: Hi'
    """

    serialized_type: ClassVar[Any] = Dialog
    python_type: ClassVar[type | tuple[type, ...]] = list

    def serialize(self, value: Any, instance: Row) -> str:
        turns = []
        for turn in value:
            text = f"{turn['role']}: "
            if "content" in turn:
                text += str(turn["content"])
            if "tool_calls" in turn:
                text += "\n" + json.dumps(turn["tool_calls"])
            turns.append(text)
        return "\n".join(turns)


@artifact("conversation_serializer")
class ConversationSerializer(DialogSerializer):
    """Writes the dialog of a conversation.

    >>> ConversationSerializer().serialize({"id": "7", "dialog": [{"role": "user", "content": "Hi"}]}, {})
    'user: Hi'
    """

    serialized_type: ClassVar[Any] = Conversation
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        return super().serialize(value["dialog"], instance)


@artifact("table_serializer")
class TableSerializer(SingleTypeSerializer):
    r"""Writes a table as CSV: a line of names, and a line for each row.

    >>> TableSerializer().serialize({"header": ["a", "b"], "rows": [[1, 2]]}, {})
    'a,b\n1,2'
    """

    serialized_type: ClassVar[Any] = Table
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(value["header"])
        writer.writerows(value["rows"])
        return lines.getvalue().strip()


@artifact("image_serializer")
class ImageSerializer(SingleTypeSerializer):
    """Stores an image under ``media/images`` of the row and writes a tag that refers to it.

    >>> row = {}
    >>> ImageSerializer().serialize({"image": "https://example.com/cat.png", "format": "PNG"}, row)
    '<unitxt-img src="media/images/0">'
    >>> row
    {'media': {'images': [{'image': 'https://example.com/cat.png', 'format': 'PNG'}]}}
    """

    serialized_type: ClassVar[Any] = Image
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        media = instance.get("media") or {}
        images = media.get("images") or []
        image = {"image": value["image"], "format": value["format"]}
        instance["media"] = {**media, "images": [*images, image]}
        return f'<{IMAGE_TAG} src="media/images/{len(images)}">'


@artifact("video_serializer")
class VideoSerializer(ImageSerializer):
    """Writes a video as the tags of its images.

    >>> VideoSerializer().serialize([{"image": "1.png", "format": "PNG"}, {"image": "2.png", "format": "PNG"}], {})
    '<unitxt-img src="media/images/0"><unitxt-img src="media/images/1">'
    """

    serialized_type: ClassVar[Any] = Video
    python_type: ClassVar[type | tuple[type, ...]] = list

    def serialize(self, value: Any, instance: Row) -> str:
        image = super().serialize
        return "".join([image(each, instance) for each in value])


@artifact("document_serializer")
class DocumentSerializer(SingleTypeSerializer):
    r"""Writes a document: its title as a heading, and its body.

    >>> DocumentSerializer().serialize({"title": "Cats", "body": "They purr."}, {})
    '# Cats\n\nThey purr.'
    """

    serialized_type: ClassVar[Any] = Document
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        return f"# {value['title']}\n\n{value['body']}"


@artifact("multi_document_serializer")
class MultiDocumentSerializer(DocumentSerializer):
    r"""Writes documents one after another.

    >>> MultiDocumentSerializer().serialize([{"title": "A", "body": "a"}, {"title": "B", "body": "b"}], {})
    '# A\n\na\n\n# B\n\nb'
    """

    serialized_type: ClassVar[Any] = MultiDocument
    python_type: ClassVar[type | tuple[type, ...]] = list

    def serialize(self, value: Any, instance: Row) -> str:
        document = super().serialize
        return "\n\n".join([document(each, instance) for each in value])


@artifact("tools_serializer")
class ToolsSerializer(SingleTypeSerializer):
    """Stores tools under ``__tools__`` of the row, as a chat service takes them, and writes all of these as JSON.

    >>> row = {}
    >>> text = ToolsSerializer().serialize([{"name": "now", "description": "The time.", "parameters": {}}], row)
    >>> row["__tools__"]
    [{'type': 'function', 'function': {'name': 'now', 'description': 'The time.', 'parameters': {}}}]
    """

    serialized_type: ClassVar[Any] = list[Tool]
    python_type: ClassVar[type | tuple[type, ...]] = list

    def serialize(self, value: Any, instance: Row) -> str:
        tools = [{"type": "function", "function": tool} for tool in value]
        instance["__tools__"] = [*instance.get("__tools__", ()), *tools]
        return json.dumps(instance["__tools__"], indent=4)


@artifact("tool_call_serializer")
class ToolCallSerializer(SingleTypeSerializer):
    """Writes a call of a tool as JSON.

    >>> ToolCallSerializer().serialize({"name": "now", "arguments": {"zone": "UTC"}}, {})
    '{"name": "now", "arguments": {"zone": "UTC"}}'
    """

    serialized_type: ClassVar[Any] = ToolCall
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        return json.dumps(value)


@artifact("sql_database_as_schema_serializer")
class SQLDatabaseAsSchemaSerializer(Reaching, SingleTypeSerializer):
    """Writes the statements that create a database's tables.

    A database ``in_memory`` is written from its ``data``; the ``db_id`` of a ``local`` one is the path of an SQLite
    file. A ``remote`` one is refused: preparing a prompt asks no server.

    >>> tables = {"cats": {"columns": ["name", "age"], "rows": [["Tom", 3]]}}
    >>> SQLDatabaseAsSchemaSerializer().serialize({"db_type": "in_memory", "data": tables}, {})
    'CREATE TABLE `cats` (`name` TEXT, `age` TEXT);'
    """

    serialized_type: ClassVar[Any] = SQLDatabase
    python_type: ClassVar[type | tuple[type, ...]] = dict

    def serialize(self, value: Any, instance: Row) -> str:
        if value["db_type"] == "in_memory":
            if not value.get("data"):
                raise ValueError("a database in memory needs 'data': its tables")
            statements = [
                f"CREATE TABLE `{name}` ({', '.join(f'`{column}` TEXT' for column in table['columns'])});"
                for name, table in value["data"].items()
            ]
        elif value["db_type"] == "local":
            statements = _statements(value.get("db_id"), self.access)
        else:
            raise ValueError("the tables of a remote database are not known here")
        return "\n\n".join(statements)


def _statements(file: str | None, access: Access) -> list[str]:
    """The statements that created the tables of an SQLite file."""
    import sqlite3
    from contextlib import closing
    from pathlib import Path

    path = access.path(Path(file or ""))
    if not path.is_file():
        raise ValueError(f"the db_id {file!r} of a local database is no SQLite file")
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'"
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return [statement for (statement,) in connection.execute(query)]
