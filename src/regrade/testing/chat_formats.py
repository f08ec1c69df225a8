"""``check_chat_format``: the contract of chat formats."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from typing import Any

from regrade.chat.format import ChatFormat
from regrade.chat.message import validate
from regrade.chat.recognise import Recogniser
from regrade.chat.row_error import ChatRowError
from regrade.testing.contract import ContractError, Words, check_pickles, check_same, find_class, outcome
from regrade.testing.other_formats import ODD_VALUES, ROWS


def check_chat_format(
    name: str, rows: Sequence[dict[str, Any]], *, messages: Sequence[list[dict[str, Any]]] | None = None
) -> None:
    """Check that a chat format keeps to its contract on some rows.

    Each row is of this format and of no other, and rows of other formats are still of theirs; what is read is a
    conversation of the schema, and the row is left alone; a damaged row raises ChatRowError and nothing else; the fast
    way gives what the slow one gives; a format that writes gives the same conversation when its row is read again,
    unless it says what is lost.

    Args:
        name: Its registered name.
        rows: Rows of the format.
        messages: The conversation of each.

    Raises:
        ContractError: it does not.
    """
    subject, cls = find_class("chat_format", name, ChatFormat)
    check_pickles(subject, cls, "its class")
    made: ChatFormat = cls()
    recognise = Recogniser()
    for place, row in enumerate(rows):
        kept = copy.deepcopy(row)
        found = outcome(partial(_name_of, recognise, row))
        check_same(subject, "a row of it is told by its content", name, found)
        if not made.could(frozenset(row)):
            raise ContractError(subject, "could() is true of the columns of a row that matches", True, sorted(row))
        conversation = made.to_messages(row)
        check_same(subject, "a row is not changed", kept, row)
        if reason := validate(conversation.messages):
            raise ContractError(subject, "reads a conversation of the schema", Words("OpenAI messages"), Words(reason))
        check_same(subject, "is deterministic", conversation, made.to_messages(row))
        quick = made.quick(copy.deepcopy(row))
        if quick is not None:
            check_same(subject, "quick() gives what convert() gives", made.convert(row), quick)
        if messages is not None:
            check_same(subject, "reads what its author says", messages[place], conversation.messages)
        _check_damaged(subject, made, row)
        if cls.writes:
            _check_written(subject, name, made, row)
    _check_claims(subject, name)


def _check_written(subject: str, name: str, made: ChatFormat, row: dict[str, Any]) -> None:
    conversation = made.to_messages(row)
    written = made.from_messages(copy.deepcopy(conversation))
    if not made.matches(written.row):
        raise ContractError(subject, "what it writes is of its format", Words("a row that matches"), written.row)
    if not written.losses:
        again = made.to_messages(written.row).messages
        check_same(subject, "what it writes without a loss is read as the same", conversation.messages, again)
    for other, example in ROWS.items():
        if other != name:
            _check_converted(subject, made, example)


def _check_converted(subject: str, made: ChatFormat, example: dict[str, Any]) -> None:
    recognise = Recogniser()
    conversation = recognise(example).format.to_messages(example)
    written = _only_row_errors(subject, "from_messages", lambda: made.from_messages(copy.deepcopy(conversation)))
    if written is not None and not written.losses:  # it may be of a format beside this one: with a rejected answer
        again = recognise(written.row).format.to_messages(written.row).messages
        check_same(subject, "what it writes without a loss is read as the same", conversation.messages, again)


def _check_damaged(subject: str, made: ChatFormat, row: dict[str, Any]) -> None:
    for column in row:
        for odd in ODD_VALUES:
            damaged = {**row, column: odd}
            if _only_row_errors(subject, f"matches, with {column} {odd!r},", partial(made.matches, damaged)):
                _only_row_errors(subject, f"to_messages, with {column} {odd!r},", partial(made.to_messages, damaged))


def _only_row_errors(subject: str, what: str, function: Any) -> Any:
    try:
        return function()
    except ChatRowError:
        return None
    except Exception as error:
        raise ContractError(
            subject,
            f"{what} reads a row or says what is wrong with it",
            Words("ChatRowError"),
            Words(f"{type(error).__name__}: {error}"),
        ) from error


def _name_of(recognise: Recogniser, row: dict[str, Any]) -> str:
    return recognise(row).name


def _check_claims(subject: str, name: str) -> None:
    recognise = Recogniser()
    for other, row in ROWS.items():
        if other != name:
            found = outcome(partial(_name_of, recognise, row))
            check_same(subject, f"rows of {other} are still told", other, found)
