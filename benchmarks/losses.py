"""What a conversion lost: its output, row by row, beside what the source holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conversations import DIRTY_LINES, WHOLE_DIRTY_ROWS

LOOKED_AT = 97
"""Every so many-th clean row is compared value by value; of all the others the id is."""

ROLES = {"human": "user", "gpt": "assistant"}
_BROKEN = frozenset(("cut", "latin-1", "empty", "null", "number", "who", "deep"))
Row = dict[str, Any]


@dataclass
class Losses:
    """How an output differs from what it should be."""

    rows: int = 0
    missing: int = 0
    """Rows of the source that can be converted and are not in the output."""
    changed: int = 0
    """Rows of which a value is gone or another one."""
    without_messages: int = 0
    """Rows in the output whose conversation is null or empty, or that no row of the source accounts for."""
    out_of_order: bool = False
    roles_left: bool = False
    """Whether roles are still called human and gpt."""
    examples: list[str] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether all is as it should be."""
        return not (self.missing or self.changed or self.without_messages or self.out_of_order or self.roles_left)

    def __str__(self) -> str:
        if self.nothing:
            return "nothing lost"
        said = [f"{self.missing} missing"] if self.missing else []
        said += [f"{self.changed} changed"] if self.changed else []
        said += [f"{self.without_messages} without a conversation"] if self.without_messages else []
        said += ["roles left as human and gpt"] if self.roles_left else []
        said += ["out of order"] if self.out_of_order else []
        return ", ".join(said)


def expected_rows(source: Path) -> Iterator[tuple[str, Row | None]]:
    """The id of each row of the source that can be converted, and, of those that are looked at, what becomes of it."""
    with source.open("rb") as file:
        for line in file:
            if line.startswith(b'{"id": "') and line[8:16].isdigit():
                number = line[8:16].decode()
                yield number, _expected(json.loads(line)) if int(number) % LOOKED_AT == 0 else None
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict) and row.get("id") not in _BROKEN:
                yield row["id"], _expected(row)


def _expected(row: Row) -> Row:
    turns = row.pop("conversations", None)
    if turns is not None:
        row["messages"] = [{"role": ROLES[turn.pop("from")], "content": turn.pop("value"), **turn} for turn in turns]
    return row


def output_rows(output: Path) -> Iterator[tuple[str | None, Row]]:
    """The rows of an output; of those that are not looked at the id only."""
    if output.suffix == ".parquet":
        yield from _table_rows(output)
        return
    with output.open("rb") as file:
        for line in file:
            row = json.loads(line) if _is_looked_at(_id_in(line)) else None
            yield (row.get("id"), row) if row is not None else (_id_in(line), {})


def _id_in(line: bytes) -> str | None:
    start = line.find(b'"id":') + 5
    text = line[start : start + 12].lstrip(b' "')[:8]
    return text.decode() if text.isdigit() and len(text) == 8 else None


def _is_looked_at(row_id: str | None) -> bool:
    return row_id is None or not (row_id.isdigit() and len(row_id) == 8) or int(row_id) % LOOKED_AT == 0


def _table_rows(output: Path) -> Iterator[tuple[str | None, Row]]:
    from pyarrow import parquet

    from regrade.chat.convert.table_schema import read_metadata, unfold

    file = parquet.ParquetFile(output)
    said = read_metadata(file.schema_arrow.metadata)
    for batch in file.iter_batches(batch_size=4096):
        ids = batch.column("id").to_pylist()
        places = [place for place, row_id in enumerate(ids) if _is_looked_at(row_id)]
        looked = dict(zip(places, batch.take(places).to_pylist(), strict=True))
        for place, row_id in enumerate(ids):
            row = looked.get(place, {})
            yield row_id, unfold(row, said) if said and row else row


def losses_of(source: Path, output: Path) -> Losses:
    """Compare an output with its source."""
    found = Losses()
    rows: dict[str, Row] = {}
    order: list[str] = []
    for row_id, row in output_rows(output):
        found.rows += 1
        if (row and not row.get("messages")) or row_id is None or row_id in _BROKEN:
            found.without_messages += 1
        else:
            order.append(row_id)
            if row:
                rows[row_id] = row
    present = set(order)
    expected_order: list[str] = []
    for row_id, expected in expected_rows(source):
        if row_id not in present:
            found.missing += 1
            continue
        expected_order.append(row_id)
        if expected is None:
            continue
        ours, theirs = _plain(rows[row_id]), _plain(expected)
        if ours == theirs:
            continue
        if {turn.get("role") for turn in ours.get("messages") or []} & {"human", "gpt"}:
            found.roles_left = True
            for turn in ours["messages"]:
                turn["role"] = ROLES.get(turn["role"], turn["role"])
            if ours == theirs:
                continue
        found.changed += 1
        different = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        found.examples.append(f"{row_id}: {', '.join(different)}")
    found.out_of_order = order != expected_order
    return found


def _plain(value: Any) -> Any:
    """Without nulls, which tables fill rows up with; numbers that are not equal to themselves as text."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, float) and value != value else value


assert len(_BROKEN) + 2 + WHOLE_DIRTY_ROWS == DIRTY_LINES
