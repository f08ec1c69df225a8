"""Messages as columns of an Arrow table, where every value of a column has the same type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from regrade.chat.format import REJECTED
from regrade.chat.message import Message
from regrade.chat.tool_calls import json_text
from regrade.errors import InputError

_CONVERSATIONS: Final = ("messages", REJECTED)


def uniform(conversations: list[list[Message] | None]) -> list[list[Message] | None]:
    """The same conversations, of one type throughout.

    Where any content is a list of parts, texts become lists of one part. Arguments of calls become JSON text, because
    a column would fill each object up with the keys of all others.
    """
    parts = any(isinstance(message.get("content"), list) for messages in conversations for message in messages or ())
    return [messages and [_uniform(message, parts=parts) for message in messages] for messages in conversations]


def _uniform(message: Message, *, parts: bool) -> Message:
    content = message.get("content")
    calls = message.get("tool_calls")
    if parts and isinstance(content, str):
        message = {**message, "content": [{"type": "text", "text": content}]}
    if calls:
        message = {**message, "tool_calls": [_uniform_call(call) for call in calls]}
    return message


def _uniform_call(call: dict[str, Any]) -> dict[str, Any]:
    arguments = call["function"].get("arguments")
    if not isinstance(arguments, dict):
        return call
    # What is null in a table's object was not there before it was put into the table.
    given = {key: value for key, value in arguments.items() if value is not None}
    return {**call, "function": {**call["function"], "arguments": json_text(given)}}


def converted_table(table: Any, rows: Iterable[tuple[dict[str, Any], dict[str, Any] | None]]) -> Any:
    """An Arrow table of converted rows; the table itself where nothing changes.

    Args:
        table: The table that the rows are of. Columns that no row was read from stay as they are.
        rows: Each row and what it was converted to, in the table's order; None for those to leave out.

    Raises:
        InputError: the values of a column are of types that one column cannot hold.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kept: dict[str, list[bool]] = {name: [] for name in table.column_names if name != "messages"}
    added: dict[str, list[Any]] = {"messages": []}
    chosen: list[bool] = []
    changed = False
    count = 0
    for original, row in rows:
        chosen.append(row is not None)
        changed = changed or row is not original
        if row is None:
            continue
        for name, held in kept.items():
            held.append(name in row)
        for name in row.keys() - kept.keys():
            values = added.setdefault(name, [])
            values += [None] * (count - len(values))
            values.append(row[name])
        count += 1
    if not changed:
        return table
    remaining = table.filter(pa.array(chosen, pa.bool_()))
    columns: dict[str, Any] = {}
    for name, held in kept.items():
        column = remaining.column(name)
        if not all(held):  # some rows, or all, were read from it
            column = pc.if_else(pa.array(held, pa.bool_()), column, pa.scalar(None, column.type))
            if column.null_count == len(column):
                continue
        columns[name] = column
    for name, values in sorted(added.items()):
        filled = [*values, *([None] * (count - len(values)))]
        columns[name] = _array(name, uniform(filled) if name in _CONVERSATIONS else filled)
    return pa.table(columns)


def _array(name: str, values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"the values of `{name}` are of types that one column cannot hold: {str(error)[:200]}",
            hint="convert to JSON lines, or convert a list of rows",
        ) from None
