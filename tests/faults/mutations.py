"""Ways to damage a file, each by a seed: what a disk, an editor, another program or an enemy makes of it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

DEEP = "[" * 3000 + "]" * 3000
"""Nested beyond what any parser of Python follows."""

_TOKENS = (
    *("null", "true", "false", "0", "-1", "1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 5000, "9" * 30, "0.1"),
    *('""', '"x"', '"\\ud800"', '"\\u0000"', '"\\u001b]0;x\\u0007"', '"A" ', '"' + "y" * 3000 + '"', '"((((("'),
    *("[]", "{}", "[[]]", "[null]", '{"a": null}', '[{"a": 1}]', '{"": {"": []}}', "[1, 2]", '["a", "b"]', DEEP),
    *(
        '{"text": "x"}',
        "[[[1.0, true]]]",
        '[["x"]]',
        '"{{ x }}"',
        '"{{ [1] * 3 }}"',
        '"!function a.b"',
        "1234567890123",
    ),
)


class _Token(str):
    """JSON to be written as it is."""


def mutated(data: bytes, seed: str, kind: str) -> bytes:
    """Damage a file's bytes.

    Args:
        data: The file.
        seed: Decides how.
        kind: ``lines`` (JSON lines), ``json`` (one document), ``text``, or ``binary``.
    """
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        ways: list[Callable[[bytes, random.Random], bytes]] = list(_BYTES)
        if kind in ("lines", "json"):
            ways += [_json_lines if kind == "lines" else _json_document] * 12
        if kind == "lines":
            ways += [_swap_lines, _repeat_line, _drop_line] * 2
        if kind == "text":
            ways += [_word] * 8 + [_swap_lines, _repeat_line, _drop_line]
        data = chance.choice(ways)(data, chance)
    return data


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _flip(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 3, 20))):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _insert(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data) + 1)
    piece = chance.choice(
        (
            b"\0",
            b'"',
            b"\n",
            b"\r",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\x1b[31m",
            b"{",
            b"]",
            b",",
            b"(" * 200,
            b"\xe2\x80\xa8",
        )
    )
    return data[:place] + piece + data[place:]


def _remove(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.choice((1, 2, 10, 100)) :]


def _encode(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("utf-8", "replace").replace("e", "é", 3)
    return text.encode(chance.choice(("utf-16", "utf-16-le", "cp1252", "utf-8-sig", "utf-32")), "replace")


_BYTES = (_cut, _flip, _flip, _insert, _remove, _encode)


def _swap_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _repeat_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"\n".join(lines)


def _drop_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    del lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def _word(data: bytes, chance: random.Random) -> bytes:
    words = data.split(b" ")
    words[chance.randrange(len(words))] = chance.choice(_TOKENS).encode()
    return b" ".join(words)


def _json_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    place = chance.randrange(len(lines))
    lines[place] = _json_document(lines[place], chance)
    return b"\n".join(lines)


def _json_document(data: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return _flip(data, chance)
    places = list(_places(value))
    if not places:
        return chance.choice(_TOKENS).encode()
    holder, key = chance.choice(places)
    match chance.randrange(8):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(chance.randrange(len(holder) + 1), holder[key])
        case 1:
            holder[f"{key}_"] = holder.pop(key)
        case 2:
            other, name = chance.choice(places)
            holder[key] = json.loads(json.dumps(other[name])) if not isinstance(other[name], _Token) else _Token("1")
        case 3:
            holder[key] = [holder[key]]
        case 4:
            holder[key] = {"a": holder[key]}
        case _:
            holder[key] = _Token(chance.choice(_TOKENS))
    written = _written(value)
    if chance.random() < 0.05 and isinstance(value, dict) and value:  # a key that is there twice
        written = written[:-1] + f", {json.dumps(chance.choice(list(value)))}: 1}}"
    return written.encode("utf-8", "surrogatepass")


def _places(value: Any) -> Any:
    if isinstance(value, dict):
        for key in value:
            yield value, key
            yield from _places(value[key])
    elif isinstance(value, list):
        for place in range(len(value)):
            yield value, place
            yield from _places(value[place])


def _written(value: Any) -> str:
    if isinstance(value, _Token):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_written(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
