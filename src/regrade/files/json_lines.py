"""JSON values of lines and documents: fast where the JSON is strict, complete where it is what tools really write.

The fast parser refuses bare ``NaN`` and ``Infinity``, numbers beyond a double and lone surrogates, which Python's own
``json.dumps`` writes. A line that it refuses goes to the standard library's parser before it is called malformed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from regrade.errors import InputError
from regrade.files.chunk import Chunk
from regrade.files.reading import DAMAGE, MAX_LINE_BYTES, open_bytes, read_head, read_lines
from regrade.schema import Malformed

_fast = msgspec.json.Decoder().decode


def decode_any(line: bytes | msgspec.Raw) -> Any:
    """Decode one JSON value.

    Raises:
        ValueError: it is not JSON or not UTF-8; the message says in a few words why and at which column.
    """
    try:
        return _fast(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_slow(line)


def decode_text(text: str | bytes) -> Any:
    """Decode a JSON text that regrade has written; half of a surrogate pair may stand in it as an escape.

    Raises:
        ValueError: as :func:`decode_any`.
    """
    try:
        return _fast(text)
    except msgspec.DecodeError:
        return decode_any(text.encode() if isinstance(text, str) else text)


class ObjectLines:
    """The JSON objects of a chunk of lines, each with its 1-based line number in the chunk.

    Blank lines are passed over but counted. A line that is no JSON object, and the place where a compressed file breaks
    off, come as Malformed.

    Attributes:
        lines: How many lines were passed so far, blank ones included.
    """

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.lines = 0

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]] | Malformed]:
        path = self.chunk.path
        lines = read_lines(self.chunk)
        while True:
            try:
                line = next(lines, None)
            except InputError as error:
                yield Malformed(path, self.lines + 1, error.what)
                return
            if line is None:
                return
            self.lines += 1
            if line and not line.isspace():
                yield _object(line, path, self.lines)


def decode_objects(path: str, encoding: str | None = None) -> Iterator[tuple[int, dict[str, Any]] | Malformed]:
    """Read JSON objects that stand one after the other, each spread over lines, with the line at which each begins.

    Raises:
        InputError: the file cannot be opened.
    """
    for line, element in object_elements(path, encoding):
        yield _object(element, path, line)


def object_elements(path: str, encoding: str | None = None) -> Iterator[tuple[int, bytes]]:
    """Cut a file of JSON objects that stand one after the other into the bytes of each, with its first line's number.

    An object that does not end costs what stands before the next line that begins with a brace.

    Raises:
        InputError: the file cannot be opened, is damaged, or has too many objects that do not end.
    """
    with open_bytes(path, encoding) as stream:
        buffer = _block(stream, _ARRAY_BLOCK, path).removeprefix(b"\xef\xbb\xbf")
        line, start, mended = 1, 0, 0
        more = buffer
        while more or start < len(buffer):
            end = _object_end(buffer, start)
            if end < 0 and more:  # the object is looked at again from its beginning; doubling keeps that linear
                more = _block(stream, max(_ARRAY_BLOCK, len(buffer) - start), path)
                buffer, start = buffer[start:] + more, 0
                if len(buffer) > MAX_LINE_BYTES:
                    raise InputError(f"a JSON object is longer than {MAX_LINE_BYTES:,} bytes", where=f"{path}:{line}")
                continue
            piece = buffer[start : end if end >= 0 else len(buffer)]
            body = piece.lstrip()
            before = len(piece) - len(body)
            line += piece.count(b"\n", 0, before)
            if (brace := body.find(b"\n{")) > 0 and not _is_json(body):
                body = body[: brace + 1]
                mended += 1
                if mended > _MOST_MENDED:
                    raise InputError("too many of its JSON objects do not end", where=f"{path}:{line}")
            if body.strip():
                yield line, body.strip()
            line += body.count(b"\n")
            start += before + len(body)


_MOST_MENDED = 100
"""Objects that do not end, each of which costs a look at the rest of the file."""


def _object_end(buffer: bytes, start: int) -> int:
    """Where the object that begins behind ``start`` ends; -1 where it does not end in the buffer."""
    depth = 0
    for token in _tokens(buffer, start):
        kind = token[0]
        if kind == b'"':  # a text that goes on beyond the buffer
            return -1
        if kind in b"{[":
            depth += 1
        elif kind in b"}]":
            depth -= 1
            if depth <= 0:
                return token.end()
    return -1


def _is_json(text: bytes) -> bool:
    try:
        decode_any(text)
    except ValueError:
        return False
    return True


def decode_array(path: str, encoding: str | None = None) -> Iterator[tuple[int, dict[str, Any]] | Malformed]:
    """Read the JSON objects of a file that is one JSON array, each with its 1-based position, one at a time.

    An element that is no JSON object comes as Malformed and costs nothing but itself; so does the place where the file
    breaks off.

    Raises:
        InputError: the file cannot be opened or does not begin with ``[``.
    """
    position = 0
    elements = array_elements(path, encoding)
    while True:
        try:
            element = next(elements, None)
        except InputError as error:
            if position == 0:
                raise
            yield Malformed(path, position + 1, error.what)
            return
        if element is None:
            return
        position += 1
        yield _object(element, path, position)


def array_elements(path: str, encoding: str | None = None) -> Iterator[bytes | msgspec.Raw]:
    """Cut a file that is one JSON array into the bytes of its elements, keeping no more than one element in memory.

    The elements are found by brackets and strings alone and need not be valid JSON. When the file breaks off, what
    there is of the last element is given as an element.

    Raises:
        InputError: the file cannot be opened or is damaged, begins with something else than ``[``, or goes on after the
            array's end; the last two name the place.
    """
    if (whole := _small_array(path, encoding)) is not None:
        yield from whole
        return
    with open_bytes(path, encoding) as stream:
        yield from _cut(stream, path)


def _cut(stream: IO[bytes], path: str) -> Iterator[bytes]:
    """Cut the array that a stream holds at the commas between its elements."""
    buffer = _block(stream, _ARRAY_BLOCK, path).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not buffer.startswith(b"["):
        raise InputError("does not begin with a JSON array", where=path)
    buffer = buffer[1:]
    while True:
        whole, start = _leading_elements(buffer)
        yield from whole
        depth = 1
        for token in _tokens(buffer, start):
            kind = token[0]
            if kind == b'"':  # a string that goes on beyond the buffer
                break
            if kind in b"{[":
                depth += 1
            elif kind in b"}]":
                depth -= 1
            if depth == 0 or (depth == 1 and kind == b","):
                element = buffer[start : token.start()]
                start = token.end()
                if depth or element.strip():
                    yield element
                if depth == 0:
                    _refuse_more(buffer[start:], stream, path)
                    return
        buffer = buffer[start:]
        more = _more_of_element(buffer, stream, path)
        if not more:
            yield buffer
            return
        buffer += more


def _refuse_more(rest: bytes, stream: IO[bytes], path: str) -> None:
    """Nothing but space may follow the end of the array."""
    if rest.strip() or _block(stream, _ARRAY_BLOCK, path).strip():
        raise InputError("something follows the end of the JSON array", where=path)


def _more_of_element(buffer: bytes, stream: IO[bytes], path: str) -> bytes:
    """What follows the beginning of an element; nothing where the file breaks off within it."""
    if len(buffer) > MAX_LINE_BYTES:
        raise InputError(f"an element of the JSON array is longer than {MAX_LINE_BYTES:,} bytes", where=path)
    # The element is looked at again from its beginning; doubling keeps that linear.
    more = _block(stream, max(_ARRAY_BLOCK, len(buffer)), path)
    if not more and not buffer.strip():
        raise InputError("the JSON array breaks off", where=path)
    return more


def _leading_elements(buffer: bytes) -> tuple[list[msgspec.Raw], int]:
    """The objects that a buffer begins with, found by the fast parser if it can, and where the rest begins.

    The places to cut are guessed, where an object begins with the first one's first key, but not the result: what
    stands before a cut is valid JSON if, and only if, it is whole elements. Else a bracket or a text would be open.
    """
    first = _FIRST_KEY.match(buffer)
    end = len(buffer)
    for _ in range(4):
        if first is None or (end := buffer.rfind(first[1], first.end(), end)) < 0:
            break
        gap = buffer[max(0, end - 64) : end]
        if (before := gap.rstrip()).endswith(b","):
            comma = end - len(gap) + len(before) - 1
            try:
                return _decode_raw_list(b"[" + buffer[:comma] + b"]"), comma + 1
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
    return [], 0


_FIRST_KEY = re.compile(rb'\s*+(\{\s*+"[^"\\]*+")')
#: Whole strings, strings without an end, brackets and commas. Possessive, so that no text makes it backtrack.
_tokens = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\],]', re.DOTALL).finditer
_ARRAY_BLOCK = 1024 * 1024


def _small_array(path: str, encoding: str | None) -> list[msgspec.Raw] | None:
    """The elements of a small and valid array, found by the fast parser; None where that cannot be."""
    head = read_head(path, _SMALL_ARRAY + 1, encoding)
    if len(head) > _SMALL_ARRAY:
        return None
    try:
        return _decode_raw_list(head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


_SMALL_ARRAY = 8 * 1024 * 1024
_decode_raw_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def _block(stream: IO[bytes], size: int, path: str) -> bytes:
    try:
        return stream.read(size)
    except DAMAGE as error:
        raise InputError(f"the compressed stream is truncated or damaged ({error})", where=path) from None


def _object(text: bytes | msgspec.Raw, path: str, number: int) -> tuple[int, dict[str, Any]] | Malformed:
    try:
        value = decode_any(text)
    except ValueError as error:
        return Malformed(path, number, str(error))
    if isinstance(value, dict):
        return number, value
    return Malformed(path, number, f"expected a JSON object, found {kind_of(value)}")


def kind_of(value: Any) -> str:
    """Name a decoded value's JSON type for a message: ``an array``, ``a string``."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _decode_slow(line: bytes) -> Any:
    try:
        text = bytes(line).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not valid UTF-8 (byte {error.start + 1})") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"column {error.colno}" if error.lineno == 1 else f"line {error.lineno} column {error.colno}"
        if error.msg.startswith("Unterminated") or not text[error.pos :].strip():
            raise ValueError(f"not valid JSON: it breaks off ({error.msg.lower()}, {place})") from None
        raise ValueError(f"not valid JSON: {error.msg.lower()} ({place})") from None
    except RecursionError:
        raise ValueError("not readable JSON: nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not readable JSON: {error}") from None
