"""Which format a source is of: its rows vote, and the vote is checked by converting them.

A user's mapping wins. Else each row is recognised by names and shape; where the names say nothing, the shape of the
turns does: the key with few distinct values says who speaks. What is ambiguous or unknown is a problem that names the
option to pass; nothing is guessed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from regrade.chat.format import ChatFormat
from regrade.chat.mapping import Mapping
from regrade.chat.recognise import Recogniser
from regrade.chat.row_error import AmbiguousRowError, ChatRowError, UnknownRoleError, unreadable
from regrade.chat.turns import COLUMNS, ROLE_KEYS, is_turns, keys_of
from regrade.errors import InputError
from regrade.registry import lookup

TOLERATED: Final = 0.05
"""Up to this share of the rows may be ambiguous or have unknown roles; more is a problem of the whole source."""

_PLACEHOLDERS: Final = {"<image>": ("images", "image"), "<video>": ("videos", "video"), "<audio>": ("audios", "audio")}


class Misfit(msgspec.Struct):
    """Rows that cannot be converted, for one reason.

    Attributes:
        kind: The reason.
        rows: How many of the rows that were looked at.
        first: Number of the first of them, from 1.
        example: The reason in full, of the first.
        hint: What to do about it.
    """

    kind: str
    rows: int
    first: int
    example: str
    hint: str | None = None


class Detection(msgspec.Struct, kw_only=True):
    """What a source is.

    Attributes:
        format: Registered name of the format; None where that cannot be said.
        reason: Why, in one sentence.
        mapping: The user's mapping, or what detection found out in its place; give it to the converter.
        rows: How many rows were looked at.
        fits: How many of them convert.
        formats: Rows by format, among those that convert.
        roles: Turns by role as written.
        misfits: Rows that do not convert, by reason, the most frequent first.
        notes: What a person should know: media that texts point to, tools.
        problem: Why the source cannot be converted as it is; None if it can.
        hint: The option that would solve the problem.
    """

    format: str | None = None
    reason: str = ""
    mapping: Mapping = msgspec.field(default_factory=Mapping)
    rows: int = 0
    fits: int = 0
    formats: dict[str, int] = msgspec.field(default_factory=dict)
    roles: dict[str, int] = msgspec.field(default_factory=dict)
    misfits: list[Misfit] = msgspec.field(default_factory=list)
    notes: list[str] = msgspec.field(default_factory=list)
    problem: str | None = None
    hint: str | None = None

    def require_convertible(self, where: str | None = None) -> Detection:
        """This detection, if the source can be converted.

        Raises:
            InputError: it cannot; the hint names the option to pass.
        """
        if self.problem is not None:
            raise InputError(self.problem, where=where, hint=self.hint)
        return self


def detect(rows: Sequence[Any], mapping: Mapping | None = None, *, numbers: Sequence[int] | None = None) -> Detection:
    """Find out which format rows are of.

    Args:
        rows: Rows spread through one source.
        mapping: What the user said; a mapping of columns decides the format, one of roles helps to read turns.
        numbers: The rows' numbers in the source; by default 1, 2, ...
    """
    mapping = mapping or Mapping()
    detection = _vote(rows, mapping, numbers)
    if detection.format is None and mapping.chat_format is None and (found := _by_shape(rows, mapping)):
        if isinstance(found, Mapping):
            by_shape = _vote(rows, found, numbers)
            reason = (
                f"`{found.columns['messages']}` holds lists whose {found.columns['role']!r} has few values: it says "
                f"who speaks, and {found.columns['content']!r} what is said"
            )
            return msgspec.structs.replace(by_shape, reason=reason)
        detection.problem, detection.hint = found
    return detection


class _Vote(NamedTuple):
    """What one row came to."""

    name: str | None
    reason: str
    error: ChatRowError | None


def _vote(rows: Sequence[Any], mapping: Mapping, numbers: Sequence[int] | None) -> Detection:
    recogniser = Recogniser(mapping)
    asked = mapping.chat_format
    given: ChatFormat | None = lookup("chat_format", asked)(mapping) if asked else None
    votes = [_vote_of(row, recogniser, asked, given) for row in rows]
    detection = Detection(mapping=mapping, rows=len(rows))
    reasons: Counter[tuple[str, str]] = Counter()
    misfits: dict[str, Misfit] = {}
    roles: Counter[str] = Counter()
    for place, (row, vote) in enumerate(zip(rows, votes, strict=True)):
        roles.update(_roles(row, mapping))
        if vote.name is not None:
            reasons[vote.name, vote.reason] += 1
        if vote.error is None:
            detection.fits += 1
            continue
        error = vote.error
        if error.kind in misfits:
            misfits[error.kind].rows += 1
        else:
            number = numbers[place] if numbers else place + 1
            misfits[error.kind] = Misfit(error.kind, 1, number, error.what, error.hint)
    detection.misfits = sorted(misfits.values(), key=lambda misfit: (-misfit.rows, misfit.first))
    detection.roles = dict(roles.most_common(50))
    for (name, _), count in reasons.items():
        detection.formats[name] = detection.formats.get(name, 0) + count
    if detection.formats:
        detection.format = max(detection.formats, key=lambda name: detection.formats[name])
        count = detection.formats[detection.format]
        reason = next(reason for (name, reason), _ in reasons.most_common() if name == detection.format)
        share = "every row has" if count == len(rows) else f"{count} of {len(rows)} rows have"
        said = f"as {mapping.origin} says: " if detection.format == asked else ""
        detection.reason = f"{said}{share} {reason}"
    detection.notes = _notes(rows)
    _find_problem(detection, votes)
    return detection


def _vote_of(row: Any, recogniser: Recogniser, asked: str | None, given: ChatFormat | None) -> _Vote:
    name, reason = None, ""
    try:
        if not isinstance(row, dict):
            return _Vote(None, "", ChatRowError("the row is no object"))
        if asked and given:
            if (matched := given.matches(row)) is not None:
                name, reason = asked, matched
                given.convert(row)
                return _Vote(name, reason, None)
            try:
                name, other, reason = recogniser(row)
            except ChatRowError:
                given.convert(row)
                return _Vote(asked, "the columns that the mapping names", None)
            other.convert(row)
            return _Vote(name, reason, None)
        name, found, reason = recogniser(row)
        found.convert(row)
    except Exception as error:  # as the converter does
        return _Vote(name, reason, unreadable(error))
    return _Vote(name, reason, None)


def _find_problem(detection: Detection, votes: list[_Vote]) -> None:
    """Say what keeps the source from being converted, if anything does."""
    errors = [vote.error for vote in votes if vote.error is not None]
    limit = TOLERATED * len(votes)
    unknown = [error for error in errors if isinstance(error, UnknownRoleError)]
    ambiguous = [error for error in errors if isinstance(error, AmbiguousRowError)]
    if unknown and len(unknown) > limit:
        names = list(dict.fromkeys(error.role for error in unknown))
        shown = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        flag = json.dumps(",".join(f"{name}=user" for name in names[:5]), ensure_ascii=False)
        detection.problem = (
            f"unknown role{'s' if len(names) > 1 else ''} {shown} in {len(unknown)} of {len(votes)} rows"
        )
        if any(sign in name for name in names[:5] for sign in ",="):
            flag = "of a file, with {roles: {...: user}}"
        detection.hint = (
            f"say what {'they mean' if len(names) > 1 else 'it means'}: --roles {flag} (or assistant, system, tool)"
        )
    elif ambiguous and len(ambiguous) > limit:
        detection.problem, detection.hint = ambiguous[0].what, ambiguous[0].hint
    elif votes and detection.fits == 0:
        first = detection.misfits[0]
        detection.problem, detection.hint = f"no row can be read: {first.example}", first.hint
    elif not votes:
        detection.problem = "there are no rows"


def _by_shape(rows: Sequence[Any], mapping: Mapping) -> Mapping | tuple[str, str] | None:
    """The mapping that the shape of the rows allows, where names say nothing; or a problem and its hint."""
    candidates: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for column, value in row.items() if isinstance(row, dict) else ():
            if isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value):
                candidates.setdefault(column, []).extend(value)
    shapes = {column: shape for column, turns in candidates.items() if (shape := _shape(turns))}
    if len(shapes) > 1:
        return (
            f"more than one column may hold the turns: {', '.join(shapes)}",
            f"say which does: --columns messages={next(iter(shapes))}",
        )
    for column, (role, contents) in shapes.items():
        if len(contents) > 1:
            return (
                f"`{column}` may say what is said under {' or '.join(map(repr, contents))}",
                f"say which it is: --columns messages={column},role={role},content={contents[0]}",
            )
        columns = {**mapping.columns, "messages": column, "role": role, "content": contents[0]}
        return msgspec.structs.replace(mapping, columns=columns, origin="the shape of the rows")
    return None


def _shape(turns: list[dict[str, Any]]) -> tuple[str, list[str]] | None:
    """The key that says who speaks, and those that may hold what is said."""
    shared = set.intersection(*(set(turn) for turn in turns[:10_000]))
    texts = [key for key in turns[0] if key in shared and all(isinstance(turn[key], str) for turn in turns)]
    distinct = {key: {turn[key] for turn in turns} for key in texts}
    few = [
        key for key in texts if 1 < len(distinct[key]) <= min(8, len(turns) / 2) and max(map(len, distinct[key])) < 40
    ]
    named = [key for key in few if key in ROLE_KEYS]
    roles = named if len(named) == 1 else few
    if len(roles) != 1:
        return None
    contents = [key for key in texts if key != roles[0] and len(distinct[key]) > len(distinct[roles[0]])]
    return (roles[0], contents) if contents else None


def _roles(row: Any, mapping: Mapping) -> Iterable[str]:
    """The roles of a row's turns, as written."""
    if not isinstance(row, dict):
        return
    named = mapping.columns.get("messages")
    for column in (named,) if named else (*COLUMNS, "chosen", "rejected", "prompt", "completion", "contents"):
        turns = row.get(column)
        if isinstance(turns, dict):
            turns = [turns]
        if not isinstance(turns, list) or not (named or is_turns(turns) or column == "contents"):
            continue
        for turn in turns[:1000]:
            if not isinstance(turn, dict):
                continue
            try:
                key = mapping.columns.get("role") or (keys_of(turn) or ("role",))[0]
            except ChatRowError:
                continue
            if isinstance(turn.get(key), str):
                yield turn[key][:60]


def _notes(rows: Sequence[Any]) -> list[str]:
    notes = []
    objects = [row for row in rows if isinstance(row, dict)]
    for placeholder, columns in _PLACEHOLDERS.items():
        column = next((name for name in columns if any(row.get(name) for row in objects)), None)
        if column:
            notes.append(f"`{column}` is kept; {placeholder} in a text stands for its entries, in order")
    if any(row.get("tools") or row.get("functions") for row in objects):
        notes.append("the declared tools are kept as they are")
    return notes
