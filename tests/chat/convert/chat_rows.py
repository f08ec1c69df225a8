"""Rows of several formats, and files of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def sharegpt(number: int, **more: Any) -> Row:
    """A row of ShareGPT's format, with what real rows have beside it."""
    turns = [
        {"from": "human", "value": f"question {number} é"},
        {"from": "gpt", "value": f'answer "{number}"\n数'},
    ] * (1 + number % 3)
    return {"id": f"s{number}", "conversations": turns, "score": number / 7, "tags": ["a"] * (number % 3), **more}


def messages(number: int, **more: Any) -> Row:
    """A row of messages."""
    said = [{"role": "user", "content": f"q{number}"}, {"role": "assistant", "content": f"a{number}"}]
    return {"id": f"m{number}", "messages": said, **more}


def as_messages(row: Row) -> Row:
    """What a row of `sharegpt` becomes."""
    roles = {"human": "user", "gpt": "assistant", "system": "system"}
    result: Row = {}
    for name, value in row.items():
        if name == "conversations":
            result["messages"] = [{"role": roles[turn["from"]], "content": turn["value"]} for turn in value]
        else:
            result[name] = value
    return result


def write(path: Path, rows: Iterable[Any]) -> Path:
    """Write rows, or lines of bytes, as JSON lines."""
    path.write_bytes(
        b"".join(
            (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()) + b"\n" for row in rows
        )
    )
    return path


def read(path: Path | str) -> list[Row]:
    """The rows of JSON lines."""
    return [json.loads(line) for line in Path(path).read_text("utf-8").split("\n") if line]
